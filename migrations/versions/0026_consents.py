"""What people agreed to, answer by answer; and requests to take a consent back.

Of people from before nothing is known but the one code of their case: their answers are asked again, and nothing of
theirs runs out by itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026_consents"
down_revision = "0025_openings_of_notices"
branch_labels = None
depends_on = None

SAID = (
    "(topic = 'services' AND said IN ('given', 'refused')) OR (topic = 'sharing' AND said IN ('given', 'refused'))"
    " OR (topic = 'statistics' AND said IN ('given', 'refused'))"
    " OR (topic = 'wish' AND said IN ('agrees', 'against', 'unsaid'))"
)
KINDS = {
    "known_kind": ("kind IN ('copy', 'erasure')", "kind IN ('copy', 'erasure', 'withdrawal')"),
    "known_status": (
        "status IN ('open', 'given', 'erased', 'refused')",
        "status IN ('open', 'given', 'erased', 'withdrawn', 'refused')",
    ),
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("weighed", sa.String(), nullable=False),
        sa.Column("questionnaire", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("wording_version", sa.Integer(), nullable=False),
        sa.Column("wording_sha256", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("interpreter", sa.String(), nullable=False),
        sa.Column("read_by_id", sa.Uuid(), nullable=False),
        sa.Column("read_at_id", sa.Uuid(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("ended", sa.String(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("narrowing", sa.String(), nullable=False),
        sa.CheckConstraint(SAID, name=op.f("ck_consents_said_fits_topic")),
        sa.CheckConstraint("party = '' OR topic = 'sharing'", name=op.f("ck_consents_party_of_sharing")),
        sa.CheckConstraint(
            "weighed IN ('', 'followed', 'not_safe', 'too_young', 'other_interest')",
            name=op.f("ck_consents_known_weighed"),
        ),
        sa.CheckConstraint("weighed = '' OR topic = 'wish'", name=op.f("ck_consents_only_a_wish_is_weighed")),
        sa.CheckConstraint(
            "topic <> 'wish' OR said = 'unsaid' OR weighed <> ''", name=op.f("ck_consents_every_wish_is_weighed")
        ),
        sa.CheckConstraint("due_on IS NULL OR said = 'given'", name=op.f("ck_consents_only_a_yes_runs_out")),
        sa.CheckConstraint("ended IN ('', 'withdrawn', 'lapsed', 'asked_again')", name=op.f("ck_consents_known_ended")),
        sa.CheckConstraint("(ended = '') = (ended_on IS NULL)", name=op.f("ck_consents_ended_on_a_day")),
        sa.CheckConstraint("narrowing IN ('', 'waits', 'done')", name=op.f("ck_consents_known_narrowing")),
        sa.CheckConstraint(
            "narrowing = '' OR ended <> '' OR said = 'refused'", name=op.f("ck_consents_narrows_after_a_no")
        ),
        sa.CheckConstraint("(wording = '') = (wording_sha256 = '')", name=op.f("ck_consents_wording_with_its_hash")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_consents_case_id_cases")),
        sa.ForeignKeyConstraint(["read_by_id"], ["members.id"], name=op.f("fk_consents_read_by_id_members")),
        sa.ForeignKeyConstraint(
            ["read_at_id"], ["organisations.id"], name=op.f("fk_consents_read_at_id_organisations")
        ),
        sa.ForeignKeyConstraint(["ended_by_id"], ["members.id"], name=op.f("fk_consents_ended_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    current = sa.text("ended_on IS NULL")
    op.create_index(
        "uq_consents_current",
        "consents",
        ["case_id", "topic", "party"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_index("ix_consents_case_id_asked_on", "consents", ["case_id", "asked_on"])
    op.create_index("ix_consents_due_on", "consents", ["due_on"])
    _replace(KINDS)


def downgrade(database: str) -> None:
    """Consents go, and with them the requests to take one back."""
    if database != "main":
        return
    op.execute("DELETE FROM person_requests WHERE kind = 'withdrawal' OR status = 'withdrawn'")
    _replace({name: (new, old) for name, (old, new) in KINDS.items()})
    for name in ("ix_consents_due_on", "ix_consents_case_id_asked_on", "uq_consents_current"):
        op.drop_index(name, table_name="consents")
    op.drop_table("consents")


def _replace(checks: dict[str, tuple[str, str]]) -> None:
    """Replace a condition by another one; on SQLite the table is rebuilt from its own text."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        for name, (_, after) in checks.items():
            op.drop_constraint(op.f(f"ck_person_requests_{name}"), "person_requests", type_="check")
            op.create_check_constraint(op.f(f"ck_person_requests_{name}"), "person_requests", after)
        return
    master = "SELECT sql FROM sqlite_master WHERE tbl_name = 'person_requests' AND type = '{}' AND sql IS NOT NULL"
    text = str(connection.exec_driver_sql(master.format("table")).scalar())
    indexes = connection.exec_driver_sql(master.format("index")).scalars().all()
    for before, after in checks.values():
        text = text.replace(before, after)
    columns = ", ".join(column["name"] for column in sa.inspect(connection).get_columns("person_requests"))
    connection.exec_driver_sql(f"CREATE TABLE made_anew {text[text.index('(') :]}")
    connection.exec_driver_sql(f"INSERT INTO made_anew ({columns}) SELECT {columns} FROM person_requests")  # noqa: S608 - its own names
    connection.exec_driver_sql("DROP TABLE person_requests")
    connection.exec_driver_sql("ALTER TABLE made_anew RENAME TO person_requests")
    for index in indexes:
        connection.exec_driver_sql(index)
