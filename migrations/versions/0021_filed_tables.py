"""Tables that agencies file for the register of reporting requirements."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0021_filed_tables"
down_revision = "0020_grants_are_marked"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "filings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matrix", sa.String(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("filed_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "answer IN ('figures', 'zero', 'no_report', 'not_applicable', 'sealed')",
            name=op.f("ck_filings_known_answer"),
        ),
        sa.CheckConstraint(
            "(answer = 'figures') = (content IS NOT NULL)", name=op.f("ck_filings_figures_in_clear_or_none")
        ),
        sa.CheckConstraint(
            "(position = 1) = (replaces_id IS NULL)", name=op.f("ck_filings_corrections_name_what_they_replace")
        ),
        sa.ForeignKeyConstraint(["replaces_id"], ["filings.id"], name=op.f("fk_filings_replaces_id_filings")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_filings_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_filings_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filings")),
        sa.UniqueConstraint("matrix", "quarter", "position", name=op.f("uq_filings_matrix_quarter_position")),
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    # What is sealed opens for nobody without its filing; its keys are destroyed as soon as they are found left over.
    op.execute("DELETE FROM sealed_compartments WHERE compartment = 'filed'")
    op.drop_table("filings")
