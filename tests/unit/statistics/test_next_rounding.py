"""The many roundings after a draft are those that the rounder makes, found faster."""

from __future__ import annotations

import numpy as np
import pytest

from nrm.statistics import next_rounding
from nrm.statistics.cells import Layout, lay_out
from nrm.statistics.next_rounding import Counts, NextRoundings, domains
from nrm.statistics.protect import domain, fixed_openings, round_jointly, round_total, secret_stream
from nrm.statistics.reading import Record
from nrm.statistics.tables import Cell
from tests.unit.statistics.sets import people, small


def rounded(
    layout: Layout, records: list[Record], last: dict[Cell, int], closing: dict[Cell, int], label: tuple[object, ...]
) -> dict[Cell, int]:
    noise = secret_stream(b"s", *label)
    counts = layout.membership(records).sum(axis=1).astype(np.int64)
    total = round_total(len(records), noise, last)
    return round_jointly(layout, counts, total, noise, last=last, closing=closing)


@pytest.mark.parametrize("size", [40, 140])
def test_each_is_the_rounding_that_the_rounder_makes(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody comes, somebody leaves: no search over whole numbers is needed. Nor is it wrong if all are others."""
    table_set = small().reduced(small().ways_for(size))
    layout = lay_out(table_set)
    records, _ = table_set.records(people(table_set, size, 1))
    others, _ = table_set.records(people(table_set, size + 8, 2))
    last = rounded(layout, records, {}, {}, ("first",))
    following = NextRoundings(layout, records, {})
    monkeypatch.setattr(next_rounding, "round_jointly", None)
    for number, there in enumerate([records, [*records, others[0]], records[1:], others]):
        if there is others:
            monkeypatch.undo()
        assert following.round(there, last, b"s", ("next", number)) == rounded(
            layout, there, last, {}, ("next", number)
        )


def test_openings_and_what_is_impossible_stay_fixed() -> None:
    table_set = small(flow=True, impossible=[{"nationality": "AL", "age": "unknown"}])
    layout = lay_out(table_set)
    ends = ("still_there", "left")
    rows = [row | {"arrival": "admitted", "status": ends[n % 2]} for n, row in enumerate(people(table_set, 60, 1))]
    before, _ = table_set.records(rows)
    first = rounded(layout, before, {}, {}, ("first",))
    stayed = [row | {"arrival": "opening", "status": ends[n % 2]} for n, row in enumerate(rows[::2])]
    records, _ = table_set.records([*stayed, *({**row, "person": f"new {row['person']}"} for row in rows[1::2])])
    draft = rounded(layout, records, first, first, ("draft",))
    found = NextRoundings(layout, records, first).round(records, draft, b"s", ("next",))
    assert found == rounded(layout, records, draft, first, ("next",))
    fixed = fixed_openings(layout, first, table_set.stock_flow)
    assert fixed
    assert all(found[layout.cells[number]] == figure for number, figure in fixed.items())
    assert all(found[layout.cells[number]] == 0 for number in layout.impossible)


def test_where_the_optimum_is_not_whole_the_rounder_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = lay_out(small())
    records, _ = small().records(people(small(), 60, 1))
    last = rounded(layout, records, {}, {}, ("first",))
    monkeypatch.setattr(next_rounding._Programme, "solve", lambda *_: None)
    found = NextRoundings(layout, records, {}).round(records, last, b"s", ("next",))
    assert found == rounded(layout, records, last, {}, ("next",))


def test_people_are_counted_and_domains_are_those_of_the_rounder() -> None:
    layout = lay_out(small())
    records, _ = small().records(people(small(), 60, 1))
    counted = Counts(layout)
    assert (counted.of(records) == layout.membership(records).sum(axis=1)).all()
    assert (counted.of(records[:1] * 3) == 3 * layout.membership(records[:1])[:, 0]).all()
    assert not counted.of([]).any()
    low, high = domains(np.arange(60))
    assert [[*range(least, most + 1)] for least, most in zip(low, high, strict=True)] == [
        domain(true) for true in range(60)
    ]
