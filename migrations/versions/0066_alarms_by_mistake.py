"""An alarm that was raised about the wrong person is struck, with who, when and why."""

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0066_alarms_by_mistake"
down_revision = "0065_counted_by_day"
branch_labels = None
depends_on = None

BEFORE = "outcome = '' OR outcome IN ('found', 'not_found')"
AFTER = "outcome = '' OR outcome IN ('found', 'not_found', 'mistake')"
WHY = "'mistyped', 'mistold', 'other_person', 'known_later', 'came_back'"
KNOWN = {"mistake_for_a_reason": f"mistake_why = '' OR mistake_why IN ({WHY})"}
NAMED = {
    "mistake_by_somebody": "(outcome = 'mistake') = (mistake_by_id IS NOT NULL)"
    " AND (outcome = 'mistake') = (mistake_on IS NOT NULL) AND (outcome = 'mistake') = (mistake_why <> '')"
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    schema.exchange_check("missing", "known_outcome", BEFORE, AFTER)
    why = sa.Column("mistake_why", sa.String(), nullable=False, server_default="")
    schema.add_column("missing", why, "VARCHAR DEFAULT '' NOT NULL", KNOWN)
    op.add_column("missing", sa.Column("mistake_on", sa.Date(), nullable=True))
    schema.add_column("missing", sa.Column("mistake_by_id", sa.Uuid(), nullable=True), "CHAR(32)", NAMED, "members")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def downgrade(database: str) -> None:
    """What was struck is found again, on the day it was: an earlier program knows no other way back."""
    if database != "main":
        return
    if not _is_sqlite():  # there they go with the columns
        for name in (*KNOWN, *NAMED):
            op.drop_constraint(op.f(f"ck_missing_{name}"), "missing", type_="check")
        op.drop_constraint(op.f("fk_missing_mistake_by_id_members"), "missing", type_="foreignkey")
    for name in ("mistake_by_id", "mistake_on", "mistake_why"):
        op.drop_column("missing", name)
    op.execute("UPDATE missing SET outcome = 'found' WHERE outcome = 'mistake'")
    schema.exchange_check("missing", "known_outcome", AFTER, BEFORE)
