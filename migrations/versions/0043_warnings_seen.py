"""Which warnings the officer saw in an interview, as codes in its procedure record."""

import sqlalchemy as sa
from alembic import op

revision = "0043_warnings_seen"
down_revision = "0042_groups"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("procedure_records", sa.Column("warned", sa.JSON(), nullable=False, server_default="[]"))


def downgrade(database: str) -> None:
    """What was seen is forgotten."""
    if database != "main":
        return
    op.drop_column("procedure_records", "warned")
