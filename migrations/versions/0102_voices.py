"""How often a network sends something without an account, for all workers; when a desk said that it knows."""

import os

import sqlalchemy as sa
from alembic import op

revision = "0102_voices"
down_revision = "0100_acted_on"
branch_labels = None
depends_on = None

KNOWN = {"missing": ("desk_known_on", "authority_known_on"), "left_alone": ("desk_known_on", "authority_known_on")}
BYTES = 1 + 12 + 64 * 1024 + 16
"""Of a sealed value: suite, nonce, text and tag."""


def upgrade(database: str) -> None:
    """Nobody has sent anything yet. The row is there before the first one sends, with as many bytes as ever."""
    if database != "main":
        return
    op.create_table(
        "request_limits",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed_counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_limits")),
    )
    empty = sa.text("INSERT INTO request_limits (id, sealed_counts) VALUES (1, :sealed)")
    op.get_bind().execute(empty, {"sealed": b"\x01" + os.urandom(BYTES - 1)})
    for table, names in KNOWN.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Date(), nullable=True))


def downgrade(database: str) -> None:
    """Each worker counts for itself again; what a desk knows, it knows for good."""
    if database != "main":
        return
    for table, names in KNOWN.items():
        for name in reversed(names):
            op.drop_column(table, name)
    op.drop_table("request_limits")
