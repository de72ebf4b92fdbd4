"""Durations as the agreement writes them: ISO 8601 without months and years, whose length is not fixed."""

from __future__ import annotations

import re
from datetime import timedelta

from nrm.domain.words import N_

_WRITTEN = re.compile(r"P(?:(\d{1,3})W|(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?)")
_PERIOD = re.compile(r"P(?:\d{1,2}Y)?(?:\d{1,2}M)?")


class UnreadableDuration(ValueError):
    """The text is no duration such as PT30M or P1D."""


def parse_duration(text: str) -> timedelta:
    """Read weeks, or days, hours, minutes and seconds; zero is refused. Raises UnreadableDuration."""
    match = _WRITTEN.fullmatch(text)
    if match is not None:
        weeks, days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
        read = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        if read:
            return read
    raise UnreadableDuration(N_("`%(text)s` is not a duration such as PT30M or P1D", text=text))


def duration_text(duration: timedelta) -> str:
    """The shortest ISO 8601 text in days, hours, minutes and seconds; a negative duration is a ValueError."""
    if duration < timedelta(0):
        raise ValueError("a duration is not negative")
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    days = f"{duration.days}D" if duration.days else ""
    return f"P{days}T{time}" if time else f"P{days}" if days else "PT0S"


def check_period(text: str) -> str:
    """A period of reporting in years and months, such as P3M; raises UnreadableDuration."""
    if len(text) < 3 or _PERIOD.fullmatch(text) is None:
        raise UnreadableDuration(N_("`%(text)s` is not a period such as P3M or P1Y", text=text))
    return text
