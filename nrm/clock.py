"""The only clock, and the only way from a moment to a day.

All code reads the time here; only the demo country sets it. A day is always a day on the country's clocks: half past
midnight in Tirana is still the day before in Greenwich.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo

_read: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731


def now() -> datetime:
    """The present instant, aware, UTC."""
    return _read()


def today(zone: tzinfo) -> date:
    """The present day on the clocks of a zone."""
    return day_of(now(), zone)


def day_of(at: datetime, zone: tzinfo) -> date:
    """The day of an aware instant on the clocks of a zone."""
    return at.astimezone(zone).date()


def set_clock(read: Callable[[], datetime] | None) -> None:
    """Let `read` say what time it is; None gives back the real clock."""
    global _read  # noqa: PLW0603
    _read = read or (lambda: datetime.now(UTC))
