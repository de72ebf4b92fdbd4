"""Who left keeps their keys for 14 days, under their own password; a person can be suspended for a time.

Alarms tell of more kinds of acts, and of organisations. On the way down nobody is suspended any more, what happened with
suspensions is not in the list of key events, and alarms of the new kinds are gone.
"""

import sqlalchemy as sa
from alembic import op

import nrm.db
from nrm.schema import exchange_codes

revision = "0071_leaving_and_suspensions"
down_revision = "0070_parked_cases"
branch_labels = None
depends_on = None

INSTANT = nrm.db.UtcDateTime(timezone=True)
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
)
AFTER = (*BEFORE, "came_back", "suspended", "resumed")
ALARMS_BEFORE = ("openings", "erasures", "endings", "drafts", "places")
ALARMS = (
    "openings",
    "erasures",
    "endings",
    "shares",
    "many_openings",
    "drafts",
    "places",
    "of_all_erasures",
    "of_all_endings",
    "of_all_shares",
    "of_all_openings",
)
CHECKS = {
    "known_reason": "reason IN ('lost_device', 'not_themselves', 'misuse', 'asked')",
    "known_end": "how_ended IN ('', 'colleague', 'authority', 'taken_back')",
    "for_a_time": "until > at",
    "by_another": "member_id <> by_id",
    "longer_by_another": "longer_by_id IS NULL OR longer_by_id NOT IN (by_id, member_id)",
    "ended_by_somebody": "(ended_at IS NULL) = (ended_by_id IS NULL) AND (ended_at IS NULL) = (how_ended = '')",
    "never_ended_by_them": "ended_by_id IS NULL OR ended_by_id <> member_id",
}
MEMBERS = ("member_id", "by_id", "longer_by_id", "ended_by_id")


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("members", sa.Column("left_at", INSTANT, nullable=True))
    exchange_codes("key_events", "event", "known_event", BEFORE, AFTER)
    exchange_codes("alarms", "kind", "known_kind", ALARMS_BEFORE, ALARMS)
    op.create_table(
        "suspensions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("by_administrator", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("longer_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("how_ended", sa.String(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        *(sa.CheckConstraint(text, name=op.f(f"ck_suspensions_{name}")) for name, text in CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_suspensions_organisation_id_organisations")
        ),
        *(
            sa.ForeignKeyConstraint([each], ["members.id"], name=op.f(f"fk_suspensions_{each}_members"))
            for each in MEMBERS
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspensions")),
    )
    op.create_index("ix_suspensions_member_id_until", "suspensions", ["member_id", "until"])
    op.create_index("ix_suspensions_organisation_id_until", "suspensions", ["organisation_id", "until"])
    op.create_index("ix_suspensions_at", "suspensions", ["at"])


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_table("suspensions")
    new = "SELECT id FROM alarms WHERE kind IN ('shares', 'many_openings') OR kind LIKE 'of_all_%'"
    op.execute(f"DELETE FROM alarm_acknowledgements WHERE alarm_id IN ({new})")  # noqa: S608 - a text of ours
    op.execute(f"DELETE FROM alarms WHERE id IN ({new})")  # noqa: S608 - a text of ours
    exchange_codes("alarms", "kind", "known_kind", ALARMS, ALARMS_BEFORE)
    op.execute("DELETE FROM key_events WHERE event IN ('came_back', 'suspended', 'resumed')")
    exchange_codes("key_events", "event", "known_event", AFTER, BEFORE)
    op.drop_column("members", "left_at")
