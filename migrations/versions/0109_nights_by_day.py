"""Of a quarter that is closed it is kept what counts on each of its days: a contract that is recorded afterwards pays
for its own days, and for no others.

Quarters that are closed now have no such numbers, and are paid as they were frozen: but of one that is paid by places,
and that nobody has signed, the days are counted where all of them together are what was frozen. Needs the key files: the
mark of a quarter whose numbers come or go is made anew, if it is right.
"""

import uuid
from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto

revision = "0109_nights_by_day"
down_revision = "0108_places_entered_on"
branch_labels = None
depends_on = None

LINES = sa.table(
    "payment_lines",
    sa.column("organisation_id", sa.Uuid()),
    sa.column("quarter", sa.String()),
    *(sa.column(name, sa.Integer()) for name in ("nights", "earlier", "payable")),
    sa.column("basis", sa.String()),
    sa.column("to_sign", sa.Boolean()),
    sa.column("by_day", sa.String()),
    sa.column("mark", sa.LargeBinary()),
)
STATEMENTS = sa.table("night_statements", sa.column("organisation_id", sa.Uuid()), sa.column("quarter", sa.String()))
PLACES = sa.table(
    "places",
    sa.column("organisation_id", sa.Uuid()),
    *(sa.column(name, sa.Date()) for name in ("entered_on", "from_on", "until_on")),
    sa.column("extra_why", sa.String()),
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("payment_lines", sa.Column("by_day", sa.String(), nullable=True))
    same = (STATEMENTS.c.organisation_id == LINES.c.organisation_id, STATEMENTS.c.quarter == LINES.c.quarter)
    for row in _rows(LINES.c.basis == "places", LINES.c.to_sign, ~sa.exists().where(*same)):
        numbers = _places_by_day(row.organisation_id, row.quarter)
        if sum(numbers) == row.payable and row.mark == _mac(*_parts(row)):
            by_day = " ".join(map(str, (0, *numbers)))
            _change(row, by_day=by_day, mark=_mac(*_parts(row), by_day))


def downgrade(database: str) -> None:
    if database != "main":
        return
    for row in _rows(LINES.c.by_day.is_not(None)):
        if row.mark == _mac(*_parts(row), row.by_day):
            _change(row, mark=_mac(*_parts(row)))
    op.drop_column("payment_lines", "by_day")


def _rows(*where: sa.ColumnElement[bool]) -> list[sa.Row]:
    return list(op.get_bind().execute(sa.select(LINES).where(*where)).all())


def _change(row: sa.Row, **values: object) -> None:
    own = (LINES.c.organisation_id == row.organisation_id, LINES.c.quarter == row.quarter)
    op.get_bind().execute(sa.update(LINES).where(*own).values(**values))


def _parts(row: sa.Row) -> tuple[crypto.Part, ...]:
    nights = (str(row.nights), str(row.earlier), str(row.payable))
    return ("nights of a quarter", row.organisation_id, row.quarter, *nights, row.basis, int(row.to_sign))


def _places_by_day(shelter: uuid.UUID, quarter: str) -> list[int]:
    """How many places of its building the shelter kept on each day of a quarter."""
    since = sa.func.coalesce(PLACES.c.entered_on, PLACES.c.from_on, type_=sa.Date())
    building = sa.select(since, PLACES.c.until_on).where(PLACES.c.organisation_id == shelter, PLACES.c.extra_why == "")
    kept = op.get_bind().execute(building).all()
    year, number = int(quarter[:4]), int(quarter[5:])
    day, after = date(year, 3 * number - 2, 1), date(year + number // 4, 3 * number % 12 + 1, 1)
    days = (day + timedelta(days=each) for each in range((after - day).days))
    return [sum(1 for first, end in kept if (first or each) <= each < (end or date.max)) for each in days]


def _mac(*parts: crypto.Part) -> bytes:
    secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    return crypto.mac(secret, crypto.ctx(*parts))
