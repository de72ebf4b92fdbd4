"""The key log: signed entries, its ends in the second database, and what members and organisations bring to it."""

import sqlalchemy as sa
from alembic import op

revision = "0068_key_log"
down_revision = "0067_referral_mistakes"
branch_labels = None
depends_on = None

KINDS = (
    "'genesis', 'founded', 'joined', 'anew', 'left', 'suspended', 'resumed', 'role', 'renamed', 'keyring', 'party', "
    "'box', 'restored', 'proposed', 'agreed'"
)


def upgrade(database: str) -> None:
    if database == "main":
        op.create_table(
            "key_log",
            sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("kind", sa.String(), nullable=False),
            sa.Column("body", sa.LargeBinary(), nullable=False),
            sa.Column("signer_id", sa.Uuid(), nullable=False),
            sa.Column("signature", sa.LargeBinary(), nullable=False),
            sa.Column("digest", sa.LargeBinary(), nullable=False),
            sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_key_log_known_kind")),
            sa.CheckConstraint("number >= 1", name=op.f("ck_key_log_counted_from_one")),
            sa.PrimaryKeyConstraint("number", name=op.f("pk_key_log")),
        )
        op.add_column("members", sa.Column("serial", sa.Integer(), server_default=sa.text("0"), nullable=False))
        op.add_column("members", sa.Column("name_salt", sa.LargeBinary(), nullable=True))
        op.add_column("members", sa.Column("own_signature", sa.LargeBinary(), nullable=True))
        op.add_column("organisations", sa.Column("names_salt", sa.LargeBinary(), nullable=True))
        op.add_column("member_sessions", sa.Column("sealed_head", sa.LargeBinary(), nullable=True))
        return
    op.create_table(  # the second database may be a step further: see test_upgrade
        "keylog_heads",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_keylog_heads_counted_from_one")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_keylog_heads")),
        if_not_exists=True,
    )


def downgrade(database: str) -> None:
    """What people signed is lost: an earlier program does not know it. `keylog.log` beside the databases keeps it."""
    if database == "main":
        op.drop_column("member_sessions", "sealed_head")
        op.drop_column("organisations", "names_salt")
        for name in ("own_signature", "name_salt", "serial"):
            op.drop_column("members", name)
        op.drop_table("key_log")
        return
    op.drop_table("keylog_heads")
