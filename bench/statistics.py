"""Disclosure control of report ix: rounding and attack, beside rounding every figure on its own."""

from __future__ import annotations

import random
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nrm.cli.protect import SAMPLE
from nrm.statistics.attack import audit
from nrm.statistics.cells import Layout, lay_out
from nrm.statistics.description import parse
from nrm.statistics.printed import render
from nrm.statistics.protect import domain, round_jointly, round_total, secret_stream
from nrm.statistics.release import make
from nrm.statistics.tables import BASE, Cell, TableSet
from nrm.statistics.verdicts import Draft, mean_error_non_empty

SPEC = Path(__file__).parent.parent / "nrm/countries/albania/tables-ix.toml"
PEOPLE = (60, 120, 300)
TARGETS = {"linear bounds": "target 1 s at 396 figures", "possible worlds": "target 3 s at 396 figures, 65 s at 967"}
SEED = b"benchmark".ljust(32)


def somebody(table_set: TableSet, number: int) -> list[dict[str, str]]:
    """A skewed population: a few codes hold most people, many hold one or two."""
    chance = random.Random(number)
    weights = {
        root: [chance.random() ** 2 + 0.02 for _ in table_set.dimensions[root].codes] for root in table_set.roots
    }
    rows: list[dict[str, str]] = []
    while len(rows) < number:
        row = {root: chance.choices(table_set.dimensions[root].codes, weights[root])[0] for root in table_set.roots}
        if not any(all(row[root] in codes for root, codes in rule.items()) for rule in table_set.impossible):
            rows.append({"person": str(len(rows)), **row})
    return rows


def linked() -> TableSet:
    """One table of 27 by 13 by 23 codes with all its margins: 9,408 figures."""
    sizes = {"a": 27, "b": 13, "c": 23}
    dimension = {name: {"column": name, "codes": [f"{name}{n}" for n in range(size)]} for name, size in sizes.items()}
    return parse({"dimension": dimension, "table": [{"by": list(sizes)}]})


def round_linked() -> None:
    """Rounding alone: so many figures are more than any quarter of a report."""
    table_set = linked()
    records, _ = table_set.records(somebody(table_set, 3000))
    layout = lay_out(table_set)
    true = layout.membership(records).sum(axis=1).astype(np.int64)
    total = round_total(len(records), secret_stream(SEED, "total"))
    started = time.process_time()
    joint = round_jointly(layout, true, total, secret_stream(SEED, "linked"))
    seconds = time.process_time() - started
    printed = np.array([BASE * joint[cell] for cell in layout.cells])
    errors = errors_of(true, printed)
    small = int(((true > 0) & (true < BASE)).sum())
    told = f"{'ok' if seconds <= 1.2 else 'short':>12}  target 1.2 s"
    print(f"{3000:6} {len(true):5} {small:6} {'jointly, one table':24} {seconds:8.3f} {errors} {0:10} {told}")


def errors_of(true: np.ndarray, printed: np.ndarray) -> str:
    """The mean error over all cells, and over those that hold anybody."""
    return f"{np.abs(printed - true).mean():10.2f} {mean_error_non_empty(true, printed):10.2f}"


def large(sizes: Mapping[str, int], groups: Mapping[str, int], tables: Sequence[str]) -> TableSet:
    """Dimensions called by one letter, of so many codes, some in so many groups; a table is its letters."""
    dimension: dict[str, dict[str, Any]] = {}
    for name, size in sizes.items():
        codes = [f"{name}{n}" for n in range(size)]
        dimension[name] = {"column": name, "codes": codes}
        if name in groups:
            dimension[name]["hierarchy"] = {f"{name}-g{n}": codes[n :: groups[name]] for n in range(groups[name])}
    return parse({"dimension": dimension, "table": [{"by": list(by)} for by in tables]})


# The last one has exactly 10,000 figures, in six tables that share margins.
LARGE = (
    ({"a": 12, "b": 2, "c": 6, "d": 5, "e": 7}, {"a": 3}, ("abc", "adb", "bde", "ae", "ced"), 10_000),
    ({"a": 12, "b": 6, "c": 8, "d": 5, "e": 9}, {"a": 3}, ("abc", "ade", "bde", "ced", "abe"), 1_500),
    ({"a": 27, "b": 13, "c": 23}, {}, ("abc",), 3_000),
    (
        {"a": 23, "b": 2, "c": 10, "d": 10, "e": 18, "f": 4},
        {"a": 6, "e": 3},
        ("acd", "aef", "bce", "deb", "cdf", "abe"),
        5_000,
    ),
)


