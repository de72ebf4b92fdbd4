"""Numbered papers of a post, and which interview was typed in from one."""

import sqlalchemy as sa
from alembic import op

revision = "0022_papers"
down_revision = "0021_filed_tables"
branch_labels = None
depends_on = None

ON_PAPER = sa.text("paper_mark IS NOT NULL")


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "paper_forms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("questionnaire", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("staff", sa.String(), nullable=False),
        sa.Column("spoken", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by_id", sa.Uuid(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_paper_forms_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["issued_by_id"], ["members.id"], name=op.f("fk_paper_forms_issued_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_forms")),
        sa.UniqueConstraint("organisation_id", "mark", name=op.f("uq_paper_forms_organisation_id_mark")),
    )
    op.create_index(
        "ix_paper_forms_organisation_id_issued_at", "paper_forms", ["organisation_id", "issued_at", "block_id"]
    )
    op.add_column("interviews", sa.Column("paper_mark", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_interviews_paper_mark",
        "interviews",
        ["organisation_id", "paper_mark"],
        sqlite_where=ON_PAPER,
        postgresql_where=ON_PAPER,
    )


def downgrade(database: str) -> None:
    """An interview stays; from which paper it was typed in is forgotten."""
    if database == "main":
        op.drop_index("ix_interviews_paper_mark", table_name="interviews")
        with op.batch_alter_table("interviews") as interviews:
            interviews.drop_column("paper_mark")
        op.drop_index("ix_paper_forms_organisation_id_issued_at", table_name="paper_forms")
        op.drop_table("paper_forms")
