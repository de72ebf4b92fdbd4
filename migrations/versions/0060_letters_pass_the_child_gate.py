"""A letter that is a step abroad keeps what opened the child gate, as the end of a stay does."""

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0060_letters_pass_the_child_gate"
down_revision = "0059_missing"
branch_labels = None
depends_on = None

ABROAD = "(kind IN ('embassy', 'organisation_abroad') OR reason = 'return_abroad')"
KNOWN = {"known_child_gate": "child_gate IN ('', 'adult', 'assessed', 'former_rule')"}
OPENED = {
    "child_abroad_by_the_gate": f"NOT {ABROAD} OR child_gate <> ''",
    "decided_before_abroad": "child_gate <> 'assessed' OR (safe_on IS NOT NULL AND looked_on IS NOT NULL"
    " AND decided_on IS NOT NULL AND child_decision_id IS NOT NULL AND assessed_by_id IS NOT NULL"
    " AND looked_by_id IS NOT NULL AND assessed_by_id <> looked_by_id AND safe_on <= looked_on"
    " AND looked_on <= decided_on AND decided_on <= written_on)",
}
DAYS = ("safe_on", "looked_on", "decided_on")
KEYS = {"assessed_by_id": "organisations", "looked_by_id": "organisations", "child_decision_id": "child_decisions"}


def upgrade(database: str) -> None:
    """Of a letter from before it is known whether the person is an adult, and of no child what opened the gate."""
    if database != "main":
        return
    gate = sa.Column("child_gate", sa.String(), nullable=False, server_default="")
    schema.add_column("departures", gate, "VARCHAR DEFAULT '' NOT NULL", KNOWN)
    op.execute(
        "UPDATE departures SET child_gate = CASE WHEN EXISTS (SELECT 1 FROM cases"  # noqa: S608 - nothing from outside
        " WHERE cases.id = departures.case_id AND cases.age_class = 'adult') THEN 'adult' ELSE 'former_rule' END"
        f" WHERE {ABROAD}"
    )
    for name in DAYS:
        op.add_column("departures", sa.Column(name, sa.Date(), nullable=True))
    for name, table in KEYS.items():
        column = sa.Column(name, sa.Uuid(), nullable=True)
        schema.add_column("departures", column, "CHAR(32)", OPENED if name == "child_decision_id" else {}, table)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def downgrade(database: str) -> None:
    if database != "main":
        return
    if not _is_sqlite():  # there they go with the columns
        for name in (*KNOWN, *OPENED):
            op.drop_constraint(op.f(f"ck_departures_{name}"), "departures", type_="check")
        for name, table in KEYS.items():
            op.drop_constraint(op.f(f"fk_departures_{name}_{table}"), "departures", type_="foreignkey")
    for name in (*reversed(KEYS), *DAYS, "child_gate"):
        op.drop_column("departures", name)
