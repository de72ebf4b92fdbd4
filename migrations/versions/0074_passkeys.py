"""Passkeys as second factors, their challenges, and those that were removed."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0074_passkeys"
down_revision = "0073_marks_of_days"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "shred":
        op.create_table(
            "removed_passkeys",
            sa.Column("digest", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("digest", name=op.f("pk_removed_passkeys")),
            if_not_exists=True,
        )
        return
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("used_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("went_back_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("counter >= 0", name=op.f("ck_passkeys_counts_up")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_passkeys_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential", name=op.f("uq_passkeys_credential")),
    )
    op.create_index(op.f("ix_passkeys_member_id"), "passkeys", ["member_id"])
    op.create_table(
        "passkey_challenges",
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("bound_to", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_waiting", sa.LargeBinary(), nullable=True),
        sa.Column("own_browser", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('make', 'prove', 'sign_in', 'recover')", name=op.f("ck_passkey_challenges_known_purpose")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_passkey_challenges_member_id_members")),
        sa.PrimaryKeyConstraint("challenge", name=op.f("pk_passkey_challenges")),
    )
    op.create_index(op.f("ix_passkey_challenges_member_id"), "passkey_challenges", ["member_id"])


def downgrade(database: str) -> None:
    """Who has nothing but passkeys signs in with the password alone, and sets up a telephone at once."""
    if database == "shred":
        op.drop_table("removed_passkeys")
        return
    op.drop_table("passkey_challenges")
    op.drop_table("passkeys")
