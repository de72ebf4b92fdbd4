"""Leave to read carries a mark; what was given before lasts a quarter of an hour and is asked for again.

Downward does the same.
"""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0013_leave_is_marked"
down_revision = "0012_sealing_anew"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database == "main":
        _rebuild(sa.Column("mark", sa.LargeBinary(), nullable=False))


def downgrade(database: str) -> None:
    if database == "main":
        _rebuild()


def _rebuild(*more: sa.Column) -> None:
    op.drop_table("openings")
    op.create_table(
        "openings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_digest", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("expires_at", nrm.db.UtcDateTime(timezone=True), nullable=False),
        *more,
        sa.PrimaryKeyConstraint("id", name=op.f("pk_openings")),
        sa.UniqueConstraint(
            "session_digest", "case_id", "compartment", name=op.f("uq_openings_session_digest_case_id_compartment")
        ),
    )
    op.create_index(op.f("ix_openings_expires_at"), "openings", ["expires_at"], unique=False)
