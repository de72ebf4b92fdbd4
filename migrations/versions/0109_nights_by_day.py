"""Of a quarter that is closed it is kept what counts on each of its days: a contract that is recorded afterwards pays
for its own days, and for no others.

Quarters that are closed now have no such numbers, and are paid as they were frozen. Down needs the key files: the mark
of a quarter with such numbers is made anew without them, if it is right.
"""

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


def upgrade(database: str) -> None:
    if database == "main":
        op.add_column("payment_lines", sa.Column("by_day", sa.String(), nullable=True))


def downgrade(database: str) -> None:
    if database != "main":
        return
    connection = op.get_bind()
    for row in connection.execute(sa.select(LINES).where(LINES.c.by_day.is_not(None))).all():
        nights = (str(row.nights), str(row.earlier), str(row.payable))
        parts = ("nights of a quarter", row.organisation_id, row.quarter, *nights, row.basis, int(row.to_sign))
        if row.mark == _mac(*parts, row.by_day):
            own = (LINES.c.organisation_id == row.organisation_id, LINES.c.quarter == row.quarter)
            connection.execute(sa.update(LINES).where(*own).values(mark=_mac(*parts)))
    op.drop_column("payment_lines", "by_day")


def _mac(*parts: crypto.Part) -> bytes:
    secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    return crypto.mac(secret, crypto.ctx(*parts))
