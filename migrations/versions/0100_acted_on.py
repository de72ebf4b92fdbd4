"""What a house does about who is not safe after the shelter, from which day nights of a stay count for payment, and who
says that a payment code is nobody's."""

import sqlalchemy as sa
from alembic import op

from nrm import schema
from nrm.db import UtcDateTime

revision = "0100_acted_on"
down_revision = "0099_agreed_by_two"
branch_labels = None
depends_on = None

WHAT = "'', 'police', 'fetched', 'met', 'other_office', 'looked_for'"
KNOWN = {"known_act": f"acted_what IN ({WHAT})"}
BEFORE = (
    "(taken_back_on IS NULL AND exit_reason <> 'entered_by_mistake' AND child_gate <> 'not_there')"
    " OR (taken_back_on IS NOT NULL AND exit_reason = 'entered_by_mistake' AND child_gate = 'not_there'"
    " AND ended_on = admitted_on AND referral_id IS NOT NULL)"
)
AFTER = BEFORE.replace(
    " AND referral_id IS NOT NULL", " AND (referral_id IS NOT NULL OR left_recorded_by_id IS NOT NULL)"
)
AT = {"acted_at_an_hour": "(acted_what = '') = (acted_at IS NULL)"}


def upgrade(database: str) -> None:
    """Nobody has said yet what is done, and every night that was entered counts."""
    if database != "main":
        return
    what = sa.Column("acted_what", sa.String(), nullable=False, server_default="")
    schema.add_column("follow_up_dates", what, "VARCHAR DEFAULT '' NOT NULL", KNOWN)
    instant = UtcDateTime(timezone=True)
    schema.add_column("follow_up_dates", sa.Column("acted_at", instant, nullable=True), "DATETIME", AT)
    op.add_column("follow_up_dates", sa.Column("safe_at", instant, nullable=True))
    for name in ("acted_by_id", "safe_by_id"):
        column = sa.Column(name, sa.Uuid(), nullable=True)
        schema.add_column("follow_up_dates", column, "CHAR(32)", {}, "members")
    op.add_column("stays", sa.Column("counts_from", sa.Date(), nullable=True))
    schema.add_column("stays", sa.Column("early_by_id", sa.Uuid(), nullable=True), "CHAR(32)", {}, "members")
    schema.exchange_check("stays", "taken_back_with_its_arrival", BEFORE, AFTER)
    op.add_column("benefits", sa.Column("nobody_on", sa.Date(), nullable=True))
    schema.add_column("benefits", sa.Column("nobody_by_id", sa.Uuid(), nullable=True), "CHAR(32)", {}, "members")
    op.create_index("ix_stays_counts_from", "stays", ["organisation_id", "counts_from"])


def downgrade(database: str) -> None:
    """An alarm that the house acts on waits again; nights that nobody confirmed count."""
    if database != "main":
        return
    if op.get_bind().dialect.name != "sqlite":  # there they go with the columns
        for name in (*KNOWN, *AT):
            op.drop_constraint(op.f(f"ck_follow_up_dates_{name}"), "follow_up_dates", type_="check")
        for table, name in (
            ("follow_up_dates", "acted_by_id"),
            ("follow_up_dates", "safe_by_id"),
            ("stays", "early_by_id"),
            ("benefits", "nobody_by_id"),
        ):
            op.drop_constraint(op.f(f"fk_{table}_{name}_members"), table, type_="foreignkey")
    for name in ("nobody_by_id", "nobody_on"):
        op.drop_column("benefits", name)
    # An earlier program knows no case that was opened by mistake: the person left on the day on which they came.
    op.execute(
        "UPDATE stays SET taken_back_on = NULL, exit_reason = 'left_voluntarily', destination = 'unknown',"
        " child_gate = 'former_rule', repatriation_gate = 'former_rule', destination_country = ''"
        " WHERE taken_back_on IS NOT NULL AND referral_id IS NULL"
    )
    schema.exchange_check("stays", "taken_back_with_its_arrival", AFTER, BEFORE)
    op.drop_index("ix_stays_counts_from", "stays")
    for name in ("early_by_id", "counts_from"):
        op.drop_column("stays", name)
    for name in ("safe_by_id", "acted_by_id", "safe_at", "acted_at", "acted_what"):
        op.drop_column("follow_up_dates", name)
