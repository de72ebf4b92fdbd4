"""Of an announced return: that its interview ended with nobody handed over, until the duty desk has seen it; how often it
was said that the person arrived, and the interview told nothing; and which member announced it."""

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0114_ends_of_returns"
down_revision = "0113_alarms_of_refusals"
branch_labels = None
depends_on = None

CODES = "'', 'arrived', 'not_come', 'destroyed', 'ran_out', "
WORDS = f"said IN ({CODES}'taken_back')", f"said IN ({CODES}'ended', 'taken_back')"
KEPT = (
    "OR interview_id IS NOT NULL OR said = 'taken_back'",
    "OR interview_id IS NOT NULL OR said IN ('ended', 'taken_back')",
)
COARSE = tuple(
    f"status IN ('announced', 'not_come') {kept} OR (expected_on IS NULL AND hour IS NULL AND companions IS NULL)"
    for kept in KEPT
)


def upgrade(database: str) -> None:
    """Of returns from before nobody knows which member announced them."""
    if database != "main":
        return
    op.add_column("notices", sa.Column("untold", sa.Integer(), nullable=False, server_default="0"))
    member = sa.Column("announced_by_id", sa.Uuid(), nullable=True)
    schema.add_column("notices", member, "CHAR(32)", {}, "members")
    schema.exchange_check("notices", "known_word", *WORDS)
    schema.exchange_check("notices", "coarse_once_over", *COARSE)


def downgrade(database: str) -> None:
    """Whose interview ended is expected again, as an earlier program says it of one that was destroyed."""
    if database != "main":
        return
    op.execute("UPDATE notices SET status = 'announced', said = 'destroyed' WHERE said = 'ended'")
    schema.exchange_check("notices", "coarse_once_over", *reversed(COARSE))
    schema.exchange_check("notices", "known_word", *reversed(WORDS))
    if op.get_bind().dialect.name != "sqlite":  # there it goes with the column
        op.drop_constraint(op.f("fk_notices_announced_by_id_members"), "notices", type_="foreignkey")
    op.drop_column("notices", "announced_by_id")
    op.drop_column("notices", "untold")
