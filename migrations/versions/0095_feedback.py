"""Slips and boxes of what people say about a house, and complaints about people who work there."""

import sqlalchemy as sa
from alembic import op

revision = "0095_feedback"
down_revision = "0094_benefits_and_nights"
branch_labels = None
depends_on = None

TABLES = ("complaints", "feedback_slips", "feedback_boxes")


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "feedback_boxes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_feedback_boxes_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_boxes")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_feedback_boxes_organisation_id")),
    )
    op.create_table(
        "feedback_slips",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_feedback_slips_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_feedback_slips")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_feedback_slips_organisation_id", "feedback_slips", ["organisation_id"])
    op.create_index("ix_feedback_slips_until_on", "feedback_slips", ["until_on"])
    op.create_table(
        "complaints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dealt_on", sa.Date(), nullable=True),
        sa.Column("dealt_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(dealt_on IS NULL) = (dealt_by_id IS NULL)", name=op.f("ck_complaints_dealt_with_by_somebody")
        ),
        sa.ForeignKeyConstraint(["dealt_by_id"], ["members.id"], name=op.f("fk_complaints_dealt_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_complaints_dealt_on", "complaints", ["dealt_on"])


def downgrade(database: str) -> None:
    """Answers, notes and complaints open for nobody any more; their shred keys are found without use by `tend`."""
    if database != "main":
        return
    for table in ("grants", "sealed_compartments", "openings", "readings"):
        op.execute(f"DELETE FROM {table} WHERE compartment IN ('feedback', 'complaint')")  # noqa: S608 - names stand here
    for name in TABLES:
        op.drop_table(name)
