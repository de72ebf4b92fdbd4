"""The rules of the tests on SQLite, on a real PostgreSQL server."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, text

from nrm import audit
from nrm.actions import backups
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.store.shelter import payment_lines
from nrm.vault import epochs, shredding
from nrm.vault.backup_files import backups as files
from nrm.vault.keylog import heads
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.keys import test_vault


def test_people_sign_in_and_the_chain_is_whole(postgres_app: Flask) -> None:
    assert db.session.execute(text("SELECT version()")).scalar_one().startswith("PostgreSQL")
    Person(postgres_app.test_client(), "vatra.case_worker").get("/members")
    assert list(audit.verify(db.session())) == []


@pytest.mark.parametrize(
    "rule",
    [
        test_vault.test_a_holder_opens_and_everybody_else_does_not,
        test_vault.test_a_pending_party_opens_nothing_even_with_the_status_flipped_by_hand,
        test_vault.test_a_write_over_a_newer_revision_is_refused,
        test_vault.test_keys_listed_before_a_crash_are_destroyed_later,
        test_vault.test_a_transaction_that_fails_leaves_neither_grant_nor_listing,
    ],
)
def test_the_vaults_rules_hold(postgres_app: Flask, rule: Callable[[Flask], None]) -> None:
    rule(postgres_app)


def test_a_backup_under_load_is_a_pair_and_is_restored_on_sqlite(
    postgres_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nrc, stop, failed = factories.actor("nrc.case_worker"), threading.Event(), []
    case_id = test_vault.sealed_case(nrc, "NRC")

    def work() -> None:
        with postgres_app.app_context():
            try:
                while not stop.is_set():
                    with transaction() as session:
                        epochs.rotate(session, case_id, {"identity": [nrc.organisation_id]}, by=nrc)  # type: ignore[list-item]
                    shredding.work_off()
            except Exception as error:
                failed.append(error)

    thread = threading.Thread(target=work)
    texts = [files.new_key_files() for _ in range(2)]
    recipients = [files.recipient_in(public.encode()) for _, public in texts]
    privates = [files.private_key_in(private.encode()) for private, _ in texts]
    (tmp_path / "backups").mkdir()
    thread.start()
    try:
        pairs = [backups.take(tmp_path / "backups", (recipients[0], recipients[1]), tell=str) for _ in range(4)]
    finally:
        stop.set()
        thread.join()
    assert not failed
    monkeypatch.delenv("NRM_DATABASE")
    monkeypatch.delenv("NRM_SHRED_DATABASE")
    for number, pair in enumerate(pairs):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "instance" / "keys", folder / "keys")
        shutil.copy(tmp_path / "instance" / "instance.toml", folder)
        checked = backups.check_pair(pair.main, pair.shred, privates)
        with factories.open_instance(folder).app_context():
            backups.fill(pair.main, pair.shred, privates)
            assert backups.findings(checked, None) == []
            backups.settle(tmp_path / "backups" / "erased.jsonl")
            assert backups.sample_opens(5, by=factories.actor("nrc.case_worker")) == (1, 1)
            disconnect()


LISTS = (
    ("rinas.border_officer", "/interviews/unsent/draft"),
    ("rinas.border_officer", "/referrals/sent"),
    ("vatra.case_worker", "/referrals"),
    ("vatra.case_worker", "/stays"),
    ("vatra.case_worker", "/obligations"),
    ("ra.duty_officer", "/duty"),
)
"""Lists in pages whose statements are built once; the home pages ask for the first page of most."""
MARKS = {"/stays": "2006-03-01", "/duty": "1~2006-03-01T00:00:00+00:00"}
"""Where a page ended, of lists that are not ordered by an instant alone."""


def test_a_page_takes_one_connection_of_each_database_however_much_it_reads(postgres_app: Flask) -> None:
    person, taken = Person(postgres_app.test_client(), "rinas.border_officer"), []
    for _ in range(3):
        people.interview(factories.actor("rinas.border_officer"))
    person.get("/")
    disconnect()
    for name, engine in db.engines.items():
        event.listen(engine, "checkout", lambda *_, name=name: taken.append(name))
    person.get("/")
    assert sorted(taken, key=str) == [None, "shred"]


def test_what_the_server_broke_off_is_read_again_on_another_connection(postgres_app: Flask) -> None:
    here, there = heads.confirmed(), db.engines["shred"]
    assert heads.confirmed() == here
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with there.connect() as own:
        own.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
    with pytest.raises(psycopg.OperationalError):
        heads.confirmed()
    assert heads.confirmed() == here


@pytest.mark.parametrize("login", sorted({login for login, _ in LISTS} | {"molsa.statistician"}))
def test_home_pages_and_the_pages_after_the_first_of_their_lists_are_answered(postgres_app: Flask, login: str) -> None:
    person = Person(postgres_app.test_client(), login)
    person.get("/")
    assert {line.nights for line in payment_lines.lines(Quarter(2006, 1), by=Actor.system("release"))} == {0}
    for path in (path for asking, path in LISTS if asking == login):
        person.get(f"{path}?after={quote(MARKS.get(path, '2006-03-01T00:00:00+00:00') + f'~{uuid.uuid4()}')}")
