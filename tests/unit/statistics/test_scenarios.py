"""What only one part of the attacker catches: each release here has the right shape, and one thing wrong with it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from nrm.countries import load
from nrm.statistics import attack
from nrm.statistics.attack import audit
from nrm.statistics.conditions import Frame
from nrm.statistics.description import parse
from nrm.statistics.linear import NotOptimal, pinned
from nrm.statistics.possible_worlds import PossibleWorld
from nrm.statistics.questions import differ
from nrm.statistics.reading import EarlierRelease, Scenario, scenario
from nrm.statistics.release import make
from nrm.statistics.tables import TableSet
from tests.unit.statistics.sets import people

Tables = list[dict[str, Any]]


def two_by_two(**more: Any) -> TableSet:
    return parse(
        {
            "dimension": {"d": {"column": "d", "codes": ["a", "b"]}, "s": {"column": "s", "codes": ["f", "m"]}},
            "table": [{"by": ["d", "s"]}],
            **more,
        }
    )


def printed(af: int, am: int, bf: int, bm: int) -> Tables:
    """A table that adds up."""
    rows = {("a", "f"): af, ("a", "m"): am, ("b", "f"): bf, ("b", "m"): bm}
    rows |= {("a", "*"): af + am, ("b", "*"): bf + bm, ("*", "f"): af + bf, ("*", "m"): am + bm}
    rows["*", "*"] = af + am + bf + bm
    return [
        {
            "name": "d*s",
            "dimensions": ["d", "s"],
            "rows": [{"d": d, "s": s, "value": value} for (d, s), value in rows.items()],
        }
    ]


def records(af: int, am: int, bf: int, bm: int) -> list[tuple[str, str]]:
    return [("a", "f")] * af + [("a", "m")] * am + [("b", "f")] * bf + [("b", "m")] * bm


# All 14 women are `a`, and are printed as 5: 0 to 14. Who holds the register of `a` by sex knows of 14, so nobody is
# left to be a woman and `b`.
WOMEN = two_by_two(known=[{"by": ["s"], "where": {"d": "a"}}])
WOMEN_PRINTED, WOMEN_THERE = printed(5, 30, 0, 30), records(14, 28, 0, 26)


def test_arithmetic_with_a_register_stops_a_release_before_worlds_are_looked_for() -> None:
    told: list[str] = []
    seen = audit(WOMEN, WOMEN_PRINTED, WOMEN_THERE, progress=told.append)
    assert {(f.scenario, f.table) for f in seen.findings} == {("A3", "d*s")}
    assert [f.cell for f in seen.findings if f.guarantee == "G4"] == [(("d", "b"), ("s", "f"))]
    assert {f.cell for f in seen.findings if f.guarantee == "G5"} == {
        (("d", "a"), ("s", "f")),  # all women are a
        (("d", "b"), ("s", "m")),  # all b are men
    }
    assert seen.scenarios == {"A0": True, "A1": True, "A2": False, "A3": False}
    assert told == ["shape", "linear bounds"]


def test_without_the_register_the_same_release_is_safe() -> None:
    assert audit(two_by_two(), WOMEN_PRINTED, WOMEN_THERE).ok


def test_a_register_that_is_only_reported_is_reported_and_stops_nothing() -> None:
    reported = two_by_two(reported=[{"by": ["s"], "where": {"d": "a"}}])
    seen = audit(reported, WOMEN_PRINTED, WOMEN_THERE)
    assert seen.ok
    assert seen.scenarios == {"A0": True, "A1": True, "A2": True, "A5": False}


def test_each_scenario_knows_what_it_is_said_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Scenario] = {}

    def listen(*arguments: Any) -> list[Any]:
        known[arguments[3].name] = arguments[3]
        return []

    monkeypatch.setattr(attack, "pinned", listen)
    table_set = two_by_two(known=[{"by": ["s"], "where": {"d": "a"}}], reported=[{"by": ["d"]}])
    audit(table_set, printed(30, 30, 5, 0), records(31, 29, 2, 3))
    assert {name: sorted(fact.low for fact in each.facts) for name, each in known.items()} == {
        "A1": [65],
        "A3": [29, 31, 60],
        "A5": [5, 60, 65],
    }
    assert all(fact.low == fact.high for each in known.values() for fact in each.facts)


def test_a_solver_that_does_not_finish_is_a_failed_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    def unfinished(*_: Any) -> None:
        raise NotOptimal

    monkeypatch.setattr(attack, "pinned", unfinished)
    seen = audit(two_by_two(), printed(30, 30, 0, 5), records(30, 30, 0, 3))
    assert [(f.guarantee, f.scenario) for f in seen.findings] == [("audit", "A1")]


def test_a_figure_of_people_who_cannot_be_is_caught_though_everything_adds_up() -> None:
    nobody = two_by_two(impossible=[{"d": "b", "s": "m"}])
    there = records(20, 20, 20, 0)
    assert audit(nobody, printed(20, 20, 20, 0), there).ok
    assert {f.guarantee for f in audit(nobody, printed(20, 20, 20, 5), there).findings} == {"G2"}


def test_nobody_in_a_world_is_given_codes_that_cannot_be() -> None:
    nobody = two_by_two(impossible=[{"d": "b", "s": "m"}])
    figures, faults = attack.check_shape(nobody, printed(20, 20, 20, 0))
    assert not faults
    world = PossibleWorld(Frame(nobody, figures, Scenario("A0")), records(20, 20, 20, 0))
    assert not world.move((20, ("b", "m")))
    assert world.move((20, ("b", "f")))
    assert world.frame.lawful(("b", "m"), {"d"}, random.Random(1)) == [("b", "f")]
    assert world.frame.lawful(("b", "m"), {"d", "s"}, random.Random(1)) == []


def test_others_differ_only_beside_a_member_who_is_there_and_only_if_two_are_left() -> None:
    counts = [6, 0, 2, 1, 1]  # of a group, and of four categories
    assert differ(counts, (0, 2, (2, 3)))  # one of the two of the second is known: 1 and 1 are left
    assert not differ(counts, (0, 3, (2, 3)))  # the one of the third is known: only the second is left
    assert not differ(counts, (0, 1, (1, 2, 3)))  # nobody of the first is there to be known
    assert differ(counts, (0, 3, (2, 3, 4)))


def test_codes_that_rules_together_forbid_are_found_by_worlds_alone() -> None:
    """Nobody is x and u, nobody y and n; so nobody is u and n, though no rule says so and every sum leaves room."""
    table_set = parse(
        {
            "dimension": {
                "k": {"column": "k", "codes": ["x", "y"]},
                "d": {"column": "d", "codes": ["u", "v"]},
                "s": {"column": "s", "codes": ["n", "o"]},
            },
            "table": [{"by": ["d", "s"]}],
            "impossible": [{"k": "x", "d": "u"}, {"k": "y", "s": "n"}],
        }
    )
    tables = [
        {
            "name": "d*s",
            "dimensions": ["d", "s"],
            "rows": [
                {"d": d, "s": s, "value": value}
                for (d, s), value in {
                    ("*", "*"): 60,
                    ("*", "n"): 20,
                    ("*", "o"): 40,
                    ("u", "*"): 20,
                    ("u", "n"): 0,
                    ("u", "o"): 20,
                    ("v", "*"): 40,
                    ("v", "n"): 20,
                    ("v", "o"): 20,
                }.items()
            ],
        }
    ]
    there = [("x", "v", "n")] * 20 + [("x", "v", "o")] * 20 + [("y", "u", "o")] * 20
    told: list[str] = []
    seen = audit(table_set, tables, there, progress=told.append)
    nobody = (("d", "u"), ("s", "n"))
    assert [f.cell for f in seen.findings if (f.guarantee, f.scenario) == ("G4", "A1")] == [nobody]
    assert {f.cell for f in seen.findings if f.guarantee == "G5"} == {
        (("d", "u"), ("s", "o")),  # all u are o
        (("d", "v"), ("s", "n")),  # all n are v
    }
    assert told[-1] == "possible worlds"


# Stock and flow: two releases


def flowing() -> TableSet:
    return parse(
        {
            "dimension": {
                "s": {"column": "s", "codes": ["f", "m"]},
                "arrival": {"column": "arrival", "codes": ["opening", "admitted"]},
                "status": {"column": "status", "codes": ["there", "left"]},
            },
            "table": [{"by": ["s"]}],
            "stock_flow": {
                "by": ["s"],
                "arrival": {"dimension": "arrival", "opening": "opening", "admitted": "admitted"},
                "departure": {"dimension": "status", "closing": "there", "left": "left"},
            },
        }
    )


def figures_of(table_set: TableSet, values: dict[tuple[str, ...], int], name: str) -> dict[str, Any]:
    by = next(table.by for table in table_set.tables if table.name == name)
    return {
        "name": name,
        "dimensions": list(by),
        "rows": [{**dict(zip(by, key, strict=True)), "value": value} for key, value in values.items()],
    }


def crossed(first: tuple[int, int], second: tuple[int, int], codes: tuple[str, str]) -> dict[tuple[str, ...], int]:
    """Women and men, each by the two codes, with all sums."""
    (fa, fb), (ma, mb) = first, second
    one, two = codes
    cells = {("f", one): fa, ("f", two): fb, ("m", one): ma, ("m", two): mb}
    cells |= {("f", "*"): fa + fb, ("m", "*"): ma + mb, ("*", one): fa + ma, ("*", two): fb + mb}
    return {**cells, ("*", "*"): fa + fb + ma + mb}


def test_arithmetic_ties_the_opening_to_the_closing_before() -> None:
    """Two releases that cannot both be true leave no number of people at all."""
    table_set = flowing()
    tables = [
        figures_of(table_set, {("*",): 60, ("f",): 20, ("m",): 40}, "s"),
        figures_of(table_set, crossed((0, 20), (20, 20), ("opening", "admitted")), "s*arrival"),
        figures_of(table_set, crossed((10, 10), (20, 20), ("there", "left")), "s*status"),
    ]
    figures, faults = attack.check_shape(table_set, tables)
    assert not faults
    for closing, there in ((20, True), (90, False)):
        before = EarlierRelease({(): closing, (("status", "there"),): closing})
        keeper = scenario("A4", table_set, figures, [], earlier=[before])
        if there:
            assert pinned(table_set, figures, dict.fromkeys(figures, 9), keeper) == []
        else:
            with pytest.raises(NotOptimal):
                pinned(table_set, figures, dict.fromkeys(figures, 1), keeper)


def test_a_past_that_cannot_be_imagined_is_a_failed_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack, "possible_earlier_world", lambda *_: None)
    table_set = flowing()
    tables = [
        figures_of(table_set, {("*",): 60, ("f",): 20, ("m",): 40}, "s"),
        figures_of(table_set, crossed((0, 20), (20, 20), ("opening", "admitted")), "s*arrival"),
        figures_of(table_set, crossed((10, 10), (20, 20), ("there", "left")), "s*status"),
    ]
    there = [("f", "admitted", "there")] * 10 + [("f", "admitted", "left")] * 10
    there += [("m", "opening", "there")] * 20 + [("m", "admitted", "left")] * 20
    last = EarlierRelease({(): 20, (("status", "there"),): 20})
    seen = audit(table_set, tables, there, earlier=[last])
    assert [(f.guarantee, f.scenario) for f in seen.findings] == [("audit", "A4")]


# Codes that come only together


@pytest.mark.slow
@pytest.mark.parametrize(
    ("report", "people_there", "step"),
    [
        ("x", 40, "one_way"),
        ("x", 120, "three_way"),
        ("vi", 40, "one_way"),
        ("vi", 70, "two_way"),
        ("trp", 40, "one_way"),
        ("trp", 70, "two_way"),
        ("referrals", 40, "one_way"),
        ("referrals", 120, "two_way"),
    ],
)
def test_a_code_that_nobody_has_does_not_take_the_report_away(report: str, people_there: int, step: str) -> None:
    """Nobody refused help, and who refuses has no crossing point, no country, no agency: six codes change at once."""
    table_set = load("albania").tables[report]
    rows = people(table_set, people_there, 0)
    if report == "x":
        assert all(row["outcome"] != "refused" for row in rows)
    made = make(table_set, rows, seed=bytes(32))
    assert made.verdict.step == step


def asked_for_identification(undecided: int) -> list[dict[str, str]]:
    """Sixty people whose identification was asked for; so many of them are not decided on."""
    dice = random.Random(1)
    rows = []
    for number in range(60):
        decided = {
            "status": dice.choices(["identified", "not_a_victim"], [6, 2])[0],
            "way": dice.choices(["two_looks", "third_look", "appeal"], [7, 2, 1])[0],
        }
        codes = decided if number >= undecided else {"status": "possible", "way": "none"}
        who = dice.choice(["albanian", "third_country"]), dice.choice(["feminine", "masculine"])
        rows.append({**codes, "citizenship_class": who[0], "sex": who[1], "age_band": "adult", "person": str(number)})
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("undecided", [0, 1, 3])
def test_what_a_register_knows_by_definition_does_not_take_the_report_away(undecided: int) -> None:
    """The police know how many are not decided on; "decided by nothing" is these people by another name."""
    rows = asked_for_identification(undecided)
    made = make(load("albania").tables["identifications"], rows, seed=bytes(32))
    assert made.verdict.step == "two_way"
    assert not made.verdict.attempts


def test_a_register_knows_no_more_than_the_rules_say() -> None:
    identified = load("albania").tables["identifications"]
    there = [tuple(row[root] for root in identified.roots) for row in asked_for_identification(3)]
    cells = [(("way", way),) for way in ("none", "appeal")]
    known = scenario("A3", identified, cells, there, registers=identified.known)
    assert known.exempt == {cells[0]}
    free = two_by_two(known=[{"by": ["d"]}])
    told = scenario("A3", free, [(("s", "m"),)], records(1, 0, 2, 3), registers=free.known)
    assert not told.exempt
