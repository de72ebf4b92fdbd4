"""Claims for compensation, each with its entries: forum, bands, outcome, payment, quarters."""

import sqlalchemy as sa
from alembic import op

revision = "0028_claims"
down_revision = "0027_identifications"
branch_labels = None
depends_on = None

CHECKS = {
    "known_event": "event IN ('ask', 'grant', 'grant_in_part', 'reject', 'withdraw', 'appeal', 'pay_part', 'pay',"
    " 'correct')",
    "known_forum": "forum IN ('criminal_proceedings', 'civil_suit', 'state_scheme', 'abroad')",
    "known_outcome": "outcome IN ('pending', 'granted', 'granted_in_part', 'rejected', 'withdrawn', 'mistaken')",
    "known_paid": "paid IN ('', 'no', 'partly', 'yes')",
    "asked_first": "(position = 1) = (event = 'ask')",
    "asked_for_something": "asked <> ''",
    "granted_something": "(granted <> '') = (outcome IN ('granted', 'granted_in_part'))",
    "paid_what_was_granted": "(granted <> '') = (paid <> '')",
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "claims",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_claims_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_case_id"), "claims", ["case_id"])
    op.create_table(
        "claim_entries",
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("forum", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("granted", sa.String(), nullable=False),
        sa.Column("paid", sa.String(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("counts_on", sa.Date(), nullable=False),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_claim_entries_{name}")) for name, condition in CHECKS.items()),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_entries_claim_id_claims")),
        sa.PrimaryKeyConstraint("claim_id", "position", name=op.f("pk_claim_entries")),
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_table("claim_entries")
    op.drop_index(op.f("ix_claims_case_id"), table_name="claims")
    op.drop_table("claims")
