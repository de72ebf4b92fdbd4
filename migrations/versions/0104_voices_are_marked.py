"""A complaint, who deals with it, and whose box a feedback box is carry a mark; what somebody
said to know a short time ago is found by an index.

The rows that are there now are taken to be right: the operator has checked the instance before the upgrade. Needs the
key files.
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto

revision = "0104_voices_are_marked"
down_revision = "0103_benefits_are_marked"
branch_labels = None
depends_on = None

Parts = Callable[[sa.Row], tuple[crypto.Part, ...]]

COMPLAINTS = sa.table(
    "complaints",
    sa.column("id", sa.Uuid()),
    sa.column("dealt_on", sa.Date()),
    sa.column("dealt_by_id", sa.Uuid()),
    sa.column("without_house", sa.Boolean()),
    sa.column("not_for", sa.LargeBinary()),
    sa.column("mark", sa.LargeBinary()),
)
TAKEN = sa.table(
    "complaints_taken",
    sa.column("complaint_id", sa.Uuid()),
    sa.column("member_id", sa.Uuid()),
    sa.column("mark", sa.LargeBinary()),
)
BOXES = sa.table(
    "feedback_boxes",
    sa.column("id", sa.Uuid()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("mark", sa.LargeBinary()),
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    for table in (COMPLAINTS, TAKEN, BOXES):
        op.add_column(table.name, sa.Column("mark", sa.LargeBinary(), nullable=True))
    op.create_index("ix_obligations_done_by_id_done_at", "obligations", ["done_by_id", "done_at"])
    _mark(COMPLAINTS, "id", _of_complaint)
    _mark(TAKEN, "complaint_id", lambda row: ("complaint taken", row.complaint_id, row.member_id))
    _mark(BOXES, "id", lambda row: ("feedback box", row.id, row.organisation_id))


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_index("ix_obligations_done_by_id_done_at", table_name="obligations")
    for table in (BOXES, TAKEN, COMPLAINTS):
        op.drop_column(table.name, "mark")


def _of_complaint(row: sa.Row) -> tuple[crypto.Part, ...]:
    dealt = (row.dealt_on.isoformat() if row.dealt_on else "", row.dealt_by_id or "")
    return ("complaint", row.id, *dealt, int(row.without_house), row.not_for or b"")


def _mark(table: sa.TableClause, key: str, parts: Parts) -> None:
    connection = op.get_bind()
    found = connection.execute(sa.select(table)).all()
    if not found:
        return
    secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    change = sa.update(table).where(table.c[key] == sa.bindparam("of_it")).values(mark=sa.bindparam("mark_of_it"))
    marks = [{"of_it": getattr(row, key), "mark_of_it": crypto.mac(secret, crypto.ctx(*parts(row)))} for row in found]
    connection.execute(change, marks)
