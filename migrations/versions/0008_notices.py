"""Announced returns: coarse facts in clear; the identity is sealed like that of a case, under the notice's id."""

import sqlalchemy as sa
from alembic import op

revision = "0008_notices"
down_revision = "0007_supplements"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("quarter_on", sa.Date(), nullable=False),
        sa.Column("child", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("companions", sa.Integer(), nullable=True),
        sa.Column("needs", sa.JSON(), nullable=True),
        sa.CheckConstraint(
            "origin IN ('consulate', 'foreign_authority', 'foreign_ngo', 'international_organisation', 'helpline')",
            name=op.f("ck_notices_known_origin"),
        ),
        sa.CheckConstraint(
            "status IN ('announced', 'arrived', 'not_come', 'cancelled')", name=op.f("ck_notices_known_status")
        ),
        sa.CheckConstraint("child IN ('yes', 'no', 'unknown')", name=op.f("ck_notices_known_child")),
        sa.CheckConstraint("hour IS NULL OR hour BETWEEN 0 AND 23", name=op.f("ck_notices_an_hour")),
        sa.CheckConstraint(
            "status IN ('announced', 'not_come') OR (expected_on IS NULL AND hour IS NULL AND companions IS NULL)",
            name=op.f("ck_notices_coarse_once_over"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_notices_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["organisations.id"], name=op.f("fk_notices_post_id_organisations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_organisation_id_quarter_on", "notices", ["organisation_id", "quarter_on"])
    op.create_index("ix_notices_expected_on", "notices", ["expected_on"])
    op.create_index("ix_notices_quarter_on", "notices", ["quarter_on"])


def downgrade(database: str) -> None:
    if database == "main":
        # Who was announced would lie there for ever: nothing says any more when it ends. Keys without it are swept away.
        for table in ("sealed_compartments", "grants", "pending_grants"):
            op.execute(f"DELETE FROM {table} WHERE case_id IN (SELECT id FROM notices)")  # noqa: S608 - names of ours
        op.drop_index("ix_notices_quarter_on", table_name="notices")
        op.drop_index("ix_notices_expected_on", table_name="notices")
        op.drop_index("ix_notices_organisation_id_quarter_on", table_name="notices")
        op.drop_table("notices")
