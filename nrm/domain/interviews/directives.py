"""Procedural instructions of a party to its own officers: by version, with dates, on the pages where they apply.

Decided in ADR 0026.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from nrm.domain.documents import Words

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Directive:
    """One version of an instruction. It ends with the next version, or on `ends_on`, the last day it is in force."""

    id: str
    version: int
    party: str
    starts_on: date
    ends_on: date | None
    pages: tuple[str, ...]
    issuer: Words
    title: Words
    text: Words

    @property
    def key(self) -> Key:
        """What an acknowledgement names."""
        return self.id, self.version


def in_force(directives: Iterable[Directive], party: str, today: date) -> tuple[Directive, ...]:
    """The directives that bind the party today, each in its newest version that has begun."""
    newest: dict[str, Directive] = {}
    for each in directives:
        if each.party != party or each.starts_on > today:
            continue
        before = newest.get(each.id)
        if before is None or before.version < each.version:
            newest[each.id] = each
    return tuple(each for each in newest.values() if each.ends_on is None or today <= each.ends_on)


def on_page(directives: Iterable[Directive], page: str) -> tuple[Directive, ...]:
    """Those that apply on a page of the interview."""
    return tuple(each for each in directives if page in each.pages)
