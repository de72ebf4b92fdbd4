"""Nights of a quarter that managers sign, what contracts say of them, and benefits by payment codes."""

import sqlalchemy as sa
from alembic import op

revision = "0094_benefits_and_nights"
down_revision = "0093_follow_ups"
branch_labels = None
depends_on = None

CHANNELS = "'account', 'voucher'"
STATES = "'asked', 'paid', 'returned', 'called_off'"


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
    op.create_table(
        "benefits",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("from_month", sa.Date(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("voucher", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_month", sa.Date(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_benefits_an_amount")),
        sa.CheckConstraint("months BETWEEN 1 AND 12", name=op.f("ck_benefits_some_months")),
        sa.CheckConstraint(f"channel IN ({CHANNELS})", name=op.f("ck_benefits_known_channel")),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_benefits_known_state")),
        sa.CheckConstraint("(channel = 'voucher') = (voucher <> '')", name=op.f("ck_benefits_a_number_of_a_voucher")),
        sa.CheckConstraint("(state = 'asked') = (settled_month IS NULL)", name=op.f("ck_benefits_settled_in_a_month")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_benefits_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_benefits")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_benefits_state", "benefits", ["state"])


def downgrade(database: str) -> None:
    """What managers signed, what contracts say of nights, and every benefit is forgotten. So is what such a contract said before:
    its marks are over the nights, too, and the older program would take them for another hand's."""
    if database != "main":
        return
    op.execute(
        "DELETE FROM contract_versions WHERE contract_id IN"
        " (SELECT contract_id FROM contract_versions WHERE quarter_nights IS NOT NULL)"
    )
    op.drop_table("benefits")
    op.drop_table("night_statements")
    op.drop_column("payment_lines", "to_sign")
    for table in ("contracts", "contract_versions"):
        op.drop_column(table, "quarter_amount")
        op.drop_column(table, "quarter_nights")
