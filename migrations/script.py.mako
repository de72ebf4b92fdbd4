"""${message}"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "main":
        ...


def downgrade(database: str) -> None:
    if database == "main":
        ...
