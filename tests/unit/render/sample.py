"""A release as reports get it: counts of invented people, each rounded on its own. For tests of rendering only."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from nrm.render.matrices import Words

GROUPS: Mapping[str, Mapping[str, list[str]]] = {
    "nationality": {"region": ["XK", "MK"], "eu": ["GR", "RO"]},
    "age": {"child": ["0-8", "9-17"], "adult": ["18-29", "30+"]},
}
CODES: Mapping[str, list[str]] = {
    "nationality": ["AL", "region", "XK", "MK", "eu", "GR", "RO", "unknown"],
    "sex": ["feminine", "masculine"],
    "age": ["child", "0-8", "9-17", "adult", "18-29", "30+", "unknown"],
    "country": [f"C{number}" for number in range(12)],
    "permit": ["none", "permit"],
}
TABLES = [
    ["nationality", "sex"],
    ["age", "sex"],
    ["nationality", "permit"],
    ["nationality", "country"],
    ["age", "sex", "permit"],
]
LABELS = {"AL": "Shqipëri", "eu": "Bashkimi Evropian", "feminine": "Gra dhe vajza", "unknown": "E panjohur"}


def words() -> Words:
    return Words(
        label=lambda _, code: LABELS.get(code, code),
        dimension=lambda name: name.capitalize(),
        table=lambda table: f"Tabela {table['name']}" if len(table["dimensions"]) < 3 else "",
        total="Gjithsej",
    )


def impossible(fixed: Mapping[str, str]) -> bool:
    return fixed.get("nationality") == "AL" and fixed.get("permit") == "permit"


def release(people: int = 200, tables: list[list[str]] | None = None) -> dict[str, Any]:
    """The JSON shape of a sealed release."""
    rnd = random.Random(7)
    persons = []
    for _ in range(people):
        person = {name: rnd.choice([code for code in codes if code not in GROUPS.get(name, {})])
                  for name, codes in CODES.items()}  # fmt: skip
        if person["nationality"] == "AL":
            person["permit"] = "none"
        persons.append(person)
    return {
        "report": "ix",
        "quarter": "2026Q3",
        "released_at": "2026-10-15T09:30:00+00:00",
        "tables": [_table(by, persons) for by in (TABLES if tables is None else tables)],
        "signatures": [],
    }


def _table(by: list[str], persons: list[dict[str, str]]) -> dict[str, Any]:
    counts: Callable[[tuple[str, ...]], int] = lambda members: sum(  # noqa: E731
        all(member in ("*", person[name]) or person[name] in GROUPS.get(name, {}).get(member, [])
            for name, member in zip(by, members, strict=True))
        for person in persons
    )  # fmt: skip
    rows = [
        {**dict(zip(by, members, strict=True)), "value": 5 * round(counts(members) / 5)}
        for members in product(*(["*", *CODES[name]] for name in by))
    ]
    return {"name": "*".join(by) or "total", "dimensions": by, "rows": rows}
