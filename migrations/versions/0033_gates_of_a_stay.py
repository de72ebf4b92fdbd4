"""What was found of a child, and by what every end of a stay passed its gate.

Upward an assessment that only says "done" becomes "not yet clear", and is owed again while the case is not closed. A
stay that ended before keeps `former_rule` where the gate was not asked. Downward the steps are done again that were done
before, or that were decided since.
"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0033_gates_of_a_stay"
down_revision = "0030_counting"
branch_labels = None
depends_on = None

KINDS = ("risk", "security", "family")
STEPS = "('assess_risk', 'assess_security', 'assess_family')"
# Of the table of stays: what the checks say from now on, and what they said before.
NEW = {
    "child_leaves_after_findings": "ended_on IS NULL OR child_gate IN ('adult', 'assessed', 'former_rule')"
    " OR (child_gate = 'handed_over' AND destination = 'other_shelter')"
    " OR (child_gate = 'died' AND destination = 'none')",
    "found_safe_before_leaving": "child_gate <> 'assessed' OR (safe_on IS NOT NULL AND safe_on <= ended_on)",
}
OLD = {
    "child_to_family_after_assessments": "destination <> 'family' OR child_gate IN ('adult', 'assessed')",
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    findings = op.create_table(
        "child_findings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("found", sa.String(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("assessor", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('risk', 'security', 'family')", name=op.f("ck_child_findings_known_kind")),
        sa.CheckConstraint(
            "found IN ('safe', 'not_safe', 'not_yet_clear')", name=op.f("ck_child_findings_known_found")
        ),
        sa.CheckConstraint(
            "found = 'not_yet_clear' OR (assessor <> '' AND member_id IS NOT NULL)",
            name=op.f("ck_child_findings_found_by_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_child_findings_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_child_findings_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child_findings")),
        sa.UniqueConstraint("subject_id", "kind", "position", name=op.f("uq_child_findings_subject_id_kind_position")),
    )
    _unclear(findings)
    op.add_column("stays", sa.Column("safe_on", sa.Date(), nullable=True))
    op.execute(
        "UPDATE stays SET child_gate = CASE WHEN destination = 'none' THEN 'died' WHEN EXISTS (SELECT 1 FROM cases"
        " WHERE cases.id = stays.case_id AND cases.age_class = 'adult') THEN 'adult' ELSE 'former_rule' END"
        " WHERE ended_on IS NOT NULL"
    )
    _change_checks("stays", OLD, NEW)


def _unclear(findings: sa.Table) -> None:
    """What says only "done" counts as not yet clear."""
    connection = op.get_bind()
    owed = sa.table(
        "obligations",
        sa.column("id", sa.Uuid()),
        sa.column("case_id", sa.Uuid()),
        sa.column("kind"),
        sa.column("done_at"),
        sa.column("done_by_id", sa.Uuid()),
    )
    members = sa.table("members", sa.column("id", sa.Uuid()), sa.column("organisation_id", sa.Uuid()))
    returns = sa.table(
        "child_returns", sa.column("id", sa.Uuid()), sa.column("state"), sa.column("assessments", sa.JSON())
    )
    steps = {f"assess_{kind}": kind for kind in KINDS}
    day = sa.func.date(owed.c.done_at) if _is_sqlite() else sa.cast(owed.c.done_at, sa.Date())
    done = (
        sa.select(
            owed.c.case_id, owed.c.kind, sa.type_coerce(day, sa.Date()), owed.c.done_by_id, members.c.organisation_id
        )
        .outerjoin(members, members.c.id == owed.c.done_by_id)
        .where(owed.c.kind.in_(steps), owed.c.done_at.is_not(None))
    )
    rows = [
        {"subject_id": case_id, "kind": steps[kind], "on": on, "member_id": member, "organisation_id": organisation}
        for case_id, kind, on, member, organisation in connection.execute(done)
    ]
    step_of = sa.table("child_return_steps", sa.column("return_id", sa.Uuid()), sa.column("happened_on", sa.Date()))
    last = sa.select(sa.func.max(step_of.c.happened_on)).where(step_of.c.return_id == returns.c.id).scalar_subquery()
    answered = sa.select(returns.c.id, returns.c.assessments, last).where(
        returns.c.state.not_in(("received", "refused", "withdrawn"))
    )
    for return_id, ticked, on in connection.execute(answered).all():
        rows += [
            {"subject_id": return_id, "kind": kind, "on": on, "member_id": None, "organisation_id": None}
            for kind in ticked or ()
        ]
    made = [
        {
            "id": uuid.uuid4(),
            "subject_id": row["subject_id"],
            "kind": row["kind"],
            "position": 1,
            "found": "not_yet_clear",
            "found_on": row["on"],
            "assessor": "",
            "organisation_id": row["organisation_id"],
            "member_id": row["member_id"],
        }
        for row in rows
    ]
    if made:
        op.bulk_insert(findings, made)
    op.execute(
        "UPDATE obligations SET done_at = NULL, done_by_id = NULL"  # noqa: S608 - nothing from outside
        f" WHERE kind IN {STEPS} AND EXISTS (SELECT 1 FROM cases WHERE cases.id = obligations.case_id"
        " AND cases.status <> 'closed')"
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    _done_again()
    op.execute(
        "UPDATE stays SET child_gate = CASE WHEN destination <> 'family' THEN '' WHEN child_gate = 'adult' THEN 'adult'"
        " ELSE 'assessed' END WHERE ended_on IS NOT NULL"
    )
    _change_checks("stays", NEW, OLD)
    op.drop_column("stays", "safe_on")
    op.drop_table("child_findings")


def _done_again() -> None:
    """A step is done where it was done before, and where the last finding is a decision."""
    connection = op.get_bind()
    at = "'{} 12:00:00.000000'" if _is_sqlite() else "'{} 12:00:00+00'"
    rows = connection.execute(
        sa.text(
            "SELECT subject_id, kind, found_on, member_id, assessor, found FROM child_findings AS one WHERE position ="
            " (SELECT MAX(position) FROM child_findings AS other WHERE other.subject_id = one.subject_id"
            " AND other.kind = one.kind)"
        )
    ).all()
    for subject_id, kind, found_on, member_id, assessor, found in rows:
        if found == "not_yet_clear" and assessor:
            continue
        connection.execute(
            sa.text(
                f"UPDATE obligations SET done_at = {at.format(found_on)}, done_by_id = :member"  # noqa: S608 - a day
                " WHERE case_id = :case_id AND kind = :kind AND done_at IS NULL"
            ),
            {"member": member_id, "case_id": subject_id, "kind": f"assess_{kind}"},
        )


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _change_checks(table: str, before: dict[str, str], after: dict[str, str]) -> None:
    """SQLite changes no check of a table that is there: the table is made anew from its own text."""
    if _is_sqlite():
        _make_anew(table, before, after)
        return
    for name in before:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    for name, condition in after.items():
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _make_anew(table: str, before: dict[str, str], after: dict[str, str]) -> None:
    """The same table, rows and indexes with other checks."""
    connection = op.get_bind()
    text = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :t"), {"t": table})
    indexes = connection.scalars(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :t AND sql IS NOT NULL"),
        {"t": table},
    ).all()
    columns = ", ".join(column["name"] for column in sa.inspect(connection).get_columns(table))
    text = text[text.index("(") :]
    for name, condition in before.items():
        clause = f"CONSTRAINT ck_{table}_{name} CHECK ({condition})"
        if f", \n\t{clause}" not in text and f",\n\t{clause}" not in text:
            raise RuntimeError(f"{table}: there is no check {name} as expected")
        text = text.replace(f", \n\t{clause}", "").replace(f",\n\t{clause}", "")
    start, end = text.rsplit(")", 1)
    checks = "".join(f",\n\tCONSTRAINT ck_{table}_{name} CHECK ({condition})" for name, condition in after.items())
    connection.exec_driver_sql(f"CREATE TABLE made_anew {start.rstrip()}{checks}\n){end}")
    connection.exec_driver_sql(f"INSERT INTO made_anew ({columns}) SELECT {columns} FROM {table}")  # noqa: S608 - its own names
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE made_anew RENAME TO {table}")
    for index in indexes:
        connection.exec_driver_sql(index)
