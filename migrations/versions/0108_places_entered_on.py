"""Of a place that its shelter enters as there before it is known when: the state pays for it from that day on.

Of places that are there now nobody knows it any more; they count as they did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0108_places_entered_on"
down_revision = "0107_seen_and_taken_back"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "main":
        op.add_column("places", sa.Column("entered_on", sa.Date(), nullable=True))


def downgrade(database: str) -> None:
    if database == "main":
        op.drop_column("places", "entered_on")
