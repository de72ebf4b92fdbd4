"""Two reports on people who may be the same: what each keeps, and what both say together."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from ortools.sat.python import cp_model

from nrm.countries import load
from nrm.statistics import release
from nrm.statistics.attack import Audit, audit
from nrm.statistics.description import parse
from nrm.statistics.linked_reports import believed, printed_of_the_same
from nrm.statistics.protect import domain
from nrm.statistics.reading import SOMEBODY, LinkedReleases, scenario
from nrm.statistics.tables import Cell, MalformedTableSet, TableSet
from tests.unit.statistics.oracle import Quarter, is_possible, printed

Rows = list[dict[str, str]]
Tables = list[dict[str, Any]]


def police() -> TableSet:
    """What an agency files: all its witnesses are those of the courts."""
    return parse(
        {
            "dimension": {
                "status": {"column": "status", "codes": ["witness", "protected", "victim"]},
                "sex": {"column": "sex", "codes": ["f", "m"]},
            },
            "table": [{"by": ["status"]}, {"by": ["sex"]}],
            "linked": [{"report": "courts", "where": {"status": ["witness", "protected"]}, "by": {"sex": "sex"}}],
        }
    )


def courts() -> TableSet:
    return parse(
        {
            "dimension": {
                "court": {"column": "court", "codes": ["high", "low"]},
                "sex": {"column": "sex", "codes": ["f", "m"]},
            },
            "table": [{"by": ["court"]}, {"by": ["sex"]}],
            "linked": [{"report": "police", "there": {"status": ["witness", "protected"]}, "by": {"sex": "sex"}}],
        }
    )


def tables(**figures: dict[str, int]) -> list[dict[str, Any]]:
    """One-way tables from the figures of their codes."""
    return [
        {
            "name": name,
            "dimensions": [name],
            "rows": [{name: code, "value": value} for code, value in {"*": sum(of.values()), **of}.items()],
        }
        for name, of in figures.items()
    ]


def cells(published: list[dict[str, Any]]) -> dict[Cell, int]:
    return {tuple(members.items()): value for members, value in printed(published)}


def of_courts(high: int, low: int, f: int, m: int) -> LinkedReleases:
    figures = cells(tables(court={"high": high, "low": low}, sex={"f": f, "m": m}))
    return LinkedReleases(police().linked[0], ((courts(), figures),))


# 24 witnesses are printed as 15 (6 to 24), 2 protected ones as 5 (0 to 14), all 46 as 45. The courts print the same 26
# people as 30: 26 to 34. So 26 - 24 = 2 or more are protected.
FILED = tables(status={"witness": 15, "protected": 5, "victim": 25}, sex={"f": 25, "m": 20})
PEOPLE = [("witness", "f")] * 14 + [("witness", "m")] * 10 + [("protected", "f")] * 2 + [("victim", "f")] * 9
PEOPLE += [("victim", "m")] * 11


def test_what_neither_report_says_alone_both_say_together_and_it_is_found() -> None:
    assert audit(police(), FILED, PEOPLE).ok
    seen = audit(police(), FILED, PEOPLE, linked_reports=[of_courts(15, 15, 15, 15)])
    assert {(f.guarantee, f.scenario, f.cell) for f in seen.findings} >= {("G3", "A4", (("status", "protected"),))}
    assert not seen.scenarios["A4"]


def test_a_report_on_others_says_nothing_of_these() -> None:
    """60 witnesses cannot be the 26: nobody who believes so is right."""
    seen = audit(police(), FILED, PEOPLE, linked_reports=[of_courts(30, 30, 30, 30)])
    assert seen.ok
    assert "A4" not in seen.scenarios


def test_two_releases_together_are_one_of_the_same_quarters() -> None:
    half = of_courts(10, 5, 10, 5)
    seen = audit(police(), FILED, PEOPLE, linked_reports=[LinkedReleases(half.link, half.releases * 2)])
    assert seen.scenarios["A4"] == seen.ok  # 11 to 19, twice: 22 to 38, which does not say that anybody is protected
    assert seen.ok


def test_a_figure_that_is_out_already_is_not_given_away_by_the_next_report() -> None:
    """Now the other way round: the police's figures are out, and the courts would print 30."""
    out = LinkedReleases(courts().linked[0], ((police(), cells(FILED)),))
    there = [("high", "f")] * 16 + [("high", "m")] * 4 + [("low", "m")] * 6
    thirty = tables(court={"high": 20, "low": 10}, sex={"f": 15, "m": 15})
    assert audit(courts(), thirty, there).ok
    seen = audit(courts(), thirty, there, linked_reports=[out])
    assert [(f.guarantee, f.scenario, f.table, f.cell, f.learns) for f in seen.findings] == [
        ("G3", "A4", "*", None, SOMEBODY)
    ]
    twenty_five = tables(court={"high": 20, "low": 5}, sex={"f": 15, "m": 10})
    assert audit(courts(), twenty_five, there, linked_reports=[out]).ok  # 21 to 29: all may be plain witnesses


