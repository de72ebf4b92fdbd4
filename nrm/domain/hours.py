"""Hours of a day as people type them: 8:00, 14.30."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

from nrm.clock import day_of

_HOUR = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])")
_BETWEEN = re.compile(r"[\s,;]+")
_AND = frozenset({"and", "dhe", "e", "и", "i"})
"""Words between two hours, in the languages of the pages."""


class NoHours(ValueError):
    """Something else than hours was typed."""


def is_hour(text: str) -> bool:
    """Whether the text is one hour of a day, and nothing else."""
    return _HOUR.fullmatch(text) is not None


def on_day(text: str, day: date, zone: tzinfo) -> datetime:
    """The instant at which it is this hour (`is_hour`) on that day."""
    hours, minutes = text.replace(".", ":").split(":")
    return datetime.combine(day, time(int(hours), int(minutes)), tzinfo=zone)


def next_at(text: str, now: datetime) -> datetime:
    """When it is this hour (`is_hour`) next: today, else tomorrow. `now` is on the clocks of the place."""
    assert now.tzinfo is not None
    today = day_of(now, now.tzinfo)
    at = on_day(text, today, now.tzinfo)
    return at if at > now else on_day(text, today + timedelta(days=1), now.tzinfo)


def parse_hours(text: str) -> tuple[str, ...]:
    """The hours of a text such as "8:00 and 20.00", in the order of the day, as `8:00`; raises NoHours if anything else
    stands in it."""
    found = set()
    for word in _BETWEEN.split(text.strip()):
        if not word or word.casefold() in _AND:
            continue
        match = _HOUR.fullmatch(word)
        if match is None:
            raise NoHours
        found.add((int(match[1]), match[2]))
    return tuple(f"{hour}:{minute}" for hour, minute in sorted(found))


def hours_alone(text: str) -> str:
    """The text if it is hours and nothing else, in their order, else nothing: for paper, on which no word from under
    seal may stand, whenever it was typed."""
    try:
        return ", ".join(parse_hours(text))
    except NoHours:
        return ""
