"""What the payment desk settled by mistake can be taken back for a day, and the house is told of it; payments of nights;
which slips the last file had; who deals with a complaint, and which of them come from the page that is of no house."""

import sqlalchemy as sa
from alembic import op

revision = "0098_paid_and_heard"
down_revision = "0097_dies_with_its_asker"
branch_labels = None
depends_on = None

COLUMNS = (
    ("feedback_slips", "is_last"),
    ("complaints", "without_house"),
    ("benefits", "was"),
    ("benefits", "settled_on"),
    ("benefits", "untold"),
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    for table, column in (("feedback_slips", "is_last"), ("complaints", "without_house"), ("benefits", "untold")):
        op.add_column(table, sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("benefits", sa.Column("was", sa.String(), nullable=False, server_default=""))
    op.add_column("benefits", sa.Column("settled_on", sa.Date(), nullable=True))
    op.create_table(
        "complaints_taken",
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_complaints_taken_complaint_id_complaints")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_complaints_taken_member_id_members")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_complaints_taken")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "night_payments",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("statement", sa.Integer(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_night_payments_counted_from_one")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_night_payments_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_night_payments_member_id_members")),
        sa.PrimaryKeyConstraint("organisation_id", "quarter", "position", name=op.f("pk_night_payments")),
    )


def downgrade(database: str) -> None:
    """What was paid for nights and who deals with a complaint is forgotten."""
    if database != "main":
        return
    op.drop_table("night_payments")
    op.drop_table("complaints_taken")
    for table, column in COLUMNS:
        op.drop_column(table, column)
