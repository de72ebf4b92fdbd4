"""Linked reports: releases of other reports on people who may be the same, and what follows for this one if they are.

Decided in ADR 0017.

Agencies file counts, not people, so the program cannot say who is counted in two reports. An attacker may know it, for
example that every witness of report vi is a witness in the tables of the police. Then the figures of both reports
stand for one number, each rounded by itself, and together they may reveal what neither reveals alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from nrm.statistics.linear import Bounds
from nrm.statistics.reading import AttackerBelief, Crowd, Fact, LinkedReleases, Predicate, Record, Scenario, predicate
from nrm.statistics.tables import TOTAL, Cell, Dimension, Linked, Table, TableSet

RESTS = frozenset({"other", "unknown", "other_or_unknown", "unsure"})
"""Members that collect what is left over. They are not linked: each report leaves something else over."""


def believed(
    table_set: TableSet, cells: Collection[Cell], records: Sequence[Record], linked: LinkedReleases
) -> tuple[AttackerBelief, tuple[Fact, ...]] | None:
    """What an attacker believes who takes the people of both reports to be the same, and the facts that follow.

    None when the people are not the same, or when no figure about them is printed. Raises NotOptimal.
    """
    crowd = Crowd(table_set, records)
    alone = [Bounds(other_set, figures, Scenario("alone")) for other_set, figures in linked.releases]
    equal, at_least, facts = [], [], []
    for where, own, whole, others in _common_people(table_set, linked):
        extents = [bounds.extent(others) for bounds in alone]
        fact = Fact(where, sum(low for low, _ in extents), sum(high for _, high in extents))
        if not fact.low <= crowd.number(where) <= fact.high:
            return None  # they are not the same people
        facts.append(fact)
        if all(cell in cells for cell in own):
            equal.append((own, others))
        elif whole in cells:
            at_least.append((whole, others))
    return (AttackerBelief(linked.releases, tuple(equal), tuple(at_least)), tuple(facts)) if facts else None


def printed_of_the_same(
    report: str, tables: Sequence[Mapping[str, Any]], names: Collection[str], *, rest: str = ""
) -> LinkedReleases | None:
    """What another release printed of the people of this one, by the dimensions (`names`) that mean the same in both:
    the figures by one of them each. None if it printed nothing by any of them.

    Without `rest` both are on exactly the same people. With it the other one counts other people, too, and all these
    have the member `rest`: so the figures of the other members stand for the same numbers, and the number in all does
    not.
    """
    figures: dict[Cell, int] = {}
    codes: dict[str, dict[str, None]] = {}
    for table in tables:
        for row in table["rows"]:
            fixed = [(name, row[name]) for name in table["dimensions"] if row[name] != TOTAL]
            if rest and (not fixed or fixed[0][1] == rest):
                continue
            if not fixed or (len(fixed) == 1 and fixed[0][0] in names):
                figures[tuple(fixed)] = row["value"]
                codes |= {name: {**codes.get(name, {}), member: None} for name, member in fixed}
    if not codes:
        return None
    there = TableSet(
        {name: Dimension(name, name, tuple(members)) for name, members in codes.items()},
        tuple(Table((name,)) for name in codes),
    )
    return LinkedReleases(Linked(report, by={name: name for name in codes}, crossed=False), ((there, figures),))


def _common_people(
    table_set: TableSet, linked: LinkedReleases
) -> Iterator[tuple[Predicate, tuple[Cell, ...], Cell, tuple[Cell, ...]]]:
    """(whom, their cells here, the cell that holds them and others, their cells there) for each common combination."""
    link, dimensions = linked.link, table_set.dimensions
    there = linked.releases[0][0].dimensions
    common = [_common_members(table_set, name, linked) for name in link.by]
    if link.crossed:
        combinations: Iterable[Sequence[str]] = product(*common)
    else:
        whole = [TOTAL] * len(common)
        combinations = [whole] + [
            [*whole[:place], member, *whole[place + 1 :]]
            for place, members in enumerate(common)
            for member in members
            if member != TOTAL
        ]
    for members in combinations:
        fixed = {name: member for name, member in zip(link.by, members, strict=True) if member != TOTAL}
        here = {dimensions[name].root: member for name, member in fixed.items()}
        others = _cells({there[link.by[name]].root: member for name, member in fixed.items()}, link.there)
        if not all(cell in figures for _, figures in linked.releases for cell in others):
            continue
        where: dict[str, frozenset[str]] = dict(link.where)
        for root, codes in predicate(table_set, tuple(here.items())).items():
            where[root] = where[root] & codes if root in where else codes
        yield where, _cells(here, link.where), tuple(sorted(here.items())), others


def _common_members(table_set: TableSet, name: str, linked: LinkedReleases) -> list[str]:
    own = set(table_set.members(name))
    for other_set, _ in linked.releases:
        own &= set(other_set.members(linked.link.by[name]))
    return [TOTAL, *sorted(own - RESTS)]


def _cells(fixed: Mapping[str, str], spread: Mapping[str, Collection[str]]) -> tuple[Cell, ...]:
    """The cells that have these members and one of the codes of each other dimension."""
    codes = product(*([(root, code) for code in sorted(several)] for root, several in spread.items()))
    return tuple(tuple(sorted({**fixed, **dict(each)}.items())) for each in codes)
