"""What was found of a child, by what every end of a stay passed its gate, who is missing, left on her own or died.

Upward an assessment that only says "done" becomes "not yet clear", and is owed again while the case is not closed. A
stay that ended before keeps `former_rule` where the gate was not asked. Downward the steps are marked as done that were done
before, or that were decided since: at noon, as only the day is kept. Alarms and records of people who left are deleted.
"""

import uuid

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0032_gates_of_a_stay"
down_revision = "0031_children_are_answered"
branch_labels = None
depends_on = None

KINDS = ("risk", "security", "family")
STEPS = "('assess_risk', 'assess_security', 'assess_family')"
# Of the table of stays: what the checks say from now on, and what they said before.
ABROAD = "'country_of_citizenship', 'other_country'"
OUT = "'extended_family', 'family', 'friends', 'hospital', 'institution', 'other_country', 'own_home', 'unknown'"
ALONE = "'country_of_citizenship', 'extended_family', 'family', 'friends', 'other_country', 'own_home', 'unknown'"
FORMER = OUT.replace("'friends', ", "")


def _fits(out: str) -> str:
    """Which destination fits which reason; `out`: for people who leave without being taken anywhere."""
    free = ("left_voluntarily", "expelled", "refused_service", "no_longer_eligible", "no_longer_needs_support")
    elsewhere = dict.fromkeys(free, out)
    fitting = {
        "reintegrated_with_family": "'family'",
        "independent_living": "'own_home'",
        "transferred": "'hospital', 'institution', 'other_shelter'",
        "repatriated": ABROAD,
        "foster_or_extended_family": "'extended_family', 'foster_family'",
        "witness_protection": "'protected_place'",
        "left_voluntarily": out,
        "missing": "'unknown'",
        **elsewhere,
        "died": "'none'",
    }
    if out == OUT:
        fitting["left_alone"] = ALONE
    ways = " OR ".join(f"(exit_reason = '{reason}' AND destination IN ({to}))" for reason, to in fitting.items())
    return f"(ended_on IS NULL AND destination = '') OR {ways}"


