"""Long work behind a page: one at a time over all processes, in a thread of this one.

A browser or a proxy does not wait as long as closing a quarter or simulating a draft may take.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable

from flask import Flask, current_app


class Busy(Exception):
    """Other long work is under way."""


def lock(*, shared: bool = False) -> int:
    """A descriptor that holds the lock of all processes; raises Busy.

    Whoever only looks takes it `shared`, for an instant; so it is tried more than once.
    """
    path = current_app.extensions["nrm.config"].directory / "release.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for attempt in range(1 if shared else 4):
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            time.sleep(0.05 * attempt)
    os.close(descriptor)
    raise Busy


def is_busy() -> bool:
    """Whether long work is under way."""
    try:
        os.close(lock(shared=True))
    except Busy:
        return True
    return False


def go_on(work: Callable[[], object], what: str, held: int) -> None:
    """Do the work in a thread, which gives the lock back."""
    application = current_app._get_current_object()  # type: ignore[attr-defined]
    threading.Thread(target=_do, args=(application, held, what, work), daemon=True).start()


def _do(application: Flask, held: int, what: str, work: Callable[[], object]) -> None:
    try:
        with application.app_context():
            work()
    except Exception as error:  # noqa: BLE001 - there is nobody above to catch it
        # Neither the message nor the traceback: they may speak of a record.
        application.logger.error("%s failed: %s", what, type(error).__name__)
    finally:
        os.close(held)
