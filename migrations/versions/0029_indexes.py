"""Indexes by which pages and what happens every minute find what is going on among all that is over."""

import sqlalchemy as sa
from alembic import op

revision = "0029_indexes"
down_revision = "0028_claims"
branch_labels = None
depends_on = None

_NEW = (
    ("ix_audit_entries_attempts", "audit_entries", ("event", "id")),
    ("ix_cases_status", "cases", ("status",)),
    ("ix_child_alerts_withdrawn_at_done_at", "child_alerts", ("withdrawn_at", "done_at")),
    ("ix_consents_narrowing_ended", "consents", ("narrowing", "ended")),
    ("ix_grants_organisation_id_case_id", "grants", ("organisation_id", "case_id")),
    ("ix_helpline_calls_called_on", "helpline_calls", ("called_on",)),
    ("ix_interviews_status_expires_at", "interviews", ("status", "expires_at")),
    ("ix_procedure_records_quarter_on", "procedure_records", ("quarter_on",)),
    ("ix_readings_opened_at", "readings", ("opened_at", "member_id", "organisation_id", "case_id")),
    ("ix_referrals_case_id_status", "referrals", ("case_id", "status", "receiver_id")),
    ("ix_referrals_sender_id_sent_at", "referrals", ("sender_id", "sent_at", "id")),
    ("ix_referrals_status_expires_at", "referrals", ("status", "expires_at")),
    ("ix_stays_bed_id", "stays", ("bed_id",)),
    ("ix_stays_referral_id", "stays", ("referral_id",)),
    ("ix_supplements_status_open_until", "supplements", ("status", "open_until")),
)
_OLD = (
    ("ix_obligations_party_done_at", "obligations", ("party", "done_at")),
    ("ix_readings_opened_at", "readings", ("opened_at",)),
    ("ix_referrals_case_id", "referrals", ("case_id",)),
    ("ix_referrals_sender_id_status", "referrals", ("sender_id", "status")),
)
_SOME = {"ix_audit_entries_attempts": sa.text("event IN ('quarter_refused', 'quarter_waits')")}


def _replace(
    gone: tuple[tuple[str, str, tuple[str, ...]], ...], new: tuple[tuple[str, str, tuple[str, ...]], ...]
) -> None:
    for name, table, _ in gone:
        op.drop_index(op.f(name), table_name=table)
    for name, table, columns in new:
        where = _SOME.get(name)
        op.create_index(op.f(name), table, list(columns), sqlite_where=where, postgresql_where=where)


def upgrade(database: str) -> None:
    if database == "main":
        _replace(_OLD, _NEW)


def downgrade(database: str) -> None:
    if database == "main":
        _replace(_NEW, _OLD)