NEW = {
    "destination_fits_reason": _fits(OUT),
    "repatriated_after_permit_information": f"destination NOT IN ({ABROAD})"
    " OR repatriation_gate IN ('albanian', 'informed', 'left_alone')",
    "gate_looks_at_the_country": "ended_on IS NULL OR destination = 'none' OR exit_reason = 'missing'"
    " OR (destination_country <> '' AND repatriation_gate IN ('albanian', 'informed', 'left_alone'))"
    f" OR (destination_country = 'home' AND repatriation_gate = 'home' AND destination NOT IN ({ABROAD}))"
    f" OR (destination_country = '' AND repatriation_gate = 'former_rule' AND destination NOT IN ({ABROAD}))",
    "left_alone_by_two": "(exit_reason <> 'left_alone' AND repatriation_gate <> 'left_alone')"
    " OR (exit_reason = 'left_alone' AND repatriation_gate = 'left_alone' AND child_gate = 'adult'"
    " AND left_recorded_by_id IS NOT NULL AND left_confirmed_by_id IS NOT NULL"
    " AND left_recorded_by_id <> left_confirmed_by_id)",
    "died_by_two": "(exit_reason <> 'died' AND repatriation_gate <> 'died')"
    " OR (exit_reason = 'died' AND (repatriation_gate = 'former_rule' OR (repatriation_gate = 'died'"
    " AND left_recorded_by_id IS NOT NULL AND left_confirmed_by_id IS NOT NULL"
    " AND left_recorded_by_id <> left_confirmed_by_id)))",
    "missing_by_its_alarm": "exit_reason <> 'missing' OR child_gate IN ('missing', 'former_rule')",
    "child_leaves_after_findings": "ended_on IS NULL OR child_gate IN ('adult', 'assessed', 'former_rule')"
    " OR (child_gate = 'handed_over' AND destination = 'other_shelter')"
    " OR (child_gate = 'died' AND destination = 'none')"
    " OR (child_gate = 'missing' AND exit_reason = 'missing')",
    "found_safe_before_leaving": "child_gate <> 'assessed' OR (safe_on IS NOT NULL AND safe_on <= ended_on)",
}
OLD = {
    "destination_fits_reason": _fits(FORMER),
    "repatriated_after_permit_information": f"destination NOT IN ({ABROAD})"
    " OR repatriation_gate IN ('albanian', 'informed')",
    "child_to_family_after_assessments": "destination <> 'family' OR child_gate IN ('adult', 'assessed')",
}
MEMBERS = ("left_recorded_by_id", "left_confirmed_by_id")


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
    _absences()
    op.add_column("stays", sa.Column("safe_on", sa.Date(), nullable=True))
    op.add_column("stays", sa.Column("destination_country", sa.String(), nullable=False, server_default=""))
    for name in MEMBERS:
        op.add_column("stays", sa.Column(name, sa.Uuid(), nullable=True))
    # What the new checks ask of a stay, an old one forbids: between them there are none.
    _change_checks("stays", OLD, {})
    op.execute(
        "UPDATE stays SET destination_country = 'unknown'"  # noqa: S608 - nothing from outside
        f" WHERE destination IN ({ABROAD})"
    )
    op.execute(
        "UPDATE stays SET repatriation_gate = 'former_rule'"  # noqa: S608 - nothing from outside
        f" WHERE ended_on IS NOT NULL AND destination NOT IN ({ABROAD})"
    )
    op.execute(
        "UPDATE stays SET child_gate = CASE WHEN destination = 'none' THEN 'died' WHEN exit_reason = 'missing'"
        " THEN 'former_rule' WHEN EXISTS (SELECT 1 FROM cases"
        " WHERE cases.id = stays.case_id AND cases.age_class = 'adult') THEN 'adult' ELSE 'former_rule' END"
        " WHERE ended_on IS NOT NULL"
    )
    _change_checks("stays", {}, NEW)


