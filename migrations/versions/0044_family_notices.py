"""Children at a post with their own parent are one notice to the child authority, and numbers by month and post."""

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0044_family_notices"
down_revision = "0043_warnings_seen"
branch_labels = None
depends_on = None

BEFORE = ("screened", "not_asked", "went_on", "asked_again")
AFTER = (*BEFORE, "families", "family_children")
KNOWN = "answer IN ('', 'seen', 'call') AND answer_how IN ('', 'system', 'telephone')"
SOMEBODY = (
    "(answer = '') = (answered_at IS NULL) AND (answer = '') = (answered_by_id IS NULL) "
    "AND (answer = '') = (answer_how = '')"
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "family_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("ages", sa.JSON(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answer_how", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(KNOWN, name=op.f("ck_family_notices_known_answer")),
        sa.CheckConstraint(SOMEBODY, name=op.f("ck_family_notices_answered_by_somebody")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_family_notices_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_family_notices_member_id_members")),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["members.id"], name=op.f("fk_family_notices_answered_by_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_notices")),
    )
    op.create_index("ix_family_notices_organisation_id_told_at", "family_notices", ["organisation_id", "told_at"])
    op.create_index("ix_family_notices_answer_told_at", "family_notices", ["answer", "told_at"])
    schema.exchange_codes("screen_steps", "step", "known_step", BEFORE, AFTER)


def downgrade(database: str) -> None:
    """Who was told of and how many is forgotten; how far screenings came stays."""
    if database != "main":
        return
    op.execute("DELETE FROM screen_steps WHERE step IN ('families', 'family_children')")
    schema.exchange_codes("screen_steps", "step", "known_step", AFTER, BEFORE)
    op.drop_index("ix_family_notices_answer_told_at", table_name="family_notices")
    op.drop_index("ix_family_notices_organisation_id_told_at", table_name="family_notices")
    op.drop_table("family_notices")
