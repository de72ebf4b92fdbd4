"""A request names the host it wants: links do not follow it, and what is not ours is not answered."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest
from flask import Flask

from config import MisConfigured, load_config
from nrm import create_app
from nrm.web import floods, hosts
from tests import factories
from tests.conftest import Person

OURS = "https://nrm.example.al"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was logged by an earlier test."""
    monkeypatch.setattr(floods, "_written", {})
    monkeypatch.setattr(floods, "_unwritten", {})


def application(app: Flask, **settings: object) -> Flask:
    """Another application on the same instance."""
    config = dataclasses.replace(app.extensions["nrm.config"], **settings)  # type: ignore[arg-type]
    made = create_app(config, synchronous="OFF")
    made.test_client_class = factories.OutsideClient
    return made


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:5000", 200),
        ("[::1]:5000", 200),
        ("LOCALHOST:5000", 200),
        ("evil.example", 400),
        ("localhost.evil.example", 400),
        ("localhost@evil.example", 400),
        ("evil.example:80", 400),
        ("localhost:port", 400),
        ("[::1", 400),
        ("[::1]evil", 400),
        ("", 400),
        ("127.0.0.1, evil.example", 400),
    ],
)
def test_a_demo_country_answers_for_this_machine_alone(app: Flask, host: str, status: int) -> None:
    answer = app.test_client().get("/sign-in", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or answer.mimetype == "text/plain"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("nrm.example.al", 200),
        ("NRM.example.al:443", 200),
        ("nrm.example.al:8443", 400),
        ("x.nrm.example.al", 400),
        ("evil.example", 400),
    ],
)
def test_with_an_address_that_one_is_answered(app: Flask, host: str, status: int) -> None:
    client = application(app, address=OURS).test_client()
    assert client.get("/sign-in", headers={"Host": host}, base_url=OURS).status_code == status


def test_a_real_instance_with_an_address_does_not_answer_to_the_machines_own_name() -> None:
    assert not hosts.is_known("localhost", "https", known="nrm.example.al", local=False)
    assert hosts.is_known("localhost", "https", known="", local=True)


def test_a_forwarded_host_counts_behind_declared_proxies_alone(app: Flask) -> None:
    headers = {"Host": "localhost", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    assert application(app, address=OURS).test_client().get("/sign-in", headers=headers).status_code == 200
    behind = application(app, address=OURS, proxies=1).test_client()
    assert behind.get("/sign-in", headers=headers).status_code == 400
    assert behind.get("/sign-in", headers={**headers, "X-Forwarded-Host": "nrm.example.al"}).status_code == 200


def test_the_link_of_an_invitation_has_the_address_of_the_settings_whatever_the_request_says(app: Flask) -> None:
    fields = {"role": "case_worker", "login": "vatra.n", "name": "N. N."}
    manager = Person(application(app, address=OURS).test_client(), "vatra.shelter_manager")
    page = manager.made("/members/invite", fields)
    assert f"{OURS}/invitations/" in page
    assert "http://localhost/invitations/" not in page
    without = Person(app.test_client(), "vatra.shelter_manager")
    page = without.made("/members/invite", {**fields, "login": "vatra.m", "name": "M. M."})
    assert "http://localhost/invitations/" in page


@pytest.mark.parametrize(
    "address",
    [
        "nrm.example.al",
        "http://nrm.example.al",
        "http://127.0.0.1.evil.example",
        "https://",
        "https://user@nrm.example.al",
        "https://nrm.example.al/nrm",
        "https://nrm.example.al?x",
        "https://nrm.example.al:port",
        "https://nrm example.al",
        "https://nrm.example.al\r\nX: y",
        "ftp://nrm.example.al",
        "https://[::1",
    ],
)
def test_an_address_that_is_none_is_refused_at_the_start(app: Flask, address: str) -> None:
    folder = app.extensions["nrm.config"].directory
    with pytest.raises(MisConfigured, match="NRM_ADDRESS: "):
        load_config({"NRM_DIR": str(folder), "NRM_ADDRESS": address})


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://nrm.example.al", OURS),
        ("https://NRM.example.al/", OURS),
        ("https://nrm.example.al:443", OURS),
        ("https://nrm.example.al:8443/", f"{OURS}:8443"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("", ""),
    ],
)
def test_an_address_is_kept_as_browsers_send_it(app: Flask, typed: str, kept: str) -> None:
    folder = app.extensions["nrm.config"].directory
    assert load_config({"NRM_DIR": str(folder), "NRM_ADDRESS": typed}).address == kept


@pytest.mark.slow
def test_a_stranger_does_not_fill_the_log_and_what_was_left_out_is_counted(
    app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: moment)
    caplog.set_level(logging.INFO, "nrm")
    client = app.test_client()

    def lines() -> list[str]:
        found = [record.getMessage() for record in caplog.records if record.name == "nrm"]
        # That a stranger found nothing is no warning.
        warnings = [each for each in caplog.records if each.name == "nrm" and each.levelno >= logging.WARNING]
        assert not any("answered 404" in each.getMessage() for each in warnings)  # a code of an error may have it, too
        caplog.clear()
        return found

    for number in range(300):
        assert client.get(f"/wp-login-{number}.php").status_code == 404
        client.post("/sign-out", data={"x": "y"})
        client.post("/recover", data={"csrf_token": "junk"})
        client.get("/", headers={"Host": f"evil-{number}.example"})
    first = lines()
    assert len(first) == 3, first
    assert not any("wp-login" in line or "evil" in line for line in first)
    moment += 61
    client.get("/wp-login.php")
    client.get("/", headers={"Host": "evil.example"})
    second = lines()
    assert len(second) == 3, second
    assert second[1].endswith("line before: 299")
    assert "299 more since" in second[2]
    person = Person(client, "vatra.case_worker")
    lines()
    for _ in range(3):
        person.get("/audit-of-others", 404)
        person.get("/duty", 403)
    assert len(lines()) == 3, "who is signed in is written each time, but for pages that are none"


@pytest.mark.parametrize(("host", "told"), [("192.0.2.7:5000", "another host"), ("", "no host at all")])
def test_the_log_says_why_a_request_was_refused_and_what_is_set(
    app: Flask, caplog: pytest.LogCaptureFixture, host: str, told: str
) -> None:
    client = application(app, address=OURS).test_client()
    for _ in range(3):
        refused = client.get("/healthz", headers={"Host": host}, base_url=OURS)
        assert refused.status_code == 400
        assert OURS not in refused.text, "a stranger is not told what is ours"
    lines = [each.getMessage() for each in caplog.records if "refused a request" in each.getMessage()]
    assert lines == [f"refused a request for {told}, and 0 more since the line before; NRM_ADDRESS is {OURS}"]


def test_where_no_address_is_set_the_log_says_so(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    assert app.test_client().get("/", headers={"Host": "nrm.example.al"}).status_code == 400
    assert "NRM_ADDRESS is not set" in caplog.text


@pytest.mark.slow
def test_a_real_instance_is_not_served_without_its_address(tmp_path: Path, typed: object) -> None:
    folder = tmp_path / "real"
    assert typed("init", "--one-folder", "--dir", str(folder), "--country", "albania").returncode == 0  # type: ignore[operator]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NRM_PROXIES", "1")
        refused = typed("serve", "--dir", str(folder), "--port", "5999")  # type: ignore[operator]
    assert refused.returncode == 2
    assert refused.stderr.startswith("nrm: NRM_ADDRESS: ")
    assert refused.stderr.count("\n") == 1
