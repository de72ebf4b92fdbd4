"""How interviews were led, the answers behind negative screens, draws, scores, and what posts are asked to mend."""

import sqlalchemy as sa
from alembic import op

revision = "0018_random_monitoring"
down_revision = "0017_person_requests"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "monitoring_draws",
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("committed_on", sa.Date(), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=True),
        sa.Column("seed", sa.String(), nullable=True),
        sa.Column("drawn_on", sa.Date(), nullable=True),
        sa.Column("waiting", sa.JSON(), nullable=True),
        sa.Column("differing", sa.JSON(), nullable=True),
        sa.CheckConstraint(
            "(seed IS NULL) = (drawn_on IS NULL)", name=op.f("ck_monitoring_draws_seed_shown_once_drawn")
        ),
        sa.CheckConstraint(
            "(seed IS NULL) = (sealed_seed IS NOT NULL)", name=op.f("ck_monitoring_draws_seed_sealed_until_drawn")
        ),
        sa.PrimaryKeyConstraint("quarter", name=op.f("pk_monitoring_draws")),
    )
    op.create_table(
        "negative_screens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("goes_on", sa.Date(), nullable=False),
        sa.Column("questionnaire", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_negative_screens")),
        sqlite_with_rowid=False,
    )
    op.create_index(("ix_negative_screens_goes_on"), "negative_screens", ["goes_on"])
    op.create_table(
        "monitoring_samples",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("twice", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_monitoring_samples_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["quarter"], ["monitoring_draws.quarter"], name=op.f("fk_monitoring_samples_quarter_monitoring_draws")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_samples")),
        sa.UniqueConstraint("record_id", name=op.f("uq_monitoring_samples_record_id")),
    )
    op.create_index("ix_monitoring_samples_quarter", "monitoring_samples", ["quarter", "organisation_id", "number"])
    op.create_table(
        "procedure_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("quarter_on", sa.Date(), nullable=False),
        sa.Column("questionnaire", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("duration", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("assessment", sa.String(), nullable=False),
        sa.Column("in_time", sa.String(), nullable=False),
        sa.Column("child_told", sa.String(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("wordings", sa.JSON(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("not_asked", sa.JSON(), nullable=False),
        sa.Column("pages", sa.JSON(), nullable=False),
        sa.Column("considered_in", sa.String(), nullable=True),
        sa.CheckConstraint(
            "assessment IN ('', 'possible', 'suspected', 'none')", name=op.f("ck_procedure_records_known_assessment")
        ),
        sa.CheckConstraint(
            "child_told IN ('', 'known', 'told', 'late')", name=op.f("ck_procedure_records_known_child_told")
        ),
        sa.CheckConstraint(
            "duration IN ('', 'under_10', '10_30', '30_60', '1_3h', 'over_3h')",
            name=op.f("ck_procedure_records_known_duration"),
        ),
        sa.CheckConstraint("in_time IN ('yes', 'no')", name=op.f("ck_procedure_records_yes_or_no_in_time")),
        sa.CheckConstraint(
            "profile IN ('', 'possible', 'suspected', 'none')", name=op.f("ck_procedure_records_known_profile")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_procedure_records_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_records")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_procedure_records_considered_in", "procedure_records", ["considered_in", "organisation_id", "quarter_on"]
    )
    op.create_table(
        "remedies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.CheckConstraint("(outcome = '') = (checked_on IS NULL)", name=op.f("ck_remedies_checked_with_an_outcome")),
        sa.CheckConstraint(
            "action IN ('instruct', 'train', 'interpreter', 'room', 'equipment', 'inspect')",
            name=op.f("ck_remedies_known_action"),
        ),
        sa.CheckConstraint(
            "outcome = '' OR outcome IN ('done', 'partly', 'not_done')", name=op.f("ck_remedies_known_outcome")
        ),
        sa.CheckConstraint(
            "owner IN ('post_chief', 'regional_directorate', 'general_directorate', 'training_centre')",
            name=op.f("ck_remedies_known_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_remedies_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remedies")),
    )
    op.create_index("ix_remedies_organisation_id_due_on", "remedies", ["organisation_id", "due_on"])
    op.create_table(
        "monitoring_scores",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("scored_on", sa.Date(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.CheckConstraint("round IN (1, 2)", name=op.f("ck_monitoring_scores_first_or_second")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_monitoring_scores_member_id_members")),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["monitoring_samples.id"], name=op.f("fk_monitoring_scores_sample_id_monitoring_samples")
        ),
        sa.PrimaryKeyConstraint("sample_id", "round", name=op.f("pk_monitoring_scores")),
    )
    op.create_index("uq_monitoring_scores_sample_member", "monitoring_scores", ["sample_id", "member_id"], unique=True)


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_index("uq_monitoring_scores_sample_member", table_name="monitoring_scores")
    op.drop_table("monitoring_scores")
    op.drop_index("ix_remedies_organisation_id_due_on", table_name="remedies")
    op.drop_table("remedies")
    op.drop_index("ix_procedure_records_considered_in", table_name="procedure_records")
    op.drop_table("procedure_records")
    op.drop_index("ix_monitoring_samples_quarter", table_name="monitoring_samples")
    op.drop_table("monitoring_samples")
    op.drop_index(op.f("ix_negative_screens_goes_on"), table_name="negative_screens")
    op.drop_table("negative_screens")
    op.drop_table("monitoring_draws")
