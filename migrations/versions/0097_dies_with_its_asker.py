"""A request dies with its asker, and letting somebody in again can wait for a second hand.

Downward, requests to let somebody in again go, and what fell with its asker is said to have been taken back by them;
the older program takes such an act for none of its own.
"""

import sqlalchemy as sa
from alembic import op

from nrm.schema import exchange_check, exchange_codes

revision = "0097_dies_with_its_asker"
down_revision = "0096_not_come_by_mistake"
branch_labels = None
depends_on = None

KINDS = ("withdraw", "erase", "end_account", "begin_anew")
REASONS = ("taken_back", "erasure_asked", "refused", "left", "suspected", "lost_keys")
UNDONE = ("", "holder", "authority", "person", "help_line", "asker")
ABOUT = (
    "(kind IN ('withdraw', 'erase') AND case_id IS NOT NULL AND member_id IS NULL)"
    " OR (kind IN ({}) AND member_id IS NOT NULL AND case_id IS NULL)"
)
BEFORE, AFTER = "'end_account', 'begin_anew'", "'end_account', 'begin_anew', 'let_back'"


def upgrade(database: str) -> None:
    if database == "main":
        exchange_codes("heavy_acts", "kind", "known_kind", KINDS, (*KINDS, "let_back"))
        exchange_codes("heavy_acts", "reason", "known_reason", REASONS, (*REASONS, "comes_back"))
        exchange_codes("heavy_acts", "undone", "known_undone", UNDONE, (*UNDONE, "fell"))
        _about(BEFORE, AFTER)


def downgrade(database: str) -> None:
    if database == "main":
        acts = sa.table("heavy_acts", sa.column("kind", sa.String()), sa.column("undone", sa.String()))
        op.execute(acts.delete().where(acts.c.kind == "let_back"))
        op.execute(acts.update().where(acts.c.undone == "fell").values(undone="asker"))
        _about(AFTER, BEFORE)
        exchange_codes("heavy_acts", "undone", "known_undone", (*UNDONE, "fell"), UNDONE)
        exchange_codes("heavy_acts", "reason", "known_reason", (*REASONS, "comes_back"), REASONS)
        exchange_codes("heavy_acts", "kind", "known_kind", (*KINDS, "let_back"), KINDS)


def _about(before: str, after: str) -> None:
    exchange_check("heavy_acts", "about_a_case_or_a_member", ABOUT.format(before), ABOUT.format(after))
