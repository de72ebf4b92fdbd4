"""Children whose return another country asks for, with their steps; calls to the help line."""

import sqlalchemy as sa
from alembic import op

revision = "0023_child_returns_and_calls"
down_revision = "0022_papers"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "child_returns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("quarter_on", sa.Date(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("assessments", sa.JSON(), nullable=False),
        sa.Column("guardian", sa.String(), nullable=False),
        sa.Column("escort", sa.String(), nullable=False),
        sa.CheckConstraint(
            "NOT (guardian IN ('parent', 'relative')) OR finding = 'return_safe'",
            name=op.f("ck_child_returns_family_only_when_safe"),
        ),
        sa.CheckConstraint("asked IN ('tracing', 'assessment', 'both')", name=op.f("ck_child_returns_known_asked")),
        sa.CheckConstraint(
            "escort = '' OR escort IN ('social_worker', 'international_organisation', 'foreign_authority', 'consular_officer', 'guardian')",
            name=op.f("ck_child_returns_known_escort"),
        ),
        sa.CheckConstraint(
            "finding = '' OR finding IN ('return_safe', 'return_not_safe', 'family_not_found', 'not_from_here')",
            name=op.f("ck_child_returns_known_finding"),
        ),
        sa.CheckConstraint(
            "guardian = '' OR guardian IN ('parent', 'relative', 'foster_family', 'institution')",
            name=op.f("ck_child_returns_known_guardian"),
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'assessed', 'guardian_ready', 'travelling', 'received', 'refused', 'withdrawn')",
            name=op.f("ck_child_returns_known_state"),
        ),
        sa.CheckConstraint("(received_on IS NULL) = (due_on IS NULL)", name=op.f("ck_child_returns_days_or_quarter")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_child_returns_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child_returns")),
    )
    op.create_index("ix_child_returns_state", "child_returns", ["state", "due_on"])
    op.create_table(
        "helpline_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("quarter_on", sa.Date(), nullable=False),
        sa.Column("called_on", sa.Date(), nullable=True),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("noted", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "called_on IS NOT NULL OR (part = '' AND NOT noted)", name=op.f("ck_helpline_calls_coarse_once_old")
        ),
        sa.CheckConstraint(
            "caller IN ('person', 'family', 'friend', 'professional', 'official', 'unknown')",
            name=op.f("ck_helpline_calls_known_caller"),
        ),
        sa.CheckConstraint(
            "outcome IN ('urgent', 'referral', 'notice', 'police', 'other_service', 'call_back', 'advice', 'ended')",
            name=op.f("ck_helpline_calls_known_outcome"),
        ),
        sa.CheckConstraint(
            "part = '' OR part IN ('night', 'morning', 'afternoon', 'evening')",
            name=op.f("ck_helpline_calls_known_part"),
        ),
        sa.CheckConstraint(
            "topic IN ('danger', 'shelter', 'return', 'missing', 'child', 'job_offer', 'rights', 'information', 'other')",
            name=op.f("ck_helpline_calls_known_topic"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_helpline_calls_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpline_calls")),
    )
    op.create_index("ix_helpline_calls_organisation_id", "helpline_calls", ["organisation_id", "called_on"])
    op.create_table(
        "child_return_steps",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "step IN ('requested', 'assessed', 'guardian_ready', 'travelling', 'received', 'refused', 'withdrawn')",
            name=op.f("ck_child_return_steps_known_step"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_child_return_steps_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["child_returns.id"], name=op.f("fk_child_return_steps_return_id_child_returns")
        ),
        sa.PrimaryKeyConstraint("return_id", "position", name=op.f("pk_child_return_steps")),
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_table("child_return_steps")
    op.drop_index("ix_helpline_calls_organisation_id", table_name="helpline_calls")
    op.drop_table("helpline_calls")
    op.drop_index("ix_child_returns_state", table_name="child_returns")
    op.drop_table("child_returns")
