"""A departure and an acceptance that were recorded by mistake are taken back, and kept."""

import sqlalchemy as sa
from alembic import op

from nrm.schema import exchange_codes

revision = "0067_referral_mistakes"
down_revision = "0066_alarms_by_mistake"
branch_labels = None
depends_on = None

BEFORE = ("sent", "accepted", "declined", "withdrawn", "expired", "arrived", "not_arrived", "called_off")
AFTER = (*BEFORE, "mistaken")
WHY = "'mistyped', 'mistold', 'other_person', 'known_later', 'came_back'"
ESCORTS = "'woman_officer', 'woman_staff', 'woman_social_worker', 'man_officer', 'man_staff', 'man_social_worker'"
CHECKS = {
    "known_kind": "kind IN ('departure', 'acceptance')",
    "known_why": f"why IN ({WHY})",
    "counted_from_one": "position >= 1",
    "departure_with_escort": f"(kind = 'departure') = (escort <> '') AND (escort = '' OR escort IN ({ESCORTS}))",
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    exchange_codes("referrals", "status", "known_status", BEFORE, AFTER)
    op.create_table(
        "referral_mistakes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("escort", sa.String(), nullable=False),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.Column("entered_by_id", sa.Uuid(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        *(sa.CheckConstraint(text, name=op.f(f"ck_referral_mistakes_{name}")) for name, text in CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name=op.f("fk_referral_mistakes_referral_id_referrals")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["members.id"], name=op.f("fk_referral_mistakes_entered_by_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_mistakes")),
        sa.UniqueConstraint("referral_id", "position", name=op.f("uq_referral_mistakes_referral_id_position")),
    )


def downgrade(database: str) -> None:
    """A referral that was accepted by mistake is one whose person did not come: an earlier program knows that."""
    if database != "main":
        return
    op.drop_table("referral_mistakes")
    op.execute("UPDATE referrals SET status = 'not_arrived' WHERE status = 'mistaken'")
    exchange_codes("referrals", "status", "known_status", AFTER, BEFORE)
