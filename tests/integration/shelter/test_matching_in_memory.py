"""What the memory of a running server holds of the names that it compared, once everybody has signed out.

Python wipes nothing, so `nrm serve` runs where the C library wipes what is freed (ADR 0168). What is left to see is
what somebody still holds, and the buffers of others (docs/linkage.md says what this does not show).
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask

from nrm import clock
from nrm.db import db, disconnect
from nrm.linkage import normalising
from nrm.vault import matching as vault
from tests import factories, memory
from tests.conftest import token_in
from tests.integration.shelter.test_matching import NRC, VATRA, known_since, left, said_yes, taken_in
from tests.integration.test_serving import ROOT, answers, asked, children, stop, until
from tests.ports import free_port

CORE = "bravolundri"
"""In each of these names, as it is written and as it is read."""
BEFORE = {"given": "Zhbravolundrike", "family": "Xhbravolundriaj", "father": "Tebravolundrim", "origin": "Bravolundriq"}
NOW = {"given": "Xhbravolundrike", "family": "Dzbravolundriaj", "father": "Thebravolundrin", "origin": "Bravolundrik"}
BORN = "1991-10-23"
PATIENCE = 300
LAST_MOMENTS = 5
"""In seconds: the answer is sent before a thread has let go of its request."""
PROGRAM = """
from datetime import UTC, datetime, timedelta
from nrm import clock
from nrm.cli import main, serving, usage
from tests.factories import cheap_config
clock.set_clock(lambda: datetime.now(UTC) + timedelta(days=15))
serving.TEND_SECONDS, usage.load_config = 1, cheap_config
main()
"""
"""Fifteen days later: who has just joined is no second member who has seen a person."""


@dataclass
class Server:
    """`nrm serve`, with all its processes."""

    port: int
    processes: set[int]

    def holds(self, wanted: Mapping[str, bytes]) -> dict[str, int]:
        """What of it lies in any of the processes, and how often."""
        seen: dict[str, int] = {}
        for pid in self.processes:
            for name, number in memory.found(pid, wanted).items():
                seen[name] = seen.get(name, 0) + number
        return seen

    def signed_in(self, login: str) -> str:
        """The cookies of a session."""
        _, page, cookies = asked(self.port, "GET", "/sign-in")
        form = urlencode({"login": login, "password": factories.PASSWORD, "csrf_token": token_in(page)})
        status, _, session = asked(self.port, "POST", "/sign-in", cookies=cookies, form=form)
        assert status == 303
        return session

    def send(self, path: str, session: str, **data: str) -> None:
        """A form, which must be taken."""
        token = token_in(asked(self.port, "GET", "/who-was-here", cookies=session)[1])
        form = urlencode({**data, "csrf_token": token})
        assert asked(self.port, "POST", path, cookies=session, form=form)[0] == 303, path

    def asks_for(self, session: str) -> list[str]:
        """Who is asked for, as the side sees it that knows them."""
        return re.findall("/theirs/([0-9a-f-]{36})", asked(self.port, "GET", "/who-was-here", cookies=session)[1])


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """With two workers; it tends every second."""
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, "serve", "--dir", str(folder), "--port", str(port), "--workers", "2"]
    said = folder.with_name("said")
    with said.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, cwd=ROOT)
    started: set[int] = set()
    try:
        until(lambda: process.poll() is not None or (len(children(process.pid)) == 2 and answers(port)), PATIENCE)
        started = children(process.pid)
        yield Server(port, {process.pid, *started})
    except AssertionError as error:
        error.add_note(f"the server ({process.poll()}, {children(process.pid)}) said: {said.read_text('utf-8')}")
        raise
    finally:
        stop(process, started)


def test_the_names_are_read_as_they_are_written() -> None:
    for text in {*BEFORE.values(), *NOW.values()}:
        for word in normalising.words(text):
            assert all(CORE in each for each in (word, *normalising.readings(word)))


@pytest.mark.slow
def test_after_a_full_run_no_process_of_the_server_holds_a_name(app: Flask) -> None:
    nrc, now = factories.actor(NRC), clock.now()
    clock.set_clock(lambda: now + timedelta(days=15))
    before = said_yes(nrc, {**BEFORE, "birth": BORN})
    known_since(before, 10)
    left(before, nrc)
    vatra = factories.actor(VATRA)
    came = taken_in(vatra, {**NOW, "birth": BORN})
    link = vault.link(db.session(), by=vatra)
    assert link is not None
    db.session.rollback()
    disconnect()
    folder = Path(app.extensions["nrm.config"].directory)
    with serving(folder) as server:
        asker, holder = server.signed_in(VATRA), server.signed_in(NRC)
        try:
            assert server.holds(memory.spellings(str(folder)))  # what each of them does hold is found
        except memory.CannotRead:
            pytest.skip("reading the memory of another process needs root or CAP_SYS_PTRACE here")
        server.send(f"/cases/{came.case_id}/who-was-here", asker, said="yes")
        until(lambda: bool(server.asks_for(holder)), PATIENCE)
        (pair,) = server.asks_for(holder)
        server.send(f"/who-was-here/theirs/{pair}", holder, said="same-known_to_us")
        server.send(f"/who-was-here/ours/{pair}", asker, said="same-papers", course="again")
        for session in (asker, holder):
            server.send("/sign-out", session)
        wanted = {**memory.spellings(CORE), "K_link": link.key}
        with contextlib.suppress(AssertionError):
            until(lambda: not server.holds(wanted), LAST_MOMENTS)
        assert server.holds(wanted) == {}
