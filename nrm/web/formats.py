"""Dates, times, numbers and alphabetical order as each language writes them.

Babel is asked once per language, at first use; a page then only fills in strings.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale

from nrm.clock import day_of
from nrm.domain.languages import ByLanguage

# Which regional habit a language follows: 15 March 2024, not March 15, 2024.
LOCALES = {"en": "en_GB"}
DAY_UNKNOWN = ByLanguage("day unknown")
DAY_AND_MONTH_UNKNOWN = ByLanguage("day and month unknown")
AT = ByLanguage("%(day)s, %(time)s")
PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)

# The 36 letters in their order; two signs may be one letter.
ALBANIAN = (
    *("a", "b", "c", "ç", "d", "dh", "e", "ë", "f", "g", "gj", "h", "i", "j", "k", "l", "ll", "m"),
    *("n", "nj", "o", "p", "q", "r", "rr", "s", "sh", "t", "th", "u", "v", "x", "xh", "y", "z", "zh"),
)
_LETTER = re.compile("|".join(sorted((re.escape(letter) for letter in ALBANIAN), key=len, reverse=True)) + "|.", re.S)
_RANK = {letter: position for position, letter in enumerate(ALBANIAN)}

_zone = ZoneInfo("UTC")  # until the country is known


@dataclass(frozen=True, slots=True)
class Habits:
    """What Babel knows of a language: months 1 to 12 in words, the days of the week in short from Monday on, and the
    signs in a number."""

    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    group: str
    decimal: str


@lru_cache
def habits(language: str) -> Habits:
    """The habits of `language`, asked of Babel once."""
    locale = Locale.parse(LOCALES.get(language, language))
    months = locale.months["format"]["wide"]
    weekdays = locale.days["format"]["abbreviated"]
    symbols = locale.number_symbols["latn"]
    return Habits(
        months=tuple(months[number] for number in range(1, 13)),
        weekdays=tuple(weekdays[number] for number in range(7)),
        group=symbols["group"],
        decimal=symbols["decimal"],
    )


def use_timezone(zone: ZoneInfo) -> None:
    """Show times in this zone from now on (the country's; one per process)."""
    global _zone  # noqa: PLW0603 - set once at start
    _zone = zone


@lru_cache(maxsize=4096)
def day(value: date | str | None, language: str) -> str:
    """A date in words; a partial one (`2024`, `2024-03`) says what is not known; none is a dash.

    Text that is no date is given back as it is.
    """
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime):
        value = day_of(value, _zone)
    match = PARTIAL.fullmatch(value if isinstance(value, str) else value.isoformat())
    if not match or not 1 <= int(match[2] or 1) <= 12:
        return str(value)
    year, month, number = match.groups()
    if month is None:
        return f"{year} ({DAY_AND_MONTH_UNKNOWN[language]})"
    words = f"{habits(language).months[int(month) - 1]} {year}"
    if number is None:
        return f"{words} ({DAY_UNKNOWN[language]})"
    return f"{int(number)} {words}"


def month(value: date, language: str) -> str:
    """The month of a date in words, where the day means nothing: March 2026."""
    return f"{habits(language).months[value.month - 1]} {value.year}"


def weekday(value: date, language: str) -> str:
    """The day of the week, in short: Tue."""
    return habits(language).weekdays[value.weekday()]


def moment(value: datetime | str | None, language: str) -> str:
    """Day and time on the country's clocks; `value` (also as ISO 8601 text) must know its zone."""
    if value is None:
        return "–"
    local = _local(datetime.fromisoformat(value) if isinstance(value, str) else value)
    return AT.of(language, day=day(day_of(local, _zone), language), time=f"{local:%H:%M}")


@lru_cache
def quarter(name: str, language: str, last: str = "") -> str:
    """`2026Q3` as its months: July–September 2026; with `last` as its quarter, to the end of that one."""
    year, _, number = name.partition("Q")
    end, _, ends = (last or name).partition("Q")
    months = habits(language).months
    begin = months[int(number) * 3 - 3] + ("" if year == end else f" {year}")
    return f"{begin}–{months[int(ends) * 3 - 1]} {end}"


def clock(value: datetime | None) -> str:
    """The time of day on the country's clocks."""
    return "–" if value is None else f"{_local(value):%H:%M}"


def _local(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without its zone cannot be shown")
    return value.astimezone(_zone)


def number(value: int | float, language: str) -> str:
    """A number with the language's signs; a fraction keeps the digits it has."""
    how = habits(language)
    whole, _, fraction = (str(value) if isinstance(value, int) else repr(value)).partition(".")
    sign = "\N{MINUS SIGN}" if whole.startswith("-") else ""
    grouped = f"{int(whole.lstrip('-')):,}".replace(",", how.group)
    return sign + grouped + (how.decimal + fraction if fraction else "")


def percent(value: int, language: str) -> str:
    """A whole percentage: both languages write 35%."""
    return number(value, language) + "%"


@lru_cache(maxsize=4096)
def sort_key(text: str, language: str) -> tuple[tuple[int, ...], str]:
    """The place of `text` in the alphabet of `language`: case is ignored, signs outside the alphabet come last."""
    plain = unicodedata.normalize("NFC", text).casefold()
    if language == "sq":
        return tuple(_rank(letter) for letter in _LETTER.findall(plain)), plain
    bare = "".join(sign for sign in unicodedata.normalize("NFD", plain) if not unicodedata.combining(sign))
    return tuple(ord(sign) for sign in bare), plain


def _rank(letter: str) -> int:
    if letter in _RANK:
        return 1000 + _RANK[letter]
    # Spaces and figures before the letters, so that a short name sorts before a longer one; other signs after them.
    return ord(letter) if ord(letter) < ord("a") else 2000 + ord(letter)
