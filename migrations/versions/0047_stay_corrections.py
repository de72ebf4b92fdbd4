"""Corrections of a stay, and arrivals that were taken back.

Downward the corrections are forgotten, and with them records of people who left that were struck; a stay whose person never came stays as one of no night that was transferred.
"""

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0047_stay_corrections"
down_revision = "0046_places"
branch_labels = None
depends_on = None

OUT = "'extended_family', 'family', 'friends', 'hospital', 'institution', 'other_country', 'own_home', 'unknown'"
FITTING = {
    "reintegrated_with_family": "'family'",
    "independent_living": "'own_home'",
    "transferred": "'hospital', 'institution', 'other_shelter'",
    "repatriated": "'country_of_citizenship', 'other_country'",
    "foster_or_extended_family": "'extended_family', 'foster_family'",
    "witness_protection": "'protected_place'",
    "left_voluntarily": OUT,
    "missing": "'unknown'",
    "expelled": OUT,
    "refused_service": OUT,
    "no_longer_eligible": OUT,
    "no_longer_needs_support": OUT,
    "died": "'none'",
    "left_alone": "'country_of_citizenship', 'extended_family', 'family', 'friends', 'other_country', 'own_home', "
    "'unknown'",
}
FITS = "(ended_on IS NULL AND destination = '') OR " + " OR ".join(
    f"(exit_reason = '{reason}' AND destination IN ({to}))" for reason, to in FITTING.items()
)
CHILD = (
    "ended_on IS NULL OR child_gate IN ('adult', 'assessed', 'former_rule')"
    " OR (child_gate = 'handed_over' AND destination = 'other_shelter')"
    " OR (child_gate = 'died' AND destination = 'none')"
    " OR (child_gate = 'missing' AND exit_reason = 'missing')"
)
# Check -> what it says before, and after.
CHECKS = {
    "destination_fits_reason": (FITS, f"{FITS} OR (exit_reason = 'entered_by_mistake' AND destination IN ('none'))"),
    "child_leaves_after_findings": (
        CHILD,
        f"{CHILD} OR (child_gate = 'not_there' AND exit_reason = 'entered_by_mistake')",
    ),
}
TAKEN_BACK = "ck_stays_taken_back_with_its_arrival"
WITH_ITS_ARRIVAL = (
    "(taken_back_on IS NULL AND exit_reason <> 'entered_by_mistake' AND child_gate <> 'not_there')"
    " OR (taken_back_on IS NOT NULL AND exit_reason = 'entered_by_mistake' AND child_gate = 'not_there'"
    " AND ended_on = admitted_on AND referral_id IS NOT NULL)"
)
STRUCK = "ck_left_alone_struck_after_it_was_confirmed"
AFTER_CONFIRMED = "struck_on IS NULL OR confirmed_by_id IS NOT NULL"


def upgrade(database: str) -> None:
    if database != "main":
        return
    for name, (before, after) in CHECKS.items():
        schema.exchange_check("stays", name, before, after)
    if op.get_bind().dialect.name == "sqlite":  # there a check comes with its column, or with the whole table
        op.execute(
            f"ALTER TABLE stays ADD COLUMN taken_back_on DATE CONSTRAINT {TAKEN_BACK} CHECK ({WITH_ITS_ARRIVAL})"
        )
    else:
        op.add_column("stays", sa.Column("taken_back_on", sa.Date(), nullable=True))
        op.create_check_constraint(op.f(TAKEN_BACK), "stays", WITH_ITS_ARRIVAL)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE left_alone ADD COLUMN struck_on DATE CONSTRAINT {STRUCK} CHECK ({AFTER_CONFIRMED})")
    else:
        op.add_column("left_alone", sa.Column("struck_on", sa.Date(), nullable=True))
        op.create_check_constraint(op.f(STRUCK), "left_alone", AFTER_CONFIRMED)
    _one_record_a_stay("withdrawn_on IS NULL AND struck_on IS NULL")
    op.create_table(
        "stay_corrections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.Column("corrected_by_id", sa.Uuid(), nullable=False),
        sa.Column("was_admitted_on", sa.Date(), nullable=False),
        sa.Column("was_ended_on", sa.Date(), nullable=True),
        sa.Column("was", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('admission', 'exit', 'arrival', 'place', 'away')", name=op.f("ck_stay_corrections_known_kind")
        ),
        sa.CheckConstraint(
            "why IN ('mistyped', 'mistold', 'other_person', 'known_later', 'came_back')",
            name=op.f("ck_stay_corrections_known_why"),
        ),
        sa.CheckConstraint("position >= 1", name=op.f("ck_stay_corrections_counted_from_one")),
        sa.CheckConstraint(
            "kind <> 'exit' OR was_ended_on IS NOT NULL", name=op.f("ck_stay_corrections_an_end_was_struck")
        ),
        sa.CheckConstraint(
            "was_ended_on IS NULL OR was_ended_on >= was_admitted_on",
            name=op.f("ck_stay_corrections_ended_after_it_began"),
        ),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_stay_corrections_stay_id_stays")),
        sa.ForeignKeyConstraint(
            ["corrected_by_id"], ["members.id"], name=op.f("fk_stay_corrections_corrected_by_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stay_corrections")),
        sa.UniqueConstraint("stay_id", "position", name=op.f("uq_stay_corrections_stay_id_position")),
    )
    op.create_index("ix_stay_corrections_known_on", "stay_corrections", ["known_on", "stay_id"])


def _one_record_a_stay(holds: str) -> None:
    op.drop_index("uq_left_alone_stay", table_name="left_alone")
    where = sa.text(holds)
    op.create_index(
        "uq_left_alone_stay", "left_alone", ["stay_id"], unique=True, sqlite_where=where, postgresql_where=where
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.execute("DELETE FROM left_alone WHERE struck_on IS NOT NULL")
    _one_record_a_stay("withdrawn_on IS NULL")
    with op.batch_alter_table("left_alone") as batch:  # a later migration may have made the check one of the table
        batch.drop_constraint(op.f(STRUCK), type_="check")
        batch.drop_column("struck_on")
    op.drop_index("ix_stay_corrections_known_on", table_name="stay_corrections")
    op.drop_table("stay_corrections")
    if op.get_bind().dialect.name != "sqlite":  # there it goes with the column
        op.drop_constraint(op.f(TAKEN_BACK), "stays", type_="check")
    op.drop_column("stays", "taken_back_on")
    op.execute(
        "UPDATE stays SET exit_reason = 'transferred', destination = 'other_shelter', destination_country = 'home',"
        " repatriation_gate = 'home', child_gate = 'handed_over' WHERE exit_reason = 'entered_by_mistake'"
    )
    for name, (before, after) in CHECKS.items():
        schema.exchange_check("stays", name, after, before)
