"""Calls that tried whether a number of a party is answered."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0081_trial_calls"
down_revision = "0080_accepted_weakenings"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "shred":
        return
    op.create_table(
        "trial_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("telephone", sa.String(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("called_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_trial_calls_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_calls")),
    )
    op.create_index("ix_trial_calls_party_telephone", "trial_calls", ["party", "telephone"])


def downgrade(database: str) -> None:
    """Which numbers were tried is forgotten."""
    if database == "shred":
        return
    op.drop_table("trial_calls")
