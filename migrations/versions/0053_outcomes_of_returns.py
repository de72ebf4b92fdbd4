"""What became of a returned child after 3, 6 and 12 months, and what the table on returned children is counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0053_outcomes_of_returns"
down_revision = "0052_ages"
branch_labels = None
depends_on = None

COLUMNS = {
    "sex": ("VARCHAR DEFAULT '' NOT NULL", "known_sex", "sex IN ('', 'feminine', 'masculine')"),
    "direction": ("VARCHAR DEFAULT 'here' NOT NULL", "known_direction", "direction IN ('here', 'there')"),
    "returned_month": ("DATE", "returned_once_received", "returned_month IS NULL OR state = 'received'"),
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    # SQLite cannot rebuild a table to which others refer: there the checks come with the columns.
    for column, (kind, name, condition) in COLUMNS.items():
        check = op.f(f"ck_child_returns_{name}")
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"ALTER TABLE child_returns ADD COLUMN {column} {kind} CONSTRAINT {check} CHECK ({condition})")
        else:
            op.execute(f"ALTER TABLE child_returns ADD COLUMN {column} {kind}")
            op.create_check_constraint(check, "child_returns", condition)
    _returned()
    op.create_table(
        "child_return_outcomes",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("quarter_on", sa.Date(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("months IN (3, 6, 12)", name=op.f("ck_child_return_outcomes_known_months")),
        sa.CheckConstraint(
            "outcome IN ('family', 'family_no_school', 'care', 'left_again', 'unknown')",
            name=op.f("ck_child_return_outcomes_known_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["child_returns.id"], name=op.f("fk_child_return_outcomes_return_id_child_returns")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_child_return_outcomes_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_child_return_outcomes_member_id_members")),
        sa.PrimaryKeyConstraint("return_id", "position", name=op.f("pk_child_return_outcomes")),
    )
    op.create_index("ix_child_return_outcomes_quarter_on", "child_return_outcomes", ["quarter_on"])
    op.create_index("ix_child_returns_returned_month", "child_returns", ["returned_month"])


def _returned() -> None:
    """The month in which a child was received, where its day is still kept."""
    steps = sa.table(
        "child_return_steps",
        sa.column("return_id", sa.Uuid()),
        sa.column("step", sa.String()),
        sa.column("happened_on", sa.Date()),
    )
    returns = sa.table(
        "child_returns",
        sa.column("id", sa.Uuid()),
        sa.column("state", sa.String()),
        sa.column("returned_month", sa.Date()),
    )
    connection = op.get_bind()
    found = sa.select(steps.c.return_id, steps.c.happened_on).where(steps.c.step == "received")
    for return_id, day in connection.execute(found).all():
        mine = (returns.c.id == return_id, returns.c.state == "received")
        connection.execute(sa.update(returns).where(*mine).values(returned_month=day.replace(day=1)))


def downgrade(database: str) -> None:
    """What became of a child, its sex and the direction of its return are forgotten."""
    if database != "main":
        return
    op.drop_table("child_return_outcomes")
    op.drop_index("ix_child_returns_returned_month", table_name="child_returns")
    for column, (_, name, _) in COLUMNS.items():
        if op.get_bind().dialect.name != "sqlite":  # there it goes with the column
            op.drop_constraint(op.f(f"ck_child_returns_{name}"), "child_returns", type_="check")
        op.drop_column("child_returns", column)
