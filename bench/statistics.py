"""Disclosure control of report ix: rounding and attack, beside rounding every figure on its own."""

from __future__ import annotations

import random
import time
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np

from nrm.statistics.attack import audit
from nrm.statistics.cells import Layout, lay_out
from nrm.statistics.description import parse
from nrm.statistics.protect import round_jointly, round_total, secret_stream
from nrm.statistics.release import Draft, make, mean_error_non_empty, render
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
    joint = round_jointly(layout, true, total, secret_stream(SEED, "linked"), contributors={})
    seconds = time.process_time() - started
    printed = np.array([BASE * joint[cell] for cell in layout.cells])
    errors = errors_of(true, printed)
    small = int(((true > 0) & (true < BASE)).sum())
    told = f"{'ok' if seconds <= 1.2 else 'short':>12}  target 1.2 s"
    print(f"{3000:6} {len(true):5} {small:6} {'jointly, one table':24} {seconds:8.3f} {errors} {0:10} {told}")


def errors_of(true: np.ndarray, printed: np.ndarray) -> str:
    """The mean error over all cells, and over those that hold anybody."""
    return f"{np.abs(printed - true).mean():10.2f} {mean_error_non_empty(true, printed):10.2f}"


def broken_sums(layout: Layout, printed: np.ndarray) -> int:
    return sum(printed[whole] != printed[list(parts)].sum() for whole, parts in layout.relations)


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
        joint = round_jointly(layout, true, total, secret_stream(SEED, number), contributors={})
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
        made = make(whole, rows, seed=SEED, contributor_key=SEED)
        seconds = time.process_time() - started
        step = made.step if isinstance(made, Draft) else "refused"
        print(f"{about} {'a whole release':24} {seconds:8.3f} {'':10} {'':10} {'':10} {step:>12}  target 15 s")
    round_linked()
