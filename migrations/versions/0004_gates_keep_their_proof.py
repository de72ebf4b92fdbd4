"""What opened a gate is kept with the step itself, so that a table refuses a row without it.

SQLite adds no constraint to a table that is there, and Alembic's batch mode forgets those it cannot read back: the
table is rebuilt from its own text.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_gates_keep_their_proof"
down_revision = "0003_erased_compartments"
branch_labels = None
depends_on = None

CHECKS = {
    "permits": {"informed_by_somebody": "informed_on IS NULL OR informed_by_id IS NOT NULL"},
    "stays": {
        "informed_before_repatriated": "repatriation_gate <> 'informed' OR (informed_on IS NOT NULL AND informed_on <= ended_on)",
        "no_open_application_repatriated": "repatriation_gate <> 'informed' OR permit_state NOT IN ('', 'not_informed', 'applied', 'appealed')",
    },
    "screenings": {
        "child_never_to_family_at_crossing_point": "processed <> 'returned_to_family' OR age_class = 'adult'"
    },
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("stays", sa.Column("informed_on", sa.Date(), nullable=True))
    op.add_column("stays", sa.Column("permit_state", sa.String(), nullable=False, server_default=""))
    # What the permit said at that moment was not kept; the action had let nobody pass whose application was open.
    told = "(SELECT permits.informed_on FROM permits WHERE permits.case_id = stays.case_id)"
    op.execute(
        "UPDATE stays SET permit_state = 'informed', informed_on ="  # noqa: S608 - nothing from outside
        f" CASE WHEN {told} < ended_on THEN {told} ELSE ended_on END"
        " WHERE repatriation_gate = 'informed'"
    )
    for table, checks in CHECKS.items():
        if _is_sqlite():
            _rebuild(table, lambda text, table=table, checks=checks: _with(text, table, checks))
        else:
            for name, condition in checks.items():
                op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def downgrade(database: str) -> None:
    if database != "main":
        return
    for table, checks in CHECKS.items():
        if _is_sqlite():
            _rebuild(table, lambda text, table=table, checks=checks: _without(text, table, checks))
        else:
            for name in checks:
                op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.drop_column("stays", "permit_state")
    op.drop_column("stays", "informed_on")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _clause(table: str, name: str, condition: str) -> str:
    return f",\n\tCONSTRAINT ck_{table}_{name} CHECK ({condition})"


def _with(text: str, table: str, checks: dict[str, str]) -> str:
    start, end = text.rsplit(")", 1)
    return start.rstrip() + "".join(_clause(table, *check) for check in checks.items()) + "\n)" + end


def _without(text: str, table: str, checks: dict[str, str]) -> str:
    for check in checks.items():
        text = text.replace(_clause(table, *check), "")
    return text


def _rebuild(table, change) -> None:
    """Rebuild the table with a changed text; rows and indexes stay the same."""
    connection = op.get_bind()
    text = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :t"), {"t": table})
    indexes = connection.scalars(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :t AND sql IS NOT NULL"),
        {"t": table},
    ).all()
    columns = ", ".join(column["name"] for column in sa.inspect(connection).get_columns(table))
    start = text.index("(")
    connection.exec_driver_sql(f"CREATE TABLE made_anew {change(text[start:])}")
    connection.exec_driver_sql(f"INSERT INTO made_anew ({columns}) SELECT {columns} FROM {table}")  # noqa: S608 - its own names
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE made_anew RENAME TO {table}")
    for index in indexes:
        connection.exec_driver_sql(index)
