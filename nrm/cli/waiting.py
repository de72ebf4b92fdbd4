"""What whoever waits for a demo country is told while it is made (ADR 0176).

On standard error: a bar on a terminal, elsewhere a line every ten seconds. At the port: a process of its own answers,
so that a page comes at once. It reads what is made already from a pair of sockets, and never from the country's
databases, which one process writes. Nobody signs in before the country is complete: its clock runs through four years,
and who came in between would meet deadlines of years ago and change what happens to the people of a seed. When the
other end is closed, because the command was stopped or killed, it ends too.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from nrm import create_being_made
from nrm.cli.progress import Telling
from nrm.cli.refusals import Refused
from nrm.cli.said.failures import of_port
from nrm.countries import Country
from nrm.demo.progress import Progress

_HALF = 0.5  # seconds between two bars, and two messages
_LAST = 5.0  # seconds for the process to end
_OVER = b"over\n"
_PARTS = 1000  # of the bar


class Making(Telling):
    """How far the country is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._progress: Progress | None = None
        self._drawn = clock()

    def tell(self, progress: Progress) -> None:
        """A step is done."""
        self._progress = progress
        if not self._watched or self._clock() - self._drawn < _HALF:
            return
        self._drawn = self._clock()
        if self._bar is None:
            self._open_bar(_PARTS, show_eta=False)
        self._bar.label = line(progress)
        self._bar.update(round(progress.share() * _PARTS) - self._bar.pos)

    def line(self) -> str:
        """As `line`; empty before the first step."""
        return line(self._progress) if self._progress is not None else ""


def line(progress: Progress) -> str:
    """How far it is and how long the rest will take: `people: 120 of 400, 2025-03, 40 s left`."""
    if not progress.came:
        parts = [f"accounts: {progress.accounts_made} of {progress.accounts}"]
    else:
        parts = [f"people: {progress.came} of {progress.people}"]
        if progress.closing:
            parts.append(progress.closing)
        elif progress.reached is not None:
            parts.append(f"{progress.reached:%Y-%m}")
    left = progress.seconds_left()
    return ", ".join([*parts, *([f"about {left:.0f} s left"] if left is not None else [])])


class Waiting:
    """The page of a country that is being made, from `__enter__` on; until `leave`, or the end of this process."""

    def __init__(
        self, country: Country, people: int, *, host: str, port: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._country, self._people = country, people
        self._host, self._port = host, port
        self._clock = clock
        self._told = clock() - _HALF

    def __enter__(self) -> Self:
        listening = _listening(self._host, self._port)
        self._ours, self._theirs = socket.socketpair()
        self._process = multiprocessing.get_context("fork").Process(
            target=self._answer, args=(listening,), name="waiting", daemon=True
        )
        self._process.start()
        listening.close()
        self._theirs.close()
        self._ours.settimeout(0)  # who makes the country waits for nobody
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        self._ours.close()
        self._process.join(_LAST)

    def tell(self, progress: Progress) -> None:
        """Hand on how far the country is."""
        if self._clock() - self._told >= _HALF:
            self._told = self._clock()
            message = json.dumps(
                {
                    "accounts": progress.accounts,
                    "accounts_made": progress.accounts_made,
                    "came": progress.came,
                    "places": dict(progress.places),
                    "reached": progress.reached.isoformat() if progress.reached is not None else "",
                    "left": progress.seconds_left(),
                }
            )
            with contextlib.suppress(OSError):
                self._ours.send(message.encode() + b"\n")

    def leave(self) -> None:
        """Let the port to the server, which listens already; any process that came from this one may call it."""
        self._ours.settimeout(_LAST)
        with contextlib.suppress(OSError):
            self._ours.sendall(_OVER)
            while self._ours.recv(16):
                """Nothing is ever said from there: the end of it is what is waited for."""

    def _answer(self, listening: socket.socket) -> None:
        """In the process of its own."""
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # of a terminal it goes to both; the other end says when it is over
        self._ours.close()
        state: dict[str, Any] = {}
        app = create_being_made(
            self._country, lambda: {"people": self._people, **state}, address=os.environ.get("NRM_ADDRESS", "")
        )
        server = make_server(self._host, self._port, app, threaded=True, request_handler=_Silent, fd=listening.detach())
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        with self._theirs.makefile("rb") as lines:
            for line in lines:
                if line == _OVER:
                    break
                with contextlib.suppress(ValueError):  # half a line, where the other half found no room
                    state.update(json.loads(line))
        server.shutdown()
        server.server_close()


class _Silent(WSGIRequestHandler):
    """Nothing is written of who asked, and nothing told of what answers."""

    def version_string(self) -> str:
        """The header `Server`."""
        return "nrm"

    def log(self, type: str, message: str, *args: Any) -> None:
        """As the server calls it for every request."""


def _listening(host: str, port: int) -> socket.socket:
    """A port that the server can listen on, too, before this one is closed. Raises Refused where somebody else does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(f"--port {port}: {of_port(error)}") from None
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(128)
    return listening