def protect_linked() -> None:
    """What `nrm protect` does with large sets of tables: a whole release, in processor seconds of one thread."""
    for sizes, groups, tables, number in LARGE:
        table_set = large(sizes, groups, tables)
        started = time.process_time()
        made = make(table_set, somebody(table_set, number), seed=SEED, sample=SAMPLE)
        seconds = time.process_time() - started
        said = made.verdict
        step = f"{said.step if said.ok else 'refused'} at draft {1 + len(said.attempts)}"
        told = f"{step}, {said.questions - said.untried} of {said.questions} questions"
        verdict = f"{'ok' if seconds <= 120 and said.ok else 'short':>12}  target 120 s; {told}"
        about = f"{number:6} {said.cells:5} {said.small_cells:6} {'a whole large release':24}"
        errors = f"{said.mean_abs_error:10.2f} {said.mean_abs_error_non_empty:10.2f}"
        print(f"{about} {seconds:8.1f} {errors} {0:10} {verdict}", flush=True)


def broken_sums(layout: Layout, printed: np.ndarray) -> int:
    return sum(printed[whole] != printed[list(parts)].sum() for whole, parts in layout.relations)


QUARTERS, STAYING = 8, (0.6, 0.75, 0.9)
PANELS = len(STAYING)


def as_stated(layout: Layout, true: np.ndarray, printed: np.ndarray) -> None:
    """Who knows everything but the seed finds each figure among those that may be printed for the true number."""
    stated = all(
        number in layout.impossible or figure // BASE in domain(int(count))
        for number, (figure, count) in enumerate(zip(printed.tolist(), true.tolist(), strict=True))
        if number
    )
    if not stated or broken_sums(layout, printed) or abs(int(printed[0] - true[0])) >= BASE:
        raise AssertionError("a figure is not what the method states")


def panel(whole: TableSet, people: int, number: int) -> Iterator[tuple[Layout, np.ndarray, np.ndarray, float]]:
    """(layout, true, printed, seconds) of eight quarters after another; 60, 75 or 90 in 100 people stay.

    The roles in stock and flow are drawn like any other attribute, so openings are not tied to closings here.
    """
    chance = random.Random(f"panel {people} {number}")
    everybody = somebody(whole, people * QUARTERS + number)
    rows, pool = everybody[:people], everybody[people:]
    last: dict[Cell, int] = {}
    for quarter in range(QUARTERS):
        records, _ = whole.records(rows)
        noise = secret_stream(SEED, "panel", people, number, quarter)
        total = round_total(len(records), noise, last)
        layout = lay_out(whole.reduced(whole.ways_for(BASE * total)))
        true = layout.membership(records).sum(axis=1).astype(np.int64)
        started = time.process_time()
        last = round_jointly(layout, true, total, noise, last=last, closing={})
        seconds = time.process_time() - started
        printed = np.array([BASE * last[cell] for cell in layout.cells])
        as_stated(layout, true, printed)
        yield layout, true, printed, seconds
        rows = chance.sample(rows, round(STAYING[number] * len(rows)))
        rows += chance.sample(pool, people - len(rows))
        rows = [{**row, "person": str(place)} for place, row in enumerate(rows)]


def whole_groups(layout: Layout, true: np.ndarray, printed: np.ndarray) -> tuple[int, int]:
    """How many printed groups are all in one printed category, and how many of those groups of somebody really are."""
    seen = held = 0
    for whole, parts in layout.relations:
        filled = [part for part in parts if printed[part]]
        if len(parts) > 1 and printed[whole] and len(filled) == 1:
            seen += 1
            held += int(true[whole] > 0 and true[filled[0]] == true[whole])
    return seen, held


