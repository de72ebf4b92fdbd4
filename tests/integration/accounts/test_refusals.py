"""Who asks for hundreds of pages that they may not see is told to colleagues and the duty desk; who is tired is not.

Decided in ADR 0236."""

from __future__ import annotations

import os
import uuid

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from nrm.actions.accounts import refusals
from nrm.audit import Event, details_of
from nrm.db import db, transaction
from nrm.domain.accounts.alarms import REFUSED
from nrm.domain.health import Part, State
from nrm.domain.shelter.cases import new_pseudonym
from nrm.models.accounts.accounts import FailedTries
from nrm.models.accounts.alarms import Alarm
from nrm.models.audit import AuditEntry
from nrm.store.rows.accounts import failed_attempts
from nrm.web.accounts.refused import AT_ONCE
from tests import factories
from tests.conftest import Command, Person
from tests.integration.test_health import parts_of

WORKER, MANAGER, DESK = "vatra.case_worker", "vatra.shelter_manager", "ra.duty_officer"
BOUND = REFUSED.free
SAYS = "for more than 100 pages that it may not see"


def guess(person: Person, number: int) -> None:
    """Ask for so many cases that are none, and for pages of other roles."""
    for _ in range(number):
        person.get(f"/cases/{uuid.uuid4()}", status=404)


def told() -> list[dict[str, object]]:
    """What the audit chain says of it."""
    db.session.rollback()
    entries = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == Event.ALARM_RAISED))
    return [said for said in map(details_of, entries) if said.get("kind") == "refusals"]


@pytest.mark.slow
def test_from_one_too_many_on_colleagues_and_the_desk_are_told_once_and_no_others(app: Flask, command: Command) -> None:
    worker = Person(app.test_client(), WORKER)
    guess(worker, BOUND)
    assert told() == []
    assert SAYS not in Person(app.test_client(), MANAGER).get("/?lang=en")
    guess(worker, 3 * AT_ONCE)
    (said,) = told()
    member_id = factories.actor(WORKER).member_id
    assert (said["of_member_id"], said["hours"], set(said)) == (
        str(member_id),
        1,
        {"alarm_id", "of_member_id", "of_organisation_id", "hours", "cases", "kind"},
    )
    for login in (MANAGER, DESK):
        person = Person(app.test_client(), login)
        assert SAYS in person.get("/?lang=en"), login
        page = person.get("/alarms?lang=en")
        assert f"Asked for {BOUND + 3 * AT_ONCE} pages" in page
        assert (f"/members/{member_id}/suspend" in page) == (login == MANAGER)
    for login in (WORKER, "nrc.shelter_manager", "molsa.statistician", "oms.coordinator", "administrator"):
        assert SAYS not in Person(app.test_client(), login).get("/?lang=en"), login
    part = parts_of(app, command)[Part.REFUSALS]
    assert (part["state"], WORKER in part["why"], str(BOUND + 3 * AT_ONCE) in part["why"]) == (State.WRONG, True, True)
    # Nobody is kept out, and nobody is told twice: what follows in the hour grows the same alarm.
    assert "Home" in worker.get("/?lang=en")
    alarm = db.session.scalars(select(Alarm)).one()
    for login in (MANAGER, DESK):
        person = Person(app.test_client(), login)
        person.post(f"/alarms/{alarm.id}/acknowledge/{alarm.cases}")
        assert SAYS not in person.get("/?lang=en"), login
    assert parts_of(app, command)[Part.REFUSALS] == {"state": State.OK, "seconds": None}
    refusals.count(number=AT_ONCE, by=factories.actor(WORKER))
    assert SAYS in Person(app.test_client(), MANAGER).get("/?lang=en")
    assert len(told()) == 1
    factories.later(minutes=61)
    refusals.count(number=BOUND + 1, by=factories.actor(WORKER))
    assert len(told()) == 2


def test_a_tired_person_with_a_broken_bookmark_and_old_links_raises_nothing(app: Flask) -> None:
    worker = Person(app.test_client(), WORKER)
    for _ in range(BOUND + 3 * AT_ONCE):
        worker.get("/cases/00000000-0000-4000-8000-000000000000", status=404)
    assert db.session.scalars(select(FailedTries)).all() == []
    guess(worker, 6 * AT_ONCE)
    for address in ("/organisations", "/reports", "/no-such-page"):
        worker.client.get(address)
    assert told() == []
    # It is forgiven: the same again an hour later, and on each hour of a long day.
    by = factories.actor(WORKER)
    for _ in range(8):
        factories.later(minutes=60)
        refusals.count(number=6 * AT_ONCE, by=by)
    assert told() == []


