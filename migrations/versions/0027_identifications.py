"""Formal identification and its looks; what ended of the reflection period stands with each step abroad.

Of steps abroad from before nothing is known of the period: they keep none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027_identifications"
down_revision = "0026_consents"
branch_labels = None
depends_on = None

MEMBERS = ("police_member_id", "social_member_id", "appeal_member_id")
CHECKS = {
    "known_state": "state IN ('asked', 'first_look', 'differing', 'decided', 'appealed', 'final')",
    "known_status": "status IN ('possible', 'identified', 'not_a_victim')",
    "possible_until_decided": "(status = 'possible') = (state IN ('asked', 'first_look', 'differing'))",
    "decided_on_a_day": "(status = 'possible') = (decided_on IS NULL)",
    "interviewed_by_both_sides": "(state = 'asked') = (police_member_id IS NULL) AND (police_member_id IS NULL) ="
    " (social_member_id IS NULL) AND (police_member_id IS NULL) = (interviewed_on IS NULL)",
    "interviewed_by_two": "police_member_id <> social_member_id",
    "known_place": "place IN ('', 'shelter', 'social_services', 'police', 'hospital', 'other')",
    "known_appellant": "appellant IN ('', 'person', 'counsel', 'guardian')",
    "appealed_on_a_day": "(appealed_on IS NOT NULL) = (state IN ('appealed', 'final'))",
    "appealed_by_somebody": "(appealed_on IS NULL) = (appellant = '')",
    "appeal_decided_by_somebody": "(state = 'final') = (appeal_outcome <> '') AND"
    " (state = 'final') = (appeal_member_id IS NOT NULL)",
    "known_appeal_outcome": "appeal_outcome IN ('', 'confirmed', 'changed')",
    "appeal_by_another": "appeal_member_id <> police_member_id AND appeal_member_id <> social_member_id",
}
REFLECTED = {
    "stays": ("repatriated_after_reflection", "ended_on"),
    "departures": ("abroad_after_reflection", "written_on"),
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "identifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("police_member_id", sa.Uuid(), nullable=True),
        sa.Column("social_member_id", sa.Uuid(), nullable=True),
        sa.Column("interviewed_on", sa.Date(), nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("interpreter", sa.String(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("appealed_on", sa.Date(), nullable=True),
        sa.Column("appellant", sa.String(), nullable=False),
        sa.Column("appeal_outcome", sa.String(), nullable=False),
        sa.Column("appeal_decided_on", sa.Date(), nullable=True),
        sa.Column("appeal_member_id", sa.Uuid(), nullable=True),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_identifications_{name}")) for name, condition in CHECKS.items()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_identifications_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["organisations.id"], name=op.f("fk_identifications_decided_by_id_organisations")
        ),
        *(
            sa.ForeignKeyConstraint([name], ["members.id"], name=op.f(f"fk_identifications_{name}_members"))
            for name in MEMBERS
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identifications")),
        sa.UniqueConstraint("case_id", name=op.f("uq_identifications_case_id")),
    )
    op.create_index("ix_identifications_state", "identifications", ["state"])
    op.create_table(
        "identification_looks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identification_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("bases", sa.JSON(), nullable=False),
        sa.Column("looked_on", sa.Date(), nullable=False),
        sa.CheckConstraint("position BETWEEN 1 AND 3", name=op.f("ck_identification_looks_three_at_most")),
        sa.CheckConstraint(
            "outcome IN ('identified', 'not_a_victim')", name=op.f("ck_identification_looks_known_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["identification_id"],
            ["identifications.id"],
            name=op.f("fk_identification_looks_identification_id_identifications"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_identification_looks_member_id_members")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_identification_looks_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identification_looks")),
        sa.UniqueConstraint(
            "identification_id", "position", name=op.f("uq_identification_looks_identification_id_position")
        ),
        sa.UniqueConstraint(
            "identification_id", "member_id", name=op.f("uq_identification_looks_identification_id_member_id")
        ),
    )
    for table, (name, day) in REFLECTED.items():
        # With the check in the column's own text the table need not be rebuilt on either database.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN reflected_until DATE CONSTRAINT ck_{table}_{name} CHECK"
            f" (reflected_until IS NULL OR reflected_until < {day})"
        )


def downgrade(database: str) -> None:
    if database != "main":
        return
    for table in REFLECTED:
        op.execute(f"ALTER TABLE {table} DROP COLUMN reflected_until")
    op.drop_table("identification_looks")
    op.drop_index("ix_identifications_state", table_name="identifications")
    op.drop_table("identifications")
