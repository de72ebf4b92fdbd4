"""What every answer tells the browser, however it came about; and what the access log tells of it."""

from __future__ import annotations

import dataclasses
import io
import logging
import re
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from config import Config
from nrm import create_app, db
from nrm.db import transaction
from nrm.domain.accounts.failed_attempts import ACCOUNT
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.steps.accounts import credentials
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.web import headers
from nrm.web.accounts import access_log
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person, token_in
from tests.integration.test_demo import served
from tests.world import World

# The design's own words, not the program's.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HSTS = "max-age=63072000; includeSubDomains"


def assert_protected(answer: TestResponse, status: int, *, tls: bool = False) -> None:
    """All the headers of a page; nothing that says what runs here."""
    assert answer.status_code == status
    said = answer.headers
    assert said["Content-Security-Policy"] == POLICY
    assert said["X-Content-Type-Options"] == "nosniff"
    assert said["Referrer-Policy"] == "no-referrer"
    assert said["Cross-Origin-Opener-Policy"] == said["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in said["Permissions-Policy"]
    assert said["Cache-Control"] == "no-store"
    assert said.get("Strict-Transport-Security") == (HSTS if tls else None)
    assert "X-Powered-By" not in said
    assert "Traceback" not in answer.text


def failing(app: Flask, error: Exception) -> TestResponse:
    """A page that ends with this error."""

    def view() -> str:
        raise error

    app.view_functions["accounts.blank"] = view
    return app.test_client().get("/blank")


def test_pages_redirects_and_refusals(app: Flask) -> None:
    client = app.test_client()
    assert_protected(client.get("/sign-in"), 200)
    assert_protected(client.head("/sign-in"), 200)
    assert_protected(client.options("/sign-in"), 200)
    assert_protected(client.get("/"), 303)
    assert_protected(client.post("/", data={"a": "b"}), 405)
    assert_protected(client.post("/password", data={"a": "b"}), 401)
    assert_protected(client.get("/no/such/page"), 404)
    assert_protected(client.get("/assets/none.css"), 404)
    assert_protected(client.post("/sign-in", data={"login": "x"}), 422)
    assert_protected(client.post("/sign-in", headers={"Sec-Fetch-Site": "cross-site"}), 403)
    person = Person(client, "nrc.case_worker")
    assert_protected(client.post("/sign-out", data={"csrf_token": "0" * 64}), 400)
    assert_protected(client.get("/duty"), 403)
    assert_protected(client.get(f"/cases/{uuid.uuid4()}"), 404)
    assert_protected(client.post("/sign-out", data={"csrf_token": person.csrf_token}), 303)


def test_too_many_tries_at_every_door(app: Flask) -> None:
    factories.later()
    client = app.test_client()
    signed_in = Person(app.test_client(), "nrc.case_worker")
    hidden = Person(app.test_client(), "nrc.case_worker")
    failed = credentials.counters("nrc.case_worker", credentials.COMMAND)
    for browser in (signed_in, hidden):
        cookie = browser.client.get_cookie("nrm-known")
        assert cookie is not None
        failed += credentials.counters("nrc.case_worker", credentials.Asker(browsers=cookie.value))
    with transaction() as session:
        for _ in range(ACCOUNT.free + 1):
            failed_attempt_rows.count(session, failed)
    db.disconnect()
    hidden.client.post("/hide-screen")
    token = token_in(client.get("/sign-in").text)
    login = {"login": "nrc.case_worker", "csrf_token": token}
    assert_protected(client.post("/sign-in", data=login | {"password": "x"}), 429)
    new = {"code": "x", "second_factor": "", "password": "a new life of a cat", "again": "a new life of a cat"}
    assert_protected(client.post("/recover", data=login | new), 429)
    assert_protected(hidden.client.post("/unlock", data={"csrf_token": token_in(hidden.get("/unlock"))}), 429)
    mine = {"csrf_token": signed_in.csrf_token, "old": "x", "password": "a new life of a cat", "again": new["again"]}
    assert_protected(signed_in.client.post("/password", data=mine), 429)
    assert_protected(signed_in.client.post("/recovery-code/new", data=mine), 429)
    assert_protected(signed_in.client.post("/prove", data=mine | {"step_up": "x"}), 429)


def test_a_method_that_is_not_there_says_which_are(app: Flask) -> None:
    answer = app.test_client().delete("/sign-in")
    assert_protected(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert answer.mimetype == "text/html"


def test_conflicts_and_crashes(app: Flask) -> None:
    assert_protected(failing(app, IllegalTransition(TransitionRefusal.STATE)), 409)
    assert_protected(failing(app, ValueError("Zamira")), 500)


@pytest.mark.parametrize(
    "headers_", [{"Cookie": "nrm=\xff\xfe; nrm=%00"}, {"Cookie": "=;;nrm"}, {"Cookie": "x" * 9000}]
)
def test_a_broken_cookie_is_none(app: Flask, headers_: dict[str, str]) -> None:
    assert_protected(app.test_client().get("/", headers=headers_), 303)


def test_what_goes_wrong_before_a_page_is_found(app: Flask) -> None:
    client = app.test_client()
    assert_protected(client.get("/%ff%fe%00"), 404)
    assert_protected(client.get("/sign-in", headers={"Host": "a b/c"}), 400)
    assert_protected(client.open("/sign-in", method="BREW"), 405)
    large = client.post("/sign-in", data={"login": "x" * 600_000})
    assert_protected(large, 413)
    many = client.post("/sign-in", data={f"f{number}": "" for number in range(900)}, content_type="multipart/form-data")
    assert_protected(many, 413)
    broken = client.post(
        "/sign-in", input_stream=io.BytesIO(b"--x\r\njunk"), content_type="multipart/form-data; boundary=x"
    )
    assert_protected(broken, broken.status_code)
    assert broken.status_code in (400, 422)


def test_even_a_broken_page_of_errors_is_answered_with_the_headers_and_said_without_a_value(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> str:
        raise KeyError(people.PLANTED)

    monkeypatch.setattr("nrm.web.errors.render_template", broken)
    answer = app.test_client().get("/no/such/page")
    assert_protected(answer, 500)
    assert answer.text == "500\n"
    assert "KeyError" in caplog.text
    assert people.PLANTED not in caplog.text


def test_downloads(closed: Flask) -> None:
    client = Person(closed.test_client(), "molsa.statistician").client
    for ending, kind in (("pdf", "application/pdf"), ("csv", "text/csv"), ("json", "application/json")):
        answer = client.get(f"/reports/ix/2026Q2.{ending}")
        assert (answer.status_code, answer.mimetype) == (200, kind)
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_static_files_load_nothing_and_are_kept(app: Flask) -> None:
    client = app.test_client()
    style = client.get("/sign-in").text.split("stylesheet href=")[1].split(">")[0]
    answer = client.get(style)
    assert answer.headers["Content-Security-Policy"] == headers.POLICY_OF_STATIC
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def config_of(app: Flask, **changed: object) -> Config:
    config: Config = app.extensions["nrm.config"]
    return dataclasses.replace(config, **changed)  # type: ignore[arg-type]


def test_behind_tls_every_answer_says_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    secure = create_app(config_of(app, proxies=1), synchronous="OFF")
    secure.test_client_class = factories.OutsideClient
    client = secure.test_client()
    for path, status in (("/sign-in", 200), ("/", 303), ("/no/such/page", 404)):
        assert_protected(client.get(path), status, tls=True)
    assert_protected(failing(secure, ValueError()), 500, tls=True)
    monkeypatch.setattr("nrm.web.errors.render_template", lambda *_, **__: 1 / 0)
    assert_protected(client.get("/no/such/page"), 500, tls=True)


# The same page for what is another organisation's as for what never was


@pytest.mark.parametrize("login", ["iom.case_worker", "durres.border_officer", "trp_unit.trp_officer"])
def test_anothers_case_and_none_have_the_same_page_to_the_byte(world_app: tuple[Flask, World], login: str) -> None:
    app, world = world_app
    client = Person(app.test_client(), login).client
    for path in ("/cases/{}", "/cases/{}/openings", "/referrals/{}", "/interviews/{}"):
        unknown = client.get(path.format(uuid.uuid4()))
        not_its_work = login.startswith("trp") and path in ("/interviews/{}", "/referrals/{}")
        assert unknown.status_code == (403 if not_its_work else 404)
        for id_ in (world.own_case, world.asked_case, world.asked, world.draft):
            answer = client.get(path.format(id_))
            assert (answer.status_code, len(answer.data)) == (unknown.status_code, len(unknown.data)), path
            assert [name for name, _ in answer.headers] == [name for name, _ in unknown.headers]
            assert _without_code(answer.text) == _without_code(unknown.text)


def _without_code(page: str) -> str:
    """The page but for the code to quote, which is new each time, and the address that was asked for."""
    return re.sub(r"\b[0-9a-f]{8}\b", "", re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", page))


# The server below the application


@pytest.mark.slow
def test_the_server_itself_answers_junk_with_nothing_that_helps(
    world_template: tuple[Path, World], tmp_path: Path
) -> None:
    folder = tmp_path / "served"
    factories.copy_instance(world_template[0], folder)
    with served(folder) as url:
        address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
        answered = 0
        for junk in JUNK:
            said = _told(address, junk)
            assert b"Traceback" not in said
            assert b"Rust" not in said
            assert str(folder).encode() not in said
            assert not said or re.match(rb"HTTP/1\.[01] (400|404|405|411|413|414|422|431|501|505)\b", said), (
                junk[:40],
                said[:80],
            )
            answered += bool(said)
        assert answered >= 5
        good = _told(address, b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert good.startswith(b"HTTP/1.1 200")
        assert POLICY.encode() in good


JUNK = (
    b"\r\n\r\n",
    b"junk\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
    b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n",
    b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)


def _told(address: tuple[str, int], request: bytes) -> bytes:
    said = b""
    with socket.create_connection(address, timeout=2) as connection:
        try:
            connection.sendall(request)
            while more := connection.recv(65536):
                said += more
        except OSError:  # it hung up, or waits for more
            pass
    return said


# The access log


@pytest.fixture
def logged(app: Flask, tmp_path: Path) -> Iterator[tuple[Flask, Path]]:
    """An application that writes an access log, and where."""
    path = tmp_path / "access.log"
    writing = create_app(config_of(app, access_log=str(path)), synchronous="OFF")
    writing.test_client_class = factories.OutsideClient
    yield writing, path
    quiet()


def quiet() -> None:
    """Let go of the file."""
    log = logging.getLogger("nrm.access")
    for handler in log.handlers[:]:
        log.removeHandler(handler)
        handler.close()


LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ ([A-Z]+|other) (\S+) (\d{3}) \d+ ms (\d+|-) B")


def test_the_access_log_says_what_kind_of_page_and_never_which(logged: tuple[Flask, Path]) -> None:
    app, path = logged
    client = app.test_client()
    person = Person(client, "nrc.case_worker")
    case_id = uuid.uuid4()
    person.get(f"/cases/{case_id}?after=K7QM-4T2X-9", 404)
    client.get(f"/no/such/{people.PLANTED}")
    client.open("/sign-in", method="BREW")
    for page in access_log.UNWRITTEN:  # its minute would lead to who stood at the tablet
        assert client.get(page).status_code == 200
    assert client.post("/feedback/complain").status_code == 400
    client.get("/sign-in", headers={"User-Agent": "Zamira's browser", "X-Forwarded-For": "192.0.2.7"})
    failing(app, ValueError(people.PLANTED))
    text = path.read_text()
    found = [match.groups()[:3] for line in text.splitlines() if (match := LINE.fullmatch(line))]
    assert len(found) == len(text.splitlines())
    assert ("POST", "/sign-in", "303") in found
    assert "feedback" not in text
    assert ("GET", "/cases/<uuid:case_id>", "404") in found
    assert ("GET", "no-such-page", "404") in found
    assert ("other", "no-such-page", "405") in found
    assert ("GET", "/blank", "500") in found
    cookie = client.get_cookie("nrm")
    assert cookie is not None
    kept_out = (str(case_id), "K7QM", people.PLANTED, "nrc.case_worker", "192.0.2.7", "Zamira", person.csrf_token)
    for said in (*kept_out, cookie.value, factories.PASSWORD):
        assert said not in text


def test_the_access_log_may_be_renamed_and_goes_on(logged: tuple[Flask, Path]) -> None:
    app, path = logged
    client = app.test_client()
    client.get("/sign-in")
    path.rename(path.with_suffix(".1"))
    client.get("/sign-in")
    assert path.read_text().count("\n") == path.with_suffix(".1").read_text().count("\n") == 1


def test_without_the_setting_nothing_is_written(app: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    app.test_client().get("/sign-in")
    assert capfd.readouterr() == ("", "")


def test_a_dash_means_standard_error(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    writing = create_app(config_of(app, access_log="-"), synchronous="OFF")
    writing.test_client_class = factories.OutsideClient
    writing.test_client().get("/sign-in")
    assert LINE.fullmatch(capsys.readouterr().err.strip())
    quiet()
