"""Of a call to the help line: whether what it led to was done; a request that was recorded for the wrong person, and what
ends with it (ADR 0277)."""

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0117_calls_and_requests"
down_revision = "0116_events_of_the_chain"
branch_labels = None
depends_on = None

STATUS = ("open", "given", "erased", "withdrawn", "refused", "passed_on")
UNDONE = ("", "holder", "authority", "person", "help_line", "asker", "fell")
FOLLOWED = {"known_followed": "followed IN ('', 'owed', 'done')"}


def upgrade(database: str) -> None:
    """Of calls from before nobody knows."""
    if database != "main":
        return
    followed = sa.Column("followed", sa.String(), nullable=False, server_default="")
    schema.add_column("helpline_calls", followed, "VARCHAR DEFAULT '' NOT NULL", FOLLOWED)
    schema.exchange_codes("person_requests", "status", "known_status", STATUS, (*STATUS, "mistaken"))
    schema.exchange_codes("heavy_acts", "undone", "known_undone", UNDONE, (*UNDONE, "wrong_person"))


def downgrade(database: str) -> None:
    """An earlier program reads that it was taken back: a request by the person, an act by the house."""
    if database != "main":
        return
    op.execute("UPDATE person_requests SET status = 'refused', reason = 'taken_back' WHERE status = 'mistaken'")
    op.execute("UPDATE heavy_acts SET undone = 'holder' WHERE undone = 'wrong_person'")
    schema.exchange_codes("person_requests", "status", "known_status", (*STATUS, "mistaken"), STATUS)
    schema.exchange_codes("heavy_acts", "undone", "known_undone", (*UNDONE, "wrong_person"), UNDONE)
    if op.get_bind().dialect.name != "sqlite":  # there it goes with the column
        op.drop_constraint(op.f("ck_helpline_calls_known_followed"), "helpline_calls", type_="check")
    op.drop_column("helpline_calls", "followed")
