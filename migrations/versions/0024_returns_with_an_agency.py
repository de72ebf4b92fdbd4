"""Whether an assistance agency took part in a return, for report x; of screenings from before it is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0024_returns_with_an_agency"
down_revision = "0023_child_returns_and_calls"
branch_labels = None
depends_on = None

INDEX = "ix_screenings_counted"
COUNTED = [
    "month",
    "citizenship_class",
    "crossing_point",
    "outcome",
    "processed",
    "age_class",
    "gender",
    "returned_from",
    "announced",
]


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("screenings", sa.Column("agency", sa.String(), nullable=False, server_default="99"))
    op.drop_index(INDEX, table_name="screenings")
    op.create_index(INDEX, "screenings", [*COUNTED, "agency"])


def downgrade(database: str) -> None:
    """Whether an agency took part is forgotten."""
    if database != "main":
        return
    op.drop_index(INDEX, table_name="screenings")
    op.drop_column("screenings", "agency")
    op.create_index(INDEX, "screenings", COUNTED)
