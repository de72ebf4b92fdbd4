"""What a page shows once for some minutes, so that loading it again makes no other one."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0084_shown_secrets"
down_revision = "0083_alarms_of_questions"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "shown_secrets",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_shown_secrets_member_id_members")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_shown_secrets")),
    )
    op.create_index(op.f("ix_shown_secrets_member_id"), "shown_secrets", ["member_id"])
    op.create_index(op.f("ix_shown_secrets_made_at"), "shown_secrets", ["made_at"])


def downgrade(database: str) -> None:
    """What was just made is not shown again; it can be made anew."""
    if database != "main":
        return
    op.drop_table("shown_secrets")
