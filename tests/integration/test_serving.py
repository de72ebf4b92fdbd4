"""`nrm serve` as the operator runs it: several workers, one of which may die, and an end that comes."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from unittest.mock import ANY, Mock
from urllib.parse import urlencode

import pytest
from flask import Flask

from nrm import db
from tests.conftest import Command, token_in
from tests.factories import PASSWORD
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
LOGIN = "nrc.case_worker"
PROGRAM = """
from nrm.cli import main, serving, usage
from tests.factories import cheap_config
serving.LAST_SECONDS, serving.BODY_SECONDS, usage.load_config = 1, 8, cheap_config
main()
"""


@pytest.fixture(params=["app", "postgres_app"])
def folder(request: pytest.FixtureRequest) -> Path:
    """Of an instance to which nobody is connected."""
    app: Flask = request.getfixturevalue(request.param)
    db.disconnect()
    return Path(app.extensions["nrm.config"].directory)


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`nrm serve` with two workers, and its port; what it says goes to the file `said`."""
    port = free_port()
    words = ["serve", "--dir", str(folder), "--port", str(port), "--workers", "2"]
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *words], stdout=said, stderr=said, cwd=ROOT)
    workers: set[int] = set()
    try:
        until(lambda: process.poll() is not None or (len(children(process.pid)) == 2 and answers(port)))
        workers = children(process.pid)
        yield process, port
        workers |= children(process.pid)
    finally:
        stop(process, workers)


def stop(process: subprocess.Popen[bytes], workers: Iterable[int]) -> None:
    """Nothing of a server goes on after its test."""
    process.kill()
    process.wait()
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def until(seen: Callable[[], bool], seconds: float = 30) -> None:
    """Look again and again until it is seen."""
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.05)


def children(pid: int) -> set[int]:
    """The living ones; none of a process that has ended."""
    try:
        found = {
            int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()
        }
        return {child for child in found if ") Z " not in Path(f"/proc/{child}/stat").read_text()}
    except OSError:
        return set()


def answers(port: int) -> bool:
    try:
        return asked(port, "GET", "/sign-in")[0] == 200
    except OSError:
        return False


def asked(port: int, method: str, path: str, *, cookies: str = "", form: str | None = None) -> tuple[int, str, str]:
    """Status, page and cookies of a request on a connection of its own, so that any worker may get it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Cookie": cookies}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request(method, path, form, headers)
        answer = connection.getresponse()
        given = [line.split(";")[0] for name, line in answer.getheaders() if name.lower() == "set-cookie"]
        return answer.status, answer.read().decode(), "; ".join(given)
    finally:
        connection.close()


def signed_in(port: int) -> str:
    """The cookies of a session."""
    _, page, cookies = asked(port, "GET", "/sign-in")
    form = urlencode({"login": LOGIN, "password": PASSWORD, "code": "", "csrf_token": token_in(page)})
    status, page, session = asked(port, "POST", "/sign-in", cookies=cookies, form=form)
    assert status == 303, page
    return session


def holders(folder: Path) -> list[int]:
    """Who has the lock of those that tend; who waits for it has it not."""
    inode = (folder / "tend.lock").stat().st_ino
    return [
        int(line.split()[4])
        for line in Path("/proc/locks").read_text().splitlines()
        if "->" not in line and re.search(rf":{inode} ", line)
    ]


@pytest.mark.slow
def test_a_session_works_in_all_workers_one_that_dies_is_replaced_and_the_end_waits_for_nobody(
    folder: Path, tmp_path: Path, server: tuple[subprocess.Popen[bytes], int]
) -> None:
    process, port = server
    session = signed_in(port)
    assert {asked(port, "GET", "/", cookies=session)[0] for _ in range(12)} == {200}
    counted = requests(port)
    assert at_hand(port) == {"nrm_requests_working": 0.0, "main_database": ANY, "shred_database": ANY}
    assert at_hand(port)["main_database"] >= 1

    before = children(process.pid)
    until(lambda: len(holders(folder)) == 1)
    (tending,) = holders(folder)
    assert tending in before
    os.kill(tending, signal.SIGKILL)
    until(lambda: len(children(process.pid) - {tending}) == 2)
    until(lambda: holders(folder) == list(before - {tending}))  # who waited has taken over
    assert {asked(port, "GET", "/", cookies=session)[0] for _ in range(12)} == {200}
    assert asked(port, "GET", "/feedback")[0] == 200
    assert requests(port)["2xx"] == counted["2xx"] + 12  # of both, and of the one that died; of a tablet nothing
    assert not [*Path(tempfile.gettempdir()).glob(f"nrm-figures-*/gauge_livesum_{tending}.db")]  # it has nothing now
    for address in ("/no-such-page", "/"):
        asked(port, "GET", address)
    assert re.findall("nrm_refusals_total (.*)", asked(port, "GET", "/metrics")[1]) == ["1.0"]

    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nlogin=")
        left = children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert "Unexpected exit from worker" in (tmp_path / "said").read_text()
    assert not [worker for worker in left if Path(f"/proc/{worker}").exists()]


def requests(port: int) -> dict[str, float]:
    """How many were answered, by the first digit of the status."""
    told = asked(port, "GET", "/metrics")[1]
    return {name: float(number) for name, number in re.findall('nrm_requests_total{status="(...)"} (.*)', told)}


def at_hand(port: int) -> dict[str, float]:
    """What the workers have now: threads that answer, and connections by database."""
    told = asked(port, "GET", "/metrics")[1]
    found = re.findall(r'^nrm_(?:(requests_working)|database_connections\{database="(\w+)"\}) (.*)$', told, re.M)
    return {database or f"nrm_{name}": float(number) for name, database, number in found}


def half_sent(port: int) -> socket.socket:
    """A connection on which a form was begun and never ended."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nlogin=")
    return connection


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["app"], indirect=True)
def test_forms_of_which_half_is_sent_keep_nobody_waiting(server: tuple[subprocess.Popen[bytes], int]) -> None:
    _, port = server
    with contextlib.ExitStack() as opened:
        forms = [opened.enter_context(half_sent(port)) for _ in range(200)]
        signed_in(port)
        with selectors.DefaultSelector() as waiting:  # `select` knows no descriptor above 1,023
            for form in forms:
                waiting.register(form, selectors.EVENT_READ)
            assert waiting.select(0) == []  # all of them still wait
        for form in forms:
            with form.makefile("rb") as answer:
                assert answer.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
                answer.read()  # until the server closes the connection


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["app"], indirect=True)
def test_a_form_that_breaks_off_is_refused_and_one_that_is_slow_is_not(
    server: tuple[subprocess.Popen[bytes], int],
) -> None:
    _, port = server
    with half_sent(port) as broken:
        broken.shutdown(socket.SHUT_WR)
        assert broken.recv(100).startswith(b"HTTP/1.1 400 ")
    with half_sent(port) as slow:
        time.sleep(0.5)
        slow.sendall(b"x" * 94)
        assert slow.recv(100).startswith(b"HTTP/1.1 422 ")


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["app"], indirect=True)
def test_a_form_that_is_too_large_gets_a_page_that_says_so(server: tuple[subprocess.Popen[bytes], int]) -> None:
    _, port = server
    status, page, _ = asked(port, "POST", "/sign-in", form="x" * (512 * 1024 + 1))
    assert status == 413
    assert "</html>" in page


