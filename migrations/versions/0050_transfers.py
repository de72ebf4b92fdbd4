"""A move between shelters can be called off, carries a sealed tag, and says whether a new epoch is due after it."""

import sqlalchemy as sa
from alembic import op

from nrm.schema import exchange_codes

revision = "0050_transfers"
down_revision = "0049_planned_ends"
branch_labels = None
depends_on = None

BEFORE = ("sent", "accepted", "declined", "withdrawn", "expired", "arrived", "not_arrived")
AFTER = (*BEFORE, "called_off")
TAGS = "(sealed_tags IS NULL) = (tags_version IS NULL)"
DUE = "NOT epoch_due OR status IN ('accepted', 'arrived', 'not_arrived')"


def upgrade(database: str) -> None:
    if database != "main":
        return
    exchange_codes("referrals", "status", "known_status", BEFORE, AFTER)
    tags, due = (op.f(f"ck_referrals_{name}") for name in ("tags_with_version", "epoch_due_once_taken"))
    op.add_column("referrals", sa.Column("sealed_tags", sa.LargeBinary(), nullable=True))
    # SQLite cannot rebuild a table to which others refer: there the checks come with the column.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE referrals ADD COLUMN tags_version INTEGER CONSTRAINT {tags} CHECK ({TAGS})")
        op.execute(
            f"ALTER TABLE referrals ADD COLUMN epoch_due BOOLEAN DEFAULT 0 NOT NULL CONSTRAINT {due} CHECK ({DUE})"
        )
    else:
        op.add_column("referrals", sa.Column("tags_version", sa.Integer(), nullable=True))
        op.add_column("referrals", sa.Column("epoch_due", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.create_check_constraint(tags, "referrals", TAGS)
        op.create_check_constraint(due, "referrals", DUE)


def downgrade(database: str) -> None:
    """A move that was called off becomes one that was withdrawn: the sender has the case. What senders wrote for moves
    goes with its grants; its shred keys are found without use by `tend`, and destroyed after seven days."""
    if database != "main":
        return
    for table in ("grants", "sealed_compartments", "readings"):
        op.execute(f"DELETE FROM {table} WHERE compartment IN ('transfer', 'meeting')")  # noqa: S608 - the names stand here
    op.execute("UPDATE referrals SET status = 'withdrawn' WHERE status = 'called_off'")
    exchange_codes("referrals", "status", "known_status", AFTER, BEFORE)
    if op.get_bind().dialect.name != "sqlite":  # there they go with the columns
        for name in ("tags_with_version", "epoch_due_once_taken"):
            op.drop_constraint(op.f(f"ck_referrals_{name}"), "referrals", type_="check")
    for column in ("epoch_due", "tags_version", "sealed_tags"):
        op.drop_column("referrals", column)
