"""Found by an index: stays by the day on which they began, minors of a shelter by the month of 18, open obligations of a
party.
"""

import sqlalchemy as sa
from alembic import op

revision = "0065_counted_by_day"
down_revision = "0064_silent_parts"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_index("ix_stays_admitted_on", "stays", ["admitted_on", "organisation_id"])
    op.create_index("ix_cases_holder_status_month", "cases", ["holder_id", "status", "adult_month"])
    op.drop_index("ix_cases_holder_status", "cases")
    still_open = sa.text("done_at IS NULL")
    op.create_index(
        "ix_obligations_open", "obligations", ["party"], sqlite_where=still_open, postgresql_where=still_open
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_index("ix_obligations_open", "obligations")
    op.create_index("ix_cases_holder_status", "cases", ["holder_id", "status"])
    op.drop_index("ix_cases_holder_status_month", "cases")
    op.drop_index("ix_stays_admitted_on", "stays")
