"""What strangers can cause: it is written to the log once a minute and counted."""

from __future__ import annotations

import threading
import time

EVERY_SECONDS = 60.0
_lock = threading.Lock()
_written: dict[str, float] = {}
_unwritten: dict[str, int] = {}


def counted(kind: str) -> int | None:
    """None if a line of this kind was written within a minute: this one is only counted. Else how many were counted and
    not written since. Each worker counts for itself; `kind` is one of a few, never what somebody typed."""
    now = time.monotonic()
    with _lock:
        last = _written.get(kind)
        if last is not None and now - last < EVERY_SECONDS:
            _unwritten[kind] = _unwritten.get(kind, 0) + 1
            return None
        _written[kind] = now
        return _unwritten.pop(kind, 0)
