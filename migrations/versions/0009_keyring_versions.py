"""New versions of keyrings: import keys, vouchers, checked recovery codes, what happened with keys."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0009_keyring_versions"
down_revision = "0008_notices"
branch_labels = None
depends_on = None

EVENTS = (
    "joined",
    "confirmed",
    "code_made",
    "code_checked",
    "begins_anew",
    "disabled",
    "waits_again",
    "keyring_made",
    "keyring_moved",
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "key_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"event IN ({', '.join(map(repr, EVENTS))})", name=op.f("ck_key_events_known_event")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_key_events_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_key_events_member_id_members")),
        sa.ForeignKeyConstraint(["by_id"], ["members.id"], name=op.f("fk_key_events_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_events")),
    )
    op.create_index("ix_key_events_organisation_id_at", "key_events", ["organisation_id", "at"])
    op.add_column("organisations", sa.Column("keyring_due_at", nrm.db.UtcDateTime(timezone=True), nullable=True))
    op.add_column("members", sa.Column("code_checked_at", nrm.db.UtcDateTime(timezone=True), nullable=True))
    op.add_column("keyrings", sa.Column("sealed_import_key", sa.LargeBinary(), nullable=True))
    op.add_column("keyring_wraps", sa.Column("voucher", sa.LargeBinary(), nullable=True))
    op.create_index("ix_grants_keyring", "grants", ["organisation_id", "keyring_version"])
    op.create_index("ix_pending_grants_keyring", "pending_grants", ["organisation_id", "keyring_version"])


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_index("ix_pending_grants_keyring", table_name="pending_grants")
    op.drop_index("ix_grants_keyring", table_name="grants")
    op.drop_column("keyring_wraps", "voucher")
    op.drop_column("keyrings", "sealed_import_key")
    op.drop_column("members", "code_checked_at")
    op.drop_column("organisations", "keyring_due_at")
    op.drop_index("ix_key_events_organisation_id_at", table_name="key_events")
    op.drop_table("key_events")
