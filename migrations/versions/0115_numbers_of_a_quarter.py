"""How many interviews ended in which way is kept by the quarter, no longer by the month (ADR 0242)."""

import sqlalchemy as sa
from alembic import op

revision = "0115_numbers_of_a_quarter"
down_revision = "0114_ends_of_returns"
branch_labels = None
depends_on = None

BESIDE = {
    "screening_counts": ("kind_id", "profile", "assessment", "reason"),
    "screen_steps": ("crossing_point", "step"),
}


def upgrade(database: str) -> None:
    """The numbers of the months of a quarter are added up, under its first day."""
    if database != "main":
        return
    connection = op.get_bind()
    for name, beside in BESIDE.items():
        table = sa.table(name, sa.column("month", sa.Date), *map(sa.column, (*beside, "number")))
        added: dict[tuple[object, ...], int] = {}
        for month, *codes, number in connection.execute(
            sa.select(*(table.c[each] for each in ("month", *beside, "number")))
        ):
            place = (month.replace(month=(month.month - 1) // 3 * 3 + 1, day=1), *codes)
            added[place] = added.get(place, 0) + number
        connection.execute(sa.delete(table))
        rows = [dict(zip(("month", *beside, "number"), (*place, n), strict=True)) for place, n in added.items()]
        if rows:
            connection.execute(sa.insert(table), rows)
        op.execute(f"ALTER TABLE {name} RENAME COLUMN month TO quarter_on")


def downgrade(database: str) -> None:
    """Which month of the quarter it was nobody knows any more: an earlier program counts the first."""
    if database != "main":
        return
    for name in BESIDE:
        op.execute(f"ALTER TABLE {name} RENAME COLUMN quarter_on TO month")
