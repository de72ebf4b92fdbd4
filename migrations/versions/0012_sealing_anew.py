"""Sealing again after a key holder left: since which version of a keyring a compartment's key is known."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0012_sealing_anew"
down_revision = "0011_signed_releases"
branch_labels = None
depends_on = None

EVENTS = (
    "joined",
    "confirmed",
    "code_made",
    "code_checked",
    "begins_anew",
    "disabled",
    "waits_again",
    "keyring_made",
    "keyring_moved",
)
INDEXED = {"ix_grants_keyring": "grants", "ix_pending_grants_keyring": "pending_grants"}


def upgrade(database: str) -> None:
    if database != "main":
        return
    # Which version a key was first wrapped to was not kept until now, so that it counts as the first.
    op.add_column("grants", sa.Column("since_version", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.add_column("organisations", sa.Column("anew_due_at", nrm.db.UtcDateTime(timezone=True), nullable=True))
    for name, table in INDEXED.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, ["organisation_id", "keyring_version", "case_id", "compartment"])
    _know((*EVENTS, "sealed_anew"))


def downgrade(database: str) -> None:
    """Deletes since which version a key is known, and when something was sealed again."""
    if database != "main":
        return
    op.execute("DELETE FROM key_events WHERE event = 'sealed_anew'")
    _know(EVENTS)
    for name, table in INDEXED.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, ["organisation_id", "keyring_version"])
    op.drop_column("organisations", "anew_due_at")
    op.drop_column("grants", "since_version")


def _know(events: tuple[str, ...]) -> None:
    with op.batch_alter_table("key_events") as batch:
        batch.drop_constraint(op.f("ck_key_events_known_event"), type_="check")
        batch.create_check_constraint(op.f("ck_key_events_known_event"), f"event IN ({', '.join(map(repr, events))})")
