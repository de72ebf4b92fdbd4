"""Shelters with few residents are paid by places kept, and the payment desk sees what is payable alone."""

import sqlalchemy as sa
from alembic import op

revision = "0063_few_residents"
down_revision = "0062_reasons"
branch_labels = None
depends_on = None

FEWEST = 5
# Children who came with a victim are not counted.
FEW = """
    UPDATE payment_lines SET basis = 'withheld' WHERE quarter = :quarter AND (
        SELECT count(DISTINCT stays.case_id) FROM stays JOIN cases ON cases.id = stays.case_id
        WHERE stays.organisation_id = payment_lines.organisation_id AND cases.source <> 'with_a_victim'
        AND stays.admitted_on <= :last AND (stays.ended_on IS NULL OR stays.ended_on > :first)
    ) < :fewest
"""
FIRST = {"1": "01-01", "2": "04-01", "3": "07-01", "4": "10-01"}
LAST = {"1": "03-31", "2": "06-30", "3": "09-30", "4": "12-31"}


def upgrade(database: str) -> None:
    """What was paid before was paid by nights. Where these were of few people the desk does not see them any more."""
    if database != "main":
        return
    with op.batch_alter_table("payment_lines") as batch:
        batch.add_column(sa.Column("payable", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("basis", sa.String(), nullable=False, server_default="nights"))
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE payment_lines SET payable = nights + earlier"))
    few = sa.text(FEW).bindparams(sa.bindparam("first", type_=sa.Date()), sa.bindparam("last", type_=sa.Date()))
    for quarter in connection.scalars(
        sa.text("SELECT DISTINCT quarter FROM payment_lines WHERE quarter LIKE '____Q_'")
    ).all():
        year, number = quarter.split("Q")
        days = {"first": _day(year, FIRST[number]), "last": _day(year, LAST[number])}
        connection.execute(few, {"quarter": quarter, "fewest": FEWEST, **days})
    with op.batch_alter_table("payment_lines") as batch:
        batch.alter_column("payable", server_default=None)
        batch.alter_column("basis", server_default=None)
        batch.create_check_constraint(op.f("ck_payment_lines_known_basis"), "basis IN ('nights', 'places', 'withheld')")


def downgrade(database: str) -> None:
    """The schema before pays by nights alone; what was paid by places is forgotten."""
    if database != "main":
        return
    with op.batch_alter_table("payment_lines") as batch:
        batch.drop_constraint(op.f("ck_payment_lines_known_basis"), type_="check")
        batch.drop_column("basis")
        batch.drop_column("payable")


def _day(year: str, day: str) -> object:
    from datetime import date

    return date.fromisoformat(f"{year}-{day}")
