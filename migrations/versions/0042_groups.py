"""People who come back together share their facts for a shift; how far screenings came, as numbers."""

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0042_groups"
down_revision = "0041_draft_owners"
branch_labels = None
depends_on = None

IN_A_GROUP = sa.text("group_id IS NOT NULL")
PLACE = "(group_id IS NULL) = (group_number IS NULL) AND (group_id IS NULL OR status = 'draft')"


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "return_groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("questionnaire", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("begun", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("done >= 0 AND done <= begun", name=op.f("ck_return_groups_done_after_begun")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_return_groups_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_return_groups_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_groups")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_return_groups_organisation_id", "return_groups", ["organisation_id"])
    op.create_index("ix_return_groups_expires_at", "return_groups", ["expires_at"])
    op.create_table(
        "screen_steps",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("crossing_point", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_screen_steps_somebody")),
        sa.CheckConstraint(
            "step IN ('screened', 'not_asked', 'went_on', 'asked_again')", name=op.f("ck_screen_steps_known_step")
        ),
        sa.PrimaryKeyConstraint("month", "crossing_point", "step", name=op.f("pk_screen_steps")),
        sqlite_with_rowid=False,
    )
    with schema.referring_rows_aside("interviews"), op.batch_alter_table("interviews") as batch:
        batch.add_column(sa.Column("group_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("group_number", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_interviews_group_id_return_groups"), "return_groups", ["group_id"], ["id"])
        batch.create_check_constraint(op.f("ck_interviews_only_a_draft_in_a_group"), PLACE)
    op.create_index(
        "ix_interviews_group_id",
        "interviews",
        ["group_id", "group_number"],
        unique=True,
        sqlite_where=IN_A_GROUP,
        postgresql_where=IN_A_GROUP,
    )


def downgrade(database: str) -> None:
    """Drafts stay as they are; of which group they were is forgotten, and so are the groups and the numbers."""
    if database != "main":
        return
    op.drop_index("ix_interviews_group_id", table_name="interviews")
    with schema.referring_rows_aside("interviews"), op.batch_alter_table("interviews") as batch:
        batch.drop_constraint(op.f("ck_interviews_only_a_draft_in_a_group"), type_="check")
        batch.drop_constraint(op.f("fk_interviews_group_id_return_groups"), type_="foreignkey")
        batch.drop_column("group_number")
        batch.drop_column("group_id")
    op.drop_table("screen_steps")
    op.drop_index("ix_return_groups_expires_at", table_name="return_groups")
    op.drop_index("ix_return_groups_organisation_id", table_name="return_groups")
    op.drop_table("return_groups")
