"""Who is told of a missing person and on what ground; an end that two members recorded is struck by two."""

import sqlalchemy as sa
from alembic import op

revision = "0059_missing"
down_revision = "0058_closings"
branch_labels = None
depends_on = None

WHY = "'mistyped', 'mistold', 'other_person', 'known_later', 'came_back'"
DANGERS = "'threatened', 'taken', 'ill', 'self_harm', 'search'"
LEFT = {
    "doubted_for_a_reason": "(doubted_why = '' AND doubted_by_id IS NULL)"
    " OR (doubted_why = 'former_rule' AND struck_on IS NOT NULL)"
    f" OR (doubted_why IN ({WHY}) AND doubted_by_id IS NOT NULL AND confirmed_by_id IS NOT NULL)",
    "struck_by_two": "struck_on IS NULL OR doubted_why = 'former_rule'"
    " OR (doubted_by_id IS NOT NULL AND struck_by_id IS NOT NULL AND struck_by_id <> doubted_by_id)",
}
MISSING = {
    "known_ground": "police_ground IN ('', 'agreed', 'danger', 'child')",
    "danger_named": f"(police_ground = 'danger') = (police_danger <> '') AND police_danger IN ('', {DANGERS})",
    "ground_by_somebody": "(police_ground IN ('', 'child')) = (police_asked_by_id IS NULL)",
    "danger_confirmed_by_another": "police_confirmed_by_id IS NULL"
    " OR (police_ground = 'danger' AND police_confirmed_by_id <> police_asked_by_id)",
    "ground_of_the_age": "(age_class = 'adult') = (police_ground <> 'child') OR police_ground = ''",
}
TOLD = {
    "known_way": "way IN ('telephone', 'share')",
    "call_has_an_end": "(way = 'telephone') = (reached IS NOT NULL) AND (way = 'telephone') = (number <> '')",
    "ended_after_it_was_told": "over_on IS NULL OR over_on >= told_on",
}


def upgrade(database: str) -> None:
    """Ends of two members that one member struck say so. Of a child that is missing the police may be told."""
    if database != "main":
        return
    with op.batch_alter_table("left_alone") as batch:
        batch.add_column(sa.Column("doubted_by_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("doubted_why", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("struck_by_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_left_alone_doubted_by_id_members"), "members", ["doubted_by_id"], ["id"])
        batch.create_foreign_key(op.f("fk_left_alone_struck_by_id_members"), "members", ["struck_by_id"], ["id"])
    op.execute("UPDATE left_alone SET doubted_why = 'former_rule' WHERE struck_on IS NOT NULL")
    with op.batch_alter_table("left_alone") as batch:
        batch.alter_column("doubted_why", server_default=None)
        for name, text in LEFT.items():
            batch.create_check_constraint(op.f(f"ck_left_alone_{name}"), text)
    with op.batch_alter_table("missing") as batch:
        batch.add_column(sa.Column("police_ground", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("police_danger", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("police_asked_by_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("police_confirmed_by_id", sa.Uuid(), nullable=True))
        for column in ("police_asked_by_id", "police_confirmed_by_id"):
            batch.create_foreign_key(op.f(f"fk_missing_{column}_members"), "members", [column], ["id"])
    op.execute("UPDATE missing SET police_ground = 'child' WHERE age_class <> 'adult'")
    with op.batch_alter_table("missing") as batch:
        for column in ("police_ground", "police_danger"):
            batch.alter_column(column, server_default=None)
        for name, text in MISSING.items():
            batch.create_check_constraint(op.f(f"ck_missing_{name}"), text)
    op.create_table(
        "missing_told",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("missing_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.Column("told_by_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("over_on", sa.Date(), nullable=True),
        *(sa.CheckConstraint(text, name=op.f(f"ck_missing_told_{name}")) for name, text in TOLD.items()),
        sa.ForeignKeyConstraint(["missing_id"], ["missing.id"], name=op.f("fk_missing_told_missing_id_missing")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_missing_told_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["told_by_id"], ["members.id"], name=op.f("fk_missing_told_told_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missing_told")),
    )
    op.create_index("ix_missing_told_missing_id", "missing_told", ["missing_id"])
    op.create_index("ix_missing_told_organisation_id", "missing_told", ["organisation_id", "over_on"])


def downgrade(database: str) -> None:
    """What was told under seal goes with its grants; its shred keys are found without use by `tend`."""
    if database != "main":
        return
    for table in ("grants", "sealed_compartments", "readings"):
        op.execute(f"DELETE FROM {table} WHERE compartment = 'alarm'")  # noqa: S608 - the names stand here
    op.drop_table("missing_told")
    with op.batch_alter_table("missing") as batch:
        for name in MISSING:
            batch.drop_constraint(op.f(f"ck_missing_{name}"), type_="check")
        for column in ("police_asked_by_id", "police_confirmed_by_id"):
            batch.drop_constraint(op.f(f"fk_missing_{column}_members"), type_="foreignkey")
            batch.drop_column(column)
        for column in ("police_ground", "police_danger"):
            batch.drop_column(column)
    with op.batch_alter_table("left_alone") as batch:
        for name in LEFT:
            batch.drop_constraint(op.f(f"ck_left_alone_{name}"), type_="check")
        for column in ("doubted_by_id", "struck_by_id"):
            batch.drop_constraint(op.f(f"fk_left_alone_{column}_members"), type_="foreignkey")
            batch.drop_column(column)
        batch.drop_column("doubted_why")
