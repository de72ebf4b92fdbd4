"""An entry of the key log takes a proposal back, or says that somebody who is asked does not agree. What happened with
an account says from which role or name to which.

A log that has such an entry stays: the older program would take it for wrong.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

from nrm.schema import exchange_codes

revision = "0090_who_does_not_agree"
down_revision = "0089_withdrawn_texts"
branch_labels = None
depends_on = None

KINDS_BEFORE = (
    "genesis",
    "founded",
    "joined",
    "anew",
    "left",
    "suspended",
    "resumed",
    "role",
    "renamed",
    "keyring",
    "holding",
    "party",
    "box",
    "restored",
    "proposed",
    "agreed",
)
KINDS = (*KINDS_BEFORE, "declined")


def upgrade(database: str) -> None:
    if database != "main":
        return
    exchange_codes("key_log", "kind", "known_kind", KINDS_BEFORE, KINDS)
    for column in ("before", "after"):
        op.add_column("key_events", sa.Column(column, sa.String(), nullable=False, server_default=""))


def downgrade(database: str) -> None:
    """Raises RuntimeError where the log has such an entry."""
    if database != "main":
        return
    if op.get_bind().scalar(text("SELECT count(*) FROM key_log WHERE kind = 'declined'")):
        raise RuntimeError("the key log says who does not agree; the older program cannot read it")
    exchange_codes("key_log", "kind", "known_kind", KINDS, KINDS_BEFORE)
    for column in ("before", "after"):
        op.drop_column("key_events", column)
