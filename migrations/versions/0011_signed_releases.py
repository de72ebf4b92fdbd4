"""Drafts of releases that wait for two signatures; what contributors said of a quarter; nights frozen for payment.

Two roles more. The check on `members.role` takes every stable role name, so that no later one needs a new table: SQLite
changes no check in place, but as no stored row is affected its documented way is to write the schema itself.
"""

import sqlalchemy as sa
from alembic import op

import nrm.db
from nrm import schema

revision = "0011_signed_releases"
down_revision = "0010_reports_beside_ix"
branch_labels = None
depends_on = None

OLD = (
    "border_officer",
    "duty_officer",
    "case_worker",
    "shelter_manager",
    "trp_officer",
    "witness_liaison",
    "consular_officer",
    "helpline_operator",
    "monitor",
    "statistician",
    "administrator",
)
NEW = (
    *OLD,
    "identification_officer",
    "child_protection_officer",
    "coordinator",
    "payment_officer",
    "focal_point",
    "reader",
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "release_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("first_quarter", sa.String(), nullable=False),
        sa.Column("released_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("sealed_draft", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("signer_id", sa.Uuid(), nullable=True),
        sa.Column("signed_at", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(signature IS NULL) = (signed_at IS NULL) AND (signature IS NULL) = (signer_id IS NULL)",
            name=op.f("ck_release_drafts_signed_by_somebody_at_some_time"),
        ),
        sa.ForeignKeyConstraint(["signer_id"], ["members.id"], name=op.f("fk_release_drafts_signer_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_drafts")),
        sa.UniqueConstraint("report", name=op.f("uq_release_drafts_report")),
    )
    op.create_table(
        "quarter_parts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("answered_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("answer IN ('confirmed', 'no_report')", name=op.f("ck_quarter_parts_known_answer")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_quarter_parts_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_quarter_parts_member_id_members")),
        sa.PrimaryKeyConstraint("organisation_id", "quarter", name=op.f("pk_quarter_parts")),
    )
    op.create_table(
        "payment_lines",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("nights", sa.Integer(), nullable=False),
        sa.Column("earlier", sa.Integer(), nullable=False),
        sa.Column("frozen_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_payment_lines_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "quarter", name=op.f("pk_payment_lines")),
    )
    schema.exchange_codes("members", "role", "known_role", OLD, NEW)


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.execute("DELETE FROM release_drafts")
    for table in ("payment_lines", "quarter_parts", "release_drafts"):
        op.drop_table(table)
    # A member with a role that the older schema does not know loses the account.
    members = sa.table("members", sa.column("role"), sa.column("status"))
    op.execute(members.update().where(members.c.role.not_in(OLD)).values(role="monitor", status="disabled"))
    schema.exchange_codes("members", "role", "known_role", NEW, OLD)
