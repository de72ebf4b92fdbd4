"""What is agreed with people about staying in touch after the shelter, its contacts, and taking it back by a help line."""

import sqlalchemy as sa
from alembic import op

from nrm.schema import exchange_codes

revision = "0093_follow_ups"
down_revision = "0092_plans"
branch_labels = None
depends_on = None

ENDED = "'', 'finished', 'no_longer', 'came_back', 'moved', 'lapsed'"
STATES = "'open', 'reached', 'not_reached', 'ended'"
OUTCOMES = (
    "'', 'settled', 'safe_without_income', 'needs_support', 'not_safe', 'exploited_again', 'left_country', 'not_known'"
)
REQUESTS = ("copy", "erasure", "withdrawal", "keep")


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("agreed_month", sa.Date(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_why", sa.String(), nullable=False),
        sa.CheckConstraint(f"ended_why IN ({ENDED})", name=op.f("ck_follow_ups_known_end")),
        sa.CheckConstraint("(ended_on IS NULL) = (ended_why = '')", name=op.f("ck_follow_ups_ended_with_reason")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_follow_ups_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_follow_ups_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["members.id"], name=op.f("fk_follow_ups_worker_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_ups")),
    )
    stands = sa.text("ended_on IS NULL")
    op.create_index(
        "uq_follow_ups_standing", "follow_ups", ["case_id"], unique=True, sqlite_where=stands, postgresql_where=stands
    )
    op.create_index("ix_follow_ups_case_id", "follow_ups", ["case_id"])
    op.create_index("ix_follow_ups_organisation_id_ended_on", "follow_ups", ["organisation_id", "ended_on"])
    op.create_table(
        "follow_up_dates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("follow_up_id", sa.Uuid(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("counts_on", sa.Date(), nullable=True),
        sa.Column("alarm_on", sa.Date(), nullable=True),
        sa.Column("alarm_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_follow_up_dates_known_state")),
        sa.CheckConstraint(f"outcome IN ({OUTCOMES})", name=op.f("ck_follow_up_dates_known_outcome")),
        sa.CheckConstraint(
            "outcome = '' OR state = 'reached'", name=op.f("ck_follow_up_dates_outcome_of_who_was_reached")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (counts_on IS NULL)", name=op.f("ck_follow_up_dates_settled_in_a_quarter")
        ),
        sa.CheckConstraint("months > 0 AND tries >= 0", name=op.f("ck_follow_up_dates_counted")),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_ups.id"], name=op.f("fk_follow_up_dates_follow_up_id_follow_ups")
        ),
        sa.ForeignKeyConstraint(["alarm_by_id"], ["members.id"], name=op.f("fk_follow_up_dates_alarm_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_dates")),
        sa.UniqueConstraint("follow_up_id", "months", name=op.f("uq_follow_up_dates_follow_up_id_months")),
    )
    op.create_index("ix_follow_up_dates_state_next_on", "follow_up_dates", ["state", "next_on"])
    op.create_index("ix_follow_up_dates_due_on", "follow_up_dates", ["due_on"])
    op.create_index("ix_follow_up_dates_alarm_on", "follow_up_dates", ["alarm_on"])
    exchange_codes("person_requests", "kind", "known_kind", REQUESTS, (*REQUESTS, "no_follow_up"))


def downgrade(database: str) -> None:
    """What was agreed is forgotten; what is sealed of it opens for nobody any more, and its
    shred keys are found without use by `tend`. So is that somebody took it back by a
    help line."""
    if database != "main":
        return
    op.execute("DELETE FROM person_requests WHERE kind = 'no_follow_up'")
    exchange_codes("person_requests", "kind", "known_kind", (*REQUESTS, "no_follow_up"), REQUESTS)
    for table in ("grants", "sealed_compartments", "openings", "readings"):
        op.execute(f"DELETE FROM {table} WHERE compartment = 'follow_up'")  # noqa: S608 - the names stand here
    op.drop_table("follow_up_dates")
    op.drop_table("follow_ups")
