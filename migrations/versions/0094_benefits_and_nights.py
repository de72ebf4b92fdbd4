"""Nights of a quarter that managers sign, and what contracts say of them."""

import sqlalchemy as sa
from alembic import op

revision = "0094_benefits_and_nights"
down_revision = "0093_follow_ups"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    for table in ("contracts", "contract_versions"):
        op.add_column(table, sa.Column("quarter_nights", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column("quarter_amount", sa.BigInteger(), nullable=True))
    # What was frozen before was paid without a signature.
    op.add_column("payment_lines", sa.Column("to_sign", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "night_statements",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("signer_id", sa.Uuid(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_night_statements_counted_from_one")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_night_statements_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["signer_id"], ["members.id"], name=op.f("fk_night_statements_signer_id_members")),
        sa.PrimaryKeyConstraint("organisation_id", "quarter", "position", name=op.f("pk_night_statements")),
    )


def downgrade(database: str) -> None:
    """What managers signed, and what contracts say of nights, is forgotten. So is what such a contract said before:
    its marks are over the nights, too, and the older program would take them for another hand's."""
    if database != "main":
        return
    op.execute(
        "DELETE FROM contract_versions WHERE contract_id IN"
        " (SELECT contract_id FROM contract_versions WHERE quarter_nights IS NOT NULL)"
    )
    op.drop_table("night_statements")
    op.drop_column("payment_lines", "to_sign")
    for table in ("contracts", "contract_versions"):
        op.drop_column(table, "quarter_amount")
        op.drop_column(table, "quarter_nights")
