"""Key workers and deputies of people in a shelter; after how many idle minutes a shelter's sessions cover themselves."""

import sqlalchemy as sa
from alembic import op

from nrm.schema import exchange_codes

revision = "0056_key_workers"
down_revision = "0055_testimony_strikes"
branch_labels = None
depends_on = None

BEFORE = ("openings", "erasures", "endings", "drafts")
AFTER = (*BEFORE, "places")
STANDS = sa.text("ended_at IS NULL")


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.execute(
        "ALTER TABLE organisations ADD COLUMN cover_minutes INTEGER NOT NULL DEFAULT 5"
        " CONSTRAINT ck_organisations_covers_soon CHECK (cover_minutes IN (2, 5))"
    )
    op.create_table(
        "key_workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("set_by_id", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(), nullable=False),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("place IN ('key', 'deputy')", name=op.f("ck_key_workers_known_place")),
        sa.CheckConstraint(
            "ended_why = '' OR ended_why IN ('replaced', 'taken_off', 'account', 'case')",
            name=op.f("ck_key_workers_known_end"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_why = '')", name=op.f("ck_key_workers_ended_with_reason")),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= begun_at", name=op.f("ck_key_workers_ended_after_it_began")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_key_workers_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_key_workers_organisation_id_organisations")
        ),
        *(
            sa.ForeignKeyConstraint([name], ["members.id"], name=op.f(f"fk_key_workers_{name}_members"))
            for name in ("member_id", "set_by_id", "ended_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_workers")),
    )
    for name, last in (("uq_key_workers_one_of_a_place", "place"), ("uq_key_workers_one_place", "member_id")):
        columns = ["case_id", "organisation_id", last]
        op.create_index(name, "key_workers", columns, unique=True, sqlite_where=STANDS, postgresql_where=STANDS)
    op.create_index("ix_key_workers_member_id_ended_at", "key_workers", ["member_id", "ended_at"])
    op.create_index("ix_key_workers_organisation_id_begun_at", "key_workers", ["organisation_id", "begun_at"])
    exchange_codes("alarms", "kind", "known_kind", BEFORE, AFTER)


def downgrade(database: str) -> None:
    """Who answers for whom, house labels and alarms about it are forgotten; the shred keys of labels are found without
    use by `tend`, and destroyed after seven days."""
    if database != "main":
        return
    of_places = "SELECT id FROM alarms WHERE kind = 'places'"
    op.execute(f"DELETE FROM alarm_acknowledgements WHERE alarm_id IN ({of_places})")  # noqa: S608 - a text of ours
    op.execute("DELETE FROM alarms WHERE kind = 'places'")
    exchange_codes("alarms", "kind", "known_kind", AFTER, BEFORE)
    for table in ("grants", "sealed_compartments", "openings", "readings"):
        op.execute(f"DELETE FROM {table} WHERE compartment = 'house_label'")  # noqa: S608 - the names stand here
    op.drop_table("key_workers")
    op.drop_column("organisations", "cover_minutes")
