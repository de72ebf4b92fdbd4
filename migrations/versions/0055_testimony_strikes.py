"""A step of a witness that was recorded wrongly is struck; a step that is known late counts when it is known."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0055_testimony_strikes"
down_revision = "0054_permit_entries"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("testimony", sa.Column("counts_on", sa.Date(), nullable=True))
    op.create_table(
        "testimony_strikes",
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("struck_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason IN ('wrong_person', 'wrong_day', 'wrong_step', 'twice', 'other')",
            name=op.f("ck_testimony_strikes_known_reason"),
        ),
        sa.ForeignKeyConstraint(["step_id"], ["testimony.id"], name=op.f("fk_testimony_strikes_step_id_testimony")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_testimony_strikes_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_testimony_strikes_member_id_members")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_testimony_strikes")),
    )


def downgrade(database: str) -> None:
    """A step that was struck never happened."""
    if database != "main":
        return
    struck = "SELECT step_id FROM testimony_strikes"
    op.execute(f"CREATE TEMPORARY TABLE struck_steps AS {struck}")
    op.drop_table("testimony_strikes")
    op.execute("DELETE FROM testimony WHERE id IN (SELECT step_id FROM struck_steps)")
    op.execute("DROP TABLE struck_steps")
    op.drop_column("testimony", "counts_on")