def test_what_is_printed_only_with_others_bounds_what_is_out_already() -> None:
    """Witnesses by sex are printed in the courts' report alone: 26 or more, and 24 or fewer men among all: 2 women."""
    out = of_courts(25, 5, 5, 25)
    filed = tables(status={"witness": 20, "protected": 5, "victim": 20}, sex={"f": 30, "m": 15})
    there = [("witness", "m")] * 22 + [("protected", "m")] * 2 + [("witness", "f")] * 2 + [("victim", "f")] * 20
    assert audit(police(), filed, there).ok
    seen = audit(police(), filed, there, linked_reports=[out])
    assert ("G3", "A4", "*", SOMEBODY) in {(f.guarantee, f.scenario, f.table, f.learns) for f in seen.findings}


def test_who_believes_them_the_same_knows_how_many_they_are_by_every_member_that_both_reports_have() -> None:
    linked_reports = of_courts(15, 15, 15, 15)
    belief = believed(police(), cells(FILED), PEOPLE, linked_reports)
    assert belief is not None
    keeper = scenario("A4", police(), cells(FILED), PEOPLE, beliefs=[belief])
    witnesses = frozenset({"witness", "protected"})
    known = {(fact.where.get("sex"), fact.low, fact.high) for fact in keeper.facts if fact.where["status"] == witnesses}
    # 30 of both sexes are 26 to 34; 15 women, or men, are 6 to 24.
    assert known == {(None, 26, 34), (frozenset({"f"}), 6, 24), (frozenset({"m"}), 6, 24)}
    assert [set(own) for own, _ in belief[0].equal] == [{(("status", "protected"),), (("status", "witness"),)}]
    assert {whole for whole, _ in belief[0].at_least} == {(("sex", "f"),), (("sex", "m"),)}


def test_every_draft_is_attacked_beside_the_other_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def listen(*_: Any, **named: Any) -> Audit:
        given.append(named["linked_reports"])
        return Audit((), {})

    monkeypatch.setattr(release, "audit", listen)
    rows = [{"status": status, "sex": sex} for status, sex in PEOPLE]
    linked_reports = [of_courts(15, 15, 15, 15)]
    release.make(police(), rows, seed=bytes(32), linked_reports=linked_reports)
    assert given == [linked_reports]


