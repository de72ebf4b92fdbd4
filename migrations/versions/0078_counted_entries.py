"""An index over the numbers of the key log: whether an entry is missing between others is asked before each sealing.

SQLite keeps the entries in the order of their numbers, and would read all of them to count them.
"""

from alembic import op

revision = "0078_counted_entries"
down_revision = "0077_roles_and_names"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_index("ix_key_log_number", "key_log", ["number"])


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_index("ix_key_log_number", table_name="key_log")
