"""A benefit above an amount waits for a second member of the house; a payment of nights that another contract would not
give has a reason."""

import sqlalchemy as sa
from alembic import op

revision = "0099_agreed_by_two"
down_revision = "0098_paid_and_heard"
branch_labels = None
depends_on = None

COLUMNS = (("benefits", "second"), ("night_payments", "reason"))


def upgrade(database: str) -> None:
    """What was asked for before waits for nobody."""
    if database != "main":
        return
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.String(), nullable=False, server_default=""))


def downgrade(database: str) -> None:
    """What waits for a second member waits for the payment desk again, and reasons are forgotten."""
    if database != "main":
        return
    for table, column in COLUMNS:
        op.drop_column(table, column)
