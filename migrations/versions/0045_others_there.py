"""Notices that others are still where a person came from, and the sealed tags of a party that is asked."""

import sqlalchemy as sa
from alembic import op

revision = "0045_others_there"
down_revision = "0044_family_notices"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("route_candidates", sa.Column("sealed_tags", sa.LargeBinary(), nullable=True))
    op.add_column("route_candidates", sa.Column("tags_version", sa.Integer(), nullable=True))
    op.create_table(
        "others_there",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=True),
        sa.Column("seen_by_id", sa.Uuid(), nullable=True),
        sa.Column("whose_mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(seen_on IS NULL) = (seen_by_id IS NULL)", name=op.f("ck_others_there_seen_by_somebody")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_others_there_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["seen_by_id"], ["members.id"], name=op.f("fk_others_there_seen_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_others_there")),
        sa.UniqueConstraint("whose_mark", name=op.f("uq_others_there_whose_mark")),
    )
    op.create_index("ix_others_there_organisation_id_told_on", "others_there", ["organisation_id", "told_on"])
    op.create_index("ix_others_there_told_on", "others_there", ["told_on"])


def downgrade(database: str) -> None:
    """What was told goes with its grants; its shred keys are found without use by `tend`, and destroyed after seven
    days."""
    if database != "main":
        return
    for table in ("grants", "sealed_compartments", "readings"):
        op.execute(f"DELETE FROM {table} WHERE compartment = 'others'")  # noqa: S608 - the names stand here
    op.drop_table("others_there")
    op.drop_column("route_candidates", "tags_version")
    op.drop_column("route_candidates", "sealed_tags")
