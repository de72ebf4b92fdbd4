"""What somebody wants a contract to say, until a second one of the office agrees; who called a benefit off; and who
looked through the benefits of a house, month by month."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0101_contract_hands"
down_revision = "0100_acted_on"
branch_labels = None
depends_on = None

WAITS = sa.text("state = 'waits'")
CHECKS = {
    "an_amount": "amount > 0",
    "ends_after_it_begins": "until_on >= from_on",
    "ended_while_it_ran": "ended_on IS NULL OR ended_on BETWEEN from_on AND until_on",
    "known_reason": "why IN ('signed', 'annex', 'mistyped', 'ended', 'other')",
    "a_reason_in_words": "why <> 'other' OR words <> ''",
    "known_state": "state IN ('waits', 'agreed', 'declined', 'taken_back')",
    "decided_at_an_hour": "(state = 'waits') = (decided_at IS NULL)",
    "a_version_of_it": "(state = 'agreed') = (position IS NOT NULL)",
    "two_people": "state <> 'agreed' OR decided_by_id <> asked_by_id",
}
MEMBERS = {"contract_changes": ("asked_by_id", "decided_by_id"), "benefit_reviews": ("member_id",)}


def _references(table: str) -> list[sa.ForeignKeyConstraint]:
    own = [("organisation_id", "organisations"), *((name, "members") for name in MEMBERS[table])]
    return [sa.ForeignKeyConstraint([name], [f"{to}.id"], name=op.f(f"fk_{table}_{name}_{to}")) for name, to in own]


def upgrade(database: str) -> None:
    """What contracts say stays; nothing waits, and nobody has looked through anything."""
    if database != "main":
        return
    instant = UtcDateTime(timezone=True)
    op.create_table(
        "contract_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("quarter_nights", sa.Integer(), nullable=True),
        sa.Column("quarter_amount", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", instant, nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        *(sa.CheckConstraint(what, name=op.f(f"ck_contract_changes_{name}")) for name, what in CHECKS.items()),
        *_references("contract_changes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_changes")),
    )
    op.create_index(
        "uq_contract_changes_waits",
        "contract_changes",
        ["contract_id"],
        unique=True,
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )
    op.create_table(
        "benefit_reviews",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        *_references("benefit_reviews"),
        sa.PrimaryKeyConstraint("organisation_id", "month", name=op.f("pk_benefit_reviews")),
    )
    op.add_column("benefits", sa.Column("off_unseen", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade(database: str) -> None:
    """What waits for a second one is asked for by nobody; what was agreed to is what the contract says."""
    if database != "main":
        return
    op.drop_column("benefits", "off_unseen")
    op.drop_table("benefit_reviews")
    op.drop_table("contract_changes")
