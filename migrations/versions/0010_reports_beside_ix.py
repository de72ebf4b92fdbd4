"""Reports of several quarters together; an index that counts screenings alone; how soon a referral was answered."""

import sqlalchemy as sa
from alembic import op

revision = "0010_reports_beside_ix"
down_revision = "0009_keyring_versions"
branch_labels = None
depends_on = None

COUNTED = (
    "month",
    "citizenship_class",
    "crossing_point",
    "outcome",
    "processed",
    "age_class",
    "gender",
    "returned_from",
    "announced",
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("releases", sa.Column("first_quarter", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE releases SET first_quarter = quarter")
    op.add_column("referrals", sa.Column("answered_in", sa.String(), nullable=False, server_default=""))
    op.drop_index("ix_screenings_month", "screenings")
    op.create_index("ix_screenings_counted", "screenings", list(COUNTED), unique=False)


def downgrade(database: str) -> None:
    """Which quarters a report of several is about, and how soon referrals were answered, is forgotten."""
    if database != "main":
        return
    op.drop_index("ix_screenings_counted", "screenings")
    op.create_index("ix_screenings_month", "screenings", ["month"], unique=False)
    op.drop_column("referrals", "answered_in")
    op.drop_column("releases", "first_quarter")
