"""How often a network sends something without an account, for all workers; when a desk said that it knows; to whom the
home page does not count a complaint, and whether a note waits to be read."""

import os

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0102_voices"
down_revision = "0101_contract_hands"
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
    op.add_column("complaints", sa.Column("not_for", sa.LargeBinary(), nullable=True))
    number = sa.Column("notes_to_read", sa.Integer(), nullable=False, server_default="0")
    op.add_column("feedback_boxes", number)
    schema.add_column("feedback_boxes", sa.Column("notes_by_id", sa.Uuid(), nullable=True), "CHAR(32)", {}, "members")
    watched = sa.Column("notes_watched", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("feedback_boxes", watched)


def downgrade(database: str) -> None:
    """Each worker counts for itself again; what a desk knows, it knows for good."""
    if database != "main":
        return
    if op.get_bind().dialect.name != "sqlite":  # there it goes with the column
        op.drop_constraint(op.f("fk_feedback_boxes_notes_by_id_members"), "feedback_boxes", type_="foreignkey")
    for name in ("notes_watched", "notes_by_id", "notes_to_read"):
        op.drop_column("feedback_boxes", name)
    op.drop_column("complaints", "not_for")
    for table, names in KNOWN.items():
        for name in reversed(names):
            op.drop_column(table, name)
    op.drop_table("request_limits")
