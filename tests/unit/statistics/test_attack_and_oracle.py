"""The attacker against the oracle, on releases that nobody attacked before: each finds what the other finds.

Where the attacker is too mild somebody is found; where it is too strict a report that could be read is a total alone.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
from ortools.sat.python import cp_model

from nrm.statistics import attack as attacker
from nrm.statistics import cells
from nrm.statistics.attack import Audit, audit
from nrm.statistics.cells import lay_out
from nrm.statistics.description import parse
from nrm.statistics.printed import read_history, render
from nrm.statistics.protect import NOTHING_PRINTED, CannotRound, Figures, round_jointly, round_total, secret_stream
from nrm.statistics.reading import EarlierRelease
from nrm.statistics.release import make
from nrm.statistics.tables import Known, TableSet
from nrm.statistics.verdicts import Draft
from tests.unit.statistics.oracle import Quarter, is_possible, printed
from tests.unit.statistics.sets import people

Members = dict[str, str]
Rows = list[dict[str, str]]
INSTANCES = 150
TOLD_BY_TWO = (4, 9, 76, 90, 526)
TWO_QUARTERS = (*range(16), 76, 90, 526)


def tied(chance: random.Random) -> TableSet:
    """Two or three dimensions of two or three codes; often some codes come only together, and a register is held."""
    names = ["a", "b", "c"][: chance.randint(2, 3)]
    codes = {name: [f"{name}{number}" for number in range(chance.randint(2, 3))] for name in names}
    by = {tuple(sorted(chance.sample(names, chance.randint(1, 2)))) for _ in range(chance.randint(1, 3))}
    rules: list[dict[str, Any]] = []
    if chance.random() < 0.6:  # a0 and b0 come together or not at all
        rules += [{"a": "a0", "b": codes["b"][1:]}, {"a": codes["a"][1:], "b": "b0"}]
        if "c" in names and chance.random() < 0.7:
            rules += [{"a": "a0", "c": codes["c"][1:]}]
    data: dict[str, Any] = {
        "dimension": {name: {"column": name, "codes": codes[name]} for name in names},
        "table": [{"by": list(each)} for each in sorted(by)],
        "impossible": rules,
    }
    if chance.random() < 0.6:
        data["known"] = [{"by": [names[1]], "where": {"a": codes["a"][-1]}}]
    return parse(data)


@dataclass(frozen=True)
class Release:
    """A rounding that nobody attacked yet."""

    table_set: TableSet
    rows: Rows
    tables: tuple[dict[str, Any], ...]

    def held(self, cell: Members) -> int:
        return sum(all(row[name] == code for name, code in cell.items()) for row in self.rows)

    def cells(self) -> list[dict[str, str]]:
        return list({tuple(sorted(members.items())): members for members, _ in printed(self.tables)}.values())

    def figure(self, cell: Members) -> int:
        return next(value for members, value in printed(self.tables) if members == cell)

    def can_be(self, cell: Members) -> bool:
        """Whether no rule by itself forbids everybody who could be there."""
        return not any(
            all(self.codes(name, cell) <= codes for name, codes in rule.items()) for rule in self.table_set.impossible
        )

    def codes(self, name: str, cell: Members) -> set[str]:
        return {cell[name]} if name in cell else set(self.table_set.dimensions[name].codes)

    def groups(self) -> Iterator[tuple[Members, list[Members]]]:
        """Every printed group whose parts along another dimension are printed."""
        cells = self.cells()
        for whole in cells:
            for name in self.table_set.dimensions.keys() - whole.keys():
                parts: list[Members] = [whole | {name: code} for code in self.table_set.dimensions[name].codes]
                if all(part in cells for part in parts):
                    yield whole, parts


def rounded(table_set: TableSet, rows: Rows, seed: bytes, last: Figures = NOTHING_PRINTED) -> Release | None:
    """What is rounded, whether it would survive the attack or not."""
    noise = secret_stream(seed)
    total = round_total(len(rows), noise, last)
    table_set = table_set.reduced(table_set.ways_for(5 * total))
    layout = lay_out(table_set)
    records, _ = table_set.records(rows)
    counts = layout.membership(records).sum(axis=1).astype(np.int64)
    try:
        figures = round_jointly(layout, counts, total, noise, last=last)
    except CannotRound:
        return None
    return Release(table_set, rows, render(layout, figures))


def releases() -> Iterator[Release]:
    for number in range(INSTANCES):
        chance = random.Random(1000 + number)
        table_set = tied(chance)
        release = rounded(table_set, people(table_set, chance.randint(20, 75), number), bytes([number]) * 32)
        if release is not None:
            yield release


def in_the_register(by: list[list[str]], held: dict[tuple[str, str], int], figures: list[dict[str, int]]) -> Release:
    """People by `a` and `b`, and what was printed of them, codes joined by a blank. A register has `a0` by `b`."""
    codes = {"a": ["a0", "a1"], "b": ["b0", "b1"]}
    table_set = parse(
        {
            "dimension": {name: {"column": name, "codes": codes[name]} for name in codes},
            "table": [{"by": each} for each in by],
            "known": [{"by": ["b"], "where": {"a": "a0"}}],
        }
    )
    rows = [
        {"a": a, "b": b, "person": f"{a}{b}{number}"} for (a, b), several in held.items() for number in range(several)
    ]
    tables = [
        {
            "name": "*".join(names),
            "dimensions": names,
            "rows": [{**dict(zip(names, key.split(), strict=True)), "value": value} for key, value in of.items()],
        }
        for names, of in zip(by, figures, strict=True)
    ]
    return Release(table_set, rows, tuple(tables))


# Men are printed as 25, so they are at least 16: who knows of 15 in a0 knows that somebody is in a1 (G3). Women are
# printed as 5, so they are at most 14: who knows of 14 in a0 knows that none is in a1 (G4).
MEN = in_the_register(
    [["a"], ["b"]],
    {("a0", "b0"): 20, ("a0", "b1"): 15, ("a1", "b1"): 2},
    [{"*": 40, "a0": 40, "a1": 0}, {"*": 40, "b0": 15, "b1": 25}],
)
WOMEN = in_the_register(
    [["a", "b"]],
    {("a0", "b0"): 14, ("a0", "b1"): 28, ("a1", "b1"): 26},
    [{"* *": 65, "* b0": 5, "* b1": 60, "a0 *": 35, "a1 *": 30, "a0 b0": 5, "a0 b1": 30, "a1 b0": 0, "a1 b1": 30}],
)


class Reader:
    """Somebody who holds the figures and some numbers of people exactly; `register` says of whom they know what."""

    def __init__(
        self,
        release: Release,
        facts: list[tuple[Members, int]],
        register: Known | None = None,
        before: Release | None = None,
    ) -> None:
        self.release, self.facts, self.register, self.before = release, facts, register, before

    def knows(self, cell: Members) -> bool:
        who = self.meant(cell)
        return any(who == fact or (not number and who <= fact) for fact, number in self.known())

    def knows_of_somebody(self, cell: Members) -> bool:
        who = self.meant(cell)
        return any(number and fact <= who for fact, number in self.known())

    def known(self) -> Iterator[tuple[frozenset[tuple[str, ...]], int]]:
        yield from ((self.meant(fact), number) for fact, number in self.facts)

    def meant(self, cell: Members) -> frozenset[tuple[str, ...]]:
        """Whom a cell can hold: whoever holds a register knows people by what they are, not by what it is called."""
        of, names = self.release.table_set, self.release.table_set.roots
        every = product(*(of.dimensions[name].codes for name in names))
        held = (one for one in every if cell.items() <= dict(zip(names, one, strict=True)).items())
        if self.register is None:
            return frozenset(held)
        return frozenset(one for one in held if self.release.can_be(dict(zip(names, one, strict=True))))

    def may(self, *asked: tuple[Members, int, int]) -> bool:
        def build(model: cp_model.CpModel) -> None:
            quarter = self.quarter(model)
            for members, low, high in asked:
                model.add_linear_constraint(quarter.count(members), low, high)

        return is_possible(build)

    def quarter(self, model: cp_model.CpModel) -> Quarter:
        quarter = Quarter(model, self.release.table_set, self.release.tables, None)
        for members, number in self.facts:
            model.add(quarter.count(members) == number)
        if self.before is not None:
            last = Quarter(model, self.before.table_set, self.before.tables, None)
            for code in self.release.table_set.dimensions["s"].codes:  # all that people keep from quarter to quarter
                closing, opening = {"s": code, "status": "there"}, {"s": code, "arrival": "opening"}
                model.add(last.count(closing) == quarter.count(opening))
        return quarter

    def others_may_differ(self, parts: list[Members], known: Members) -> bool:
        def build(model: cp_model.CpModel) -> None:
            quarter = self.quarter(model)
            filled = []
            for part in parts:
                is_there = model.new_bool_var("")
                model.add(quarter.count(part) >= 1 + (part == known)).only_enforce_if(is_there)
                filled.append(is_there)
            model.add(quarter.count(known) >= 1)
            model.add(cp_model.LinearExpr.sum(filled) >= 2)

        return is_possible(build)

    def learns(self) -> Counter[str]:
        """How often each guarantee does not hold, by the words of its definition."""
        found: Counter[str] = Counter()
        for cell in self.release.cells():
            if cell and self.release.can_be(cell) and not self.knows(cell):
                found.update(self.of_cell(cell))
        for whole, parts in self.release.groups():
            found["G5"] += self.of_group(whole, parts)
        for record in {tuple(row[name] for name in self.release.table_set.roots) for row in self.release.rows}:
            found["G7"] += self.of_record(dict(zip(self.release.table_set.roots, record, strict=True)))
        return +found

    def of_cell(self, cell: Members) -> Iterator[str]:
        held = self.release.held(cell)
        if not held:
            yield from ["G4"] * (not self.may((cell, 1, 99)))
        elif held < 5:
            none = [] if self.knows_of_somebody(cell) else [self.may((cell, 0, 0))]
            five = [self.may((cell, 5, 99))] if self.release.figure(cell) else []
            if self.register is None:
                yield from ["G3"] * (none + five).count(False)
            elif none + five:  # of many people they know: that the number stays open is enough
                yield from ["G3"] * (len(none + five) if not any(none + five) else 0)

    def of_group(self, whole: Members, parts: list[Members]) -> int:
        categories = [
            part for part in parts if self.release.can_be(part) and (self.release.held(part) or not self.knows(part))
        ]
        if self.release.held(whole) < 2 or len(categories) < 2 or all(map(self.knows, parts)):
            return 0
        known = [part for part in categories if self.release.held(part)]
        return sum(not self.others_may_differ(categories, part) for part in known)

    def of_record(self, record: dict[str, str]) -> int:
        told = set()
        if self.register is not None and all(record[name] in codes for name, codes in self.register.where.items()):
            told = set(self.register.by)
        missing = 0
        for name in record.keys() - told:
            codes = self.release.table_set.dimensions[name].codes
            others = [record | {name: code} for code in codes if code != record[name]]
            others = [other for other in others if self.release.can_be(other)]
            missing += bool(others) and not any(self.may((other, 1, 99)) for other in others)
        return missing


def knows_how_many(release: Release) -> Reader:
    return Reader(release, [({}, len(release.rows))])


def holds_the_register(release: Release) -> Reader:
    (register,) = release.table_set.known
    ((root, codes),) = register.where.items()
    (code,) = codes
    (name,) = register.by
    of_code: list[Members] = [{root: code}]
    of_code += [{root: code, name: member} for member in release.table_set.dimensions[name].codes]
    return Reader(release, [(cell, release.held(cell)) for cell in of_code], register)


@pytest.fixture(scope="module")
def judged() -> list[tuple[Release, str, Audit]]:
    """Releases with the last thing that the attacker tried, and its findings."""
    found = []
    with pytest.MonkeyPatch.context() as before:
        # As releases were made when figures that are equal by definition were two: these leave more to be found.
        before.setattr(cells, "by_definition", lambda *_: [])
        before.setattr(attacker, "_check_definitions", lambda *_: [])
        for release in (*releases(), MEN, WOMEN):
            if release is MEN:
                before.setattr(attacker, "ARITHMETIC", 0)  # which finds them, too
            told: list[str] = []
            records, _ = release.table_set.records(release.rows)
            found.append((release, told, audit(release.table_set, release.tables, records, progress=told.append)))
    return [(release, told[-1], seen) for release, told, seen in found]


Judged = list[tuple[Release, str, Audit]]


@pytest.mark.slow
def test_the_attacker_finds_what_the_oracle_finds_and_nothing_else(judged: Judged) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for release, _, attack in judged:
        readers = {"A1": knows_how_many(release)}
        if release.table_set.known:
            readers["A3"] = holds_the_register(release)
        for name, reader in readers.items():
            by_attacker = Counter(f.guarantee for f in attack.findings if f.scenario == name)
            by_oracle = reader.learns()
            assert by_attacker == by_oracle, (name, release)
            seen.update({(name, guarantee) for guarantee in by_oracle})
    assert {tried for _, tried, _ in judged} == {"possible worlds"}  # else arithmetic alone would have spoken
    assert sum(attack.ok for _, _, attack in judged) > len(judged) // 2
    assert seen.keys() >= {(name, f"G{number}") for name in ("A1", "A3") for number in (3, 4)}
    assert seen.keys() >= {("A3", "G5"), ("A3", "G7")}


def test_a_scenario_has_failed_when_it_has_a_finding(judged: Judged) -> None:
    for _, _, attack in judged:
        failed = {finding.scenario for finding in attack.findings}
        assert {name for name, held in attack.scenarios.items() if not held} - {"A0", "A2"} == failed
        assert attack.scenarios["A0"] == attack.scenarios["A1"]
        assert attack.scenarios["A2"] != any(finding.guarantee == "G5" for finding in attack.findings)


# Two quarters


def flowing(chance: random.Random) -> TableSet:
    end = {"arrival": ("opening", "admitted"), "status": ("there", "left")}
    codes = {"s": [f"s{number}" for number in range(chance.randint(2, 4))], "c": ["c0", "c1"]}
    return parse(
        {
            "dimension": {name: {"column": name, "codes": list(of)} for name, of in {**codes, **end}.items()},
            "table": [{"by": ["c", "s"] if chance.random() < 0.5 else ["c"]}],
            "stock_flow": {
                "by": ["s"],
                "arrival": {"dimension": "arrival", "opening": "opening", "admitted": "admitted"},
                "departure": {"dimension": "status", "closing": "there", "left": "left"},
            },
        }
    )


def two_quarters(number: int) -> tuple[Release, Release, tuple[EarlierRelease, ...]]:
    """(the second, the first as it was released, the first as the attacker reads it)."""
    chance = random.Random(5000 + number)
    table_set, seed = flowing(chance), hashlib.sha256(bytes([number % 256])).digest()
    first = people(table_set, chance.randint(25, 70), number)
    made = make(table_set, first, seed=seed)
    assert isinstance(made, Draft)
    rows = [row | {"arrival": "opening"} for row in first if row["status"] == "there"]
    rows = [row | {"status": chance.choice(["there", "left"])} for row in rows]
    new = people(table_set, max(0, chance.randint(25, 75) - len(rows)), 10_000 + number, "n")
    rows += [row | {"arrival": "admitted"} for row in new]
    last, earlier = read_history([made.kept])
    second = rounded(table_set, rows, seed[::-1], last)
    assert second is not None
    return second, Release(table_set, first, made.tables), earlier


@pytest.mark.slow
@pytest.mark.parametrize("number", TWO_QUARTERS)
def test_who_kept_the_release_before_finds_what_the_oracle_finds_in_both(number: int) -> None:
    second, first, earlier = two_quarters(number)
    records, _ = second.table_set.records(second.rows)
    attack = audit(second.table_set, second.tables, records, earlier=earlier)
    found = Counter(finding.guarantee for finding in attack.findings if finding.scenario == "A4")
    assert found == Reader(second, [], before=first).learns()
    assert bool(found) == (number in TOLD_BY_TWO)
    assert attack.scenarios["A4"] == (not found)
