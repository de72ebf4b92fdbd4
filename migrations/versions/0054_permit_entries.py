"""A permit is its entries, which are never changed; the period for an appeal holds the way home shut."""

import uuid
from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0054_permit_entries"
down_revision = "0053_outcomes_of_returns"
branch_labels = None
depends_on = None

GIVEN = "event IN ('issue', 'renew')"
# The checks that come with the new column of stays and of letters.
STAYS = {
    "no_open_renewal_repatriated": "repatriation_gate <> 'informed' OR permit_state <> 'renewal_applied'",
    "repatriated_after_appeal_period": "appeal_until IS NULL OR appeal_until < ended_on",
    "refused_with_appeal_period": "permit_state <> 'refused' OR appeal_until IS NOT NULL",
}
LETTERS = {
    "no_open_renewal_abroad": "repatriation_gate <> 'informed' OR permit_state <> 'renewal_applied'",
    "abroad_after_appeal_period": "appeal_until IS NULL OR appeal_until < written_on",
    "refused_with_appeal_period": "permit_state <> 'refused' OR appeal_until IS NOT NULL",
}
OLD = {
    "known_state": "state IN ('not_informed', 'informed', 'applied', 'issued', 'refused', 'appealed', 'withdrawn',"
    " 'expired')",
    "informed_first": "state = 'not_informed' OR (informed_on IS NOT NULL AND informed_language <> '')",
    "informed_by_somebody": "informed_on IS NULL OR informed_by_id IS NOT NULL",
    "ends_after_it_began": "issued_until IS NULL OR issued_until >= issued_from",
    "informed_before_applied": "applied_on IS NULL OR informed_on IS NOT NULL",
    "applied_before_issued": "issued_from IS NULL OR applied_on IS NOT NULL",
    "issued_on_a_ground": "issued_from IS NULL OR ground IN ('legal', 'recuperative')",
    "issued_until_a_day": "state <> 'issued' OR issued_until IS NOT NULL",
}


def upgrade(database: str) -> None:
    if database != "main":
        return
    entries = _make_entries()
    op.create_table(
        "permit_marks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("marked_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('seconded', 'confirmed', 'objected', 'struck', 'strike_seconded')",
            name=op.f("ck_permit_marks_known_kind"),
        ),
        sa.CheckConstraint(
            "reason IN ('', 'wrong_person', 'wrong_day', 'wrong_step', 'twice', 'other')",
            name=op.f("ck_permit_marks_known_reason"),
        ),
        sa.CheckConstraint("(kind = 'struck') = (reason <> '')", name=op.f("ck_permit_marks_struck_with_reason")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["permit_entries.id"], name=op.f("fk_permit_marks_entry_id_permit_entries")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_permit_marks_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_permit_marks_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit_marks")),
        sa.UniqueConstraint("entry_id", "kind", name=op.f("uq_permit_marks_entry_id_kind")),
    )
    permits = _permits()
    made = [entry for row in op.get_bind().execute(permits.select()).mappings() for entry in _entries(dict(row))]
    if made:
        op.bulk_insert(entries, made)
    op.drop_index("ix_permits_state_issued_until", table_name="permits")
    op.drop_table("permits")
    for table, checks in (("stays", STAYS), ("departures", LETTERS)):
        op.execute(f"UPDATE {table} SET permit_state = 'refused_formerly' WHERE permit_state = 'refused'")  # noqa: S608
        _add_appeal_until(table, checks)


