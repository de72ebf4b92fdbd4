"""When a case was closed and opened again, by whom and why."""

import sqlalchemy as sa
from alembic import op

revision = "0058_closings"
down_revision = "0057_shifts"
branch_labels = None
depends_on = None

CHECKS = {
    "known_way": "way IN ('checklist', 'letter', 'erased', 'withdrawn', 'before')",
    "known_follow_up": "follow_up IN ('', 'agreed', 'not_wanted', 'not_safe', 'not_asked')",
    "known_documents": "documents IN ('', 'returned', 'none_held', 'still_here')",
    "known_debts": "debts IN ('', 'none', 'open')",
    "known_reason": "reason IN ('', 'by_mistake', 'came_back', 'needs_support', 'court', 'correction')",
    "answered_in_the_checklist": "(way = 'checklist') = (follow_up <> '') AND (way = 'checklist') = (documents <> '')"
    " AND (way = 'checklist') = (debts <> '')",
    "closed_by_somebody": "closed_by_id IS NOT NULL OR way IN ('before', 'withdrawn')",
    "reopened_by_somebody_for_a_reason": "(reopened_on IS NULL) = (reopened_by_id IS NULL)"
    " AND (reopened_on IS NULL) = (reason = '')",
    "reopened_after_closing": "reopened_on IS NULL OR reopened_on >= closed_on",
    "her_wish_stands": "reopened_on IS NULL OR NOT by_her_wish",
    "erased_by_her_wish": "way NOT IN ('erased', 'withdrawn') OR by_her_wish",
}


def upgrade(database: str) -> None:
    """Of a case that is closed already nobody knows the day, or who closed it. Where something of it was erased, it may
    have been by the person's wish: it stays closed."""
    if database != "main":
        return
    op.create_table(
        "closings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("closed_by_id", sa.Uuid(), nullable=True),
        sa.Column("follow_up", sa.String(), nullable=False),
        sa.Column("documents", sa.String(), nullable=False),
        sa.Column("debts", sa.String(), nullable=False),
        sa.Column("by_her_wish", sa.Boolean(), nullable=False),
        sa.Column("reopened_on", sa.Date(), nullable=True),
        sa.Column("reopened_by_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        *(sa.CheckConstraint(text, name=op.f(f"ck_closings_{name}")) for name, text in CHECKS.items()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_closings_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_closings_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["closed_by_id"], ["members.id"], name=op.f("fk_closings_closed_by_id_members")),
        sa.ForeignKeyConstraint(["reopened_by_id"], ["members.id"], name=op.f("fk_closings_reopened_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closings")),
    )
    standing = sa.text("reopened_on IS NULL")
    op.create_index(
        "uq_closings_standing", "closings", ["case_id"], unique=True, sqlite_where=standing, postgresql_where=standing
    )
    op.create_index("ix_closings_case_id", "closings", ["case_id"])
    op.create_index("ix_closings_organisation_id", "closings", ["organisation_id"])
    op.execute(
        "INSERT INTO closings (id, case_id, organisation_id, way, closed_on, follow_up, documents, debts, by_her_wish,"
        " reason) SELECT cases.id, cases.id, coalesce(holder_id, opened_by_id), 'before',"
        " coalesce(closed_month, registered_month), '', '', '',"
        " EXISTS (SELECT 1 FROM erasures WHERE erasures.case_id = cases.id), '' FROM cases WHERE status = 'closed'"
    )


def downgrade(database: str) -> None:
    """A case that is open stays open."""
    if database != "main":
        return
    op.drop_table("closings")
