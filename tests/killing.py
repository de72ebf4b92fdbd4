"""A process that dies in the middle of its work, as `kill -9` would have it, and what it leaves.

The process is forked from the one that tests: to start an interpreter would cost two seconds of processor time.
"""

from __future__ import annotations

import contextvars
import os
import signal
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import current_app

from nrm import clock
from nrm.db import disconnect
from tests import factories

LONGEST_SECONDS = 60


def dies(module: str, function: str, when: str) -> None:
    """From now on this process dies after, or before, the function that is named; for the work of `killed`."""
    inside = import_module(module)
    real = getattr(inside, function)

    def dying(*given: Any, **named: Any) -> None:
        if when == "after":
            real(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    assert when in ("before", "after")
    setattr(inside, function, dying)


def killed(folder: Path, work: Callable[[], object]) -> None:
    """Do the work in an application of its own on that instance, in a process that has to end in its own `kill -9`.

    Closes the connections of the application in context before: SQLite forbids to take one into another process.
    """
    if current_app:
        disconnect()
    said, saying = os.pipe()
    child = os.fork()
    if not child:
        _work(folder, work, saying)
    os.close(saying)
    late = threading.Timer(LONGEST_SECONDS, os.kill, (child, signal.SIGTERM))
    late.start()
    with os.fdopen(said, "rb") as told:
        why = told.read().decode()
    _, status = os.waitpid(child, 0)
    late.cancel()
    assert status, "it did all its work"
    assert os.WIFSIGNALED(status), why
    assert os.WTERMSIG(status) == signal.SIGKILL, why


def _work(folder: Path, work: Callable[[], object], saying: int) -> None:
    """In the child, which never returns to the test."""

    def done() -> None:
        clock.set_clock(None)
        with factories.open_instance(folder).app_context():
            work()

    try:
        contextvars.Context().run(done)
    except BaseException:
        os.write(saying, traceback.format_exc().encode()[-60_000:])
    else:
        os._exit(0)
    finally:
        os._exit(1)
