"""Interviews that ended and are held for some time before they are destroyed."""

import sqlalchemy as sa
from alembic import op

import nrm.db
from nrm import schema

revision = "0039_holds"
down_revision = "0038_age_changed"
branch_labels = None
depends_on = None

INSTANT = nrm.db.UtcDateTime(timezone=True)
BEFORE = ("draft", "completed", "sent", "ended")
AFTER = ("draft", "completed", "held", "sent", "ended")


def upgrade(database: str) -> None:
    if database != "main":
        return
    schema.exchange_codes("interviews", "status", "known_status", BEFORE, AFTER)
    op.create_table(
        "interview_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("ending", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.Column("was", sa.String(), nullable=False),
        sa.Column("kept_until", INSTANT, nullable=True),
        sa.Column("official", sa.Boolean(), nullable=False),
        sa.Column("desk", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "ending IN ('none', 'discarded', 'not_asked', 'refused', 'undecided')",
            name=op.f("ck_interview_holds_known_ending"),
        ),
        sa.CheckConstraint(
            "reason IN ('', 'explained', 'mistaken', 'helped', 'held_twice', 'other')",
            name=op.f("ck_interview_holds_known_reason"),
        ),
        sa.CheckConstraint("was IN ('draft', 'completed')", name=op.f("ck_interview_holds_known_status_before")),
        sa.CheckConstraint(
            "NOT desk OR NOT ending IN ('refused', 'undecided')", name=op.f("ck_interview_holds_nobody_opens_a_no")
        ),
        sa.ForeignKeyConstraint(["id"], ["interviews.id"], name=op.f("fk_interview_holds_id_interviews")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_interview_holds_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interview_holds")),
    )


def downgrade(database: str) -> None:
    """What is held becomes a draft again, with its paper unused, to be ended anew; what was to be counted, and the duty
    desk's keys, go.

    The shred keys of what was to be counted are found without use by `tend`, reported, and destroyed after seven days.
    """
    if database != "main":
        return
    op.execute(
        "DELETE FROM sealed_compartments WHERE compartment = 'count' AND case_id IN (SELECT id FROM interview_holds)"
    )
    op.execute(
        "DELETE FROM grants WHERE compartment = 'draft' AND case_id IN (SELECT id FROM interview_holds) "
        "AND organisation_id <> (SELECT organisation_id FROM interviews WHERE interviews.id = grants.case_id)"
    )
    op.execute(
        "UPDATE paper_forms SET used = false WHERE EXISTS (SELECT 1 FROM interviews WHERE "
        "interviews.organisation_id = paper_forms.organisation_id AND interviews.paper_mark = paper_forms.mark "
        "AND interviews.id IN (SELECT id FROM interview_holds))"
    )
    op.execute(
        "UPDATE interviews SET "
        "expires_at = (SELECT kept_until FROM interview_holds WHERE interview_holds.id = interviews.id), "
        "status = (SELECT was FROM interview_holds WHERE interview_holds.id = interviews.id) "
        "WHERE status = 'held' AND id IN (SELECT id FROM interview_holds)"
    )
    op.drop_table("interview_holds")
    schema.exchange_codes("interviews", "status", "known_status", AFTER, BEFORE)
