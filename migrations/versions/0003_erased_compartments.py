"""An erasure names the compartment: what is kept two years is not what is kept five.

Before this nothing wrote the table, so no row is carried over upward, not even what the way down left there. Downward
each case keeps the day on which the last of it was erased.
"""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0003_erased_compartments"
down_revision = "0002_openings_and_alarms"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "main":
        op.drop_table("erasures")
        op.create_table(
            "erasures",
            sa.Column("case_id", sa.Uuid(), nullable=False),
            sa.Column("compartment", sa.String(), nullable=False),
            sa.Column("erased_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
            sa.PrimaryKeyConstraint("case_id", "compartment", name=op.f("pk_erasures")),
        )


def downgrade(database: str) -> None:
    if database == "main":
        rows = op.get_bind().execute(sa.text("SELECT case_id, max(erased_at) FROM erasures GROUP BY case_id")).all()
        op.drop_table("erasures")
        op.create_table(
            "erasures",
            sa.Column("case_id", sa.Uuid(), nullable=False),
            sa.Column("erased_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
            sa.PrimaryKeyConstraint("case_id", name=op.f("pk_erasures")),
        )
        statement = sa.text("INSERT INTO erasures (case_id, erased_at) VALUES (:case_id, :erased_at)")
        for case_id, erased_at in rows:
            op.get_bind().execute(statement, {"case_id": case_id, "erased_at": erased_at})
