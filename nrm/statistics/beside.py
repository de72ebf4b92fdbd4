"""Releases of other reports on people who may be the same: what follows for this one, if they are.

Agencies file counts and no people, so nobody can say who stands in two reports. An attacker may know: that every
witness of report vi is a witness in the tables of the police. Then the figures of both speak of one number, each
rounded by itself, and may say together what neither says alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product

from nrm.statistics.linear import Bounds
from nrm.statistics.reading import Beside, Claim, Crowd, Fact, Predicate, Record, Scenario, predicate
from nrm.statistics.tables import TOTAL, Cell, TableSet

RESTS = frozenset({"other", "unknown", "other_or_unknown", "unsure"})
"""Members that gather what is left over: each report leaves something else over."""


def believed(
    table_set: TableSet, cells: Collection[Cell], records: Sequence[Record], beside: Beside
) -> tuple[Claim, tuple[Fact, ...]] | None:
    """What somebody knows for whom the people are the same; None when they are not, or nothing of them is printed.

    Raises NotOptimal.
    """
    crowd = Crowd(table_set, records)
    alone = [Bounds(other_set, figures, Scenario("alone")) for other_set, figures in beside.releases]
    equal, at_least, facts = [], [], []
    for where, own, whole, others in _same(table_set, beside):
        extents = [bounds.extent(others) for bounds in alone]
        fact = Fact(where, sum(low for low, _ in extents), sum(high for _, high in extents))
        if not fact.low <= crowd.number(where) <= fact.high:
            return None  # they are others
        facts.append(fact)
        if all(cell in cells for cell in own):
            equal.append((own, others))
        elif whole in cells:
            at_least.append((whole, others))
    return (Claim(beside.releases, tuple(equal), tuple(at_least)), tuple(facts)) if facts else None


def _same(table_set: TableSet, beside: Beside) -> Iterator[tuple[Predicate, tuple[Cell, ...], Cell, tuple[Cell, ...]]]:
    """(whom, their cells here, the cell that holds them and others, their cells there) for each common combination."""
    link, dimensions = beside.link, table_set.dimensions
    there = beside.releases[0][0].dimensions
    for members in product(*(_common(table_set, name, beside) for name in link.by)):
        fixed = {name: member for name, member in zip(link.by, members, strict=True) if member != TOTAL}
        here = {dimensions[name].root: member for name, member in fixed.items()}
        others = _cells({there[link.by[name]].root: member for name, member in fixed.items()}, link.there)
        if not all(cell in figures for _, figures in beside.releases for cell in others):
            continue
        where: dict[str, frozenset[str]] = dict(link.where)
        for root, codes in predicate(table_set, tuple(here.items())).items():
            where[root] = where[root] & codes if root in where else codes
        yield where, _cells(here, link.where), tuple(sorted(here.items())), others


def _common(table_set: TableSet, name: str, beside: Beside) -> list[str]:
    own = set(table_set.members(name))
    for other_set, _ in beside.releases:
        own &= set(other_set.members(beside.link.by[name]))
    return [TOTAL, *sorted(own - RESTS)]


def _cells(fixed: Mapping[str, str], spread: Mapping[str, Collection[str]]) -> tuple[Cell, ...]:
    """The cells that have these members and one of the codes of each other dimension."""
    codes = product(*([(root, code) for code in sorted(several)] for root, several in spread.items()))
    return tuple(tuple(sorted({**fixed, **dict(each)}.items())) for each in codes)
