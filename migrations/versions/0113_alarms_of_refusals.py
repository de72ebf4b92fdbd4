"""An account to which many pages were refused raises an alarm."""

from alembic import op

from nrm.schema import exchange_codes

revision = "0113_alarms_of_refusals"
down_revision = "0112_said_of_returns"
branch_labels = None
depends_on = None

BEFORE = (
    "openings",
    "erasures",
    "endings",
    "shares",
    "many_openings",
    "drafts",
    "places",
    "of_all_erasures",
    "of_all_endings",
    "of_all_shares",
    "of_all_openings",
    "questions",
    "of_all_questions",
)
NEW = ("refusals",)


def upgrade(database: str) -> None:
    if database == "main":
        exchange_codes("alarms", "kind", "known_kind", BEFORE, (*BEFORE, *NEW))


def downgrade(database: str) -> None:
    """Alarms of a kind that an earlier program does not know are forgotten."""
    if database != "main":
        return
    op.execute("DELETE FROM alarm_acknowledgements WHERE alarm_id IN (SELECT id FROM alarms WHERE kind = 'refusals')")
    op.execute("DELETE FROM alarms WHERE kind = 'refusals'")
    exchange_codes("alarms", "kind", "known_kind", (*BEFORE, *NEW), BEFORE)
