"""An alarm that was raised about the wrong person is struck, with who, when and why."""

from typing import Any

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
    _add(sa.Column("mistake_why", sa.String(), nullable=False, server_default=""), "VARCHAR DEFAULT '' NOT NULL", KNOWN)
    op.add_column("missing", sa.Column("mistake_on", sa.Date(), nullable=True))
    _add(sa.Column("mistake_by_id", sa.Uuid(), nullable=True), "CHAR(32)", NAMED, "members")


def _add(column: sa.Column[Any], on_sqlite: str, checks: dict[str, str], refers: str = "") -> None:
    """Add a column with its constraints: on SQLite they come with it, because others refer to the table."""
    key = op.f(f"fk_missing_{column.name}_{refers}")
    named = {op.f(f"ck_missing_{name}"): condition for name, condition in checks.items()}
    if _is_sqlite():
        words = [f"CONSTRAINT {key} REFERENCES {refers} (id)"] if refers else []
        words += [f"CONSTRAINT {name} CHECK ({condition})" for name, condition in named.items()]
        op.execute(f"ALTER TABLE missing ADD COLUMN {column.name} {on_sqlite} {' '.join(words)}")
        return
    op.add_column("missing", column)
    if refers:
        op.create_foreign_key(key, "missing", refers, [column.name], ["id"])
    for name, condition in named.items():
        op.create_check_constraint(name, "missing", condition)


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
