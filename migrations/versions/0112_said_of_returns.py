"""Of an announced return: the interview that began with it, and who said last what became of it; its day and its needs
are kept until that interview has ended, and until the duty desk has seen that it was taken back late. Of a person on the
way: the hour at which they should have been there when another was said, and how often that was."""

import sqlalchemy as sa
from alembic import op

from nrm import schema
from nrm.db import UtcDateTime

revision = "0112_said_of_returns"
down_revision = "0111_calls_about_not_come"
branch_labels = None
depends_on = None

BEFORE = "status IN ('announced', 'not_come') OR (expected_on IS NULL AND hour IS NULL AND companions IS NULL)"
AFTER = (
    "status IN ('announced', 'not_come') OR interview_id IS NOT NULL OR said = 'taken_back'"
    " OR (expected_on IS NULL AND hour IS NULL AND companions IS NULL)"
)
SAID = {"known_word": "said IN ('', 'arrived', 'not_come', 'destroyed', 'ran_out', 'taken_back')"}
AT = {"said_at_an_hour": "(said = '') = (said_at IS NULL)"}
WHY = {"known_reason": "why IN ('', 'mistake', 'not_returning', 'elsewhere')"}
BEGAN = sa.text("interview_id IS NOT NULL")


def upgrade(database: str) -> None:
    """Of what was said before nobody knows who said it."""
    if database != "main":
        return
    code, instant = "VARCHAR DEFAULT '' NOT NULL", UtcDateTime(timezone=True)
    said, why = (sa.Column(name, sa.String(), nullable=False, server_default="") for name in ("said", "why"))
    op.add_column("notices", sa.Column("interview_id", sa.Uuid(), nullable=True))
    schema.add_column("notices", said, code, SAID)
    schema.add_column("notices", sa.Column("said_at", instant, nullable=True), "DATETIME", AT)
    schema.add_column("notices", sa.Column("said_by_id", sa.Uuid(), nullable=True), "CHAR(32)", {}, "members")
    schema.add_column("notices", why, code, WHY)
    schema.exchange_check("notices", "coarse_once_over", BEFORE, AFTER)
    op.create_index(
        "ix_notices_interview_id",
        "notices",
        ["interview_id"],
        unique=True,
        sqlite_where=BEGAN,
        postgresql_where=BEGAN,
    )
    op.add_column("referrals", sa.Column("missed_at", instant, nullable=True))
    op.add_column("referrals", sa.Column("put_off", sa.Integer(), nullable=False, server_default="0"))


def downgrade(database: str) -> None:
    """An earlier program keeps no day of who arrived, nor of what was taken back."""
    if database != "main":
        return
    op.execute(
        "UPDATE notices SET expected_on = NULL, hour = NULL, companions = NULL, needs = NULL"
        " WHERE status IN ('arrived', 'cancelled')"
    )
    op.drop_column("referrals", "put_off")
    op.drop_column("referrals", "missed_at")
    op.drop_index("ix_notices_interview_id", "notices")
    schema.exchange_check("notices", "coarse_once_over", AFTER, BEFORE)
    if op.get_bind().dialect.name != "sqlite":  # there they go with the columns
        for name in (*SAID, *AT, *WHY):
            op.drop_constraint(op.f(f"ck_notices_{name}"), "notices", type_="check")
        op.drop_constraint(op.f("fk_notices_said_by_id_members"), "notices", type_="foreignkey")
    for name in ("why", "said_by_id", "said_at", "said", "interview_id"):
        op.drop_column("notices", name)