def panels(whole: TableSet) -> None:
    """What a 5 means, the error where somebody is, and the time, over quarters with inertia."""
    print(
        "quarters with inertia: error over figures of somebody, over all; fives behind which nobody is, 1 to 4, more;"
    )
    print(
        "groups printed in one category that are; seconds a rounding (each possible and as stated, else it stops here)"
    )
    for people in (30, 60, 120, 300):
        errors, everywhere, fives, groups, seconds = [], [], np.zeros(3), np.zeros(2), []
        for number in range(PANELS):
            for layout, true, printed, took in panel(whole, people, number):
                away = np.abs(printed - true)
                errors += away[true > 0].tolist()
                everywhere += away.tolist()
                shown = true[printed == BASE]
                fives += [(shown == 0).sum(), ((shown > 0) & (shown < BASE)).sum(), (shown >= BASE).sum()]
                groups += whole_groups(layout, true, printed)
                seconds.append(took)
        share = 100 * fives / fives.sum()
        about = f"{people:6} {np.mean(errors):6.2f} {np.mean(everywhere):6.2f}"
        print(
            f"{about}   {share[0]:5.1f} {share[1]:5.1f} {share[2]:5.1f} %"
            f"   {100 * groups[1] / max(1, groups[0]):5.1f} % of {int(groups[0]):5}   {np.mean(seconds):6.3f} s"
        )


def main() -> None:
    """Print, per number of people: seconds, errors, and what each way of rounding gives away."""
    whole = parse(tomllib.loads(SPEC.read_text("utf-8")))
    columns = f"{'seconds':>8} {'mean error':>10} {'non-empty':>10} {'wrong sums':>10} {'attack':>12}"
    print(f"{'people':>6} {'cells':>5} {'1 to 4':>6} {'':24} {columns}")
    for number in PEOPLE:
        rows = somebody(whole, number)
        records, _ = whole.records(rows)
        total = round_total(number, secret_stream(SEED, "total"))
        table_set = whole.reduced(whole.ways_for(BASE * total))
        layout = lay_out(table_set)
        true = layout.membership(records).sum(axis=1).astype(np.int64)
        about = f"{number:6} {len(true):5} {int(((true > 0) & (true < BASE)).sum()):6}"

        started = time.process_time()
        alone = BASE * np.rint(true / BASE).astype(np.int64)
        naive_seconds = time.process_time() - started
        naive = render(layout, {cell: int(figure) // BASE for cell, figure in zip(layout.cells, alone, strict=True)})
        caught = "caught" if not audit(table_set, naive, records).ok else "PASSED"
        sums = broken_sums(layout, alone)
        errors = errors_of(true, alone)
        print(f"{about} {'each figure alone':24} {naive_seconds:8.3f} {errors} {sums:10} {caught:>12}")

        started = time.process_time()
        joint = round_jointly(layout, true, total, secret_stream(SEED, number))
        seconds = time.process_time() - started
        printed = np.array([BASE * joint[cell] for cell in layout.cells])
        phases: list[tuple[str, float]] = []
        attack = audit(
            table_set,
            render(layout, joint),
            records,
            progress=lambda what, phases=phases: phases.append((what, time.process_time())),
        )
        phases.append(("", time.process_time()))
        verdict = "survived" if attack.ok else "failed"
        error = np.abs(printed - true).mean()
        sums = broken_sums(layout, printed)
        print(f"{about} {'jointly':24} {seconds:8.3f} {errors_of(true, printed)} {sums:10} {verdict:>12}")
        target = 0.3 if len(true) < 500 else 1.2
        said = "ok" if seconds <= target and error <= 1.6 else "short"
        print(f"{'':19} {'':24} {'':8} {'':10} {'':10} {'':10} {said:>12}  target {target} s, mean error 1.6")
        for (phase, since), (_, until) in pairwise(phases):
            print(f"{about} {f'attack: {phase}':24} {until - since:8.3f}  {TARGETS.get(phase, '')}")

        started = time.process_time()
        made = make(whole, rows, seed=SEED)
        seconds = time.process_time() - started
        step = made.step if isinstance(made, Draft) else "refused"
        print(f"{about} {'a whole release':24} {seconds:8.3f} {'':10} {'':10} {'':10} {step:>12}  target 15 s")
    panels(whole)
    round_linked()
    protect_linked()
