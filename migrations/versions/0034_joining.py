"""Who made an invitation, and when an organisation was last suspended."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0034_joining"
down_revision = "0030_counting"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    with op.batch_alter_table("invitations") as batch:
        batch.add_column(sa.Column("by_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_invitations_by_id_members"), "members", ["by_id"], ["id"])
    op.add_column("organisations", sa.Column("suspended_at", nrm.db.UtcDateTime(timezone=True), nullable=True))


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_column("organisations", "suspended_at")
    with op.batch_alter_table("invitations") as batch:
        batch.drop_constraint(op.f("fk_invitations_by_id_members"), type_="foreignkey")
        batch.drop_column("by_id")
