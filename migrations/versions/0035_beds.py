"""Beds that a shelter enters and closes by itself, and what the country's file calls those that it brought."""

import sqlalchemy as sa
from alembic import op

revision = "0035_beds"
down_revision = "0034_second_hands"
branch_labels = None
depends_on = None

CHECKS = {
    "closed_with_reason": "(closed_from IS NULL AND closed_why = '') OR (closed_from IS NOT NULL AND closed_why IN "
    "('entered_by_mistake', 'fewer_places', 'given_up', 'other', 'repairs'))",
    "nobody_new_into_a_closing_bed": "closed_from IS NULL OR out_of_use",
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("beds", sa.Column("file_label", sa.String(), nullable=True))
    op.add_column("beds", sa.Column("opened_on", sa.Date(), nullable=True))
    op.add_column("beds", sa.Column("closed_from", sa.Date(), nullable=True))
    # SQLite cannot rebuild a table to which others refer: there the checks come with the column.
    checks = {op.f(f"ck_beds_{name}"): condition for name, condition in CHECKS.items()}
    if op.get_bind().dialect.name == "sqlite":
        words = " ".join(f"CONSTRAINT {name} CHECK ({condition})" for name, condition in checks.items())
        op.execute(f"ALTER TABLE beds ADD COLUMN closed_why VARCHAR DEFAULT '' NOT NULL {words}")
    else:
        op.add_column("beds", sa.Column("closed_why", sa.String(), nullable=False, server_default=""))
        for name, condition in checks.items():
            op.create_check_constraint(name, "beds", condition)
    # Until now every bed came from the country's file, under the name it has.
    op.execute("UPDATE beds SET file_label = label")


def downgrade(database: str) -> None:
    """A closed bed is out of use: that is all the earlier version knows. Whether the file brought a bed is forgotten."""
    if database != "main":
        return
    if op.get_bind().dialect.name != "sqlite":  # there they go with the column
        for name in CHECKS:
            op.drop_constraint(op.f(f"ck_beds_{name}"), "beds", type_="check")
    for column in ("closed_why", "closed_from", "opened_on", "file_label"):
        op.drop_column("beds", column)
