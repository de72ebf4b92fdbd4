"""What a long command is doing, on standard error: a bar on a terminal, elsewhere a line every ten seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import click

EVERY = 10.0  # seconds between two lines where nobody watches


class Progress:
    """Each phase gets a line when it begins. `remaining` says how much of it is left."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._phase = ""
        self._left: int | None = None
        self._watched = sys.stderr.isatty()
        self._bar: Any = None
        self._ended = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        if not self._watched:
            self._ticking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()
        self._ended.set()

    def phase(self, what: str) -> None:
        """Something else begins."""
        self._close_bar()
        self._phase, self._left = what, None
        click.echo(what, err=True)

    def remaining(self, number: int) -> None:
        """So many questions of the phase are left."""
        self._left = number
        if not self._watched:
            return
        if self._bar is None or number > self._bar.length - self._bar.pos:
            self._close_bar()
            self._bar = click.progressbar(length=max(number, 1), label=self._phase, file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(self._bar.length - number - self._bar.pos)

    def line(self) -> str:
        """What is being done, how much is left, and for how long the command has been running."""
        left = "" if self._left is None else f", {self._left} questions open"
        return f"{self._phase}{left}, {self._clock() - self._began:.0f} s"

    def _tick(self) -> None:
        while not self._ended.wait(EVERY):
            click.echo(self.line(), err=True)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
