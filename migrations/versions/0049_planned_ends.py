"""The history of the planned end of each stay. Upward it begins with the end that is planned now."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0049_planned_ends"
down_revision = "0048_away"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    planned = op.create_table(
        "planned_ends",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("entered_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "why IN ('admission', 'needs_more_time', 'nowhere_safe_yet', 'waits_for_authority', 'ready_earlier',"
            " 'her_wish', 'mistyped', 'other')",
            name=op.f("ck_planned_ends_known_why"),
        ),
        sa.CheckConstraint(
            "(position = 1) = (why = 'admission')", name=op.f("ck_planned_ends_begins_with_the_admission")
        ),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_planned_ends_stay_id_stays")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["members.id"], name=op.f("fk_planned_ends_entered_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_ends")),
        sa.UniqueConstraint("stay_id", "position", name=op.f("uq_planned_ends_stay_id_position")),
    )
    stays = sa.table(
        "stays",
        sa.column("id", sa.Uuid()),
        sa.column("anticipated_end_on", sa.Date()),
        sa.column("known_on", sa.Date()),
    )
    connection = op.get_bind()
    rows = [
        {
            "id": uuid.uuid4(),
            "stay_id": stay_id,
            "position": 1,
            "planned_on": planned_on,
            "why": "admission",
            "entered_on": known_on,
            "entered_by_id": None,
        }
        for stay_id, planned_on, known_on in connection.execute(
            sa.select(stays.c.id, stays.c.anticipated_end_on, stays.c.known_on)
        )
    ]
    op.bulk_insert(planned, rows)


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_table("planned_ends")
