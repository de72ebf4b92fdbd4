"""Who ends the account of a colleague says why: they leave, or what they did must be looked into.

Downward, what was suspected is said as leaving; the older program takes such an act for none of its own.
"""

import sqlalchemy as sa
from alembic import op

from nrm.schema import exchange_codes

revision = "0088_why_an_account_ends"
down_revision = "0087_names_by_language"
branch_labels = None
depends_on = None

BEFORE = ("taken_back", "erasure_asked", "refused", "left", "lost_keys")
AFTER = ("taken_back", "erasure_asked", "refused", "left", "suspected", "lost_keys")


def upgrade(database: str) -> None:
    if database == "main":
        exchange_codes("heavy_acts", "reason", "known_reason", BEFORE, AFTER)


def downgrade(database: str) -> None:
    if database == "main":
        acts = sa.table("heavy_acts", sa.column("reason", sa.String()))
        op.execute(acts.update().where(acts.c.reason == "suspected").values(reason="left"))
        exchange_codes("heavy_acts", "reason", "known_reason", AFTER, BEFORE)
