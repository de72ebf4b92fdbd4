"""Which safeguards a version of the agreement weakens with the coordinator's reason, kept with the version for ever."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0080_accepted_weakenings"
down_revision = "0079_home_citizens"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "shred":
        return
    op.create_table(
        "accepted_weakenings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_accepted_weakenings_with_a_reason")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["agreement_versions.id"], name=op.f("fk_accepted_weakenings_version_id_agreement_versions")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["members.id"], name=op.f("fk_accepted_weakenings_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_weakenings")),
        sa.UniqueConstraint("version_id", "number", name=op.f("uq_accepted_weakenings_version_id_number")),
    )


def downgrade(database: str) -> None:
    """Why safeguards were weakened is forgotten; the versions stay as they are."""
    if database == "shred":
        return
    op.drop_table("accepted_weakenings")