def _make_entries() -> sa.Table:
    table = op.create_table(
        "permit_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("counts_on", sa.Date(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("issued_from", sa.Date(), nullable=True),
        sa.Column("issued_until", sa.Date(), nullable=True),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("paper", sa.Boolean(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "event IN ('inform', 'counsel', 'apply', 'issue', 'renew', 'refuse', 'appeal', 'withdraw')",
            name=op.f("ck_permit_entries_known_event"),
        ),
        sa.CheckConstraint(
            "event <> 'inform' OR (language <> '' AND organisation_id IS NOT NULL)",
            name=op.f("ck_permit_entries_informed_in_a_language"),
        ),
        sa.CheckConstraint(f"({GIVEN}) = (issued_until IS NOT NULL)", name=op.f("ck_permit_entries_given_until_a_day")),
        sa.CheckConstraint(
            "(issued_from IS NULL) = (issued_until IS NULL)", name=op.f("ck_permit_entries_given_from_a_day")
        ),
        sa.CheckConstraint("issued_until >= issued_from", name=op.f("ck_permit_entries_ends_after_it_began")),
        sa.CheckConstraint(
            f"(ground = '' AND NOT ({GIVEN})) OR (ground IN ('legal', 'recuperative') AND {GIVEN})",
            name=op.f("ck_permit_entries_given_on_a_ground"),
        ),
        sa.CheckConstraint(
            "NOT paper OR (event IN ('issue', 'refuse', 'renew') AND member_id IS NOT NULL"
            " AND organisation_id IS NOT NULL)",
            name=op.f("ck_permit_entries_decided_on_paper"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_permit_entries_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_permit_entries_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_permit_entries_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit_entries")),
        sa.UniqueConstraint("case_id", "position", name=op.f("uq_permit_entries_case_id_position")),
    )
    op.create_index("ix_permit_entries_counts_on", "permit_entries", ["counts_on", "case_id"])
    op.create_index("ix_permit_entries_paper_case_id", "permit_entries", ["paper", "case_id"])
    return table


def _permits() -> sa.TableClause:
    return sa.table(
        "permits",
        sa.column("id", sa.Uuid()),
        sa.column("case_id", sa.Uuid()),
        sa.column("state", sa.String()),
        sa.column("informed_on", sa.Date()),
        sa.column("informed_language", sa.String()),
        sa.column("informed_by_id", sa.Uuid()),
        sa.column("applied_on", sa.Date()),
        sa.column("decided_on", sa.Date()),
        sa.column("issued_from", sa.Date()),
        sa.column("issued_until", sa.Date()),
        sa.column("ground", sa.String()),
        sa.column("recorded_at", UtcDateTime(timezone=True)),
    )


def _entries(row: dict) -> list[dict]:  # type: ignore[type-arg]
    """What the one row still says of what happened, in order: a refusal that was appealed against is not forgotten."""
    made: list[dict] = []  # type: ignore[type-arg]

    def add(event: str, on: date, **more: object) -> None:
        made.append(
            {
                "id": uuid.uuid4(),
                "case_id": row["case_id"],
                "position": len(made) + 1,
                "event": event,
                "happened_on": on,
                "counts_on": on,
                "language": "",
                "issued_from": None,
                "issued_until": None,
                "ground": "",
                "paper": False,
                "organisation_id": None,
                "member_id": None,
                "recorded_at": row["recorded_at"],
                **more,
            }
        )

    state, decided = row["state"], row["decided_on"]
    if row["informed_on"] is None:
        return made
    add("inform", row["informed_on"], language=row["informed_language"], organisation_id=row["informed_by_id"])
    applied = row["applied_on"]
    if applied is None:
        return made
    if row["issued_from"] is not None and row["issued_until"] is not None:
        given = {name: row[name] for name in ("issued_from", "issued_until", "ground")}
        if state in ("issued", "expired", "withdrawn"):
            add("apply", applied)
            add("issue", decided if state == "issued" and decided else max(applied, row["issued_from"]), **given)
        else:  # she applied again after a permit; when she had applied for that one is not known
            first = min(applied, row["issued_from"])
            add("apply", first)
            add("issue", first, **given)
            add("apply", applied)
    else:
        add("apply", applied)
    last = max(each["happened_on"] for each in made)
    if state in ("refused", "appealed"):
        add("refuse", max(decided or applied, applied))
        if state == "appealed":
            add("appeal", made[-1]["happened_on"])
    elif state == "withdrawn":
        add("withdraw", max(decided or last, last))
    return made


def _add_appeal_until(table: str, checks: dict[str, str]) -> None:
    named = {op.f(f"ck_{table}_{name}"): condition for name, condition in checks.items()}
    if _is_sqlite():  # there they come with the column, because others refer to the table
        words = " ".join(f"CONSTRAINT {name} CHECK ({condition})" for name, condition in named.items())
        op.execute(f"ALTER TABLE {table} ADD COLUMN appeal_until DATE {words}")
        return
    op.add_column(table, sa.Column("appeal_until", sa.Date(), nullable=True))
    for name, condition in named.items():
        op.create_check_constraint(name, table, condition)


def downgrade(database: str) -> None:
    """One row says where a permit stands: of what happened before that, the days of the last of each are kept. What
    waits for a second member or for the unit is gone, and so is what was struck."""
    if database != "main":
        return
    for table, checks in (("stays", STAYS), ("departures", LETTERS)):
        if not _is_sqlite():
            for name in checks:
                op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.drop_column(table, "appeal_until")
        op.execute(f"UPDATE {table} SET permit_state = 'refused' WHERE permit_state = 'refused_formerly'")  # noqa: S608
    permits = op.create_table(
        "permits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("informed_on", sa.Date(), nullable=True),
        sa.Column("informed_language", sa.String(), nullable=False),
        sa.Column("informed_by_id", sa.Uuid(), nullable=True),
        sa.Column("applied_on", sa.Date(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("issued_from", sa.Date(), nullable=True),
        sa.Column("issued_until", sa.Date(), nullable=True),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_permits_{name}")) for name, condition in OLD.items()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_permits_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["informed_by_id"], ["organisations.id"], name=op.f("fk_permits_informed_by_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permits")),
        sa.UniqueConstraint("case_id", name=op.f("uq_permits_case_id")),
    )
    op.create_index("ix_permits_state_issued_until", "permits", ["state", "issued_until"])
    rows = _rows()
    if rows:
        op.bulk_insert(permits, rows)
    op.drop_table("permit_marks")
    op.drop_index("ix_permit_entries_counts_on", table_name="permit_entries")
    op.drop_table("permit_entries")


def _rows() -> list[dict]:  # type: ignore[type-arg]
    connection = op.get_bind()
    entries = sa.table(
        "permit_entries",
        *(sa.column(name, sa.Uuid()) for name in ("id", "case_id", "organisation_id", "member_id")),
        *(sa.column(name, sa.Date()) for name in ("happened_on", "issued_from", "issued_until")),
        *(sa.column(name) for name in ("position", "event", "language", "ground", "paper")),
        sa.column("recorded_at", UtcDateTime(timezone=True)),
    )
    marks = sa.table("permit_marks", sa.column("entry_id", sa.Uuid()), sa.column("kind"))
    said: dict[uuid.UUID, set[str]] = {}
    for entry_id, kind in connection.execute(sa.select(marks.c.entry_id, marks.c.kind)):
        said.setdefault(entry_id, set()).add(kind)
    rows: dict[uuid.UUID, dict] = {}  # type: ignore[type-arg]
    ordered = entries.select().order_by(entries.c.case_id, entries.c.happened_on, entries.c.position)
    for each in connection.execute(ordered).mappings():
        kinds = said.get(each["id"], set())
        if "strike_seconded" in kinds or ("struck" in kinds and each["event"] not in ("apply", "appeal")):
            continue
        if each["paper"] and "confirmed" not in kinds:
            continue
        row = rows.setdefault(each["case_id"], _blank(each["case_id"]))
        row["recorded_at"] = max(row["recorded_at"] or each["recorded_at"], each["recorded_at"])
        _then(row, dict(each), kinds)
    today = date.today()  # noqa: DTZ011 - a day too late is set right by the next tending
    for row in rows.values():
        if row["state"] == "issued" and row["issued_until"] < today:
            row["state"], row["decided_on"] = "expired", row["issued_until"] + timedelta(days=1)
    return [row for row in rows.values() if row["informed_on"] is not None]


def _blank(case_id: uuid.UUID) -> dict:  # type: ignore[type-arg]
    nothing = dict.fromkeys(
        ("informed_on", "informed_by_id", "applied_on", "decided_on", "issued_from", "issued_until")
    )
    return {
        "id": uuid.uuid4(),
        "case_id": case_id,
        "state": "not_informed",
        "informed_language": "",
        "ground": "",
        "recorded_at": None,
        **nothing,
    }


def _then(row: dict, entry: dict, kinds: set[str]) -> None:  # type: ignore[type-arg]
    event, on = entry["event"], entry["happened_on"]
    if event == "inform":
        row["informed_on"], row["informed_language"] = on, entry["language"]
        row["informed_by_id"] = entry["organisation_id"]
        if row["state"] == "not_informed":
            row["state"] = "informed"
    elif event == "apply":
        row["state"], row["applied_on"] = "applied", on
    elif event == "appeal":
        row["state"] = "appealed"
    elif event in ("issue", "renew"):
        row["state"], row["decided_on"] = "issued", on
        row["issued_from"], row["issued_until"], row["ground"] = (
            entry["issued_from"],
            entry["issued_until"],
            entry["ground"],
        )
    elif event == "refuse":
        row["state"], row["decided_on"] = "refused", on
    elif event == "withdraw" and (entry["member_id"] is None or "seconded" in kinds or _by_unit(entry)):
        row["state"], row["decided_on"] = "withdrawn", on


def _by_unit(entry: dict) -> bool:  # type: ignore[type-arg]
    organisations = sa.table("organisations", sa.column("id", sa.Uuid()), sa.column("kind"))
    kind = sa.select(organisations.c.kind).where(organisations.c.id == entry["organisation_id"])
    return op.get_bind().scalar(kind) == "trp_unit"


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
