"""Who asks unusually often whether people were here before raises an alarm."""

from alembic import op

from nrm.schema import exchange_codes

revision = "0083_alarms_of_questions"
down_revision = "0082_matching"
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
)
NEW = ("questions", "of_all_questions")


def upgrade(database: str) -> None:
    if database == "main":
        exchange_codes("alarms", "kind", "known_kind", BEFORE, (*BEFORE, *NEW))


def downgrade(database: str) -> None:
    """Alarms of kinds that an earlier program does not know are forgotten."""
    if database != "main":
        return
    new = f"SELECT id FROM alarms WHERE kind IN {NEW!r}"  # noqa: S608 - a text of ours
    op.execute(f"DELETE FROM alarm_acknowledgements WHERE alarm_id IN ({new})")  # noqa: S608 - a text of ours
    op.execute(f"DELETE FROM alarms WHERE id IN ({new})")  # noqa: S608 - a text of ours
    exchange_codes("alarms", "kind", "known_kind", (*BEFORE, *NEW), BEFORE)
