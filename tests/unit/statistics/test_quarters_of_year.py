"""A year beside its quarters: what both together tell, and that a year that tells it is refused."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from nrm.statistics import release
from nrm.statistics.attack import audit, figures_of
from nrm.statistics.cells import lay_out
from nrm.statistics.description import parse
from nrm.statistics.one_person import NOTHING_TOLD
from nrm.statistics.printed import at_step, render
from nrm.statistics.protect import round_jointly, secret_stream
from nrm.statistics.quarters_of_year import COURSE, QuarterOfYear, YearWithQuarters, joint, last_printed
from nrm.statistics.tables import Cell, MalformedTableSet, TableSet
from nrm.statistics.verdicts import Draft

Rows = list[dict[str, str]]

SEX: dict[str, Any] = {"column": "sex", "codes": ["f", "m"]}
FORM: dict[str, Any] = {"column": "form", "codes": ["sexual", "labour", "other"]}
STATUS: dict[str, Any] = {"column": "status", "codes": ["left", "there"]}
QUARTERLY = parse(
    {
        "dimension": {
            "sex": SEX,
            "form": FORM,
            "arrival": {"column": "arrival", "codes": ["opening", "admitted"]},
            "status": STATUS,
            "permit": {"column": "permit", "codes": ["none", "trp"]},
        },
        "table": [{"by": ["sex", "form"]}, {"by": ["permit"]}],
        "stock_flow": {
            "by": ["sex"],
            "arrival": {"dimension": "arrival", "opening": "opening", "admitted": "admitted"},
            "departure": {"dimension": "status", "closing": "there", "left": "left"},
        },
    }
)
YEARLY_TEXT: dict[str, Any] = {
    "windows": [4],
    "quarters_of": "q",
    "dimension": {
        "sex": SEX,
        "form": FORM,
        "status": STATUS,
        "had_permit": {"column": "had_permit", "codes": ["yes", "no"]},
    },
    "table": [{"by": ["sex", "form"]}, {"by": ["status"]}, {"by": ["had_permit"]}],
    "follows": [{"quarter": {"permit": ["trp"]}, "year": {"had_permit": ["yes"]}}],
}
YEARLY = parse(YEARLY_TEXT)
NAMES = ("2025Q1", "2025Q2", "2025Q3", "2025Q4")


def people(number: int, seed: int) -> tuple[list[Rows], Rows]:
    """The rows of each quarter, and one of the year for everybody; some come, leave, and come back."""
    chance = random.Random(seed)
    quarters: list[Rows] = [[] for _ in NAMES]
    year = []
    for place in range(number):
        fixed = {"sex": chance.choices("fm", [4, 1])[0], "form": chance.choices(FORM["codes"], [6, 3, 1])[0]}
        there, held = chance.random() < 0.4, []
        for rows in quarters:
            if not there and chance.random() < 0.6:
                continue
            row = {**fixed, "person": f"p{place}", "arrival": "opening" if there else "admitted"}
            there = chance.random() < 0.6
            row |= {"status": "there" if there else "left", "permit": chance.choices(["none", "trp"], [9, 1])[0]}
            rows.append(row)
            held.append(row)
        if held:
            had = "yes" if any(row["permit"] == "trp" for row in held) else "no"
            year.append({**fixed, "person": f"p{place}", "status": held[-1]["status"], "had_permit": had})
    return quarters, year


@cache
def published(number: int, seed: int) -> tuple[tuple[QuarterOfYear, ...], Rows]:
    rows_of, year = people(number, seed)
    history: list[Any] = []
    found = []
    for name, rows in zip(NAMES, rows_of, strict=True):
        made = release.make(QUARTERLY, rows, seed=f"{seed} {name}".encode(), history=history, people=0)
        assert isinstance(made, Draft)
        history.append(made.kept)
        states = {row["person"]: {root: row[root] for root in ("arrival", "status", "permit")} for row in rows}
        found.append(QuarterOfYear(name, at_step(QUARTERLY, made.step), figures_of(QUARTERLY, made.tables), states))
    return tuple(found), year


def planted(rows: Rows, seed: int, table_set: TableSet = YEARLY) -> tuple[dict[str, Any], ...]:
    """A rounding of the year that knows nothing of quarters."""
    layout = lay_out(table_set)
    records, _ = table_set.records(rows)
    counts = layout.membership(records).sum(axis=1).astype(np.int64)
    noise = secret_stream(b"planted", seed)
    return render(layout, round_jointly(layout, counts, round(len(rows) / 5), noise))


def attacked(tables: Sequence[dict[str, Any]], quarters: Sequence[QuarterOfYear], rows: Rows) -> list[tuple[str, str]]:
    records, persons = YEARLY.records(rows)
    found = audit(YEARLY, tables, records, year=YearWithQuarters.of(quarters, persons) if quarters else None)
    return sorted({(each.guarantee, each.scenario) for each in found.findings})


SMALL = parse(
    {
        "dimension": {"form": {"column": "form", "codes": ["a", "b", "c", "d"]}},
        "table": [{"by": ["form"]}],
    }
)
SMALL_QUARTER = parse(
    {
        "dimension": {
            "form": {"column": "form", "codes": ["a", "b", "c", "d"]},
            "arrival": {"column": "arrival", "codes": ["opening", "admitted"]},
        },
        "table": [{"by": ["form"]}],
        "impossible": [{"form": "d", "arrival": ["opening", "admitted"]}],
    }
)


def test_a_year_that_is_safe_alone_is_refused_beside_a_quarter_that_it_gives_away() -> None:
    """The quarter printed 25 = 20 + 5 + 0. The year prints c as 5, so at most 14, and a as 0, so at most 4: of the 21
    and more of the quarter a holds at least 3."""
    true = {"a": 4, "b": 4, "c": 14, "d": 6}
    rows = [{"person": f"{form}{n}", "form": form} for form, number in true.items() for n in range(number)]
    states = {row["person"]: {"arrival": "admitted"} for row in rows if row["form"] != "d"}
    printed: dict[Cell, int] = {(): 25}
    printed |= {(("form", form),): figure for form, figure in {"a": 5, "b": 0, "c": 20, "d": 0}.items()}
    quarter = QuarterOfYear("2025Q1", SMALL_QUARTER, printed, states)
    records, persons = SMALL.records(rows)

    def with_figures(**figures: int) -> tuple[dict[str, Any], ...]:
        shown = [{"form": "*", "value": sum(figures.values())}]
        shown += [{"form": form, "value": figure} for form, figure in figures.items()]
        return ({"name": "form", "dimensions": ["form"], "rows": shown},)

    beside = YearWithQuarters.of([quarter], persons)
    tells = with_figures(a=0, b=5, c=5, d=15)
    assert audit(SMALL, tells, records).ok
    found = audit(SMALL, tells, records, year=beside)
    assert {(each.guarantee, each.scenario) for each in found.findings} >= {("G3", "A4")}
    assert not found.scenarios["A4"]
    assert found.scenarios["A1"]
    assert audit(SMALL, with_figures(a=5, b=5, c=15, d=5), records, year=beside).ok


def test_an_exact_figure_of_the_year_planted_in_a_draft_is_refused() -> None:
    quarters, rows = published(75, 1)
    tables = planted(rows, 0)
    assert attacked(tables, quarters, rows) == []
    place = next(n for n, row in enumerate(tables[0]["rows"]) if (row["sex"], row["form"]) == ("f", "labour"))
    true = sum((row["sex"], row["form"]) == ("f", "labour") for row in rows)
    tables[0]["rows"][place]["value"] = true if true % 5 else true + 1
    assert ("G1", "shape") in attacked(tables, quarters, rows)


def test_a_year_and_its_four_quarters_survive_together_and_the_verdict_says_so() -> None:
    quarters, rows = published(75, 1)
    made = release.make(YEARLY, rows, seed=b"year", quarters=quarters, people=0)
    assert isinstance(made, Draft)
    assert made.verdict.scenarios["A4"]
    alone = release.make(YEARLY, rows, seed=b"year", people=0)
    assert isinstance(alone, Draft)
    # What must stay open is asked again of every quarter.
    assert made.verdict.questions > 2 * alone.verdict.questions
    assert "A4" not in alone.verdict.scenarios


def test_the_people_of_the_year_have_a_course_that_gives_every_figure_of_every_quarter() -> None:
    quarters, rows = published(90, 0)
    records, persons = YEARLY.records(rows)
    tables = planted(rows, 1)
    year = YearWithQuarters.of(quarters, persons)
    joined = joint(YEARLY, figures_of(YEARLY, tables), records, year, random.Random(1))
    groups = joined.table_set.dimensions[COURSE].groups
    for place, quarter in enumerate(quarters):
        assert sum(record[-1] in groups[quarter.name] for record in joined.records) == len(quarter.states)
        wanted = {cell for cell in quarter.figures if len(cell) < 3}
        used = {cell for cell in joined.figures if any(m.split()[0] == quarter.name for r, m in cell if r == COURSE)}
        assert len(used) == len(wanted), place
    # Nobody comes from nowhere: who is there at the end of a quarter is there at the start of the next.
    for course in joined.table_set.dimensions[COURSE].codes:
        parts = [part.split(",") for part in course.split("|")]
        for before, after in pairwise(parts):
            assert ("there" in before) == ("opening" in after), course
    # A permit of a quarter is one of the year.
    with_permit = {code for code in joined.table_set.dimensions[COURSE].codes if "trp" in code}
    assert any(rule == {COURSE: with_permit, "had_permit": {"no"}} for rule in joined.table_set.impossible)


def test_a_quarter_that_counted_others_says_nothing_of_these_people() -> None:
    quarters, rows = published(75, 1)
    records, persons = YEARLY.records(rows)
    wrong = {cell: figure + 50 * (cell == (("sex", "f"),)) for cell, figure in quarters[0].figures.items()}
    changed = (dataclasses.replace(quarters[0], figures=wrong), *quarters[1:])
    figures = figures_of(YEARLY, planted(rows, 0))
    kept = [
        joint(YEARLY, figures, records, YearWithQuarters.of(each, persons), random.Random(1)).figures
        for each in (quarters, changed)
    ]
    assert set(kept[0]) - set(kept[1]) == {(("course", "2025Q1"), ("sex", "f"))}
    assert YearWithQuarters.of([dataclasses.replace(quarters[0], states={})], persons).quarters == ()


def test_a_year_has_inertia_towards_what_its_quarters_printed_of_small_groups_and_to_nothing_else() -> None:
    quarters, rows = published(75, 1)
    _, persons = YEARLY.records(rows)
    cells = lay_out(YEARLY).cells
    found = last_printed(YearWithQuarters.of(quarters, persons), YEARLY, cells)
    assert found
    for cell, figure in found.items():
        printed = [quarter.figures[cell] for quarter in quarters if cell in quarter.figures]
        assert figure == max(printed) <= 5
    assert () not in found
    assert not any(root == "status" for cell in found for root, _ in cell)


@pytest.mark.slow
def test_the_gate_for_differences_looks_at_the_year_beside_each_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    quarters, rows = published(75, 1)
    seen: list[tuple[int, int]] = []

    def examine(table_set: TableSet, records: Any, printed: Any, method: Any, **_: Any) -> Any:
        seen.append((len(records), len(printed)))
        made = method(records, printed, 1)
        assert made is not None
        assert set(printed[-1]) <= set(made)
        return NOTHING_TOLD

    monkeypatch.setattr(release, "examine", examine)
    release.make(YEARLY, rows, seed=b"year", quarters=quarters)
    assert [number for number, _ in seen] == [len(rows), *(len(quarter.states) for quarter in quarters)]

    beside_quarters = len(rows)

    def tells(_: Any, records: Any, *__: Any, **___: Any) -> Any:
        return dataclasses.replace(NOTHING_TOLD, named=50.0 * (len(records) < beside_quarters))

    monkeypatch.setattr(release, "examine", tells)
    for name in ("DRAWS", "FEWEST_DRAWS"):
        monkeypatch.setattr(release, name, 1)
    refused = release.make(YEARLY, rows, seed=b"year", quarters=quarters)
    assert refused.verdict.attempts[0][1] == "told of one person"


@pytest.mark.parametrize(
    "follows", [{"quarter": {"permit": ["trp"]}, "year": {"x": "yes"}}, {"quarter": {}, "year": {}}, {"year": 1}]
)
def test_what_follows_for_the_year_is_read_with_care(follows: dict[str, Any]) -> None:
    with pytest.raises(MalformedTableSet, match="follows"):
        parse({**YEARLY_TEXT, "follows": [follows]})
