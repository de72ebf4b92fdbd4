"""Who joins, begins anew or has another telephone reads words that a colleague types; a link carries a mark.

Links that were made before carry none and do not work any more: whoever was invited is invited again.
Downward, what the older program does not know is deleted from the list of what happened with keys.
"""

import sqlalchemy as sa
from alembic import op

import nrm.db
from nrm.schema import exchange_codes

revision = "0075_words"
down_revision = "0074_passkeys"
branch_labels = None
depends_on = None

INSTANT = nrm.db.UtcDateTime(timezone=True)
REASONS = ("lost_device", "not_themselves", "misuse", "asked")
BEFORE = (
    "joined",
    "confirmed",
    "code_made",
    "code_checked",
    "begins_anew",
    "disabled",
    "waits_again",
    "keyring_made",
    "keyring_moved",
    "sealed_anew",
    "came_back",
    "suspended",
    "resumed",
)
NEW = (
    "founded",
    "recovered",
    "factor_set",
    "factor_changed",
    "anew_asked",
    "anew_agreed",
    "anew_stopped",
    "objected",
)
GOES_ON = sa.text("status IN ('waits', 'open')")
OCCASION = {
    "known_purpose": "purpose IN ('joined', 'anew', 'factor', 'founded')",
    "known_status": "status IN ('waits', 'open', 'typed', 'over')",
    "typed_at_some_time": "(status = 'typed') = (typed_at IS NOT NULL)",
    "never_by_oneself": "typed_by_id IS NULL OR typed_by_id <> member_id",
    "anew_waits": "status <> 'waits' OR (purpose = 'anew' AND effective_at IS NOT NULL)",
    "another_second_hand": "second_id IS NULL OR second_id <> by_id",
}


def _keys(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))
        for column, to in columns.items()
    ]


def upgrade(database: str) -> None:
    if database != "main":
        return
    exchange_codes("key_events", "event", "known_event", BEFORE, (*BEFORE, *NEW))
    op.add_column("members", sa.Column("code_due", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("invitations", sa.Column("mark", sa.LargeBinary(), nullable=True))
    op.add_column("member_sessions", sa.Column("lacks_factor", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "occasions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("random", sa.LargeBinary(), nullable=False),
        sa.Column("head_number", sa.BigInteger(), nullable=False),
        sa.Column("head_digest", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("effective_at", INSTANT, nullable=True),
        sa.Column("second_id", sa.Uuid(), nullable=True),
        sa.Column("typed_by_id", sa.Uuid(), nullable=True),
        sa.Column("typed_at", INSTANT, nullable=True),
        sa.Column("session_digest", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_occasions_{name}")) for name, rule in OCCASION.items()),
        *_keys(
            "occasions",
            member_id="members",
            organisation_id="organisations",
            by_id="members",
            second_id="members",
            typed_by_id="members",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occasions")),
    )
    op.create_index("ix_occasions_member_id_began_at", "occasions", ["member_id", "began_at"])
    op.create_index("ix_occasions_organisation_id", "occasions", ["organisation_id"])
    op.create_index(
        "uq_occasions_member_id",
        "occasions",
        ["member_id"],
        unique=True,
        sqlite_where=GOES_ON,
        postgresql_where=GOES_ON,
    )
    exchange_codes("suspensions", "reason", "known_reason", REASONS, (*REASONS, "objected"))
    op.add_column("suspensions", sa.Column("event_id", sa.Uuid(), nullable=True))
    with op.batch_alter_table("suspensions") as table:
        table.create_foreign_key(op.f("fk_suspensions_event_id_key_events"), "key_events", ["event_id"], ["id"])
        table.create_unique_constraint(op.f("uq_suspensions_event_id"), ["event_id"])
        table.create_check_constraint(
            op.f("ck_suspensions_objected_to_something"), "(event_id IS NOT NULL) = (reason = 'objected')"
        )


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.execute("DELETE FROM suspensions WHERE reason = 'objected'")
    with op.batch_alter_table("suspensions") as table:
        table.drop_constraint(op.f("ck_suspensions_objected_to_something"), type_="check")
        table.drop_constraint(op.f("uq_suspensions_event_id"), type_="unique")
        table.drop_constraint(op.f("fk_suspensions_event_id_key_events"), type_="foreignkey")
        table.drop_column("event_id")
    exchange_codes("suspensions", "reason", "known_reason", (*REASONS, "objected"), REASONS)
    op.drop_table("occasions")
    op.execute("DELETE FROM member_sessions WHERE lacks_factor")
    op.drop_column("member_sessions", "lacks_factor")
    op.drop_column("invitations", "mark")
    op.drop_column("members", "code_due")
    op.execute(f"DELETE FROM key_events WHERE event IN ({', '.join(map(repr, NEW))})")  # noqa: S608 - names of ours
    exchange_codes("key_events", "event", "known_event", (*BEFORE, *NEW), BEFORE)
