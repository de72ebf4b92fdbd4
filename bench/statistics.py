"""Disclosure control of report ix: rounding and attack, beside rounding every figure on its own."""

from __future__ import annotations

import random
import time
import tomllib
from pathlib import Path

import numpy as np

from nrm.statistics.attack import audit
from nrm.statistics.cells import Layout, lay_out
from nrm.statistics.description import parse
from nrm.statistics.protect import round_jointly, round_total, secret_stream
from nrm.statistics.release import Draft, make, render
from nrm.statistics.tables import BASE, TableSet

SPEC = Path(__file__).parent.parent / "nrm/countries/albania/tables-ix.toml"
PEOPLE = (60, 120, 300)
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

        started = time.perf_counter()
        alone = BASE * np.rint(true / BASE).astype(np.int64)
        naive_seconds = time.perf_counter() - started
        naive = render(layout, {cell: int(figure) // BASE for cell, figure in zip(layout.cells, alone, strict=True)})
        caught = "caught" if not audit(table_set, naive, records).ok else "PASSED"
        error = np.abs(alone - true).mean()
        sums = broken_sums(layout, alone)
        print(f"{about} {'each figure alone':24} {naive_seconds:8.3f} {error:10.2f} {sums:10} {caught:>12}")

        started = time.perf_counter()
        joint = round_jointly(layout, true, total, secret_stream(SEED, number), contributors={})
        seconds = time.perf_counter() - started
        printed = np.array([BASE * joint[cell] for cell in layout.cells])
        started = time.perf_counter()
        verdict = "survived" if audit(table_set, render(layout, joint), records).ok else "failed"
        attack_seconds = time.perf_counter() - started
        error = np.abs(printed - true).mean()
        sums = broken_sums(layout, printed)
        print(f"{about} {'jointly':24} {seconds:8.3f} {error:10.2f} {sums:10} {verdict:>12}")
        print(f"{about} {'the attack on it':24} {attack_seconds:8.3f}")

        started = time.perf_counter()
        made = make(whole, rows, seed=SEED, contributor_key=SEED)
        seconds = time.perf_counter() - started
        step = made.step if isinstance(made, Draft) else "refused"
        print(f"{about} {'a whole release':24} {seconds:8.3f} {'':10} {'':10} {step:>12}  target 15 s")
