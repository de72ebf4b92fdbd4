"""What a long command is doing, on standard error: a bar on a terminal, elsewhere a line every ten seconds at most, and
nothing with `--quiet`; and how Ctrl-C ends it."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import click

from nrm.cli.telling import is_quiet

EVERY = 10.0  # seconds between two lines where nobody watches
SOON = 1.0  # after so many the first one comes, of what is told in small steps


class Telling:
    """A bar on a terminal; elsewhere a line every ten seconds at most, as well while one step takes long."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._told: float | None = None
        self._silent = is_quiet()
        self._watched = sys.stderr.isatty() and not self._silent
        self._bar: Any = None
        self._ended = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        if not self._watched and not self._silent:
            self._ticking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()
        self._ended.set()
        if self._ticking.ident is not None:
            self._ticking.join()

    def line(self) -> str:
        """How far the command is; empty while there is nothing to say."""
        raise NotImplementedError

    def _say(self, what: str) -> None:
        self._told = self._clock()
        if not self._silent:
            click.echo(what, err=True)

    def _is_due(self) -> bool:
        return self._told is None or self._clock() - self._told >= EVERY

    def _tick(self) -> None:
        while not self._ended.wait(EVERY):
            if self._is_due() and (line := self.line()):
                self._say(line)

    def _open_bar(self, length: int | None, **look: Any) -> None:
        """A bar; without a length one that only moves."""
        self._close_bar()
        of: Any = itertools.repeat(None) if length is None else None
        self._bar = click.progressbar(of, length=length, file=sys.stderr, **look)
        self._bar.__enter__()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


class Steps(Telling):
    """Small steps of which nobody knows how many there are: hundreds of them become few lines."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._what = ""
        self._told = self._began - EVERY + SOON

    def tell(self, what: str) -> None:
        """Something else is being done."""
        self._what = what
        if self._watched:
            if self._bar is None:
                self._open_bar(None, show_eta=False)
            self._bar.label = what
            self._bar.update(1)
        elif self._is_due():
            self._say(what)

    def line(self) -> str:
        """What is being done."""
        return self._what


class Counting(Telling):
    """Many like things: `moving grants: 120 of 400`. `of`: how many there are, where that is known.

    `beside_output`: each gives a line on standard output; where that is the same terminal, the lines are the progress.
    """

    def __init__(
        self,
        what: str,
        of: int | None = None,
        *,
        beside_output: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(clock)
        self._what, self._of, self._done = what, of, 0
        if beside_output and self._watched and sys.stdout.isatty():
            self._silent, self._watched = True, False

    def __enter__(self) -> Self:
        if self._watched:
            self._open_bar(self._of, label=self._what, show_pos=True)
        return super().__enter__()

    def step(self, number: int = 1) -> None:
        """So many more are done."""
        self._done += number
        if self._bar is not None:
            self._bar.update(number)

    def line(self) -> str:
        """How many are done."""
        return f"{self._what}: {self._done}" + ("" if self._of is None else f" of {self._of}")


class Progress(Telling):
    """Each phase gets a line when it begins for the first time; where nobody watches, one that comes again only if no
    line was written within ten seconds. `remaining` says how much of it is left."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._known: set[str] = set()
        self._phase = ""
        self._left: int | None = None

    def phase(self, what: str) -> None:
        """Something else begins."""
        self._close_bar()
        self._phase, self._left = what, None
        if self._watched or what not in self._known or self._is_due():
            self._known.add(what)
            self._say(what)

    def remaining(self, number: int) -> None:
        """So many questions of the phase are left."""
        self._left = number
        if not self._watched:
            return
        if self._bar is None or number > self._bar.length - self._bar.pos:
            self._open_bar(max(number, 1), label=self._phase)
        self._bar.update(self._bar.length - number - self._bar.pos)

    def line(self) -> str:
        """What is being done, how much is left, and for how long the command has been running."""
        left = "" if self._left is None else f", {self._left} questions open"
        return f"{self._phase}{left}, {self._clock() - self._began:.0f} s"


@contextmanager
def stopped_by_ctrl_c() -> Iterator[Callable[[], None]]:
    """Ctrl-C ends the block as KeyboardInterrupt, wherever it arrived.

    A library in which it is raised may swallow it: call what is yielded after each step. Or the library fails on its
    way out, so that another error would stand in its place. Or Python swallows it itself, in what it calls when an
    object is thrown away, and would print a traceback. A second Ctrl-C is raised like the first.
    """
    arrived: list[int] = []
    print_swallowed = sys.unraisablehook

    def swallowed(what: sys.UnraisableHookArgs) -> None:
        if what.exc_type is not KeyboardInterrupt:
            print_swallowed(what)

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
    sys.unraisablehook = swallowed
    try:
        yield go_on
    except Exception:
        go_on()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = print_swallowed
    go_on()
