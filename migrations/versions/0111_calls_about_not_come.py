"""Calls of the duty desk about somebody who did not arrive, and about a move of which nobody said what happened.

Downward they go; the audit chain keeps that they were made.
"""

import sqlalchemy as sa
from alembic import op

from nrm.schema import exchange_codes

revision = "0111_calls_about_not_come"
down_revision = "0110_counts_by_kind"
branch_labels = None
depends_on = None

BEFORE = ("answer", "arrival", "owed", "decision")
MORE = ("not_come", "move")
AFTER = (*BEFORE, *MORE)


def upgrade(database: str) -> None:
    if database == "main":
        exchange_codes("chases", "kind", "known_kind", BEFORE, AFTER)


def downgrade(database: str) -> None:
    if database == "main":
        calls = sa.table("chases", sa.column("kind", sa.String()))
        op.execute(calls.delete().where(calls.c.kind.in_(MORE)))
        exchange_codes("chases", "kind", "known_kind", AFTER, BEFORE)
