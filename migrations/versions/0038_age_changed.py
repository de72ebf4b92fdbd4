"""That the post says 18 or over of one who was told of as a child, and that the child authority agrees."""

from alembic import op

revision = "0038_age_changed"
down_revision = "0037_rows_by_hand"
branch_labels = None
depends_on = None

BEFORE = {
    "known_age_class": "age_class IN ('child', 'unsure')",
    "asked_with_reason": "(opinion_at IS NULL) = (opinion_why = '') AND (opinion_at IS NULL) = (answer_due_at IS NULL) AND opinion_why IN "
    "('', 'explained', 'mistaken', 'helped', 'held_twice', 'other', 'draft_over')",
    "known_answer": "answer IN ('', 'parents', 'coming', 'bring', 'nothing') "
    "AND answer_how IN ('', 'system', 'telephone') AND (answer = '' OR opinion_at IS NOT NULL)",
}
AFTER = {
    "known_age_class": "age_class IN ('child', 'unsure', 'adult')",
    "asked_with_reason": BEFORE["asked_with_reason"].replace("'draft_over'", "'draft_over', 'age_changed'"),
    "known_answer": BEFORE["known_answer"].replace("'nothing'", "'nothing', 'adult'"),
}
AGREED = (
    "(answer <> 'adult' OR (age_class = 'adult' AND withdrawn_at IS NOT NULL)) "
    "AND (age_class <> 'adult' OR withdrawn_why <> 'age_changed' OR answer = 'adult')"
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    with op.batch_alter_table("child_alerts") as batch:
        _exchange(batch, AFTER)
        batch.create_check_constraint(op.f("ck_child_alerts_adult_only_when_agreed"), AGREED)


def downgrade(database: str) -> None:
    """An age of 18 or over becomes an uncertain age; the agreement to it becomes the answer `nothing`."""
    if database != "main":
        return
    with op.batch_alter_table("child_alerts") as batch:
        for name in (*AFTER, "adult_only_when_agreed"):
            batch.drop_constraint(op.f(f"ck_child_alerts_{name}"), type_="check")
    op.execute("UPDATE child_alerts SET age_class = 'unsure' WHERE age_class = 'adult'")
    op.execute("UPDATE child_alerts SET opinion_why = 'other' WHERE opinion_why = 'age_changed'")
    op.execute("UPDATE child_alerts SET answer = 'nothing' WHERE answer = 'adult'")
    with op.batch_alter_table("child_alerts") as batch:
        for name, rule in BEFORE.items():
            batch.create_check_constraint(op.f(f"ck_child_alerts_{name}"), rule)


def _exchange(batch, rules):  # type: ignore[no-untyped-def]
    for name in rules:
        batch.drop_constraint(op.f(f"ck_child_alerts_{name}"), type_="check")
    for name, rule in rules.items():
        batch.create_check_constraint(op.f(f"ck_child_alerts_{name}"), rule)
