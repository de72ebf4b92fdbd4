"""Of a call to the help line: whether what it led to was done (ADR 0275)."""

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0117_said_of_calls"
down_revision = "0115_numbers_of_a_quarter"
branch_labels = None
depends_on = None

FOLLOWED = {"known_followed": "followed IN ('', 'owed', 'done')"}


def upgrade(database: str) -> None:
    """Of calls from before nobody knows."""
    if database != "main":
        return
    followed = sa.Column("followed", sa.String(), nullable=False, server_default="")
    schema.add_column("helpline_calls", followed, "VARCHAR DEFAULT '' NOT NULL", FOLLOWED)


def downgrade(database: str) -> None:
    if database != "main":
        return
    if op.get_bind().dialect.name != "sqlite":  # there it goes with the column
        op.drop_constraint(op.f("ck_helpline_calls_known_followed"), "helpline_calls", type_="check")
    op.drop_column("helpline_calls", "followed")
