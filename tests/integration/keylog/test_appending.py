"""Appending to the key log: of many at once each finds the end; a process that is killed leaves a log that goes on."""

from __future__ import annotations

import uuid
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread, current_thread
from time import sleep
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from nrm import crypto
from nrm.actions import tending
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, NewName
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.vault.keylog import copies, files, heads, log
from tests import factories
from tests.killing import dies, killed

AT_ONCE = 20


@pytest.fixture(params=["app", "postgres_app"])
def instance(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue(request.param)
    return found


def rename(by: Actor) -> None:
    assert by.member_id
    with transaction() as session:
        log.append(session, EntryKind.RENAMED, NewName(by.member_id, crypto.new_key()), by=by)


def entries_there() -> list[int]:
    with db.engine.connect() as connection:
        return list(connection.scalars(select(KeyLogEntry.number).order_by(KeyLogEntry.number)))


def heads_there() -> list[tuple[int, bool]]:
    with db.engines["shred"].connect() as connection:
        rows = connection.exec_driver_sql("SELECT number, confirmed FROM keylog_heads ORDER BY number")
        return [(row.number, bool(row.confirmed)) for row in rows]


def test_twenty_at_once_are_all_signed_each_at_the_end_it_found(instance: Flask) -> None:
    people = [
        factories.actor(login)
        for login in ("vatra.case_worker", "nrc.case_worker", "ra.duty_officer", "iom.case_worker")
    ]
    db.session.remove()
    before, failures = len(entries_there()), []

    def work(place: int) -> None:
        with instance.app_context():
            try:
                rename(people[place % len(people)])
            except Exception as error:
                failures.append(error)
            finally:
                db.session.remove()

    threads = [Thread(target=work, args=(place,)) for place in range(AT_ONCE)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert entries_there() == list(range(1, before + AT_ONCE + 1))
    assert copies.first_wrong() is None
    assert log.state(db.session).number == before + AT_ONCE
    assert heads_there() == [(before + AT_ONCE, True)]
    # The file beside the databases is the same log, whole.
    assert copies.read(log.here()).state == log.state(db.session)
    state = log.state(db.session)
    factories.forget_key_log(instance)
    assert log.state(db.session) == state  # verified anew, from nothing


def test_two_ends_that_are_confirmed_at_once_do_not_wait_for_each_other(instance: Flask) -> None:
    """The lock of the log is released before the end is confirmed: the next one may be confirmed at the same time."""
    before = len(entries_there())
    ends = [heads.Head(before + 1, crypto.new_key()), heads.Head(before + 2, crypto.new_key())]
    for end in ends:
        heads.announce(end)
    db.session.remove()
    engine = db.engines["shred"]
    both, failures = Barrier(2), []

    def stop(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        """Before anything is deleted, wait for the other one, who may have to wait for this one: not for long."""
        if statement.startswith("DELETE"):
            with suppress(BrokenBarrierError):
                both.wait(timeout=0.3)
            if current_thread().name == "the earlier end":
                sleep(0.3)  # the later one deletes first

    def work(end: heads.Head) -> None:
        with instance.app_context():
            try:
                heads.confirm(end)
            except Exception as error:
                failures.append(error)

    threads = [
        Thread(target=work, args=(end,), name=name)
        for end, name in zip(ends, ("the earlier end", "the later end"), strict=True)
    ]
    event.listen(engine, "before_cursor_execute", stop)
    try:
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    finally:
        event.remove(engine, "before_cursor_execute", stop)
    assert failures == []
    assert heads_there() == [(before + 2, True)]


def test_an_entry_of_a_transaction_that_failed_is_replaced_by_the_next(instance: Flask) -> None:
    by, before = factories.actor("vatra.case_worker"), len(entries_there())
    assert by.member_id

    class Stopped(Exception):
        pass

    def stops(member_id: uuid.UUID) -> None:
        with transaction() as session:
            for _ in range(2):
                log.append(session, EntryKind.RENAMED, NewName(member_id, crypto.new_key()), by=by)
            assert log.state(session).number == before + 2
            raise Stopped

    with pytest.raises(Stopped):
        stops(by.member_id)
    assert log.state(db.session).number == before
    assert heads_there() == [(before, True), (before + 1, False), (before + 2, False)]
    db.session.rollback()
    rename(by)
    assert heads_there() == [(before + 1, True)]
    assert copies.first_wrong() is None


def test_nobody_appends_without_their_keys_or_what_the_rules_refuse(app: Flask) -> None:
    by = factories.actor("vatra.case_worker")
    assert by.member_id
    other = factories.actor("nrc.case_worker")
    with pytest.raises(crypto.CannotOpen), transaction() as session:
        log.append(session, EntryKind.RENAMED, NewName(by.member_id, bytes(32)), by=Actor.system("tend"))
    with pytest.raises(EntryRefused), transaction() as session:
        log.append(session, EntryKind.RENAMED, NewName(by.member_id, bytes(32)), by=other)
    with pytest.raises(EntryRefused), transaction() as session:
        log.append_as(
            session, EntryKind.RENAMED, NewName(by.member_id, bytes(32)), signer_id=by.member_id, private=bytes(32)
        )
    assert heads_there() == [(len(entries_there()), True)]


HEADS, LOG = "nrm.vault.keylog.heads", "nrm.vault.keylog.log"
# (where, whether the entry is there afterwards)
PLACES = {
    "before it is announced": (HEADS, "announce", "before", False),
    "announced, before the commit": (HEADS, "announce", "after", False),
    "committed, before it is confirmed": (HEADS, "confirm", "before", True),
    "confirmed, before it is in the file": (HEADS, "confirm", "after", True),
    "in the file": (LOG, "write_file", "after", True),
}


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_process_killed_while_appending_harms_nothing(app: Flask, tmp_path: Path, place: str) -> None:
    module, function, when, there = PLACES[place]
    folder = Path(app.extensions["nrm.config"].directory)
    before = len(entries_there())

    def append() -> None:
        by = factories.actor("vatra.case_worker")
        dies(module, function, when)
        rename(by)

    killed(folder, append)
    assert len(entries_there()) == before + there
    # What is there is believed, by this process and by one that starts now.
    assert log.state(db.session).number == before + there
    app.extensions.pop("nrm.keylog")
    assert log.state(db.session).number == before + there
    db.session.rollback()
    # Either `tend` settles it, or the next who appends does.
    if place.startswith("committed"):
        assert heads_there() == [(before, True), (before + 1, False)]
    tending.tend()
    assert copies.read(log.here()).state.number == before + there
    rename(factories.actor("vatra.case_worker"))
    assert log.state(db.session).number == before + there + 1
    assert heads_there() == [(before + there + 1, True)]
    assert copies.read(log.here()).state == log.state(db.session)
    assert copies.first_wrong() is None


def test_a_half_written_line_is_written_again_and_a_file_that_is_none_is_left_alone(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    by = factories.actor("vatra.case_worker")
    whole = log.here().read_bytes()
    log.here().write_bytes(whole[:-7])
    rename(by)
    assert log.here().read_bytes().startswith(whole)
    assert copies.read(log.here()).state == log.state(db.session)
    log.here().unlink()
    rename(by)
    assert copies.read(log.here()).state == log.state(db.session)
    log.here().write_bytes(b"something else\n")
    rename(by)
    assert log.here().read_bytes() == b"something else\n"
    assert "is no key log" in caplog.text
    assert log.state(db.session).number == len(entries_there())


def test_the_file_of_the_verified_state_is_believed_under_its_mac_alone(app: Flask) -> None:
    state = log.state(db.session)
    path = log.here().with_name(files.STATE)
    log.store()
    app.extensions.pop("nrm.keylog")
    assert log.state(db.session) == state
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    app.extensions.pop("nrm.keylog")
    assert log.state(db.session) == state  # verified from nothing again


def test_no_entry_is_valid_in_a_restored_twin(app: Flask, tmp_path: Path) -> None:
    """Both instances have the same beginning and the same keys; each goes on by itself."""
    by = factories.actor("vatra.case_worker")
    folder = Path(app.extensions["nrm.config"].directory)
    disconnect()
    twin = factories.copy_instance(folder, tmp_path / "twin")
    with twin.app_context():
        rename(factories.actor("nrc.case_worker"))
        disconnect()
    rename(by)
    rename(by)
    table = KeyLogEntry.__table__
    with db.engine.connect() as connection:
        last = connection.execute(select(table).order_by(table.c.number.desc()).limit(1)).one()
    with twin.app_context():
        number = len(entries_there())
        assert number == last.number - 1
        heads.announce(heads.Head(number + 1, bytes(last.digest)))  # even if the second database were told
        with transaction() as session:
            session.execute(table.insert().values(**last._mapping))
        with pytest.raises(log.LogWrong) as raised:
            log.state(db.session)
        assert raised.value.number == number + 1
        disconnect()
