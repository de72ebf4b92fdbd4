"""The numbers of screenings are also found by their kind, so that a long period is added up without sorting them."""

from alembic import op

revision = "0110_counts_by_kind"
down_revision = "0109_nights_by_day"
branch_labels = None
depends_on = None

NAME = "ix_screening_counts_kind_id"


def upgrade(database: str) -> None:
    if database == "main":
        op.create_index(NAME, "screening_counts", ["kind_id", "month", "number"])


def downgrade(database: str) -> None:
    if database == "main":
        op.drop_index(NAME, "screening_counts")
