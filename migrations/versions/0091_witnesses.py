"""Hearings of witnesses, threats, link codes of the police, and witnesses who are no victims."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime
from nrm.schema import exchange_check, exchange_codes

revision = "0091_witnesses"
down_revision = "0090_who_does_not_agree"
branch_labels = None
depends_on = None

LEFT = "left_witness_protection"
STATUSES = (
    "not_a_witness",
    "willing",
    "statement_given",
    "evidence_serious_crimes_court",
    "evidence_district_court",
    "in_witness_protection",
    "testimony_withdrawn",
)
NEW_STATUSES = (*STATUSES[:-1], LEFT, STATUSES[-1])
REASONS = (
    "",
    "threat_to_self",
    "threat_to_family",
    "trauma",
    "lack_of_protection",
    "family_pressure",
    "returned_abroad",
    "other",
)
NEW_REASONS = (
    *REASONS,
    "own_wish",
    "proceedings_over",
    "no_danger",
    "rules_broken",
    "moved_abroad",
    "threat",
)
WITH_REASON = "(status = 'testimony_withdrawn') = (reason <> '')"
NEW_WITH_REASON = f"(status IN ('testimony_withdrawn', '{LEFT}')) = (reason <> '')"
SAID = (
    "(topic = 'services' AND said IN ('given', 'refused')) OR (topic = 'sharing' AND said IN ('given', 'refused'))"
    " OR (topic = 'statistics' AND said IN ('given', 'refused'))"
    " OR (topic = 'wish' AND said IN ('agrees', 'against', 'unsaid'))"
)
NEW_SAID = f"{SAID} OR (topic = 'link' AND said IN ('given', 'refused'))"
STRUCK = "reason IN ('wrong_person', 'wrong_day', 'wrong_step', 'twice', 'other')"
GENDERS = "'feminine', 'masculine', 'transgender_feminine', 'transgender_masculine', 'non_conforming', 'unknown'"
OF_ONE = "(case_id IS NULL) <> (witness_id IS NULL)"
TABLES = (
    "link_numbers",
    "link_codes",
    "threats_seen",
    "threat_alarms",
    "hearing_strikes",
    "hearing_entries",
    "witness_step_strikes",
    "witness_steps",
    "witnesses",
)


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _struck(table: str, column: str, other: str) -> None:
    op.create_table(
        table,
        sa.Column(column, sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("struck_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(STRUCK, name=op.f(f"ck_{table}_known_reason")),
        _to(table, column, other),
        _to(table, "organisation_id", "organisations"),
        _to(table, "member_id", "members"),
        sa.PrimaryKeyConstraint(column, name=op.f(f"pk_{table}")),
    )


def upgrade(database: str) -> None:
    if database != "main":
        return
    exchange_codes("testimony", "status", "known_status", STATUSES, NEW_STATUSES)
    exchange_codes("testimony", "reason", "known_reason", REASONS, NEW_REASONS)
    exchange_check("testimony", "withdrawn_with_reason", WITH_REASON, NEW_WITH_REASON)
    exchange_check("consents", "said_fits_topic", SAID, NEW_SAID)
    op.create_table(
        "witnesses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("gender", sa.String(), nullable=False),
        sa.Column("age_class", sa.String(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("over_on", sa.Date(), nullable=True),
        sa.CheckConstraint(f"gender IN ({GENDERS})", name=op.f("ck_witnesses_known_gender")),
        sa.CheckConstraint("age_class IN ('child', 'adult', 'unsure')", name=op.f("ck_witnesses_known_age_class")),
        _to("witnesses", "organisation_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_witnesses")),
        sa.UniqueConstraint("code", name=op.f("uq_witnesses_code")),
    )
    op.create_index("ix_witnesses_organisation_id", "witnesses", ["organisation_id"])
    op.create_table(
        "witness_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("witness_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("counts_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            f"status IN ({', '.join(map(repr, NEW_STATUSES))})", name=op.f("ck_witness_steps_known_status")
        ),
        sa.CheckConstraint(
            f"reason IN ({', '.join(map(repr, NEW_REASONS))})", name=op.f("ck_witness_steps_known_reason")
        ),
        sa.CheckConstraint(NEW_WITH_REASON, name=op.f("ck_witness_steps_with_reason")),
        _to("witness_steps", "witness_id", "witnesses"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_witness_steps")),
        sa.UniqueConstraint("witness_id", "position", name=op.f("uq_witness_steps_witness_id_position")),
    )
    op.create_index("ix_witness_steps_witness_id", "witness_steps", ["witness_id"])
    _struck("witness_step_strikes", "step_id", "witness_steps")
    op.create_table(
        "hearing_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hearing_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("witness_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sealed_entry", sa.LargeBinary(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('announced', 'ordered', 'called_off')", name=op.f("ck_hearing_entries_known_kind")
        ),
        sa.CheckConstraint(OF_ONE, name=op.f("ck_hearing_entries_of_one_person")),
        sa.CheckConstraint("(kind = 'announced') = (hearing_id IS NULL)", name=op.f("ck_hearing_entries_of_a_hearing")),
        _to("hearing_entries", "hearing_id", "hearing_entries"),
        _to("hearing_entries", "case_id", "cases"),
        _to("hearing_entries", "witness_id", "witnesses"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hearing_entries")),
    )
    for column in ("hearing_id", "case_id", "witness_id"):
        op.create_index(f"ix_hearing_entries_{column}", "hearing_entries", [column])
    _struck("hearing_strikes", "entry_id", "hearing_entries")
    op.create_table(
        "threat_alarms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("witness_id", sa.Uuid(), nullable=True),
        sa.Column("step_id", sa.Uuid(), nullable=True),
        sa.Column("witness_step_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("told_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(OF_ONE, name=op.f("ck_threat_alarms_of_one_person")),
        sa.CheckConstraint("step_id IS NULL OR case_id IS NOT NULL", name=op.f("ck_threat_alarms_step_of_the_case")),
        sa.CheckConstraint(
            "witness_step_id IS NULL OR witness_id IS NOT NULL", name=op.f("ck_threat_alarms_step_of_the_witness")
        ),
        _to("threat_alarms", "case_id", "cases"),
        _to("threat_alarms", "witness_id", "witnesses"),
        _to("threat_alarms", "step_id", "testimony"),
        _to("threat_alarms", "witness_step_id", "witness_steps"),
        _to("threat_alarms", "organisation_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threat_alarms")),
    )
    for column in ("case_id", "witness_id"):
        op.create_index(f"ix_threat_alarms_{column}", "threat_alarms", [column])
    op.create_table(
        "threats_seen",
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", UtcDateTime(timezone=True), nullable=False),
        _to("threats_seen", "alarm_id", "threat_alarms"),
        _to("threats_seen", "organisation_id", "organisations"),
        _to("threats_seen", "member_id", "members"),
        sa.PrimaryKeyConstraint("alarm_id", "organisation_id", name=op.f("pk_threats_seen")),
    )
    op.create_table(
        "link_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("whose_mark", sa.LargeBinary(), nullable=False),
        sa.Column("code_mark", sa.LargeBinary(), nullable=False),
        _to("link_codes", "organisation_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_codes")),
        sa.UniqueConstraint("whose_mark", name=op.f("uq_link_codes_whose_mark")),
        sa.UniqueConstraint("code_mark", name=op.f("uq_link_codes_code_mark")),
    )
    op.create_table(
        "link_numbers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        _to("link_numbers", "link_id", "link_codes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_numbers")),
    )
    op.create_index("ix_link_numbers_link_id", "link_numbers", ["link_id"])


def downgrade(database: str) -> None:
    """Nobody left the programme, no code ties anything, and only victims were witnesses.

    What was sealed for links and witnesses goes with them: the sweep finds the keys that are left.
    """
    if database != "main":
        return
    for table in TABLES:
        op.drop_table(table)
    for table in ("sealed_compartments", "grants", "pending_grants", "parked_grants", "readings", "openings"):
        op.execute(f"DELETE FROM {table} WHERE compartment IN ('link', 'link_number', 'witness')")  # noqa: S608
    op.execute("DELETE FROM consents WHERE topic = 'link'")
    left = f"SELECT id FROM testimony WHERE status = '{LEFT}'"  # noqa: S608 - a text of ours
    op.execute(f"DELETE FROM testimony_strikes WHERE step_id IN ({left})")  # noqa: S608 - a text of ours
    op.execute(f"DELETE FROM testimony WHERE status = '{LEFT}'")  # noqa: S608 - a text of ours
    exchange_check("consents", "said_fits_topic", NEW_SAID, SAID)
    exchange_check("testimony", "withdrawn_with_reason", NEW_WITH_REASON, WITH_REASON)
    exchange_codes("testimony", "reason", "known_reason", NEW_REASONS, REASONS)
    exchange_codes("testimony", "status", "known_status", NEW_STATUSES, STATUSES)
