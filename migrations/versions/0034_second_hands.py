"""Acts that destroy: who did or asked for them, and who agreed; alarms say of what they are.

Downward, alarms about such acts are deleted: an older program would show them as openings.
"""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0034_second_hands"
down_revision = "0033_joining"
branch_labels = None
depends_on = None

INSTANT = nrm.db.UtcDateTime(timezone=True)
OPEN = sa.text("status = 'asked'")
CHECKS = {
    "known_kind": "kind IN ('withdraw', 'erase', 'end_account', 'begin_anew')",
    "known_reason": "reason IN ('taken_back', 'erasure_asked', 'refused', 'left', 'lost_keys')",
    "known_status": "status IN ('done', 'asked', 'agreed', 'declined', 'expired')",
    "about_a_case_or_a_member": "(kind IN ('withdraw', 'erase') AND case_id IS NOT NULL AND member_id IS NULL)"
    " OR (kind IN ('end_account', 'begin_anew') AND member_id IS NOT NULL AND case_id IS NULL)",
    "agreed_by_another": "status <> 'agreed' OR (decided_by_id IS NOT NULL AND decided_by_id <> asked_by_id)",
    "decided_at_some_time": "(status = 'asked') = (decided_at IS NULL)",
    "never_ones_own_account": "member_id IS NULL OR member_id <> asked_by_id",
    "never_by_them": "decided_by_id IS NULL OR decided_by_id <> member_id OR member_id IS NULL",
}
REFERENCES = {
    "organisation_id": "organisations",
    "asked_by_id": "members",
    "case_id": "cases",
    "member_id": "members",
    "decided_by_id": "members",
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "heavy_acts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", INSTANT, nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_heavy_acts_{name}")) for name, rule in CHECKS.items()),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_heavy_acts_{column}_{table}"))
            for column, table in REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heavy_acts")),
    )
    op.create_index("ix_heavy_acts_asked_by_id_decided_at", "heavy_acts", ["asked_by_id", "decided_at"])
    op.create_index("ix_heavy_acts_organisation_id_status", "heavy_acts", ["organisation_id", "status"])
    for column in ("case_id", "member_id"):
        name = f"uq_heavy_acts_{column}"
        op.create_index(name, "heavy_acts", [column], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
    # In place, with its check: rebuilding the table would drop it under the acknowledgements that refer to it (SQLite).
    op.execute(
        "ALTER TABLE alarms ADD COLUMN kind VARCHAR DEFAULT 'openings' NOT NULL"
        " CONSTRAINT ck_alarms_known_kind CHECK (kind IN ('openings', 'erasures', 'endings'))"
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    of_acts = "SELECT id FROM alarms WHERE kind <> 'openings'"
    op.execute(f"DELETE FROM alarm_acknowledgements WHERE alarm_id IN ({of_acts})")  # noqa: S608 - a text of ours
    op.execute("DELETE FROM alarms WHERE kind <> 'openings'")
    op.execute("ALTER TABLE alarms DROP COLUMN kind")
    op.drop_table("heavy_acts")
