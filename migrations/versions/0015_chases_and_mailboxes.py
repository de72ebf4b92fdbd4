"""Calls of the duty desk about what is late, and the e-mail address of a desk."""

import sqlalchemy as sa
from alembic import op

revision = "0015_chases_and_mailboxes"
down_revision = "0014_on_the_way"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "chases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("telephone", sa.String(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('answer', 'arrival', 'owed', 'decision')", name=op.f("ck_chases_known_kind")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_chases_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chases")),
    )
    op.create_index("ix_chases_case_id_subject_id", "chases", ["case_id", "subject_id"])
    op.create_table(
        "mailboxes",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.CheckConstraint("language IN ('sq', 'en')", name=op.f("ck_mailboxes_known_language")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_mailboxes_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_mailboxes")),
    )
    op.create_index("ix_mailboxes_next_at", "mailboxes", ["next_at"])


def downgrade(database: str) -> None:
    if database == "main":
        op.drop_index("ix_mailboxes_next_at", table_name="mailboxes")
        op.drop_table("mailboxes")
        op.drop_index("ix_chases_case_id_subject_id", table_name="chases")
        op.drop_table("chases")
