"""Holds of interviews that ended against a yes that was recorded, and that it was taken back as their reason (ADR 0278)."""

from alembic import op

from nrm import schema

revision = "0118_ended_against_a_yes"
down_revision = "0117_calls_and_requests"
branch_labels = None
depends_on = None

ENDING = ("none", "discarded", "not_asked", "refused", "undecided")
REASON = ("", "explained", "mistaken", "helped", "held_twice", "other")


def upgrade(database: str) -> None:
    if database != "main":
        return
    schema.exchange_codes("interview_holds", "ending", "known_ending", ENDING, (*ENDING, "left", "retracted"))
    schema.exchange_codes("interview_holds", "reason", "known_reason", REASON, (*REASON, "took_back"))


def downgrade(database: str) -> None:
    """An earlier program reads them as drafts that were thrown away against what was said."""
    if database != "main":
        return
    op.execute("UPDATE interview_holds SET ending = 'discarded' WHERE ending IN ('left', 'retracted')")
    op.execute("UPDATE interview_holds SET reason = 'other' WHERE reason = 'took_back'")
    schema.exchange_codes("interview_holds", "ending", "known_ending", (*ENDING, "left", "retracted"), ENDING)
    schema.exchange_codes("interview_holds", "reason", "known_reason", (*REASON, "took_back"), REASON)
