"""Openings of announced returns stand beside those of cases: their `case_id` is a notice's, which is no case."""

import sqlalchemy as sa
from alembic import op

revision = "0025_openings_of_notices"
down_revision = "0024_returns_with_an_agency"
branch_labels = None
depends_on = None

_KEY = "fk_readings_case_id_cases"


def upgrade(database: str) -> None:
    if database == "main":
        with op.batch_alter_table("readings") as batch:
            batch.drop_constraint(op.f(_KEY), type_="foreignkey")


def downgrade(database: str) -> None:
    """Openings of announced returns go: they are of no case."""
    if database == "main":
        op.execute(sa.text("DELETE FROM readings WHERE case_id NOT IN (SELECT id FROM cases)"))
        with op.batch_alter_table("readings") as batch:
            batch.create_foreign_key(op.f(_KEY), "cases", ["case_id"], ["id"])
