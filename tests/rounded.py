"""Releases of the country's own tables: invented people, counted and rounded, but not attacked. For rendering only."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import numpy as np

from nrm import countries
from nrm.domain.quarters import Quarter
from nrm.domain.reports.reports import Window
from nrm.render.reports import tables_of
from nrm.statistics.cells import lay_out
from nrm.statistics.printed import at_step, render
from nrm.statistics.protect import round_jointly, round_total, secret_stream
from nrm.statistics.tables import TableSet

QUARTER = Quarter(2026, 3)


def tables(report: str) -> TableSet:
    """The tables of a report, as the country describes them."""
    return countries.load("albania").tables[report]


@cache
def release(report: str, people: int = 200, step: str = "three_way", quarters: int = 1) -> dict[str, Any]:
    """The JSON value of a release, without signatures; not to be changed."""
    table_set = tables(report)
    layout = lay_out(at_step(table_set, step))
    counts = layout.membership(records(table_set, people)).sum(axis=1).astype(np.int64)
    noise = secret_stream(b"tests of rendering", report)
    figures = round_jointly(layout, counts, round_total(people, noise), noise)
    first = QUARTER
    for _ in range(quarters - 1):
        first = first.previous
    return tables_of(
        "2026-10-15T09:30:00+00:00",
        Window(first, QUARTER),
        report,
        render(layout, figures),
        table_set,
        not_recorded=table_set.unrecorded if step != "total" else (),
    )


def records(table_set: TableSet, people: int) -> list[tuple[str, ...]]:
    """People with likely and unlikely codes, none that cannot be."""
    chance = random.Random(7)
    found: list[tuple[str, ...]] = []
    codes = [table_set.dimensions[name].codes for name in table_set.roots]
    while len(found) < people:
        row = {
            name: chance.choices(each, [1 / (place + 1) ** 1.5 for place in range(len(each))])[0]
            for name, each in zip(table_set.roots, codes, strict=True)
        }
        if not any(all(row[name] in forbidden for name, forbidden in rule.items()) for rule in table_set.impossible):
            found.append(tuple(row.values()))
    return found
