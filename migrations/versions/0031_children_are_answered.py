"""What a post thinks of a child, and what the child authority answers before the interview can end."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0031_children_are_answered"
down_revision = "0030_counting"
branch_labels = None
depends_on = None

REASONS_BEFORE = "withdrawn_at IS NULL OR withdrawn_why IN ('age_changed', 'ended', 'not_named')"
REASONS = "withdrawn_at IS NULL OR withdrawn_why IN ('age_changed', 'ended', 'not_named', 'answered')"
CHECKS = {
    "asked_with_reason": "(opinion_at IS NULL) = (opinion_why = '') AND (opinion_at IS NULL) = (answer_due_at IS NULL) AND opinion_why IN "
    "('', 'explained', 'mistaken', 'helped', 'held_twice', 'other', 'draft_over')",
    "answered_by_somebody": "(answer = '') = (answered_at IS NULL) AND (answer = '') = (answered_by_id IS NULL) "
    "AND (answer = '') = (answer_how = '') AND (answer_how = 'telephone') = (answered_name <> '')",
    "known_answer": "answer IN ('', 'parents', 'coming', 'bring', 'nothing') "
    "AND answer_how IN ('', 'system', 'telephone') AND (answer = '' OR opinion_at IS NOT NULL)",
    "ended_only_when_answered": "withdrawn_at IS NULL OR withdrawn_why NOT IN ('ended', 'answered') "
    "OR (withdrawn_why = 'ended' AND opinion_at IS NULL) OR answer IN ('parents', 'nothing')",
}
TEXTS = ("opinion_why", "answer", "answer_how", "answered_name")


def upgrade(database: str) -> None:
    if database != "main":
        return
    with op.batch_alter_table("child_alerts") as batch:
        batch.add_column(sa.Column("opinion_at", nrm.db.UtcDateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("answer_due_at", nrm.db.UtcDateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("answered_at", nrm.db.UtcDateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("answered_by_id", sa.Uuid(), nullable=True))
        for name in TEXTS:
            batch.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        batch.create_foreign_key(op.f("fk_child_alerts_answered_by_id_members"), "members", ["answered_by_id"], ["id"])
        batch.drop_constraint(op.f("ck_child_alerts_withdrawn_with_reason"), type_="check")
        batch.create_check_constraint(op.f("ck_child_alerts_withdrawn_with_reason"), REASONS)
        for name, rule in CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_child_alerts_{name}"), rule)


def downgrade(database: str) -> None:
    """What was asked and answered is forgotten; who was answered has ended."""
    if database != "main":
        return
    with op.batch_alter_table("child_alerts") as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(f"ck_child_alerts_{name}"), type_="check")
        batch.drop_constraint(op.f("ck_child_alerts_withdrawn_with_reason"), type_="check")
    op.execute("UPDATE child_alerts SET withdrawn_why = 'ended' WHERE withdrawn_why = 'answered'")
    with op.batch_alter_table("child_alerts") as batch:
        batch.create_check_constraint(op.f("ck_child_alerts_withdrawn_with_reason"), REASONS_BEFORE)
        batch.drop_constraint(op.f("fk_child_alerts_answered_by_id_members"), type_="foreignkey")
        for name in ("opinion_at", "answer_due_at", "answered_at", "answered_by_id", *TEXTS):
            batch.drop_column(name)
