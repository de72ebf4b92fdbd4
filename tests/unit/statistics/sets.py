"""Table sets and records for the tests of disclosure control."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path
from typing import Any

from nrm.statistics.description import parse
from nrm.statistics.tables import TableSet

IX = Path(__file__).parents[3] / "nrm/countries/albania/tables-ix.toml"


def small(*, flow: bool = False, **more: Any) -> TableSet:
    """Nationality in groups by sex and age; with `flow`, stock and flow by nationality group."""
    data: dict[str, Any] = {
        "base": 5,
        "dimension": {
            "nationality": {
                "column": "nationality",
                "codes": ["AL", "XK", "MK", "RO", "BG"],
                "hierarchy": {"region": ["XK", "MK"], "eu": ["RO", "BG"]},
            },
            "nationality_group": {"of": "nationality"},
            "sex": {"column": "sex", "codes": ["f", "m"]},
            "age": {"column": "age", "codes": ["child", "adult", "unknown"]},
        },
        "table": [{"by": ["nationality", "sex"]}, {"by": ["nationality_group", "sex", "age"]}],
    }
    if flow:
        data["dimension"]["arrival"] = {"column": "arrival", "codes": ["opening", "admitted"]}
        data["dimension"]["status"] = {"column": "status", "codes": ["still_there", "left"]}
        data["stock_flow"] = {
            "by": ["nationality_group"],
            "arrival": {"dimension": "arrival", "opening": "opening", "admitted": "admitted"},
            "departure": {"dimension": "status", "closing": "still_there", "left": "left"},
        }
    return parse(data | more)


def people(table_set: TableSet, number: int, seed: int, name: str = "p") -> list[dict[str, str]]:
    """Skewed as real quarters are: most people share a few codes, many codes hold one or two."""
    chance = random.Random(seed)
    weights = {
        root: [chance.random() ** 2 + 0.02 for _ in table_set.dimensions[root].codes] for root in table_set.roots
    }
    rows: list[dict[str, str]] = []
    while len(rows) < number:
        row = {root: chance.choices(table_set.dimensions[root].codes, weights[root])[0] for root in table_set.roots}
        if any(all(row[root] in codes for root, codes in rule.items()) for rule in table_set.impossible):
            continue
        rows.append({"person": f"{name}{seed}-{len(rows)}", **row})
    return rows


def report_ix() -> TableSet:
    return parse(tomllib.loads(IX.read_text("utf-8")))


def any_table_set(chance: random.Random) -> TableSet:
    """One to three dimensions of one to five codes, with and without groups, in one to three tables."""
    names = ["a", "b", "c"][: chance.randint(1, 3)]
    dimension: dict[str, Any] = {}
    for name in names:
        codes = [f"{name}{number}" for number in range(chance.randint(1, 5))]
        dimension[name] = {"column": name, "codes": codes}
        if len(codes) > 3 and chance.random() < 0.5:
            dimension[name]["hierarchy"] = {f"{name}-low": codes[:2], f"{name}-high": codes[2:]}
    by = {tuple(sorted(chance.sample(names, chance.randint(1, len(names))))) for _ in range(chance.randint(1, 3))}
    data: dict[str, Any] = {"dimension": dimension, "table": [{"by": list(names)} for names in sorted(by)]}
    if chance.random() < 0.5:
        data["known"] = [{"by": [names[0]]}]
    if len(names) > 1 and len(dimension["a"]["codes"]) > 1 and chance.random() < 0.3:
        data["impossible"] = [{"a": "a0", "b": "b0"}]
    return parse(data)
