"""Long work that a page starts: one at a time over all processes, in a thread of this process.

Closing a quarter or simulating a draft may take longer than a browser or a proxy waits for an answer.
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
    """Take the lock of all processes and return the file descriptor that holds it; raises Busy.

    A process that only checks takes it `shared` for a moment; so taking the lock is tried more than once.
    """
    path = current_app.extensions["nrm.config"].directory / "release.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for attempt in range(1 if shared else 4):
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            if not shared:
                os.ftruncate(descriptor, 0)
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


def tell(held: int, part: int, of: int) -> None:
    """Say how far the long work is whose lock is `held`; never anything of what it works on."""
    os.pwrite(held, f"{part:2}/{of:2}".encode("ascii"), 0)


def told() -> tuple[int, int] | None:
    """(the part that is worked on, how many there are) of the long work under way; None if it does not say."""
    part, _, of = _said()[0].partition("/")
    try:
        return (int(part), int(of)) if int(of) else None
    except ValueError:
        return None


def what() -> str:
    """Which long work is under way, as `go_on` was told; empty where none is, or it does not say."""
    return _said()[1]


def _said() -> tuple[str, str]:
    try:
        text = (current_app.extensions["nrm.config"].directory / "release.lock").read_text("ascii")
    except (OSError, ValueError):
        return "", ""
    parts, _, about = text.partition("\n")
    return (parts, about) if is_busy() else ("", "")


def go_on(work: Callable[[], object], what: str, held: int) -> None:
    """Do the work in a thread; the thread releases the lock `held` at the end. `what` names the work, in the log and
    for who asks meanwhile; nothing of what it works on."""
    application = current_app._get_current_object()  # type: ignore[attr-defined]
    os.pwrite(held, f" 0/ 0\n{what}".encode("ascii", "replace"), 0)
    threading.Thread(target=_run_work, args=(application, held, what, work), daemon=True).start()


def _run_work(application: Flask, held: int, what: str, work: Callable[[], object]) -> None:
    try:
        with application.app_context():
            work()
    except Exception as error:  # noqa: BLE001 - there is nobody above to catch it
        # Log neither the message nor the traceback: they may contain something of a record.
        application.logger.error("%s failed: %s", what, type(error).__name__)
    finally:
        os.close(held)