def rounded(rows: Rows, chance: random.Random, name: str, codes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Two one-way tables with any figures that the numbers may be printed as, far from the nearest as well."""
    held = {by: Counter(row[by] for row in rows) for by in (name, "sex")}
    while True:
        figures = {
            by: {code: 5 * chance.choice(domain(held[by][code])) for code in of}
            for by, of in ((name, codes), ("sex", ("f", "m")))
        }
        totals = {sum(of.values()) for of in figures.values()}
        if len(totals) == 1 and abs(totals.pop() - len(rows)) <= 4:
            return tables(**figures)


@pytest.mark.slow
def test_what_survives_beside_another_report_keeps_every_small_figure_open_in_both() -> None:
    """By the oracle: the same people rounded twice, and a reader who knows that they are the same."""
    survived = given_away = 0
    for seed in range(60):
        chance = random.Random(seed)
        statuses = ["witness"] * 24 + ["protected"] * 2 + ["victim"] * 20
        there = [{"status": status, "sex": chance.choice("fm")} for status in statuses]
        witnesses = [
            {**row, "court": chance.choice(["high"] * 8 + ["low"])} for row in there if row["status"] != "victim"
        ]
        first = rounded(witnesses, chance, "court", ("high", "low"))
        second = rounded(there, chance, "status", ("witness", "protected", "victim"))
        records, _ = police().records(there)
        linked_reports = LinkedReleases(police().linked[0], ((courts(), cells(first)),))
        seen = audit(police(), second, records, linked_reports=[linked_reports])
        told = [
            members
            for published, rows, mine in ((first, witnesses, False), (second, there, True))
            for members, _ in printed(published)
            for held in [sum(all(row[name] == code for name, code in members.items()) for row in rows)]
            if held < 5 and not may(first, second, members, mine, held)
        ]
        survived += seen.ok
        given_away += bool(told)
        assert not (told and seen.ok), (seed, told)
    assert survived > 20
    assert given_away > 1


def may(first: Tables, second: Tables, members: dict[str, str], mine: bool, held: int) -> bool:
    """Whether, of a few, there may be nobody; and of nobody, somebody."""

    def build(model: cp_model.CpModel) -> None:
        one, two = Quarter(model, courts(), first, None), Quarter(model, police(), second, None)
        for sex in ({}, {"sex": "f"}, {"sex": "m"}):
            both = two.count({**sex, "status": "witness"}) + two.count({**sex, "status": "protected"})
            model.add(one.count(sex) == both)
        model.add_linear_constraint((two if mine else one).count(members), *((0, 0) if held else (1, 99)))

    return is_possible(build)


@pytest.mark.parametrize("report", ["victims", "vi", "children"])
def test_the_countrys_reports_name_each_other_in_dimensions_that_both_have(report: str) -> None:
    tables_of = load("albania").tables
    (link,) = tables_of[report].linked
    other = tables_of[link.report]
    assert set(link.by.values()) | set(link.there) <= set(other.dimensions)
    for name, codes in link.there.items():
        assert set(codes) <= set(other.dimensions[name].codes)
    for name, there in link.by.items():
        assert set(tables_of[report].members(name)) & set(other.members(there))


@pytest.mark.parametrize(
    ("linked", "message"),
    [
        ([{}], "linked 1.report: a text is needed"),
        ([{"report": "x", "by": {"age": "age"}}], "linked 1.by.by: there is no dimension 'age'"),
        ([{"report": "x", "where": {"sex": "n"}}], "linked 1.where.sex: 'n' is neither a code nor a group"),
        ([{"report": "x", "there": {"sex": "f"}}], "linked 1.there.sex: a list of texts is needed"),
        ([{"report": "x", "of": 1}], "linked 1: unknown key 'of'"),
    ],
)
def test_a_link_that_cannot_be_read_is_named(linked: Any, message: str) -> None:
    with pytest.raises(MalformedTableSet) as caught:
        parse(
            {
                "dimension": {"sex": {"column": "sex", "codes": ["f", "m"]}},
                "table": [{"by": ["sex"]}],
                "linked": linked,
            }
        )
    assert str(caught.value) == message


def test_two_simulations_over_the_same_people_are_attacked_together() -> None:
    """Each draft of the agreement prints where people came: who are printed as 0 and as 5 are less than five."""
    table_set = parse(
        {
            "dimension": {
                "happened": {"column": "happened", "codes": ["NRC", "IOM", "vatra"]},
                "simulated": {"column": "simulated", "codes": ["NRC", "IOM", "vatra"]},
            },
            "table": [{"by": ["happened"]}, {"by": ["simulated"]}],
        }
    )

    def by(name: str, *values: int) -> dict[str, Any]:
        rows = [
            {name: member, "value": value} for member, value in zip(("*", "NRC", "IOM", "vatra"), values, strict=True)
        ]
        return {"name": name, "dimensions": [name], "rows": rows}

    people = [("NRC", "IOM")] * 26 + [("IOM", "NRC")] * 4 + [("vatra", "vatra")] * 14
    draft = [by("happened", 45, 25, 5, 15), by("simulated", 45, 5, 25, 15)]
    linked = printed_of_the_same(
        "simulation", [by("happened", 45, 30, 0, 15), by("simulated", 45, 20, 20, 5)], ["happened"]
    )
    assert linked is not None
    belief = believed(table_set, cells(draft), people, linked)
    assert belief is not None
    keeper = scenario("A4", table_set, cells(draft), people, beliefs=[belief])
    known = {(tuple(fact.where.get("happened", ())), fact.low, fact.high) for fact in keeper.facts}
    assert known == {((), 41, 49), (("NRC",), 21, 39), (("IOM",), 0, 4), (("vatra",), 6, 24)}
    iom: Cell = (("happened", "IOM"),)
    assert ((iom,), (iom,)) in belief[0].equal
    assert audit(table_set, draft, people, linked_reports=[linked]).ok
    assert printed_of_the_same("simulation", [{"dimensions": [], "rows": [{"value": 45}]}], ["happened"]) is None
