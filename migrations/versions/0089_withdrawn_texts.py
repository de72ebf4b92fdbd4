"""Why a version of the agreement was withdrawn, by whom, and whether those who had signed it were told."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0089_withdrawn_texts"
down_revision = "0088_why_an_account_ends"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "shred":
        return
    op.create_table(
        "agreement_withdrawals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_agreement_withdrawals_with_a_reason")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["agreement_versions.id"],
            name=op.f("fk_agreement_withdrawals_version_id_agreement_versions"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["members.id"], name=op.f("fk_agreement_withdrawals_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_withdrawals")),
        sa.UniqueConstraint("version_id", name=op.f("uq_agreement_withdrawals_version_id")),
    )
    op.create_table(
        "withdrawals_read",
        sa.Column("withdrawal_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["withdrawal_id"],
            ["agreement_withdrawals.id"],
            name=op.f("fk_withdrawals_read_withdrawal_id_agreement_withdrawals"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_withdrawals_read_member_id_members")),
        sa.PrimaryKeyConstraint("withdrawal_id", "member_id", name=op.f("pk_withdrawals_read")),
    )


def downgrade(database: str) -> None:
    """Why versions were withdrawn is forgotten; they stay withdrawn."""
    if database == "shred":
        return
    op.drop_table("withdrawals_read")
    op.drop_table("agreement_withdrawals")
