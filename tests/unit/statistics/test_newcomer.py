"""One person more, and everybody else the same: what two releases of `nrm protect` tell of the newcomer.

The attacker knows that exactly one person came, and takes the one combination of codes that explains best which figures
moved (ADR 0079). What somebody learns who knows the method, too, is tried by the gate (`test_one_person.py`).
"""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nrm.cli import protect as command
from nrm.statistics.cells import lay_out
from nrm.statistics.description import parse
from nrm.statistics.protect import round_jointly, round_total, secret_stream
from nrm.statistics.tables import Cell

PANELS = range(10)
SIZES = {"a": 6, "b": 2, "c": 5, "d": 4, "e": 5}
CODES = {name: [f"{name}{number}" for number in range(size)] for name, size in SIZES.items()}
BY = [list(pair) for pair in itertools.combinations(SIZES, 2)]
TABLES = {
    "dimension": {n: {"column": n, "codes": codes} for n, codes in CODES.items()},
    "table": [{"by": b} for b in BY],
}
SPEC = "\n".join(
    [f'[dimension.{name}]\ncolumn = "{name}"\ncodes = {codes}' for name, codes in CODES.items()]
    + [f"[[table]]\nby = {by}" for by in BY]
).replace("'", '"')
Line = tuple[str, ...]
Figures = Mapping[Cell, int]


def panel(number: int) -> list[Line]:
    """Sixty to 140 people, of whom the last one is the newcomer: skewed, as people are."""
    chance = random.Random(number)
    weights = {name: [chance.random() ** 2 + 0.05 for _ in codes] for name, codes in CODES.items()}
    return [
        tuple(chance.choices(codes, weights[name])[0] for name, codes in CODES.items())
        for _ in range(61 + 20 * (number % 5))
    ]


EVERYBODY = np.array(list(itertools.product(*CODES.values())))


def likeliest(before: Figures, after: Figures) -> list[Line]:
    """The combinations that leave the fewest figures unexplained: those that moved and do not count them, most of all;
    then those that fell, and those that stayed, and count them."""
    cost = np.zeros(len(EVERYBODY))
    for cell in filter(None, before):
        move = (after[cell] - before[cell]) // 5
        inside = np.logical_and.reduce([EVERYBODY[:, list(CODES).index(name)] == code for name, code in cell])
        cost += np.where(inside, 0.0 if move > 0 else 1.0 if move < 0 else 0.3, abs(move))
    return [tuple(map(str, who)) for who in EVERYBODY[cost == cost.min()]]


def protected(place: Path, people: Sequence[Line], out: str, seed: int) -> Figures:
    """What the command prints of these people, with what it printed before as its history."""
    lines = [",".join(["person", *CODES]), *(",".join([f"P{n}", *who]) for n, who in enumerate(people))]
    (place / "people.csv").write_text("\n".join(lines) + "\n")
    (place / "TABLES.toml").write_text(SPEC)
    words = [place / "people.csv", "--spec", place / "TABLES.toml", "--out", place / "out" / out, "--seed", seed]
    (place / "out").mkdir(exist_ok=True)
    done = CliRunner().invoke(command.protect, [*map(str, words), "--history", str(place / "out")])
    assert done.exit_code == 0, done.exception
    with (place / "out" / out / "tables.csv").open() as file:
        return {
            tuple((name, row[name]) for name in CODES if row[name] not in ("", "*")): int(row["value"])
            for row in csv.DictReader(file)
        }


def exact(people: Sequence[Line], seed: int) -> tuple[Figures, Figures]:
    """Two releases of which the second one moves a figure exactly if its number changed."""
    layout = lay_out(parse(TABLES))
    before, now = (layout.membership([*who]).sum(axis=1).astype(np.int64) for who in (people[:-1], people))
    noise = secret_stream(b"exact", seed)
    first = round_jointly(layout, before, round_total(len(people) - 1, noise), noise)
    moved = dict(zip(layout.cells, np.sign(now - before).tolist(), strict=True))
    return {c: 5 * f for c, f in first.items()}, {c: 5 * (f + moved[c]) for c, f in first.items()}


def named(panels: Sequence[tuple[Figures, Figures, Line]]) -> tuple[int, int]:
    """Of how many newcomers one combination is likelier than all others, and of how many it is the true one."""
    alone = [(found[0], who) for before, after, who in panels if len(found := likeliest(before, after)) == 1]
    return len(alone), sum(found == who for found, who in alone)


@pytest.mark.slow
def test_a_newcomer_is_not_named_by_two_releases(tmp_path: Path) -> None:
    made = []
    for number in PANELS:
        people, place = panel(number), tmp_path / f"{number}"
        place.mkdir()
        before = protected(place, people[:-1], "2026Q1", seed=number)
        made.append((before, protected(place, people, "2026Q2", seed=100 + number), people[-1]))
    assert named(made)[1] == 0


def test_the_same_attacker_names_everybody_where_a_figure_moves_with_its_number() -> None:
    made = [(*exact(panel(number), number), panel(number)[-1]) for number in PANELS]
    assert named(made) == (len(PANELS), len(PANELS))
