"""What contracts with centres said before they were changed, and who changed them."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0076_versions_of_contracts"
down_revision = "0075_words"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "shred":
        return
    op.create_table(
        "contract_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_contract_versions_counted_from_one")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_contract_versions_contract_id_contracts")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["members.id"], name=op.f("fk_contract_versions_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_versions")),
        sa.UniqueConstraint("contract_id", "position", name=op.f("uq_contract_versions_contract_id_position")),
    )


def downgrade(database: str) -> None:
    """What contracts said before, and who changed them, is forgotten; what they say now stays."""
    if database == "shred":
        return
    op.drop_table("contract_versions")