def refused(folder: Path, *words: str, **settings: str) -> str:
    """What `nrm serve` says instead of serving: one line, exit 2."""
    command = [sys.executable, "-c", PROGRAM, "serve", "--dir", str(folder), *words]
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False, env={**os.environ, **settings}
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    return ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["app"], indirect=True)
def test_a_port_that_somebody_listens_on_is_not_shared(
    folder: Path, server: tuple[subprocess.Popen[bytes], int]
) -> None:
    _, port = server
    said = refused(folder, "--port", str(port))
    assert said.endswith("Address already in use; is it served there already? Else name another port\n")


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["app"], indirect=True)
def test_what_cannot_be_served_is_said_in_one_line(folder: Path, tmp_path: Path) -> None:
    proxied = {"NRM_PROXIES": "1"}
    assert "--host: nosuch.invalid" in refused(folder, "--host", "nosuch.invalid", **proxied)
    assert "Cannot assign requested address" in refused(folder, "--host", "192.0.2.1", **proxied)
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    tls = {"NRM_TLS_CERTIFICATE": str(junk), "NRM_TLS_KEY": str(junk)}
    assert refused(folder, "--port", str(free_port()), **tls).startswith("nrm: NRM_TLS_CERTIFICATE, NRM_TLS_KEY: ")


@pytest.mark.parametrize(("host", "said"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_plain_http_for_more_than_this_machine_is_said(
    app: Flask, command: Command, host: str, said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a proxy it began without a word: whoever reaches the port itself names their own address, unencrypted."""
    monkeypatch.setattr("nrm.cli.serving.Server", Mock())
    monkeypatch.setattr("nrm.cli.serving.gc", Mock())
    monkeypatch.setattr("nrm.cli.serving.multiprocessing", Mock())
    monkeypatch.setenv("NRM_PROXIES", "1")
    monkeypatch.setenv("NRM_ADDRESS", "https://nrm.example")
    code, _, error = command(app, "serve", "--host", host, "--port", str(free_port()))
    assert (code, f"plain HTTP at {host}: let nobody but the proxy reach this port" in error) == (0, said), error


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["app"], indirect=True)
@pytest.mark.parametrize("name", ["main.db", "shred.db"])
def test_a_database_that_is_gone_is_not_created_again(folder: Path, name: str) -> None:
    for path in folder.glob(f"{name}*"):
        path.unlink()
    assert f"{name} is not there" in refused(folder)
    assert not (folder / name).exists()
    (folder / name).touch()
    assert "one of the databases is empty" in refused(folder)


def test_workers_whose_server_was_killed_end_and_leave_the_port(
    server: tuple[subprocess.Popen[bytes], int],
) -> None:
    """They went on answering, watched by nobody, and the next server was refused the port."""
    process, port = server
    workers = children(process.pid)
    assert len(workers) == 2
    process.kill()
    process.wait()
    until(lambda: not any(is_there(each) for each in workers), seconds=20)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def is_there(process_id: int) -> bool:
    """Whether a process runs; one that ended and that nobody waited for does not."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
