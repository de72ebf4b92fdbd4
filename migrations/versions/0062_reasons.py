"""Why the figures of a filed table break one of its rules."""

import sqlalchemy as sa
from alembic import op

revision = "0062_reasons"
down_revision = "0061_figures_alone"
branch_labels = None
depends_on = None

NAME, CHECK = "ck_filings_reason_for_figures_in_clear", "reason = '' OR answer = 'figures'"


def upgrade(database: str) -> None:
    if database != "main":
        return
    # SQLite cannot rebuild a table to which others refer: there the check comes with the column.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE filings ADD COLUMN reason VARCHAR DEFAULT '' NOT NULL CONSTRAINT {NAME} CHECK ({CHECK})"
        )
    else:
        op.add_column("filings", sa.Column("reason", sa.String(), nullable=False, server_default=""))
        op.create_check_constraint(op.f(NAME), "filings", CHECK)


def downgrade(database: str) -> None:
    """What was filed with a reason cannot be read any more below: its signature covers the reason."""
    if database != "main":
        return
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(NAME), "filings", type_="check")
    op.drop_column("filings", "reason")
