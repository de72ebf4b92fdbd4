"""Days on which residents are away. Downward they are forgotten: their nights count again."""

import sqlalchemy as sa
from alembic import op

revision = "0048_away"
down_revision = "0047_stay_corrections"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "away",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.Column("over_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("expected_on >= since_on", name=op.f("ck_away_expected_after_going")),
        sa.CheckConstraint("(outcome = '') = (over_on IS NULL)", name=op.f("ck_away_over_on_a_day")),
        sa.CheckConstraint("over_on IS NULL OR over_on >= since_on", name=op.f("ck_away_over_after_going")),
        sa.CheckConstraint(
            "outcome = '' OR outcome IN ('back', 'missing', 'left', 'struck')", name=op.f("ck_away_known_outcome")
        ),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_away_stay_id_stays")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["members.id"], name=op.f("fk_away_recorded_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_away")),
    )
    is_away = sa.text("outcome = ''")
    op.create_index("uq_away_stay", "away", ["stay_id"], unique=True, sqlite_where=is_away, postgresql_where=is_away)
    op.create_index("ix_away_stay_id", "away", ["stay_id"])


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_index("ix_away_stay_id", table_name="away")
    op.drop_index("uq_away_stay", table_name="away")
    op.drop_table("away")
