"""Ctrl-C in a command that works long."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_ctrl_c() -> Iterator[Callable[[], None]]:
    """Ctrl-C ends the block as KeyboardInterrupt, wherever it arrived.

    A library in which it is raised may swallow it: call what is yielded after each step. Or the library fails on its
    way out, so that another error would stand in its place. A second Ctrl-C is raised like the first.
    """
    arrived: list[int] = []

    def stop(number: int, _: object) -> None:
        arrived.append(number)
        raise KeyboardInterrupt

    def go_on() -> None:
        if arrived:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield go_on  # signals are handled by the main thread alone
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield go_on
    except Exception:
        go_on()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    go_on()
