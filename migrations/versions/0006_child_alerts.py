"""Children at a post, told to the child authority before the interview is sent; no obligation nobody can fulfil."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0006_child_alerts"
down_revision = "0005_second_factor"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "child_alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("age_class", sa.String(), nullable=False),
        sa.Column("told_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("done_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_why", sa.String(), nullable=False),
        sa.CheckConstraint("age_class IN ('child', 'unsure')", name=op.f("ck_child_alerts_known_age_class")),
        sa.CheckConstraint(
            "withdrawn_at IS NULL OR withdrawn_why IN ('age_changed', 'ended', 'not_named')",
            name=op.f("ck_child_alerts_withdrawn_with_reason"),
        ),
        sa.ForeignKeyConstraint(["done_by_id"], ["members.id"], name=op.f("fk_child_alerts_done_by_id_members")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_child_alerts_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child_alerts")),
    )
    op.create_index("ix_child_alerts_party_told_at", "child_alerts", ["party", "told_at"])
    # A post that sent a person on has met them: nobody ever owed this once the case existed.
    op.execute("DELETE FROM obligations WHERE kind = 'first_interview'")


def downgrade(database: str) -> None:
    """The obligations that were deleted do not come back: nobody could fulfil them."""
    if database == "main":
        op.drop_index("ix_child_alerts_party_told_at", table_name="child_alerts")
        op.drop_table("child_alerts")
