"""The first tables of both databases."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0001_first_tables"
down_revision = None
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "main":
        _upgrade_main()
    else:
        _upgrade_shred()


def downgrade(database: str) -> None:
    if database == "main":
        _downgrade_main()
    else:
        _downgrade_shred()


def _upgrade_main() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_table(
        "destructions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('shred', 'release')", name=op.f("ck_destructions_known_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destructions")),
    )
    op.create_table(
        "erasures",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("erased_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_erasures")),
    )
    op.create_table(
        "instances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("singleton", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("created_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("singleton = 1", name=op.f("ck_instances_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
        sa.UniqueConstraint("singleton", name=op.f("uq_instances_singleton")),
    )
    op.create_table(
        "openings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_digest", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("expires_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_openings")),
        sa.UniqueConstraint(
            "session_digest", "case_id", "compartment", name=op.f("uq_openings_session_digest_case_id_compartment")
        ),
    )
    op.create_index(op.f("ix_openings_expires_at"), "openings", ["expires_at"], unique=False)
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("crossing_point", sa.String(), nullable=False),
        sa.Column("name_sq", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("telephone", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('border_police', 'police', 'state_shelter', 'ngo_shelter', 'international_organisation', 'responsible_authority', 'trp_unit', 'prosecution', 'consular_service', 'helpline', 'child_protection', 'coalition', 'ministry', 'operator')",
            name=op.f("ck_organisations_known_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("code", name=op.f("uq_organisations_code")),
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("released_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("report", "position", name=op.f("uq_releases_report_position")),
        sa.UniqueConstraint("report", "quarter", name=op.f("uq_releases_report_quarter")),
    )
    op.create_table(
        "screenings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("crossing_point", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("processed", sa.String(), nullable=False),
        sa.Column("age_class", sa.String(), nullable=False),
        sa.Column("gender", sa.String(), nullable=False),
        sa.Column("citizenship_class", sa.String(), nullable=False),
        sa.Column("returned_from", sa.String(), nullable=False),
        sa.Column("announced", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("assessment", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("import_mark", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screenings")),
        sa.UniqueConstraint("import_mark", name=op.f("uq_screenings_import_mark")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_screenings_month", "screenings", ["month"], unique=False)
    op.create_table(
        "sealed_compartments",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sealed_value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "compartment", name=op.f("pk_sealed_compartments")),
    )
    op.create_table(
        "beds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("out_of_use", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_beds_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_beds")),
        sa.UniqueConstraint("organisation_id", "label", name=op.f("uq_beds_organisation_id_label")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("opened_by_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("registered_month", sa.Date(), nullable=False),
        sa.Column("questionnaire", sa.String(), nullable=False),
        sa.Column("age_class", sa.String(), nullable=False),
        sa.Column("age_band", sa.String(), nullable=False),
        sa.Column("gender", sa.String(), nullable=False),
        sa.Column("citizenship", sa.String(), nullable=False),
        sa.Column("citizenship_class", sa.String(), nullable=False),
        sa.Column("exploited_in", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("repeat", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("closed_month", sa.Date(), nullable=True),
        sa.CheckConstraint("age_class IN ('child', 'adult', 'unsure')", name=op.f("ck_cases_known_age_class")),
        sa.CheckConstraint("status IN ('referred', 'open', 'closed')", name=op.f("ck_cases_known_status")),
        sa.ForeignKeyConstraint(["holder_id"], ["organisations.id"], name=op.f("fk_cases_holder_id_organisations")),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["organisations.id"], name=op.f("fk_cases_opened_by_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_cases_pseudonym")),
    )
    op.create_index("ix_cases_holder_status", "cases", ["holder_id", "status"], unique=False)
    op.create_index(op.f("ix_cases_opened_by_id"), "cases", ["opened_by_id"], unique=False)
    op.create_table(
        "grants",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("keyring_version", sa.Integer(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_grants_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("case_id", "compartment", "organisation_id", name=op.f("pk_grants")),
    )
    op.create_table(
        "keyrings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_keyrings_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keyrings")),
        sa.UniqueConstraint("organisation_id", "version", name=op.f("uq_keyrings_organisation_id_version")),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("verifier", sa.LargeBinary(), nullable=True),
        sa.Column("kem_public", sa.LargeBinary(), nullable=True),
        sa.Column("kem_mark", sa.LargeBinary(), nullable=True),
        sa.Column("sign_public", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_kem", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_sign", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_kem_recovery", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_sign_recovery", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "role IN ('border_officer', 'duty_officer', 'case_worker', 'shelter_manager', 'trp_officer', 'witness_liaison', 'consular_officer', 'helpline_operator', 'monitor', 'statistician', 'administrator')",
            name=op.f("ck_members_known_role"),
        ),
        sa.CheckConstraint(
            "status IN ('invited', 'waiting', 'active', 'disabled')", name=op.f("ck_members_known_status")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_members_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("login", name=op.f("uq_members_login")),
    )
    op.create_index(op.f("ix_members_organisation_id"), "members", ["organisation_id"], unique=False)
    op.create_table(
        "pending_grants",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("keyring_version", sa.Integer(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_pending_grants_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("case_id", "compartment", "organisation_id", name=op.f("pk_pending_grants")),
    )
    op.create_table(
        "release_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_release_files_release_id_releases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_files")),
        sa.UniqueConstraint("release_id", "format", name=op.f("uq_release_files_release_id_format")),
    )
    op.create_table(
        "release_memories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("sealed_memory", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_release_memories_release_id_releases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_memories")),
        sa.UniqueConstraint("release_id", name=op.f("uq_release_memories_release_id")),
    )
    op.create_table(
        "care_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_care_notes_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_notes")),
    )
    op.create_index(op.f("ix_care_notes_case_id"), "care_notes", ["case_id"], unique=False)
    op.create_table(
        "interviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("questionnaire", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("started_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("import_mark", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "status IN ('draft', 'completed', 'sent', 'ended')", name=op.f("ck_interviews_known_status")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_interviews_member_id_members")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_interviews_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interviews")),
        sa.UniqueConstraint("organisation_id", "import_mark", name=op.f("uq_interviews_organisation_id_import_mark")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_interviews_pseudonym")),
    )
    op.create_index("ix_interviews_organisation_id_status", "interviews", ["organisation_id", "status"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_invitations_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitations_digest")),
    )
    op.create_index(op.f("ix_invitations_member_id"), "invitations", ["member_id"], unique=False)
    op.create_table(
        "keyring_wraps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("keyring_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_private", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["keyring_id"], ["keyrings.id"], name=op.f("fk_keyring_wraps_keyring_id_keyrings")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_keyring_wraps_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keyring_wraps")),
        sa.UniqueConstraint("keyring_id", "member_id", name=op.f("uq_keyring_wraps_keyring_id_member_id")),
    )
    op.create_index(op.f("ix_keyring_wraps_member_id"), "keyring_wraps", ["member_id"], unique=False)
    op.create_table(
        "member_sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_keys", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_member_sessions_member_id_members")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_member_sessions")),
    )
    op.create_index("ix_member_sessions_expires_at", "member_sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_member_sessions_member_id"), "member_sessions", ["member_id"], unique=False)
    op.create_table(
        "obligations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("due_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_obligations_case_id_cases")),
        sa.ForeignKeyConstraint(["done_by_id"], ["members.id"], name=op.f("fk_obligations_done_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obligations")),
        sa.UniqueConstraint("case_id", "kind", "party", name=op.f("uq_obligations_case_id_kind_party")),
    )
    op.create_index("ix_obligations_party_done_at", "obligations", ["party", "done_at"], unique=False)
    op.create_table(
        "permits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("informed_on", sa.Date(), nullable=True),
        sa.Column("informed_language", sa.String(), nullable=False),
        sa.Column("informed_by_id", sa.Uuid(), nullable=True),
        sa.Column("applied_on", sa.Date(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("issued_from", sa.Date(), nullable=True),
        sa.Column("issued_until", sa.Date(), nullable=True),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("recorded_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "issued_from IS NULL OR ground IN ('legal', 'recuperative')", name=op.f("ck_permits_issued_on_a_ground")
        ),
        sa.CheckConstraint("state <> 'issued' OR issued_until IS NOT NULL", name=op.f("ck_permits_issued_until_a_day")),
        sa.CheckConstraint(
            "state = 'not_informed' OR (informed_on IS NOT NULL AND informed_language <> '')",
            name=op.f("ck_permits_informed_first"),
        ),
        sa.CheckConstraint(
            "state IN ('not_informed', 'informed', 'applied', 'issued', 'refused', 'appealed', 'withdrawn', 'expired')",
            name=op.f("ck_permits_known_state"),
        ),
        sa.CheckConstraint(
            "applied_on IS NULL OR informed_on IS NOT NULL", name=op.f("ck_permits_informed_before_applied")
        ),
        sa.CheckConstraint(
            "issued_from IS NULL OR applied_on IS NOT NULL", name=op.f("ck_permits_applied_before_issued")
        ),
        sa.CheckConstraint(
            "issued_until IS NULL OR issued_until >= issued_from", name=op.f("ck_permits_ends_after_it_began")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_permits_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["informed_by_id"], ["organisations.id"], name=op.f("fk_permits_informed_by_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permits")),
        sa.UniqueConstraint("case_id", name=op.f("uq_permits_case_id")),
    )
    op.create_index("ix_permits_state_issued_until", "permits", ["state", "issued_until"], unique=False)
    op.create_table(
        "readings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_readings_case_id_cases")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_readings_member_id_members")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_readings_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
    )
    op.create_index("ix_readings_case_id_opened_at", "readings", ["case_id", "opened_at"], unique=False)
    op.create_table(
        "referrals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("agreement", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("must", sa.Boolean(), nullable=False),
        sa.Column("assigned", sa.Boolean(), nullable=False),
        sa.Column("overrides", sa.String(), nullable=False),
        sa.Column("override_reason", sa.String(), nullable=False),
        sa.Column("sent_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("promised_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.String(), nullable=False),
        sa.Column("bed_id", sa.Uuid(), nullable=True),
        sa.Column("expected_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("overrides = '' OR override_reason <> ''", name=op.f("ck_referrals_overridden_with_reason")),
        sa.CheckConstraint(
            "status <> 'declined' OR decline_reason <> ''", name=op.f("ck_referrals_declined_with_reason")
        ),
        sa.CheckConstraint(
            "status IN ('sent', 'accepted', 'declined', 'withdrawn', 'expired', 'arrived', 'not_arrived')",
            name=op.f("ck_referrals_known_status"),
        ),
        sa.CheckConstraint("sender_id <> receiver_id", name=op.f("ck_referrals_not_to_itself")),
        sa.ForeignKeyConstraint(["bed_id"], ["beds.id"], name=op.f("fk_referrals_bed_id_beds")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_referrals_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["receiver_id"], ["organisations.id"], name=op.f("fk_referrals_receiver_id_organisations")
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["organisations.id"], name=op.f("fk_referrals_sender_id_organisations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
    )
    op.create_index(op.f("ix_referrals_case_id"), "referrals", ["case_id"], unique=False)
    op.create_index("ix_referrals_receiver_id_status", "referrals", ["receiver_id", "status"], unique=False)
    op.create_index("ix_referrals_sender_id_status", "referrals", ["sender_id", "status"], unique=False)
    op.create_index(
        "uq_referrals_kept_bed",
        "referrals",
        ["bed_id"],
        unique=True,
        sqlite_where=sa.text("status = 'accepted'"),
        postgresql_where=sa.text("status = 'accepted'"),
    )
    op.create_index(
        "uq_referrals_open_case",
        "referrals",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('sent', 'accepted')"),
        postgresql_where=sa.text("status IN ('sent', 'accepted')"),
    )
    op.create_table(
        "route_candidates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("must", sa.Boolean(), nullable=False),
        sa.Column("reason_sq", sa.String(), nullable=False),
        sa.Column("reason_en", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_route_candidates_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_route_candidates_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route_candidates")),
        sa.UniqueConstraint("case_id", "organisation_id", name=op.f("uq_route_candidates_case_id_organisation_id")),
        sa.UniqueConstraint("case_id", "position", name=op.f("uq_route_candidates_case_id_position")),
    )
    op.create_table(
        "route_exclusions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("reason_sq", sa.String(), nullable=False),
        sa.Column("reason_en", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_route_exclusions_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route_exclusions")),
        sa.UniqueConstraint("case_id", "party", name=op.f("uq_route_exclusions_case_id_party")),
    )
    op.create_table(
        "testimony",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "(status = 'testimony_withdrawn') = (reason <> '')", name=op.f("ck_testimony_withdrawn_with_reason")
        ),
        sa.CheckConstraint(
            "reason IN ('', 'threat_to_self', 'threat_to_family', 'trauma', 'lack_of_protection', 'family_pressure', 'returned_abroad', 'other')",
            name=op.f("ck_testimony_known_reason"),
        ),
        sa.CheckConstraint(
            "status IN ('not_a_witness', 'willing', 'statement_given', 'evidence_serious_crimes_court', 'evidence_district_court', 'in_witness_protection', 'testimony_withdrawn')",
            name=op.f("ck_testimony_known_status"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_testimony_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_testimony")),
        sa.UniqueConstraint("case_id", "position", name=op.f("uq_testimony_case_id_position")),
    )
    op.create_index(op.f("ix_testimony_case_id"), "testimony", ["case_id"], unique=False)
    op.create_table(
        "stays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("bed_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=True),
        sa.Column("admitted_on", sa.Date(), nullable=False),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.Column("anticipated_end_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("exit_reason", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("end_known_on", sa.Date(), nullable=True),
        sa.Column("repatriation_gate", sa.String(), nullable=False),
        sa.Column("child_gate", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(ended_on IS NULL AND destination = '') OR (exit_reason = 'reintegrated_with_family' AND destination IN ('family')) OR (exit_reason = 'independent_living' AND destination IN ('own_home')) OR (exit_reason = 'transferred' AND destination IN ('hospital', 'institution', 'other_shelter')) OR (exit_reason = 'repatriated' AND destination IN ('country_of_citizenship', 'other_country')) OR (exit_reason = 'foster_or_extended_family' AND destination IN ('extended_family', 'foster_family')) OR (exit_reason = 'witness_protection' AND destination IN ('protected_place')) OR (exit_reason = 'left_voluntarily' AND destination IN ('extended_family', 'family', 'hospital', 'institution', 'other_country', 'own_home', 'unknown')) OR (exit_reason = 'missing' AND destination IN ('unknown')) OR (exit_reason = 'expelled' AND destination IN ('extended_family', 'family', 'hospital', 'institution', 'other_country', 'own_home', 'unknown')) OR (exit_reason = 'refused_service' AND destination IN ('extended_family', 'family', 'hospital', 'institution', 'other_country', 'own_home', 'unknown')) OR (exit_reason = 'no_longer_eligible' AND destination IN ('extended_family', 'family', 'hospital', 'institution', 'other_country', 'own_home', 'unknown')) OR (exit_reason = 'no_longer_needs_support' AND destination IN ('extended_family', 'family', 'hospital', 'institution', 'other_country', 'own_home', 'unknown')) OR (exit_reason = 'died' AND destination IN ('none'))",
            name=op.f("ck_stays_destination_fits_reason"),
        ),
        sa.CheckConstraint("(ended_on IS NULL) = (exit_reason = '')", name=op.f("ck_stays_ended_with_reason")),
        sa.CheckConstraint(
            "destination <> 'family' OR child_gate IN ('adult', 'assessed')",
            name=op.f("ck_stays_child_to_family_after_assessments"),
        ),
        sa.CheckConstraint(
            "destination NOT IN ('country_of_citizenship', 'other_country') OR repatriation_gate IN ('albanian', 'informed')",
            name=op.f("ck_stays_repatriated_after_permit_information"),
        ),
        sa.CheckConstraint("anticipated_end_on >= admitted_on", name=op.f("ck_stays_anticipated_after_it_began")),
        sa.CheckConstraint(
            "end_known_on IS NULL OR end_known_on >= ended_on", name=op.f("ck_stays_end_known_after_it_happened")
        ),
        sa.CheckConstraint("ended_on IS NULL OR ended_on >= admitted_on", name=op.f("ck_stays_ends_after_it_began")),
        sa.ForeignKeyConstraint(["bed_id"], ["beds.id"], name=op.f("fk_stays_bed_id_beds")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_stays_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_stays_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name=op.f("fk_stays_referral_id_referrals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stays")),
    )
    op.create_index("ix_stays_admitted_on", "stays", ["admitted_on"], unique=False)
    op.create_index(op.f("ix_stays_case_id"), "stays", ["case_id"], unique=False)
    op.create_index("ix_stays_organisation_id_ended_on", "stays", ["organisation_id", "ended_on"], unique=False)
    op.create_index(
        "uq_stays_open_bed",
        "stays",
        ["bed_id"],
        unique=True,
        sqlite_where=sa.text("ended_on IS NULL"),
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "uq_stays_open_case",
        "stays",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("ended_on IS NULL"),
        postgresql_where=sa.text("ended_on IS NULL"),
    )


def _upgrade_shred() -> None:
    op.create_table(
        "release_keys",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "compartment", "epoch", "organisation_id", name=op.f("pk_release_keys")),
    )
    op.create_table(
        "shred_keys",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "compartment", "epoch", name=op.f("pk_shred_keys")),
    )


def _downgrade_main() -> None:
    op.drop_index(
        "uq_stays_open_case",
        table_name="stays",
        sqlite_where=sa.text("ended_on IS NULL"),
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.drop_index(
        "uq_stays_open_bed",
        table_name="stays",
        sqlite_where=sa.text("ended_on IS NULL"),
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.drop_index("ix_stays_organisation_id_ended_on", table_name="stays")
    op.drop_index(op.f("ix_stays_case_id"), table_name="stays")
    op.drop_index("ix_stays_admitted_on", table_name="stays")
    op.drop_table("stays")
    op.drop_index(op.f("ix_testimony_case_id"), table_name="testimony")
    op.drop_table("testimony")
    op.drop_table("route_exclusions")
    op.drop_table("route_candidates")
    op.drop_index(
        "uq_referrals_open_case",
        table_name="referrals",
        sqlite_where=sa.text("status IN ('sent', 'accepted')"),
        postgresql_where=sa.text("status IN ('sent', 'accepted')"),
    )
    op.drop_index(
        "uq_referrals_kept_bed",
        table_name="referrals",
        sqlite_where=sa.text("status = 'accepted'"),
        postgresql_where=sa.text("status = 'accepted'"),
    )
    op.drop_index("ix_referrals_sender_id_status", table_name="referrals")
    op.drop_index("ix_referrals_receiver_id_status", table_name="referrals")
    op.drop_index(op.f("ix_referrals_case_id"), table_name="referrals")
    op.drop_table("referrals")
    op.drop_index("ix_readings_case_id_opened_at", table_name="readings")
    op.drop_table("readings")
    op.drop_index("ix_permits_state_issued_until", table_name="permits")
    op.drop_table("permits")
    op.drop_index("ix_obligations_party_done_at", table_name="obligations")
    op.drop_table("obligations")
    op.drop_index(op.f("ix_member_sessions_member_id"), table_name="member_sessions")
    op.drop_index("ix_member_sessions_expires_at", table_name="member_sessions")
    op.drop_table("member_sessions")
    op.drop_index(op.f("ix_keyring_wraps_member_id"), table_name="keyring_wraps")
    op.drop_table("keyring_wraps")
    op.drop_index(op.f("ix_invitations_member_id"), table_name="invitations")
    op.drop_table("invitations")
    op.drop_index("ix_interviews_organisation_id_status", table_name="interviews")
    op.drop_table("interviews")
    op.drop_index(op.f("ix_care_notes_case_id"), table_name="care_notes")
    op.drop_table("care_notes")
    op.drop_table("release_memories")
    op.drop_table("release_files")
    op.drop_table("pending_grants")
    op.drop_index(op.f("ix_members_organisation_id"), table_name="members")
    op.drop_table("members")
    op.drop_table("keyrings")
    op.drop_table("grants")
    op.drop_index(op.f("ix_cases_opened_by_id"), table_name="cases")
    op.drop_index("ix_cases_holder_status", table_name="cases")
    op.drop_table("cases")
    op.drop_table("beds")
    op.drop_table("sealed_compartments")
    op.drop_index("ix_screenings_month", table_name="screenings")
    op.drop_table("screenings")
    op.drop_table("releases")
    op.drop_table("organisations")
    op.drop_index(op.f("ix_openings_expires_at"), table_name="openings")
    op.drop_table("openings")
    op.drop_table("instances")
    op.drop_table("erasures")
    op.drop_table("destructions")
    op.drop_table("audit_entries")


def _downgrade_shred() -> None:
    op.drop_table("shred_keys")
    op.drop_table("release_keys")
