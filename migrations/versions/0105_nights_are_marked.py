"""The nights that a shelter is paid for, and what was paid for them, carry a mark: who can write to the database alone
has neither other nights signed nor a quarter paid twice.

The rows that are there now are taken to be right: the operator has checked the instance before the upgrade. Needs the
key files.
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto

revision = "0105_nights_are_marked"
down_revision = "0104_voices_are_marked"
branch_labels = None
depends_on = None

Parts = Callable[[sa.Row], tuple[crypto.Part, ...]]

LINES = sa.table(
    "payment_lines",
    sa.column("organisation_id", sa.Uuid()),
    sa.column("quarter", sa.String()),
    sa.column("nights", sa.Integer()),
    sa.column("earlier", sa.Integer()),
    sa.column("payable", sa.Integer()),
    sa.column("basis", sa.String()),
    sa.column("to_sign", sa.Boolean()),
    sa.column("mark", sa.LargeBinary()),
)
PAYMENTS = sa.table(
    "night_payments",
    sa.column("organisation_id", sa.Uuid()),
    sa.column("quarter", sa.String()),
    sa.column("position", sa.Integer()),
    sa.column("amount", sa.BigInteger()),
    sa.column("statement", sa.Integer()),
    sa.column("paid_on", sa.Date()),
    sa.column("reason", sa.String()),
    sa.column("member_id", sa.Uuid()),
    sa.column("mark", sa.LargeBinary()),
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    for table in (LINES, PAYMENTS):
        op.add_column(table.name, sa.Column("mark", sa.LargeBinary(), nullable=True))
    _mark(LINES, ("organisation_id", "quarter"), _of_line)
    _mark(PAYMENTS, ("organisation_id", "quarter", "position"), _of_payment)


def downgrade(database: str) -> None:
    if database == "main":
        for table in (PAYMENTS, LINES):
            op.drop_column(table.name, "mark")


def _of_line(row: sa.Row) -> tuple[crypto.Part, ...]:
    nights = (str(row.nights), str(row.earlier), str(row.payable))
    return ("nights of a quarter", row.organisation_id, row.quarter, *nights, row.basis, int(row.to_sign))


def _of_payment(row: sa.Row) -> tuple[crypto.Part, ...]:
    paid = (row.position, str(row.amount), row.statement, row.paid_on.isoformat(), row.reason)
    return ("nights paid", row.organisation_id, row.quarter, *paid, row.member_id)


def _mark(table: sa.TableClause, keys: tuple[str, ...], parts: Parts) -> None:
    connection = op.get_bind()
    found = connection.execute(sa.select(table)).all()
    if not found:
        return
    secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    change = sa.update(table).where(*(table.c[key] == sa.bindparam(f"of_{key}") for key in keys))
    marks = [
        {**{f"of_{key}": getattr(row, key) for key in keys}, "mark_of_it": crypto.mac(secret, crypto.ctx(*parts(row)))}
        for row in found
    ]
    connection.execute(change.values(mark=sa.bindparam("mark_of_it")), marks)
