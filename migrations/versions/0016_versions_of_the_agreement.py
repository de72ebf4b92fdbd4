"""Versions of the agreement, who signed them, and contracts with centres."""

import sqlalchemy as sa
from alembic import op

revision = "0016_versions_of_the_agreement"
down_revision = "0015_chases_and_mailboxes"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "agreement_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("study", sa.JSON(), nullable=False),
        sa.Column("simulation", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("approval_note", sa.String(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'open', 'signed', 'withdrawn')",
            name=op.f("ck_agreement_versions_known_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'open', 'signed') OR approved_on IS NOT NULL",
            name=op.f("ck_agreement_versions_approved_before_it_is_open"),
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["members.id"], name=op.f("fk_agreement_versions_proposed_by_members")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["members.id"], name=op.f("fk_agreement_versions_approved_by_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_versions")),
    )
    op.create_index(
        "uq_agreement_versions_version",
        "agreement_versions",
        ["version"],
        unique=True,
        sqlite_where=sa.text("status <> 'withdrawn'"),
        postgresql_where=sa.text("status <> 'withdrawn'"),
    )
    op.create_table(
        "agreement_signatures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("place IN (1, 2)", name=op.f("ck_agreement_signatures_two_of_each_party")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["agreement_versions.id"],
            name=op.f("fk_agreement_signatures_version_id_agreement_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_agreement_signatures_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_agreement_signatures_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_signatures")),
        sa.UniqueConstraint(
            "version_id", "party", "place", name=op.f("uq_agreement_signatures_version_id_party_place")
        ),
        sa.UniqueConstraint("version_id", "member_id", name=op.f("uq_agreement_signatures_version_id_member_id")),
    )
    op.create_table(
        "contracts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_contracts_an_amount")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_contracts_ends_after_it_begins")),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on BETWEEN from_on AND until_on", name=op.f("ck_contracts_ended_while_it_ran")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_contracts_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_contracts_organisation_id_number")),
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_table("contracts")
    op.drop_table("agreement_signatures")
    op.drop_index("uq_agreement_versions_version", "agreement_versions")
    op.drop_table("agreement_versions")
