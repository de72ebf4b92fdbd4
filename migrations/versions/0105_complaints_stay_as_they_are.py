"""The mark of a complaint's row is also over the key under which its words lie: an earlier state that is put back fits no
more.

A row that is wrong already stays so. Needs the key files.
"""

import hmac
from typing import Any

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto

revision = "0105_complaints_stay_as_they_are"
down_revision = "0105_nights_are_marked"
branch_labels = None
depends_on = None

COMPLAINTS = sa.table(
    "complaints",
    sa.column("id", sa.Uuid()),
    sa.column("dealt_on", sa.Date()),
    sa.column("dealt_by_id", sa.Uuid()),
    sa.column("without_house", sa.Boolean()),
    sa.column("not_for", sa.LargeBinary()),
    sa.column("mark", sa.LargeBinary()),
)
SEALED = sa.table(
    "sealed_compartments",
    sa.column("case_id", sa.Uuid()),
    sa.column("compartment", sa.String()),
    sa.column("epoch", sa.Integer()),
)


def upgrade(database: str) -> None:
    if database == "main":
        _mark(up=True)


def downgrade(database: str) -> None:
    if database == "main":
        _mark(up=False)


def _mark(*, up: bool) -> None:
    connection = op.get_bind()
    words = sa.and_(SEALED.c.case_id == COMPLAINTS.c.id, SEALED.c.compartment == "complaint")
    found = connection.execute(sa.select(COMPLAINTS, SEALED.c.epoch).join_from(COMPLAINTS, SEALED, words)).all()
    if not found:
        return
    secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    marks: list[dict[str, Any]] = []
    for row in found:
        alone, with_epoch = (crypto.mac(secret, crypto.ctx(*_parts(row), *more)) for more in ((), (row.epoch,)))
        was, now = (alone, with_epoch) if up else (with_epoch, alone)
        if row.mark is not None and hmac.compare_digest(row.mark, was):
            marks.append({"of_it": row.id, "mark_of_it": now})
    if marks:
        change = sa.update(COMPLAINTS).where(COMPLAINTS.c.id == sa.bindparam("of_it"))
        connection.execute(change.values(mark=sa.bindparam("mark_of_it")), marks)


def _parts(row: Any) -> tuple[crypto.Part, ...]:
    dealt = (row.dealt_on.isoformat() if row.dealt_on else "", row.dealt_by_id or "")
    return ("complaint", row.id, *dealt, int(row.without_house), row.not_for or b"")
