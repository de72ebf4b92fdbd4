"""The one clock. Everything that asks what time it is asks here; only the demo country sets it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

_read: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731


def now() -> datetime:
    """The present instant, aware, UTC."""
    return _read()


def set_clock(read: Callable[[], datetime] | None) -> None:
    """Let `read` say what time it is; None gives back the real clock."""
    global _read  # noqa: PLW0603
    _read = read or (lambda: datetime.now(UTC))
