"""An entry of the key log says who does not hold the newest key of their organisation; so does what happened with keys.

Downward, what happened is forgotten. A log that has such an entry stays: the older program would take it for wrong.
"""

from alembic import op
from sqlalchemy import text

from nrm.schema import exchange_codes

revision = "0085_who_does_not_hold_the_key"
down_revision = "0084_shown_secrets"
branch_labels = None
depends_on = None

EVENTS_BEFORE = (
    "joined",
    "confirmed",
    "code_made",
    "code_checked",
    "begins_anew",
    "disabled",
    "waits_again",
    "keyring_made",
    "keyring_moved",
    "sealed_anew",
    "came_back",
    "suspended",
    "resumed",
    "founded",
    "recovered",
    "factor_set",
    "factor_changed",
    "anew_asked",
    "anew_agreed",
    "anew_stopped",
    "objected",
    "role_changed",
    "renamed",
)
EVENTS = (*EVENTS_BEFORE, "lacks_key", "key_given", "holds_again")
BEGINNING = ("genesis", "founded", "joined", "anew", "left", "suspended", "resumed", "role", "renamed", "keyring")
END = ("party", "box", "restored", "proposed", "agreed")
KINDS_BEFORE, KINDS = (*BEGINNING, *END), (*BEGINNING, "holding", *END)


def upgrade(database: str) -> None:
    if database != "main":
        return
    exchange_codes("key_events", "event", "known_event", EVENTS_BEFORE, EVENTS)
    exchange_codes("key_log", "kind", "known_kind", KINDS_BEFORE, KINDS)


def downgrade(database: str) -> None:
    """Raises RuntimeError where the log has such an entry."""
    if database != "main":
        return
    if op.get_bind().scalar(text("SELECT count(*) FROM key_log WHERE kind = 'holding'")):
        raise RuntimeError("the key log says who does not hold a key; the older program cannot read it")
    op.execute(text("DELETE FROM key_events WHERE event IN ('lacks_key', 'key_given', 'holds_again')"))
    exchange_codes("key_events", "event", "known_event", EVENTS, EVENTS_BEFORE)
    exchange_codes("key_log", "kind", "known_kind", KINDS, KINDS_BEFORE)
