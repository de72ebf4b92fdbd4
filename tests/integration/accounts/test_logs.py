"""What all logs at their finest level tell of a day on which much goes wrong: no name, no key, no cookie."""

from __future__ import annotations

import base64
import logging
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from nrm import cli
from nrm.actions import tending
from nrm.actions.accounts import joining
from nrm.actions.interviews import interviews
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases
from nrm.cli import serving
from nrm.db import db
from nrm.domain.accounts.accounts import Role
from nrm.models.shelter.cases import ShredKey
from nrm.steps.shelter import cases as case_steps
from nrm.store import names as account_store
from nrm.store.shelter import cases as store
from nrm.vault import blobs, members
from nrm.vault import compartments as vault
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Command, Person, token_in
from tests.world import World

WRONG = "a password that Zamir tried"
NEW = "eleven lives of a mountain cat"


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger there is, at its finest."""
    caplog.set_level(logging.DEBUG)
    former = {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict}
    for name in ("sqlalchemy.engine.Engine", "sqlalchemy.pool", "nrm", "nrm.access", "weasyprint", *former):
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield caplog
    for name, level in former.items():
        logging.getLogger(name).setLevel(level)


def written(key: bytes) -> set[str]:
    """How bytes could stand in a log."""
    return {
        key.hex(),
        key.hex().upper(),
        base64.b64encode(key).decode().rstrip("="),
        base64.urlsafe_b64encode(key).decode().rstrip("="),
        repr(key)[2:-1],
    }


def keys_of(app: Flask, *logins: str) -> set[str]:
    """Every key of the instance that a file or a password leads to, in every writing."""
    secrets = app.extensions["nrm.config"].secrets
    found = [secrets.pepper, secrets.store, secrets.release, secrets.match]
    found += [key for (key,) in db.session.execute(select(ShredKey.key))]
    for login in logins:
        holder = factories.actor(login).keys
        assert holder is not None
        found += [holder.kem_private, holder.sign_private]
    return set().union(*map(written, found))


class Failing:
    """Makes a function fail with a name in its message, a key in its cause."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, secret: bytes) -> None:
        self.monkeypatch = monkeypatch
        self.secret = secret

    def answers_500(self, module: object, name: str, ask: Callable[[], TestResponse]) -> None:
        with self.monkeypatch.context() as broken:
            broken.setattr(module, name, self.fails)
            answer = ask()
        assert answer.status_code == 500, name
        assert people.PLANTED not in answer.text

    def fails(self, *_: object, **__: object) -> None:
        try:
            raise KeyError(self.secret)
        except KeyError:
            raise ValueError(f"{people.PLANTED} told: {people.TOLD}, {self.secret!r}, {self.secret.hex()}") from None


def invited(client: FlaskClient) -> tuple[str, str]:
    """Somebody joins by a link and comes back by the recovery code: (the link's token, the code)."""
    vatra = account_store.organisation_by_code("VATRA").id
    colleague = factories.actor("vatra.case_worker")
    token = joining.invite(organisation_id=vatra, login="vatra.new", name="New", role=Role.CASE_WORKER, by=colleague)
    code = joining.join(token=token, password=factories.PASSWORD).recovery_code
    client.get(f"/invitations/{token}")
    page = client.get("/recover")
    fields = {"login": "vatra.new", "code": code, "password": NEW, "again": NEW, "csrf_token": token_in(page.text)}
    client.post("/recover", data=fields)
    return token, code


