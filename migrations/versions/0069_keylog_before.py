"""The second database keeps who was genuine when the key log came: `nrm upgrade` writes it, once."""

import sqlalchemy as sa
from alembic import op

revision = "0069_keylog_before"
down_revision = "0068_key_log"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "shred":
        return
    op.create_table(
        "keylog_before",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_keylog_before_counted_from_one")),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_keylog_before")),
        if_not_exists=True,
    )
    op.create_table(
        "keylog_members_before",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("kem_public", sa.LargeBinary(), nullable=False),
        sa.Column("sign_public", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_keylog_members_before")),
        if_not_exists=True,
    )


def downgrade(database: str) -> None:
    if database != "shred":
        return
    op.drop_table("keylog_members_before")
    op.drop_table("keylog_before")
