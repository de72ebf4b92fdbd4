"""Disclosure control of report ix: rounding and attack, beside rounding every figure on its own."""

from __future__ import annotations

import random
import time
import tomllib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nrm.cli.protect import SAMPLE
from nrm.statistics.attack import audit
from nrm.statistics.cells import Layout, lay_out
from nrm.statistics.description import parse
from nrm.statistics.protect import round_jointly, round_total, secret_stream
from nrm.statistics.release import Draft, make, render
from nrm.statistics.tables import BASE, TableSet

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
    error = np.abs(np.array([BASE * joint[cell] for cell in layout.cells]) - true).mean()
    small = int(((true > 0) & (true < BASE)).sum())
    told = f"{'ok' if seconds <= 1.2 else 'short':>12}  target 1.2 s"
    print(f"{3000:6} {len(true):5} {small:6} {'jointly, one table':24} {seconds:8.3f} {error:10.2f} {0:10} {told}")


def large(sizes: Mapping[str, int], groups: Mapping[str, int], tables: Sequence[str]) -> TableSet:
    """Dimensions called by one letter, of so many codes, some in so many groups; a table is its letters."""
    dimension: dict[str, dict[str, Any]] = {}
    for name, size in sizes.items():
        codes = [f"{name}{n}" for n in range(size)]
        dimension[name] = {"column": name, "codes": codes}
        if name in groups:
            dimension[name]["hierarchy"] = {f"{name}-g{n}": codes[n :: groups[name]] for n in range(groups[name])}
    return parse({"dimension": dimension, "table": [{"by": list(by)} for by in tables]})


LARGE = (
    ({"a": 12, "b": 2, "c": 6, "d": 5, "e": 7}, {"a": 3}, ("abc", "adb", "bde", "ae", "ced"), 10_000),
    ({"a": 12, "b": 6, "c": 8, "d": 5, "e": 9}, {"a": 3}, ("abc", "ade", "bde", "ced", "abe"), 1_500),
    ({"a": 27, "b": 13, "c": 23}, {}, ("abc",), 3_000),
    (
        {"a": 25, "b": 2, "c": 9, "d": 12, "e": 15, "f": 6},
        {"a": 5, "e": 3},
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
        told = f"{said.step if said.ok else 'refused'}, {said.questions - said.untried} of {said.questions} questions"
        verdict = f"{'ok' if seconds <= 120 and said.ok else 'short':>12}  target 120 s; {told}"
        about = f"{number:6} {said.cells:5} {said.small_cells:6} {'a whole large release':24}"
        print(f"{about} {seconds:8.1f} {said.mean_abs_error:10.2f} {0:10} {verdict}", flush=True)


def broken_sums(layout: Layout, printed: np.ndarray) -> int:
    return sum(printed[whole] != printed[list(parts)].sum() for whole, parts in layout.relations)


def main() -> None:
    """Print, per number of people: seconds, errors, and what each way of rounding gives away."""
    whole = parse(tomllib.loads(SPEC.read_text("utf-8")))
    columns = f"{'seconds':>8} {'mean error':>10} {'wrong sums':>10} {'attack':>12}"
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
        error = np.abs(alone - true).mean()
        sums = broken_sums(layout, alone)
        print(f"{about} {'each figure alone':24} {naive_seconds:8.3f} {error:10.2f} {sums:10} {caught:>12}")

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
        print(f"{about} {'jointly':24} {seconds:8.3f} {error:10.2f} {sums:10} {verdict:>12}")
        target = 0.3 if len(true) < 500 else 1.2
        said = "ok" if seconds <= target and error <= 1.6 else "short"
        print(f"{'':19} {'':24} {'':8} {'':10} {'':10} {said:>12}  target {target} s, mean error 1.6")
        for (phase, since), (_, until) in pairwise(phases):
            print(f"{about} {f'attack: {phase}':24} {until - since:8.3f}  {TARGETS.get(phase, '')}")

        started = time.process_time()
        made = make(whole, rows, seed=SEED)
        seconds = time.process_time() - started
        step = made.step if isinstance(made, Draft) else "refused"
        print(f"{about} {'a whole release':24} {seconds:8.3f} {'':10} {'':10} {step:>12}  target 15 s")
    round_linked()
    protect_linked()
