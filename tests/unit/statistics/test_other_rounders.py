"""The rounder beside another one: the controlled rounding of tau-ARGUS, run once on these tables.

Only its results are here. Without noise both look for the figures that are nearest to the true ones, all in all.
tau-ARGUS may only move a figure to one of its two neighbours and leaves a multiple of 5 where it is; the rounder here
may do more, so it is never further away.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

from nrm.statistics.attack import audit
from nrm.statistics.cells import lay_out
from nrm.statistics.description import parse
from nrm.statistics.printed import render
from nrm.statistics.protect import GAP, round_jointly
from nrm.statistics.release import make
from nrm.statistics.tables import Cell, TableSet
from nrm.statistics.verdicts import Draft

# Seed of the people, the total as tau-ARGUS rounded it, and how far all its figures together are from the true ones.
# Found with pytauargus 0.6.0, controlled rounding to base 5 with its open solver.
FOUND = [
    *((1, 170, 16), (2, 120, 32), (3, 160, 58), (4, 255, 22), (5, 115, 192), (6, 195, 118), (7, 75, 130), (8, 185, 42)),
    *((9, 120, 156), (11, 100, 202), (14, 140, 64), (15, 120, 26), (16, 120, 182), (18, 90, 30), (19, 140, 94)),
    *((21, 95, 56), (22, 260, 28), (24, 100, 160), (28, 110, 38), (31, 245, 30), (38, 120, 260), (40, 70, 140)),
]

# Enterprises by size and region: the table that comes with tau-ARGUS as an example of table input (`pp.tab`).
REGIONS = {"Nr": ["1", "2", "3"], "Os": ["4", "5", "6", "7"], "Ws": ["8", "9", "10"], "Zd": ["11", "12"]}
ENTERPRISES = {
    "2": (1, 5, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0),
    "4": (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0),
    "5": (2856, 1657, 624, 293, 676, 2648, 1191, 467, 3866, 363, 3791, 1570),
    "6": (1334, 802, 335, 111, 370, 1014, 546, 303, 1627, 132, 1521, 736),
    "7": (770, 497, 220, 58, 283, 658, 381, 178, 997, 119, 822, 515),
    "8": (744, 527, 155, 46, 152, 572, 331, 127, 799, 100, 666, 375),
    "9": (406, 305, 151, 29, 116, 551, 197, 107, 729, 140, 708, 340),
    "99": (0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
}
PUBLISHED_TOTAL, PUBLISHED_DISTANCE = 42_720, 162


class NoNoise(np.random.Generator):
    """What the rounder takes for its secret, and is none."""

    def normal(self, *_: object, size: tuple[int, int], **__: object) -> np.ndarray:  # type: ignore[override]
        return np.zeros(size)


def somebody(seed: int) -> tuple[list[int], list[tuple[str, ...]]]:
    """As they were given to tau-ARGUS."""
    chance = random.Random(seed)
    sizes = [chance.randint(2, 7) for _ in range(chance.choice([2, 3, 3]))]
    weights = [[chance.random() ** 2 + 0.05 for _ in range(size)] for size in sizes]
    number = chance.randint(60, 300)
    names = "abc"
    return sizes, [
        tuple(
            f"{name}{chance.choices(range(size), weight)[0]}"
            for name, size, weight in zip(names, sizes, weights, strict=False)
        )
        for _ in range(number)
    ]


def nearest(table_set: TableSet, records: list[tuple[str, ...]], total: int) -> tuple[dict[Cell, int], int]:
    """The figures without noise, and how far all together are from the true ones."""
    layout = lay_out(table_set)
    true = layout.membership(records).sum(axis=1).astype(np.int64)
    joint = round_jointly(layout, true, total // 5, NoNoise(np.random.PCG64(1)))
    return joint, int(np.abs(np.array([5 * joint[cell] for cell in layout.cells]) - true).sum())


@pytest.mark.parametrize(("seed", "total", "distance"), FOUND)
def test_figures_are_as_near_to_the_truth_as_those_of_another_rounder(seed: int, total: int, distance: int) -> None:
    sizes, records = somebody(seed)
    names = "abc"[: len(sizes)]
    dimension = {
        name: {"column": name, "codes": [f"{name}{number}" for number in range(size)]}
        for name, size in zip(names, sizes, strict=True)
    }
    table_set = parse({"dimension": dimension, "table": [{"by": list(names)}], "weights": [1, 1, 1, 1]})
    joint, ours = nearest(table_set, records, total)
    assert ours <= distance * (1 + GAP)
    # Rounded without a secret, and still nothing is pinned: that is the merit of the domains, not of the noise.
    found = audit(table_set, render(lay_out(table_set), joint), records).findings
    assert {finding.guarantee for finding in found} <= {"G9"}


@pytest.mark.slow
def test_a_published_table_with_a_hierarchy_is_rounded_as_near_and_survives_the_attack() -> None:
    codes = [code for group in REGIONS.values() for code in group]
    table_set = parse(
        {
            "dimension": {
                "size": {"column": "size", "codes": list(ENTERPRISES)},
                "region": {"column": "region", "codes": codes, "hierarchy": REGIONS},
            },
            "table": [{"by": ["size", "region"]}],
            "weights": [1, 1, 1, 1],
        }
    )
    rows = [
        {"size": size, "region": region}
        for size, counts in ENTERPRISES.items()
        for region, count in zip(codes, counts, strict=True)
        for _ in range(count)
    ]
    records, _ = table_set.records(rows)
    assert len(records) == 42_723
    _, ours = nearest(table_set, records, PUBLISHED_TOTAL)
    assert ours <= PUBLISHED_DISTANCE * (1 + GAP)
    made = make(table_set, rows, seed=b"s" * 32)
    assert isinstance(made, Draft)
    assert (made.step, made.verdict.attempts) == ("two_way", ())
