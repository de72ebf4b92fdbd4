"""Shifts: what a session opened for up to eight hours, whose pages were looked at, and when the session covers itself."""

import sqlalchemy as sa
from alembic import op

revision = "0057_shifts"
down_revision = "0056_key_workers"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("member_sessions", sa.Column("covers_after", sa.Integer(), nullable=True))
    op.add_column("member_sessions", sa.Column("wrong_proofs", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "shifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('people', 'duty')", name=op.f("ck_shifts_known_kind")),
        sa.CheckConstraint("until_at > begun_at", name=op.f("ck_shifts_lasts")),
        sa.CheckConstraint(
            "ended_at IS NULL OR (ended_at >= begun_at AND ended_at <= until_at)", name=op.f("ck_shifts_ends_in_time")
        ),
        sa.CheckConstraint("people >= 0", name=op.f("ck_shifts_counted")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_shifts_member_id_members")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_shifts_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index("ix_shifts_session_digest", "shifts", ["session_digest"])
    op.create_index("ix_shifts_organisation_id_begun_at", "shifts", ["organisation_id", "begun_at"])
    op.create_index("ix_shifts_member_id_begun_at", "shifts", ["member_id", "begun_at"])
    op.create_table(
        "shift_pages",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("pages > 0", name=op.f("ck_shift_pages_counted")),
        sa.CheckConstraint("last_at >= first_at", name=op.f("ck_shift_pages_in_order")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_shift_pages_shift_id_shifts")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_shift_pages_case_id_cases")),
        sa.PrimaryKeyConstraint("shift_id", "case_id", name=op.f("pk_shift_pages")),
    )
    op.create_index("ix_shift_pages_case_id", "shift_pages", ["case_id"])


def downgrade(database: str) -> None:
    """Sessions with a shift, or after a wrong password, end: an older program would not find their mark right. What was
    looked at in shifts is forgotten."""
    if database != "main":
        return
    op.execute("DELETE FROM member_sessions WHERE covers_after IS NOT NULL OR wrong_proofs <> 0")
    op.execute("DELETE FROM readings WHERE compartment = 'shift'")
    op.drop_table("shift_pages")
    op.drop_table("shifts")
    op.drop_column("member_sessions", "wrong_proofs")
    op.drop_column("member_sessions", "covers_after")
