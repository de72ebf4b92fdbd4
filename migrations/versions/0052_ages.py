"""The month in which a minor turns 18, and from which day somebody counts as an adult or as a child."""

import sqlalchemy as sa
from alembic import op

revision = "0052_ages"
down_revision = "0051_best_interests"
branch_labels = None
depends_on = None

CHECKS = {
    "known_kind": "kind IN ('month', 'birthday', 'assessed')",
    "known_age_class": "age_class IN ('', 'child', 'adult', 'unsure')",
    "known_class_before": "was IN ('', 'child', 'adult', 'unsure')",
    "a_month_or_a_class": "(kind = 'month' AND adult_month IS NOT NULL AND from_on IS NULL AND age_class = ''"
    " AND was = '') OR (kind <> 'month' AND adult_month IS NULL AND from_on IS NOT NULL AND age_class <> ''"
    " AND was <> '' AND age_class <> was)",
    "a_birthday_makes_an_adult": "kind <> 'birthday' OR age_class = 'adult'",
}
REFERENCES = {"case_id": "cases", "organisation_id": "organisations", "member_id": "members"}


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("cases", sa.Column("adult_month", sa.Date(), nullable=True))
    op.create_index("ix_cases_adult_month", "cases", ["adult_month"])
    op.create_table(
        "case_ages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("adult_month", sa.Date(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("age_class", sa.String(), nullable=False),
        sa.Column("was", sa.String(), nullable=False),
        sa.Column("new_keys", sa.Boolean(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        *(sa.CheckConstraint(text, name=op.f(f"ck_case_ages_{name}")) for name, text in CHECKS.items()),
        *(
            sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_case_ages_{column}_{to}"))
            for column, to in REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_ages")),
        sa.UniqueConstraint("case_id", "position", name=op.f("uq_case_ages_case_id_position")),
    )


def downgrade(database: str) -> None:
    """Who counts as an adult or as a child stays as it is now; since when, and the month of 18, are forgotten."""
    if database != "main":
        return
    op.drop_table("case_ages")
    op.drop_index("ix_cases_adult_month", table_name="cases")
    op.drop_column("cases", "adult_month")
