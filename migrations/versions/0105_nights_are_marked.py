"""The nights that a shelter is paid for, and what was paid for them, carry a mark: who can write to the database alone
has neither other nights signed nor a quarter paid twice. A contract from before versions were kept gets its first one,
so that one without any is known to be no work of this program. What the audit chain tells of payments, contracts
and releases is found by an index.

The rows that are there now are taken to be right: the operator has checked the instance before the upgrade. Needs the
key files.
"""

import uuid
from collections.abc import Callable
from datetime import UTC

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto
from nrm.db import UtcDateTime

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
TERMS = (
    *(sa.column(name, sa.String()) for name in ("number", "subject")),
    *(sa.column(name, sa.BigInteger()) for name in ("amount", "quarter_nights", "quarter_amount")),
    *(sa.column(name, sa.Date()) for name in ("from_on", "until_on", "ended_on")),
)
CONTRACTS = sa.table(
    "contracts", sa.column("id", sa.Uuid()), sa.column("recorded_at", UtcDateTime(timezone=True)), *TERMS
)
VERSIONS = sa.table(
    "contract_versions",
    *(sa.column(name, sa.Uuid()) for name in ("id", "contract_id", "by_id")),
    sa.column("position", sa.Integer()),
    *(sa.column(each.name, each.type) for each in TERMS),
    sa.column("at", UtcDateTime(timezone=True)),
    sa.column("mark", sa.LargeBinary()),
)
MONEY = sa.text(
    "event IN ('benefit_settled', 'contract_changed', 'contract_recorded', 'nights_paid', 'nights_signed',"
    " 'release_sealed')"
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    for table in (LINES, PAYMENTS):
        op.add_column(table.name, sa.Column("mark", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_audit_entries_money", "audit_entries", ["event", "id"], sqlite_where=MONEY, postgresql_where=MONEY
    )
    _mark(LINES, ("organisation_id", "quarter"), _of_line)
    _mark(PAYMENTS, ("organisation_id", "quarter", "position"), _of_payment)
    _first_versions()


def downgrade(database: str) -> None:
    """The first versions of contracts stay: the program of before keeps such ones, too."""
    if database == "main":
        op.drop_index("ix_audit_entries_money", table_name="audit_entries")
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
    change = sa.update(table).where(*(table.c[key] == sa.bindparam(f"of_{key}") for key in keys))
    marks = [{**{f"of_{key}": getattr(row, key) for key in keys}, "mark_of_it": _mac(*parts(row))} for row in found]
    connection.execute(change.values(mark=sa.bindparam("mark_of_it")), marks)


def _mac(*parts: crypto.Part) -> bytes:
    secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    return crypto.mac(secret, crypto.ctx(*parts))


def _first_versions() -> None:
    """What a contract without a version says now is its first one, of the hour in which it was recorded, by nobody."""
    connection = op.get_bind()
    kept = sa.select(VERSIONS.c.contract_id)
    for row in connection.execute(sa.select(CONTRACTS).where(CONTRACTS.c.id.not_in(kept))).all():
        id_ = uuid.uuid4()
        terms = {each.name: getattr(row, each.name) for each in TERMS}
        days = (row.from_on.isoformat(), row.until_on.isoformat(), row.ended_on.isoformat() if row.ended_on else "")
        nights = () if row.quarter_nights is None else (row.quarter_nights, row.quarter_amount or 0)
        said = (row.number, row.subject, row.amount, *days, *nights)
        at = row.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
        mark = _mac("contract version", id_, row.id, 1, *said, "", at)
        first = {"id": id_, "contract_id": row.id, "position": 1, "by_id": None, "at": row.recorded_at, "mark": mark}
        connection.execute(sa.insert(VERSIONS), {**first, **terms})
