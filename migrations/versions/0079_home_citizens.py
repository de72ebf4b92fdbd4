"""Facts say `home`, `capital` and `home_citizen` in place of the names of one country.

The classes of cases and screenings, what opened the gate of a stay or a letter, the ends that were struck, and the groups
of people in the comparison of a proposed version. Texts that parties signed stay as they are: country data says how the
older words are read. Sealed answers stay, too: they are codes of the questionnaire, which says what each stands for.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0079_home_citizens"
down_revision = "0078_counted_entries"
branch_labels = None
depends_on = None

CLASS = ("albanian", "home")
GATE = ("albanian", "home_citizen")
FACTS = {"citizenship_class": CLASS, "proceedings_in": ("tirana", "capital"), "exploited_in": ("albania", "home")}
ABROAD = "'country_of_citizenship', 'other_country'"
NO_STEP_ABROAD = "(kind NOT IN ('embassy', 'organisation_abroad') AND reason <> 'return_abroad')"


def _checks(*home: str) -> dict[tuple[str, str], str]:
    """(table, name) -> what the check says when the gate of a citizen is called one of these."""
    gates = ", ".join(map(repr, home))
    return {
        ("stays", "repatriated_after_permit_information"): f"destination NOT IN ({ABROAD})"
        f" OR repatriation_gate IN ({gates}, 'informed', 'left_alone')",
        ("stays", "gate_looks_at_the_country"): "ended_on IS NULL OR destination = 'none' OR exit_reason = 'missing'"
        f" OR (destination_country <> '' AND repatriation_gate IN ({gates}, 'informed', 'left_alone'))"
        f" OR (destination_country = 'home' AND repatriation_gate = 'home' AND destination NOT IN ({ABROAD}))"
        f" OR (destination_country = '' AND repatriation_gate = 'former_rule' AND destination NOT IN ({ABROAD}))",
        ("departures", "abroad_after_permit_information"): f"{NO_STEP_ABROAD}"
        f" OR repatriation_gate IN ({gates}, 'informed')",
    }


def upgrade(database: str) -> None:
    if database == "main":
        _rename(0, 1)


def downgrade(database: str) -> None:
    if database == "main":
        _rename(1, 0)


def _rename(old: int, new: int) -> None:
    """Both words are allowed while the rows change."""
    before, both, after = _checks(GATE[old]), _checks(*GATE), _checks(GATE[new])
    for (table, name), condition in before.items():
        schema.exchange_check(table, name, condition, both[table, name])
    for table in ("cases", "screening_kinds"):
        _update(table, "citizenship_class", CLASS[old], CLASS[new])
    for table in ("stays", "departures"):
        _update(table, "repatriation_gate", GATE[old], GATE[new])
    _in_json("stay_corrections", "was", {"repatriation_gate": (GATE[old], GATE[new])})
    _in_json("agreement_versions", "study", {name: (each[old], each[new]) for name, each in FACTS.items()})
    for (table, name), condition in after.items():
        schema.exchange_check(table, name, both[table, name], condition)


def _update(table: str, column: str, before: str, after: str) -> None:
    changed = sa.table(table, sa.column(column))
    op.execute(changed.update().where(changed.c[column] == before).values({column: after}))


def _in_json(table: str, column: str, renamed: dict[str, tuple[str, str]]) -> None:
    rows = sa.table(table, sa.column("id", sa.Uuid()), sa.column(column, sa.JSON()))
    connection = op.get_bind()
    for id_, value in connection.execute(sa.select(rows.c.id, rows.c[column])).all():
        written = _renamed(value, renamed)
        if written != value:
            connection.execute(rows.update().where(rows.c.id == id_).values({column: written}))


def _renamed(value: Any, renamed: dict[str, tuple[str, str]]) -> Any:
    """The value with other words for a renamed fact: under it as a key, and as the codes of [fact, how, codes]."""
    if isinstance(value, list):
        if len(value) == 3 and isinstance(value[0], str) and value[0] in renamed:
            return [value[0], value[1], _exchanged(value[2], *renamed[value[0]])]
        return [_renamed(each, renamed) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _exchanged(each, *renamed[name]) if name in renamed else _renamed(each, renamed)
        for name, each in value.items()
    }


def _exchanged(value: Any, before: str, after: str) -> Any:
    if isinstance(value, list):
        return [after if each == before else each for each in value]
    return after if value == before else value
