"""The few sentences with which a report begins: what its published figures show, and nothing that may be rounding.

Figures are picked, none is computed. What kind of sentence there is depends on what is so for every number that may
stand behind the figures (`nrm.statistics.comparison`); the words stand in `reports/reports/sentences.html`
(ADR 0092).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nrm.render.matrices import Finding
from nrm.statistics.comparison import surely_more, surely_more_than
from nrm.statistics.tables import TOTAL, StockFlow

MOST = 5
"""So many sentences a page begins with."""
SHARES = {(3, 4): "three_quarters", (1, 2): "half"}
"""The shares that a sentence speaks of, the largest first."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One finding.

    `kind`: `three_quarters` and `half` (more than that share are `label`) or `largest` (the largest group is `label`).
    """

    kind: str
    dimension: str
    label: str
    figure: int
    total: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Who was there at the opening, was admitted, left, and was there at the closing, of all people.

    `more`: `came` or `left` where more certainly did; else empty.
    """

    opening: int
    admitted: int
    left: int
    closing: int
    more: str


def sentences(findings: Iterable[tuple[str, Finding]], total: int | None, flow: Flow | None) -> list[Sentence]:
    """What is said of dimensions [(title, finding)], in their order, until the page has its five sentences.

    The number of all people and the flow are two of the five, where there are any.
    """
    room = MOST - (total is not None) - (flow is not None)
    found = [said for title, each in findings if (said := _sentence(title, each)) is not None]
    return found[:room]


def _sentence(title: str, found: Finding) -> Sentence | None:
    ranked = sorted(found.rows, key=lambda row: row[1], reverse=True)
    (label, figure), second = ranked[0], ranked[1][1]
    for share, kind in SHARES.items():
        if surely_more_than(share, figure, found.total):
            return Sentence(kind, title, label, figure, found.total)
    return Sentence("largest", title, label, figure, found.total) if surely_more(figure, second) else None


def flow_of(release: Mapping[str, Any], flow: StockFlow | None) -> Flow | None:
    """The stock and flow of all people of a release; none where it is not printed."""
    if flow is None:
        return None
    tables = release["tables"]
    figures = [
        _alone(tables, dimension, code)
        for dimension, code in (
            (flow.arrival, flow.opening),
            (flow.arrival, flow.admitted),
            (flow.departure, flow.left),
            (flow.departure, flow.closing),
        )
    ]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(figures):
        return None
    opening, admitted, left, closing = known
    more = "came" if surely_more(admitted, left) else "left" if surely_more(left, admitted) else ""
    return Flow(opening, admitted, left, closing, more)


def _alone(tables: Sequence[Mapping[str, Any]], dimension: str, code: str) -> int | None:
    """The figure of one member among all people."""
    for table in tables:
        if dimension in table["dimensions"]:
            others = [name for name in table["dimensions"] if name != dimension]
            for row in table["rows"]:
                if row[dimension] == code and all(row[name] == TOTAL for name in others) and row["value"] is not None:
                    return int(row["value"])
    return None