def test_processes_add_up_and_an_administrator_is_told_to_the_desk(app: Flask) -> None:
    by = factories.actor("administrator")
    for _ in range(2 * BOUND // AT_ONCE):  # each as if another process had counted it
        refusals.count(number=AT_ONCE, by=by)
    assert len(told()) == 1
    page = Person(app.test_client(), DESK).get("/alarms?lang=en")
    assert "administrator" in page
    assert "call their organisation" in page
    assert SAYS not in Person(app.test_client(), "administrator").get("/?lang=en")
    factories.later(hours=5)
    with transaction() as session:
        failed_attempts.sweep(session)
    assert db.session.scalars(select(FailedTries)).all() == []


def test_pages_of_other_roles_and_addresses_that_are_none_count_and_strangers_do_not(app: Flask) -> None:
    worker = Person(app.test_client(), WORKER)
    for number in range(AT_ONCE):
        worker.get(f"/nothing/{number}", status=404)
    (row,) = db.session.scalars(select(FailedTries)).all()
    assert row.number == AT_ONCE
    stranger = app.test_client()
    for number in range(2 * AT_ONCE):
        assert stranger.get(f"/nothing/{number}").status_code == 404
    db.session.rollback()  # what is read is what the requests wrote
    assert [each.number for each in db.session.scalars(select(FailedTries))] == [AT_ONCE]
    assert len(app.extensions["nrm.refused"]) == 1


@pytest.mark.slow
def test_the_alarm_stands_from_one_too_many_on_and_no_refusal_is_written_alone(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was counted in tens, so it stood from the 110th on."""
    written: list[int] = []
    count = refusals.count
    monkeypatch.setattr(refusals, "count", lambda *, number, by: written.append(number) or count(number=number, by=by))
    worker = Person(app.test_client(), WORKER)
    guess(worker, BOUND)
    assert told() == []
    guess(worker, 1)
    (said,) = told()
    assert said["cases"] == BOUND + 1
    guess(worker, 2 * AT_ONCE - 1)
    assert sum(written) == BOUND + 2 * AT_ONCE
    assert len(written) == BOUND // AT_ONCE + 3  # in tens, and once more at the bound


def test_other_methods_and_spent_links_count_like_any_page(app: Flask) -> None:
    """A method that a page does not have, and the link of an invitation that is none, were not counted."""
    worker = Person(app.test_client(), WORKER)
    for method in ("PUT", "DELETE", "PATCH"):
        assert worker.client.open(f"/cases/{uuid.uuid4()}", method=method).status_code == 405
        assert worker.client.open(f"/nothing/{method}", method=method).status_code == 404
    assert worker.client.options("/nothing/options").status_code == 404
    assert worker.client.get("/invitations/guessed").status_code == 404
    assert worker.client.get("/invitations/guessed/code").status_code == 404
    assert db.session.scalars(select(FailedTries)).all() == []
    for _ in range(AT_ONCE):  # each a second time, with any method: one address
        assert worker.client.put("/nothing/PUT").status_code == 404
    # What a page answers is no refusal: it tells which methods there are, of no case.
    assert worker.client.options(f"/cases/{uuid.uuid4()}").status_code == 200
    assert db.session.scalars(select(FailedTries)).all() == []
    assert worker.client.delete("/tasks").status_code == 405
    db.session.rollback()
    assert [each.number for each in db.session.scalars(select(FailedTries))] == [AT_ONCE]
    stranger = app.test_client()
    for number in range(2 * AT_ONCE):
        assert stranger.get(f"/invitations/guessed{number}").status_code == 404
        assert stranger.put(f"/cases/{uuid.uuid4()}").status_code == 405
    db.session.rollback()
    assert [each.number for each in db.session.scalars(select(FailedTries))] == [AT_ONCE]
    assert len(app.extensions["nrm.refused"]) == 1


def test_codes_of_people_that_are_guessed_count_and_mistyped_ones_do_not(app: Flask) -> None:
    worker = Person(app.test_client(), WORKER)
    code = new_pseudonym(os.urandom(16))
    mistyped = code[:-1] + ("C" if code[-1] != "C" else "D")
    for _ in range(2 * AT_ONCE):
        worker.post("/cases/find", {"code": mistyped}, status=422)
        worker.post("/cases/find", {"code": code}, status=422)
    assert db.session.scalars(select(FailedTries)).all() == []
    for _ in range(BOUND + AT_ONCE):
        worker.post("/cases/find", {"code": new_pseudonym(os.urandom(16))}, status=422)
    assert len(told()) == 1


def test_a_database_that_takes_nothing_shows_the_refusal_all_the_same(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> None:
        raise OperationalError("", {}, Exception())

    worker = Person(app.test_client(), WORKER)
    with monkeypatch.context() as broken:
        broken.setattr(refusals, "count", fails)
        guess(worker, 2 * AT_ONCE)
    assert "Home" in worker.get("/?lang=en")
