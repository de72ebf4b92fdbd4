"""Sentences that people read, marked where they are written and translated where they are shown.

Forms and rules cannot know the reader's language. They say `N_("Enter the year")`; the page turns it into the
reader's language. Printed as it is, a phrase is its English sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

MASK = "\N{HORIZONTAL ELLIPSIS}"


class Phrase(str):
    """A sentence with its catalogue entry: `message` is the English entry, `values` fill its `%(name)s`; `context`
    tells two meanings of the same English words apart."""

    __slots__ = ("context", "message", "values")

    message: str
    values: Mapping[str, object]
    context: str

    def __new__(cls, message: str, values: Mapping[str, object], context: str = "") -> Phrase:
        phrase = super().__new__(cls, message % values if "%" in message else message)
        phrase.message = message
        phrase.values = values
        phrase.context = context
        return phrase


class Number(int):
    """A number in a phrase that each language writes with its own signs; printed as it is, as English does."""

    def __str__(self) -> str:
        return f"{int(self):,}"


class Hundredths(int):
    """So many hundredths in a phrase, written with the decimal sign of each language."""

    def __str__(self) -> str:
        return f"{self // 100}.{self % 100:02}"


class Moment(datetime):
    """An hour of a day in a phrase that each language writes in its own words; printed as it is, as ISO 8601."""

    @classmethod
    def of(cls, at: datetime) -> Moment:
        """The same aware instant."""
        return cls.fromtimestamp(at.timestamp(), UTC)


def N_(message: str, /, **values: object) -> Phrase:  # noqa: N802 - the name every gettext tool looks for
    """Mark `message` for the catalogues; a literal percent sign is written `%%`."""
    return Phrase(message, values)


def NP_(context: str, message: str, /, **values: object) -> Phrase:  # noqa: N802 - as above
    """Mark `message` as it is meant in `context`, where another language needs another word than elsewhere."""
    return Phrase(message, values, context)


def masked(name: str) -> str:
    """What a list shows of a name: the first letter of each part (`Arta Deda` -> `A… D…`)."""
    return " ".join(part[0] + MASK for part in name.split()) or MASK
