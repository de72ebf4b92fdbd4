"""An index leads to all entries of an event on the audit chain, in place of two that know eight of the events
(ADR 0274)."""

import sqlalchemy as sa
from alembic import op

revision = "0116_events_of_the_chain"
down_revision = "0115_numbers_of_a_quarter"
branch_labels = None
depends_on = None

FORMER = {
    "ix_audit_entries_attempts": "event IN ('quarter_refused', 'quarter_waits')",
    "ix_audit_entries_money": "event IN ('benefit_settled', 'contract_changed', 'contract_recorded', 'nights_paid',"
    " 'nights_signed', 'release_sealed')",
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    for name in FORMER:
        op.drop_index(name, table_name="audit_entries")
    op.create_index("ix_audit_entries_event", "audit_entries", ["event", "id"])


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_index("ix_audit_entries_event", table_name="audit_entries")
    for name, which in FORMER.items():
        where = sa.text(which)
        op.create_index(name, "audit_entries", ["event", "id"], sqlite_where=where, postgresql_where=where)
