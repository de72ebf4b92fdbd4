"""That a quarter is closed without silent contributors is confirmed by a second office."""

import sqlalchemy as sa
from alembic import op

revision = "0064_silent_parts"
down_revision = "0063_few_residents"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "silent_parts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_by_id IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_silent_parts_confirmed_by_somebody")
        ),
        sa.CheckConstraint("confirmed_by_id <> asked_by_id", name=op.f("ck_silent_parts_confirmed_by_another")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_silent_parts_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["members.id"], name=op.f("fk_silent_parts_asked_by_id_members")),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["members.id"], name=op.f("fk_silent_parts_confirmed_by_id_members")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "quarter", name=op.f("pk_silent_parts")),
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_table("silent_parts")
