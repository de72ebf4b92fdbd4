"""A benefit carries a mark: who can write to the database alone cannot have money paid.

The rows that are there now are taken to be right: the operator has checked the instance before the upgrade. Needs the
key files.
"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto

revision = "0103_benefits_are_marked"
down_revision = "0102_voices"
branch_labels = None
depends_on = None

DAYS = ("from_month", "settled_month", "settled_on", "nobody_on")
BENEFITS = sa.table(
    "benefits",
    *(sa.column(name, sa.String()) for name in ("code", "channel", "voucher", "state", "second", "was")),
    *(sa.column(name, sa.Uuid()) for name in ("organisation_id", "nobody_by_id")),
    *(sa.column(name, sa.Integer()) for name in ("amount", "months")),
    *(sa.column(name, sa.Date()) for name in DAYS),
    *(sa.column(name, sa.Boolean()) for name in ("untold", "off_unseen")),
    sa.column("mark", sa.LargeBinary()),
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("benefits", sa.Column("mark", sa.LargeBinary(), nullable=True))
    connection = op.get_bind()
    found = connection.execute(sa.select(BENEFITS)).all()
    if not found:
        return
    secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    connection.execute(
        sa.update(BENEFITS).where(BENEFITS.c.code == sa.bindparam("of_code")).values(mark=sa.bindparam("mark_of_it")),
        [{"of_code": row.code, "mark_of_it": crypto.mac(secret, crypto.ctx(*_parts(row)))} for row in found],
    )


def downgrade(database: str) -> None:
    if database == "main":
        op.drop_column("benefits", "mark")


def _parts(row: sa.Row) -> tuple[crypto.Part, ...]:
    paid = (row.code, row.amount, row.from_month.isoformat(), row.months, row.channel, row.voucher)
    days = tuple(each.isoformat() if each else "" for each in (row.settled_month, row.settled_on, row.nobody_on))
    return (
        "benefit",
        row.organisation_id,
        *paid,
        row.state,
        row.second,
        row.was,
        *days,
        row.nobody_by_id or "",
        int(row.untold),
        int(row.off_unseen),
    )
