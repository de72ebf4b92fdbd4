"""Who promised and who escorts, calls by telephone, and what was referred out of the system."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0014_on_the_way"
down_revision = "0013_leave_is_marked"
branch_labels = None
depends_on = None

_ESCORTS = "'woman_officer', 'woman_staff', 'woman_social_worker', 'man_officer', 'man_staff', 'man_social_worker'"


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("referrals", sa.Column("promised_by", sa.String(), nullable=False, server_default=""))
    op.add_column("referrals", sa.Column("departed_at", nrm.db.UtcDateTime(timezone=True), nullable=True))
    # With the check in the column's own text the table need not be rebuilt on either database.
    op.execute(
        "ALTER TABLE referrals ADD COLUMN escort VARCHAR DEFAULT '' NOT NULL"
        " CONSTRAINT ck_referrals_departed_with_escort CHECK"
        f" ((departed_at IS NULL AND escort = '') OR (departed_at IS NOT NULL AND escort IN ({_ESCORTS})))"
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("called_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("called_by_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("answered = (name <> '')", name=op.f("ck_calls_answered_by_somebody")),
        sa.CheckConstraint("number <> ''", name=op.f("ck_calls_a_number")),
        sa.ForeignKeyConstraint(["called_by_id"], ["members.id"], name=op.f("fk_calls_called_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_index("ix_calls_subject_id", "calls", ["subject_id"])
    op.create_table(
        "departures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("written_on", sa.Date(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("closes", sa.Boolean(), nullable=False),
        sa.Column("repatriation_gate", sa.String(), nullable=False),
        sa.Column("informed_on", sa.Date(), nullable=True),
        sa.Column("permit_state", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('hospital', 'social_services', 'child_services', 'other_organisation', 'asylum_authority',"
            " 'embassy', 'organisation_abroad')",
            name=op.f("ck_departures_known_kind"),
        ),
        sa.CheckConstraint(
            "reason IN ('treatment', 'no_party_receives', 'longer_help', 'outside_the_agreement', 'return_abroad')",
            name=op.f("ck_departures_known_reason"),
        ),
        sa.CheckConstraint(
            "(kind NOT IN ('embassy', 'organisation_abroad') AND reason <> 'return_abroad')"
            " OR repatriation_gate IN ('albanian', 'informed')",
            name=op.f("ck_departures_abroad_after_permit_information"),
        ),
        sa.CheckConstraint(
            "repatriation_gate <> 'informed' OR (informed_on IS NOT NULL AND informed_on <= written_on)",
            name=op.f("ck_departures_informed_before_abroad"),
        ),
        sa.CheckConstraint(
            "repatriation_gate <> 'informed' OR permit_state NOT IN ('', 'not_informed', 'applied', 'appealed')",
            name=op.f("ck_departures_no_open_application_abroad"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_departures_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_departures_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departures")),
    )
    op.create_index("ix_departures_case_id", "departures", ["case_id"])


def downgrade(database: str) -> None:
    """Who promised, when somebody departed and who was with them is forgotten."""
    if database != "main":
        return
    op.drop_index("ix_departures_case_id", table_name="departures")
    op.drop_table("departures")
    op.drop_index("ix_calls_subject_id", table_name="calls")
    op.drop_table("calls")
    op.execute("ALTER TABLE referrals DROP COLUMN escort")
    op.drop_column("referrals", "departed_at")
    op.drop_column("referrals", "promised_by")
