"""Versions of the country's files that begin on a day."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0086_country_versions"
down_revision = "0085_who_does_not_hold_the_key"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "country_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("followed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_country_versions_counted_from_one")),
        sa.ForeignKeyConstraint(["recorded_by"], ["members.id"], name=op.f("fk_country_versions_recorded_by_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_country_versions")),
        sa.UniqueConstraint("position", name=op.f("uq_country_versions_position")),
    )


def downgrade(database: str) -> None:
    """The country is again what its folder says; what began since is forgotten."""
    if database != "main":
        return
    op.drop_table("country_versions")