@pytest.mark.slow
def test_the_log_of_a_whole_day_holds_no_name_no_key_and_no_cookie(
    world_app: tuple[Flask, World],
    everything: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    app, world = world_app
    client = app.test_client()
    page = client.get("/sign-in")
    tried = {"login": "nrc.case_worker", "password": WRONG, "code": "739164", "csrf_token": token_in(page.text)}
    client.post("/sign-in", data=tried)
    token, code = invited(app.test_client())
    post = Person(app.test_client(), "rinas.border_officer")
    post.post(f"/interviews/{world.draft}/resume")
    post.get(f"/interviews/{world.draft}/happened")
    person = Person(client, "nrc.case_worker")
    person.post(f"/cases/{world.case}/open", {"compartment": "identity", "purpose": "care"})
    assert people.PLANTED in person.get(f"/cases/{world.case}")
    person.get(f"/cases/{uuid.uuid4()}?name={people.PLANTED}", 404)
    person.get(f"/no/{people.PLANTED}", 404)
    person.post(f"/cases/{world.own_case}/open", {"compartment": "identity", "purpose": "care"}, 404)
    person.post(f"/cases/{world.case}/notes", {"text": people.TOLD})
    referrals.accept(referral_id=world.asked, place_id=world.bed, by=factories.actor("nrc.case_worker"))
    people.sent(factories.actor("rinas.border_officer"))

    failing = Failing(monkeypatch, app.extensions["nrm.config"].secrets.store)
    case = f"/cases/{world.case}"
    failing.answers_500(vault, "read", lambda: client.get(case))
    failing.answers_500(blobs, "open_under", lambda: client.get(case))
    failing.answers_500(store, "case", lambda: client.get(case))
    failing.answers_500(case_steps, "opened", lambda: client.get(case))
    failing.answers_500(interviews, "read", lambda: post.client.get(f"/interviews/{world.draft}/happened"))
    failing.answers_500(db.session, "execute", lambda: client.get("/openings"))
    note = {"csrf_token": person.csrf_token, "text": people.TOLD}
    failing.answers_500(cases.audit, "append", lambda: client.post(f"{case}/notes", data=note))
    failing.answers_500(members, "prove", lambda: _sign_in_again(app))
    _tend_fails(app, monkeypatch, failing)
    with monkeypatch.context() as broken:  # the page of an error fails too
        broken.setattr("nrm.web.errors.render_template", failing.fails)
        assert client.get(case + "x").status_code == 500

    cookies = [
        cookie.value
        for each in (client, post.client)
        for name in ("nrm", "nrm-form")
        if (cookie := each.get_cookie(name))
    ]
    assert len(cookies) >= 3
    log = everything.text + "".join(str(record.exc_info or "") for record in everything.records)
    log += "".join(capfd.readouterr())
    assert log.count("ValueError") >= 9
    assert "SELECT" in log
    assert "hide_parameters=True" in log
    planted = {
        people.PLANTED,
        people.TOLD,
        factories.PASSWORD,
        NEW,
        WRONG,
        "739164",
        token,
        code,
        code.replace("-", ""),
    }
    secrets = planted | {person.csrf_token, post.csrf_token, *cookies}
    keys = keys_of(app, "nrc.case_worker", "rinas.border_officer")
    assert len(keys) > 100
    assert [said for said in secrets | keys if said in log] == []
    for id_ in (world.case, world.own_case, world.draft):  # a log of addresses would say whose page was looked at
        assert str(id_) not in log
        assert id_.hex not in log


def _sign_in_again(app: Flask) -> TestResponse:
    client = app.test_client()
    token = token_in(client.get("/sign-in").text)
    return client.post("/sign-in", data={"login": "x.y", "password": WRONG, "csrf_token": token})


def _tend_fails(app: Flask, monkeypatch: pytest.MonkeyPatch, failing: Failing) -> None:
    """The thread that tends: once with an error, then told to stop."""
    asked = []

    def tend() -> dict[str, int]:
        asked.append(1)
        if len(asked) == 1:
            failing.fails()
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(serving, "TEND_SECONDS", 0)
        broken.setattr(tending, "tend", tend)
        with pytest.raises(SystemExit):
            serving._tend_forever(app)
    assert len(asked) == 2


def test_a_failing_import_says_where_and_no_answer(
    app: Flask,
    everything: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    command: Command,
    tmp_path: Path,
) -> None:
    failing = Failing(monkeypatch, app.extensions["nrm.config"].secrets.pepper)
    (tmp_path / "lines.jsonl").write_text('{"questionnaire": "returnee-1", "answers": {"given": "Zamira"}}\n')
    words = ("interviews", "import", str(tmp_path / "lines.jsonl"), "--as", "rinas.border_officer")
    code, out, err = command(app, *words)
    assert code == 1
    with monkeypatch.context() as broken:
        broken.setattr(cli.interviews.interview_imports, "take_in", failing.fails)
        _, more, told = command(app, *words)
    said = out + more + (err + told + everything.text).encode()
    for secret in (people.PLANTED, factories.PASSWORD, *written(failing.secret)):
        assert secret.encode() not in said
