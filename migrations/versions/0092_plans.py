"""The steps of a plan: by when, whose and whether over; which plans wait for a manager; and the services of a quarter."""

import sqlalchemy as sa
from alembic import op

revision = "0092_plans"
down_revision = "0091_witnesses"
branch_labels = None
depends_on = None

TABLES = ("service_answers", "plan_looks", "plan_steps")


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f(f"fk_{table}_case_id_cases"))


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "plan_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("over_on", sa.Date(), nullable=True),
        sa.Column("moved_on", sa.Date(), nullable=True),
        sa.Column("moved_from_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "outcome = '' OR outcome IN ('done', 'dropped', 'struck')", name=op.f("ck_plan_steps_known_outcome")
        ),
        sa.CheckConstraint("(outcome = '') = (over_on IS NULL)", name=op.f("ck_plan_steps_over_on_a_day")),
        sa.CheckConstraint("(moved_on IS NULL) = (moved_from_on IS NULL)", name=op.f("ck_plan_steps_moved_from_a_day")),
        _of_case("plan_steps"),
        sa.ForeignKeyConstraint(["owner_id"], ["members.id"], name=op.f("fk_plan_steps_owner_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_steps")),
    )
    op.create_index("ix_plan_steps_case_id", "plan_steps", ["case_id"])
    still_open = sa.text("outcome = ''")
    op.create_index(
        "ix_plan_steps_open", "plan_steps", ["due_on"], sqlite_where=still_open, postgresql_where=still_open
    )
    op.create_table(
        "plan_looks",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("waits_since", sa.Date(), nullable=True),
        _of_case("plan_looks"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_plan_looks")),
    )
    op.create_table(
        "service_answers",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("quarter_on", sa.Date(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("counts_on", sa.Date(), nullable=False),
        _of_case("service_answers"),
        sa.PrimaryKeyConstraint("case_id", "quarter_on", name=op.f("pk_service_answers")),
    )
    op.create_index("ix_service_answers_counts_on", "service_answers", ["counts_on"])


def downgrade(database: str) -> None:
    """Days and owners of steps, and what was answered of services, are forgotten; the words stay among the notes on care, where an earlier program does not
    look for them."""
    if database != "main":
        return
    for name in TABLES:
        op.drop_table(name)
