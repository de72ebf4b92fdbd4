"""Whose case it was when it was opened; alarms about unusually many openings."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0002_openings_and_alarms"
down_revision = "0001_first_tables"
branch_labels = None
depends_on = None

_COLUMNS = ("holder_id", "organisation_id", "member_id")


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("readings", sa.Column("holder_id", sa.Uuid(), nullable=True))
    # Who held it at that time was not recorded before: it is taken to be who holds it now.
    op.execute(
        "UPDATE readings SET holder_id ="
        " (SELECT coalesce(cases.holder_id, cases.opened_by_id) FROM cases WHERE cases.id = readings.case_id)"
    )
    with op.batch_alter_table("readings") as batch:
        batch.alter_column("holder_id", existing_type=sa.Uuid(), nullable=False)
        batch.create_foreign_key(op.f("fk_readings_holder_id_organisations"), "organisations", ["holder_id"], ["id"])
    for column in _COLUMNS:
        op.create_index(f"ix_readings_{column}_opened_at", "readings", [column, "opened_at"], unique=False)
    op.create_index(op.f("ix_readings_opened_at"), "readings", ["opened_at"], unique=False)
    op.create_table(
        "alarms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("first_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("raised_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("hours > 0 AND cases > 0", name=op.f("ck_alarms_counted")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_alarms_member_id_members")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_alarms_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index("ix_alarms_organisation_id_raised_at", "alarms", ["organisation_id", "raised_at"], unique=False)
    op.create_index("ix_alarms_member_id_raised_at", "alarms", ["member_id", "raised_at"], unique=False)
    op.create_index(op.f("ix_alarms_raised_at"), "alarms", ["raised_at"], unique=False)
    op.create_table(
        "alarm_acknowledgements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("acknowledged_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_alarm_acknowledgements_alarm_id_alarms")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_alarm_acknowledgements_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_alarm_acknowledgements_member_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_acknowledgements")),
        sa.UniqueConstraint(
            "alarm_id",
            "organisation_id",
            "cases",
            name=op.f("uq_alarm_acknowledgements_alarm_id_organisation_id_cases"),
        ),
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_table("alarm_acknowledgements")
    op.drop_table("alarms")
    op.drop_index(op.f("ix_readings_opened_at"), table_name="readings")
    for column in _COLUMNS:
        op.drop_index(f"ix_readings_{column}_opened_at", table_name="readings")
    with op.batch_alter_table("readings") as batch:
        batch.drop_constraint(op.f("fk_readings_holder_id_organisations"), type_="foreignkey")
        batch.drop_column("holder_id")
