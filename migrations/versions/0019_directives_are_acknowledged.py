"""Which member has read which version of a directive."""

import sqlalchemy as sa
from alembic import op

revision = "0019_directives_are_acknowledged"
down_revision = "0018_random_monitoring"
branch_labels = None
depends_on = None

TABLE = "directive_acknowledgements"


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("directive", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("acknowledged_on", sa.Date(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f(f"ck_{TABLE}_counted_from_one")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f(f"fk_{TABLE}_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("member_id", "directive", "version", name=op.f(f"uq_{TABLE}_member_id_directive_version")),
    )


def downgrade(database: str) -> None:
    if database == "main":
        op.drop_table(TABLE)