def _absences() -> None:
    """Alarms of missing people, and people who left on their own."""
    op.create_table(
        "missing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("age_class", sa.String(), nullable=False),
        sa.Column("feared", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("since_at", UtcDateTime(), nullable=True),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("reported_by_id", sa.Uuid(), nullable=False),
        sa.Column("desk_knows", sa.Boolean(), nullable=False),
        sa.Column("authority_knows", sa.Boolean(), nullable=False),
        sa.Column("over_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.CheckConstraint("feared IN ('yes', 'no', 'not_known')", name=op.f("ck_missing_known_fear")),
        sa.CheckConstraint("age_class IN ('child', 'adult', 'unsure')", name=op.f("ck_missing_known_age_class")),
        sa.CheckConstraint("outcome = '' OR outcome IN ('found', 'not_found')", name=op.f("ck_missing_known_outcome")),
        sa.CheckConstraint("(outcome = '') = (over_on IS NULL)", name=op.f("ck_missing_over_on_a_day")),
        sa.CheckConstraint("(outcome = '') = (since_at IS NOT NULL)", name=op.f("ck_missing_hour_while_it_stands")),
        sa.CheckConstraint("over_on IS NULL OR over_on >= since_on", name=op.f("ck_missing_over_after_it_began")),
        sa.CheckConstraint(
            "outcome <> 'not_found' OR age_class = 'adult' OR party = '' OR authority_knows",
            name=op.f("ck_missing_child_ended_once_the_authority_knows"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_missing_case_id_cases")),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_missing_stay_id_stays")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_missing_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["reported_by_id"], ["members.id"], name=op.f("fk_missing_reported_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missing")),
    )
    stands = sa.text("outcome = ''")
    op.create_index(
        "uq_missing_open_case", "missing", ["case_id"], unique=True, sqlite_where=stands, postgresql_where=stands
    )
    op.create_index("ix_missing_organisation_id", "missing", ["organisation_id", "outcome"])
    op.create_index("ix_missing_stay_id", "missing", ["stay_id"])
    op.create_table(
        "left_alone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("desk_knows", sa.Boolean(), nullable=False),
        sa.Column("authority_knows", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('left', 'died') AND (kind <> 'died' OR destination = 'none')",
            name=op.f("ck_left_alone_known_kind"),
        ),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> recorded_by_id",
            name=op.f("ck_left_alone_confirmed_by_another"),
        ),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR withdrawn_on IS NULL", name=op.f("ck_left_alone_confirmed_or_withdrawn")
        ),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_left_alone_stay_id_stays")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_left_alone_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_left_alone_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["members.id"], name=op.f("fk_left_alone_recorded_by_id_members")),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["members.id"], name=op.f("fk_left_alone_confirmed_by_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_left_alone")),
    )
    holds = sa.text("withdrawn_on IS NULL")
    op.create_index(
        "uq_left_alone_stay", "left_alone", ["stay_id"], unique=True, sqlite_where=holds, postgresql_where=holds
    )
    op.create_index("ix_left_alone_desk_knows", "left_alone", ["desk_knows"])


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
    # They refer to stays: on SQLite the table could not be rebuilt while they refer to it.
    op.drop_table("left_alone")
    op.drop_table("missing")
    # What the old checks ask of a stay, the new ones forbid, and the other way round: between them there are none.
    _change_checks("stays", NEW, {})
    # Words that did not exist become the nearest one that did; where a gate stood before that one, the place is unknown.
    op.execute(
        "UPDATE stays SET destination = 'unknown' WHERE destination = 'friends' OR (exit_reason = 'left_alone'"  # noqa: S608
        f" AND destination IN ({ABROAD}))"
    )
    op.execute("UPDATE stays SET exit_reason = 'left_voluntarily' WHERE exit_reason = 'left_alone'")
    op.execute(
        "UPDATE stays SET repatriation_gate = ''"  # noqa: S608 - nothing from outside
        f" WHERE ended_on IS NOT NULL AND destination NOT IN ({ABROAD})"
    )
    op.execute(
        "UPDATE stays SET child_gate = CASE WHEN destination <> 'family' THEN '' WHEN child_gate = 'adult' THEN 'adult'"
        " ELSE 'assessed' END WHERE ended_on IS NOT NULL"
    )
    _change_checks("stays", {}, OLD)
    for name in ("safe_on", "destination_country", *MEMBERS):
        op.drop_column("stays", name)
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
    """SQLite changes no check of a table that is there: the table is rebuilt from its own text."""
    if _is_sqlite():
        _rebuild(table, before, after)
        return
    for name in before:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    for name, condition in after.items():
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    for name in MEMBERS:
        if after is NEW:
            op.create_foreign_key(op.f(f"fk_{table}_{name}_members"), table, "members", [name], ["id"])
        elif before is NEW:
            op.drop_constraint(op.f(f"fk_{table}_{name}_members"), table, type_="foreignkey")


def _rebuild(table: str, before: dict[str, str], after: dict[str, str]) -> None:
    """Rebuild the table with its rows and indexes, and other checks."""
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
    keys = [
        f",\n\tCONSTRAINT fk_{table}_{name}_members FOREIGN KEY({name}) REFERENCES members (id)" for name in MEMBERS
    ]
    for key in keys:
        text = text.replace(key, "")
    start, end = text.rsplit(")", 1)
    start = start.rstrip() + ("".join(keys) if after is NEW else "")
    checks = "".join(f",\n\tCONSTRAINT ck_{table}_{name} CHECK ({condition})" for name, condition in after.items())
    connection.exec_driver_sql(f"CREATE TABLE made_anew {start.rstrip()}{checks}\n){end}")
    connection.exec_driver_sql(f"INSERT INTO made_anew ({columns}) SELECT {columns} FROM {table}")  # noqa: S608 - its own names
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE made_anew RENAME TO {table}")
    for index in indexes:
        connection.exec_driver_sql(index)
