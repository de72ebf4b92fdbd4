"""Quarters of the calendar year, written `2006Q1`: the period of every report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from nrm.domain.languages import ByLanguage

_WRITTEN = re.compile(r"([12][0-9]{3})Q([1-4])")
_LABELS = (
    ByLanguage("first quarter of %(year)s"),
    ByLanguage("second quarter of %(year)s"),
    ByLanguage("third quarter of %(year)s"),
    ByLanguage("fourth quarter of %(year)s"),
)


class UnreadableQuarter(ValueError):
    """The text is not a quarter such as 2006Q1."""


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """One quarter; sorts by time."""

    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuse quarters that could not be written."""
        if not 1000 <= self.year <= 2999 or self.number not in (1, 2, 3, 4):
            raise UnreadableQuarter(f"{self.year}Q{self.number}")

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read `2006Q1` (also `2006q1`, spaces around it); raises UnreadableQuarter."""
        match = _WRITTEN.fullmatch(text.strip().upper())
        if match is None:
            raise UnreadableQuarter("a quarter is written as in 2006Q1")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Quarter:
        """The quarter a calendar day lies in; of an instant, pass the local date."""
        return cls(day.year, (day.month + 2) // 3)

    @property
    def start(self) -> date:
        """The first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def end(self) -> date:
        """The last day, which belongs to the quarter."""
        return date(self.year, 3 * self.number, 31 if self.number in (1, 4) else 30)

    @property
    def next(self) -> Quarter:
        """The quarter after this one."""
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    @property
    def previous(self) -> Quarter:
        """The quarter before this one."""
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    def __contains__(self, day: date) -> bool:
        """Whether the calendar day lies in the quarter."""
        return self.start <= day <= self.end

    def __str__(self) -> str:
        """As it is written in commands, addresses and files."""
        return f"{self.year}Q{self.number}"

    def label(self, language: str) -> str:
        """In words: `tremujori i parë 2006`, `first quarter of 2006`."""
        return _LABELS[self.number - 1].of(language, year=self.year)
