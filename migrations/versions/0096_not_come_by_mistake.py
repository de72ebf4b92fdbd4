"""That a person did not arrive can have been recorded by mistake.

Downward the entry goes; the referral says what it says.
"""

import sqlalchemy as sa
from alembic import op

from nrm.schema import exchange_codes

revision = "0096_not_come_by_mistake"
down_revision = "0095_feedback"
branch_labels = None
depends_on = None

BEFORE = ("departure", "acceptance")
AFTER = (*BEFORE, "not_come")


def upgrade(database: str) -> None:
    if database == "main":
        exchange_codes("referral_mistakes", "kind", "known_kind", BEFORE, AFTER)


def downgrade(database: str) -> None:
    if database == "main":
        entries = sa.table("referral_mistakes", sa.column("kind", sa.String()))
        op.execute(entries.delete().where(entries.c.kind == "not_come"))
        exchange_codes("referral_mistakes", "kind", "known_kind", AFTER, BEFORE)
