"""Households, second looks and best-interest decisions of the child gate, and guardians."""

import sqlalchemy as sa
from alembic import op

revision = "0051_best_interests"
down_revision = "0050_transfers"
branch_labels = None
depends_on = None

DECIDED = (
    "child_gate <> 'assessed' OR (safe_on IS NOT NULL AND looked_on IS NOT NULL AND decided_on IS NOT NULL"
    " AND child_decision_id IS NOT NULL AND assessed_by_id IS NOT NULL AND looked_by_id IS NOT NULL"
    " AND assessed_by_id <> looked_by_id AND safe_on <= looked_on AND looked_on <= decided_on"
    " AND decided_on <= ended_on)"
)
FOUND = "found IN ('safe', 'not_safe', 'not_yet_clear')"
OF_STAYS = {
    "assessed_by_id": "organisations",
    "looked_by_id": "organisations",
    "child_decision_id": "child_decisions",
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    _table("child_files", {"case_id": "cases"}, [], unique=("case_id",))
    _table("child_households", {"case_id": "cases"}, [_number()])
    _refer("child_findings", "household_id", "child_households")
    _table(
        "child_looks",
        {
            "case_id": "cases",
            "household_id": "child_households",
            "risk_id": "child_findings",
            "security_id": "child_findings",
            "family_id": "child_findings",
            "assessed_by_id": "organisations",
            "organisation_id": "organisations",
            "member_id": "members",
        },
        [_number(), _text("found"), _day("looked_on")],
        checks={"known_found": FOUND, "by_another_organisation": "organisation_id <> assessed_by_id"},
    )
    _table(
        "child_decisions",
        {
            "case_id": "cases",
            "household_id": "child_households",
            "look_id": "child_looks",
            "organisation_id": "organisations",
            "member_id": "members",
        },
        [_number(), _text("outcome"), _text("decided_by"), _day("decided_on")],
        checks={
            "known_outcome": "outcome IN ('goes', 'stays')",
            "known_decider": "decided_by IN ('authority', 'court')",
            "goes_after_a_second_look": "(outcome = 'goes') = (household_id IS NOT NULL)"
            " AND (outcome = 'goes') = (look_id IS NOT NULL)",
        },
        empty=("household_id", "look_id"),
    )
    _table(
        "child_guardians",
        {"case_id": "cases", "organisation_id": "organisations", "member_id": "members"},
        [
            _number(),
            _day("since_on"),
            sa.Column("no_companion", sa.Boolean(), nullable=False),
            sa.Column("not_of_household", sa.Boolean(), nullable=False),
        ],
        checks={"without_conflict": "no_companion AND not_of_household"},
    )
    # Ends that three findings alone let through: nobody looked a second time, and nobody decided.
    op.execute("UPDATE stays SET child_gate = 'former_rule' WHERE child_gate = 'assessed'")
    op.add_column("stays", _may_be_empty("looked_on"))
    op.add_column("stays", _may_be_empty("decided_on"))
    for column, table in OF_STAYS.items():
        _refer("stays", column, table, DECIDED if column == "child_decision_id" else "")


def _number() -> sa.Column[int]:
    return sa.Column("position", sa.Integer(), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _day(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=False)


def _may_be_empty(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=True)


def _table(
    name: str,
    references: dict[str, str],
    columns: list[sa.Column[object]],
    *,
    checks: dict[str, str] | None = None,
    empty: tuple[str, ...] = (),
    unique: tuple[str, ...] = ("case_id", "position"),
) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(column, sa.Uuid(), nullable=column in empty) for column in references),
        *columns,
        *(sa.CheckConstraint(text, name=op.f(f"ck_{name}_{each}")) for each, text in (checks or {}).items()),
        *(
            sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{name}_{column}_{to}"))
            for column, to in references.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint(*unique, name=op.f(f"uq_{name}_{'_'.join(unique)}")),
    )


def _refer(table: str, column: str, to: str, check: str = "") -> None:
    """Add a column that refers to another table. SQLite cannot rebuild a table to which others refer: there the
    constraints come with the column."""
    key, name = op.f(f"fk_{table}_{column}_{to}"), op.f(f"ck_{table}_decided_before_leaving")
    if op.get_bind().dialect.name == "sqlite":
        more = f" CONSTRAINT {name} CHECK ({check})" if check else ""
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} CHAR(32) CONSTRAINT {key} REFERENCES {to} (id){more}")
        return
    op.add_column(table, sa.Column(column, sa.Uuid(), nullable=True))
    op.create_foreign_key(key, table, to, [column], ["id"])
    if check:
        op.create_check_constraint(name, table, check)


def downgrade(database: str) -> None:
    """Households, second looks, decisions and guardians go, with what was sealed of them; findings stay. The shred keys
    are found without use by `tend`, and destroyed after seven days."""
    if database != "main":
        return
    sqlite = op.get_bind().dialect.name == "sqlite"
    for column, to in reversed(OF_STAYS.items()):
        if not sqlite:  # there they go with the column
            if column == "child_decision_id":
                op.drop_constraint(op.f("ck_stays_decided_before_leaving"), "stays", type_="check")
            op.drop_constraint(op.f(f"fk_stays_{column}_{to}"), "stays", type_="foreignkey")
        op.drop_column("stays", column)
    op.drop_column("stays", "decided_on")
    op.drop_column("stays", "looked_on")
    for table in ("child_guardians", "child_decisions", "child_looks"):
        op.drop_table(table)
    if not sqlite:
        key = op.f("fk_child_findings_household_id_child_households")
        op.drop_constraint(key, "child_findings", type_="foreignkey")
    op.drop_column("child_findings", "household_id")
    op.drop_table("child_households")
    op.drop_table("child_files")
    for table in ("grants", "sealed_compartments", "readings"):
        op.execute(
            f"DELETE FROM {table} WHERE compartment IN ('child_file', 'second_look')"  # noqa: S608 - nothing from outside
        )
