"""An entry taken out of the middle of the log is seen by a process that runs, before it seals or appends again."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import key_log as actions
from nrm.actions.accounts import roles, sealing_again
from nrm.actions.referrals import proposals
from nrm.actions.shelter import cases
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Role
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.steps.shelter import cases as case_steps
from nrm.vault import grants
from nrm.vault.keylog import log
from nrm.vault.keyrings import Disagrees
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.world import World

World_ = tuple[Flask, World]


def taken_out(number: int) -> None:
    """As somebody who writes to the main database does it, on a connection of their own."""
    log.state(db.session)
    db.session.rollback()
    with db.engine.begin() as connection:
        assert connection.execute(delete(KeyLogEntry).where(KeyLogEntry.number == number)).rowcount == 1


def last() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.max(KeyLogEntry.number))) or 0


@pytest.mark.parametrize("number", [1, 7, -1], ids=["first", "middle", "before the last"])
def test_who_seals_next_sees_the_hole_and_says_which_entry_it_is(
    app: Flask, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    number = number if number > 0 else last() - 1
    with transaction() as session:
        assert grants.recipients(session, [people.organisation("NRC")])
    taken_out(number)
    assert log.state(db.session).number == last()  # what this process verified is as right as before
    with pytest.raises(Disagrees), transaction() as session:
        grants.recipients(session, [people.organisation("NRC")])
    assert f"the key log is wrong at entry {number}: short" in caplog.text
    verdict = actions.verify([])
    assert verdict.findings[0].startswith(f"entry {number}: ")
    assert verdict.mended_by == log.here()


def test_nobody_is_let_in_nothing_is_signed_and_every_home_page_says_why(app: Flask) -> None:
    officer, worker = factories.actor("rinas.border_officer"), factories.actor("vatra.case_worker")
    draft = people.interview(officer)
    me = Person(app.test_client(), "vatra.shelter_manager")
    taken_out(9)
    before = last()
    assert "The key log is wrong" in me.get("/?lang=en")
    found = proposals.propose(interview_id=draft, by=officer)
    assert found.choices == ()
    db.session.rollback()
    manager = db.session.scalars(select(Member.id).where(Member.login == "vatra.shelter_manager")).one()
    with pytest.raises((Disagrees, log.LogWrong)):
        roles.change(member_id=manager, role=Role.CASE_WORKER, by=worker)
    with pytest.raises(Disagrees):
        sealing_again.renew_keyring(by=worker)
    assert last() == before


COLUMNS = {"signature": bytes(64), "signer_id": uuid.UUID(int=7), "kind": "left", "body": b"x", "digest": bytes(32)}


@pytest.mark.parametrize("column", COLUMNS)
def test_an_entry_that_somebody_changed_in_the_middle_is_noticed_by_tending_and_told(
    app: Flask, caplog: pytest.LogCaptureFixture, column: str
) -> None:
    """Its number stays and so does the end: nobody reads it again, but somebody meant something by it."""
    me, there = Person(app.test_client(), "vatra.shelter_manager"), log.here().with_name(log.CHANGED)
    assert log.compare() is None
    assert not there.exists()
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(update(KeyLogEntry).where(KeyLogEntry.number == 9).values({column: COLUMNS[column]}))
    assert log.state(db.session).number == last()
    later = clock.now() + timedelta(minutes=11)
    with factories.at(later):
        assert tending.tend()["key_log_changed"] == 1
    assert "the key log is wrong at entry 9: entry" in caplog.text
    app.extensions["nrm.keylog"].compared_at = None  # as in another process: the file tells it
    assert "The key log is wrong" in me.get("/?lang=en")
    with pytest.raises(Disagrees), transaction() as session:
        grants.recipients(session, [people.organisation("NRC")])
    assert actions.mend(log.here()) == last()
    assert not there.exists()
    assert "The key log is wrong" not in me.get("/?lang=en")


def test_all_of_the_log_is_read_every_ten_minutes_and_not_every_minute(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    real = log._first_other
    monkeypatch.setattr(log, "_first_other", lambda *given: read.append(1) or real(*given))
    for minutes in (0, 1, 9, 10):
        with factories.at(clock.now() + timedelta(minutes=minutes)):
            assert log.compare(every=timedelta(minutes=10)) is None
    assert len(read) == 2


def test_people_go_on_with_what_they_hold_and_a_copy_mends_it(world_app: World_) -> None:
    _, world = world_app
    worker = factories.actor("nrc.case_worker")
    taken_out(5)
    cases.open_compartment(case_id=world.case, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=worker)
    assert Compartment.IDENTITY in case_steps.opened(case_id=world.case, by=worker)
    assert actions.mend(log.here()) == last()
    disconnect()
    with transaction() as session:
        assert grants.recipients(session, [people.organisation("VATRA")])


def test_a_whole_log_is_counted_once_in_a_transaction(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = log._WHOLE.first
    monkeypatch.setattr(log._WHOLE, "first", lambda *given: asked.append(1) or real(*given))
    with transaction() as session:
        grants.recipients(session, [each.organisation_id for each in grants.recipients(session, _two())])
    assert asked == [1]
    with transaction() as session:
        grants.recipients(session, _two())
    assert asked == [1, 1]


def _two() -> list[uuid.UUID]:
    return [people.organisation("NRC"), people.organisation("VATRA")]
