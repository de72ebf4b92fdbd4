"""What a post may still add to an urgent hand-over: that it may, until when, and what became of it."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0007_supplements"
down_revision = "0006_child_alerts"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "supplements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("open_until", nrm.db.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'open', 'sent', 'taken', 'filed', 'lapsed')",
            name=op.f("ck_supplements_known_status"),
        ),
        sa.CheckConstraint(
            "(status = 'open') = (open_until IS NOT NULL)", name=op.f("ck_supplements_open_until_an_hour")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_supplements_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_supplements_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplements")),
        sa.UniqueConstraint("case_id", name=op.f("uq_supplements_case_id")),
    )
    op.create_index("ix_supplements_organisation_id_status", "supplements", ["organisation_id", "status"])


def downgrade(database: str) -> None:
    if database == "main":
        op.drop_index("ix_supplements_organisation_id_status", table_name="supplements")
        op.drop_table("supplements")
