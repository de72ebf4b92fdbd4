"""What happened with keys has two more codes: somebody has another role, or another name.

Downward, what the older program does not know is deleted from that list; role and name stay as they are.
"""

from alembic import op

from nrm.schema import exchange_codes

revision = "0077_roles_and_names"
down_revision = "0076_versions_of_contracts"
branch_labels = None
depends_on = None

BEFORE = (
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
)
NEW = ("role_changed", "renamed")


def upgrade(database: str) -> None:
    if database != "main":
        return
    exchange_codes("key_events", "event", "known_event", BEFORE, (*BEFORE, *NEW))


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.execute(f"DELETE FROM key_events WHERE event IN ({', '.join(map(repr, NEW))})")  # noqa: S608 - names of ours
    exchange_codes("key_events", "event", "known_event", (*BEFORE, *NEW), BEFORE)
