"""What people asked for under the code of a case: a copy, or that what is kept is erased."""

import sqlalchemy as sa
from alembic import op

revision = "0017_person_requests"
down_revision = "0016_versions_of_the_agreement"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_person_requests_case_id": ["case_id"],
    "ix_person_requests_organisation_id_asked_on": ["organisation_id", "asked_on"],
    "ix_person_requests_status_asked_on": ["status", "asked_on"],
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "person_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.CheckConstraint("kind IN ('copy', 'erasure')", name=op.f("ck_person_requests_known_kind")),
        sa.CheckConstraint(
            "status IN ('open', 'given', 'erased', 'refused')", name=op.f("ck_person_requests_known_status")
        ),
        sa.CheckConstraint(
            "reason IN ('', 'no_case', 'not_the_person', 'court_file', 'danger', 'nothing_kept', 'taken_back')",
            name=op.f("ck_person_requests_known_reason"),
        ),
        sa.CheckConstraint(
            "(status = 'refused') = (reason <> '')", name=op.f("ck_person_requests_refused_for_a_reason")
        ),
        sa.CheckConstraint(
            "(status = 'open') = (answered_on IS NULL)", name=op.f("ck_person_requests_answered_on_a_day")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_person_requests_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_person_requests_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_requests")),
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "person_requests", columns)


def downgrade(database: str) -> None:
    if database == "main":
        for name in INDEXES:
            op.drop_index(name, table_name="person_requests")
        op.drop_table("person_requests")
