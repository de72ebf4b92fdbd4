"""The alarm was about the wrong person: struck with a reason, kept, and told again to everybody who was told of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions.shelter import absences, away, cases, corrections, direct_intake, stays
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.shelter.absences import AbsenceRefused, Feared
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.away import Away
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.shelter import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted
from tests.races import raised_by

SignIn = Callable[[str], Person]
MANAGER = "vatra.shelter_manager"
WRONG = {"why": "other_person"}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def _report(case_id: uuid.UUID, by: Actor, hours: float = 3) -> uuid.UUID:
    return absences.report(case_id=case_id, since=clock.now() - timedelta(hours=hours), feared=Feared.NO, by=by)


def _alarm(missing_id: uuid.UUID) -> Missing:
    db.session.rollback()
    return db.session.get_one(Missing, missing_id)


@pytest.mark.slow
def test_of_the_wrong_girl_the_alarm_is_struck_and_every_desk_is_told_again(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD, days_ago=4)
    person, desk = sign_in("vatra.case_worker"), sign_in("ra.duty_officer")
    authority, police = (
        sign_in("child_protection.child_protection_officer"),
        sign_in("state_police.identification_officer"),
    )
    seen = {"name": "Zamira Planted", "description": "red coat", "official": "no"}
    person.post(f"/cases/{opened.case_id}/missing", {"since": "24", "feared": "no", **seen})
    missing_id = absence_rows.stands(opened.case_id).id  # type: ignore[union-attr]
    db.session.rollback()
    person.post(f"/missing/{missing_id}/police/call", {"official": "no", "reached": "yes"})
    for reader in (desk, authority):
        reader.post(f"/missing/{missing_id}/known", {})
    address = f"/missing/{missing_id}/mistake"
    for start in ("/?lang=en", f"/stays/{opened.stay_id}?lang=en", f"/missing/{missing_id}/found?lang=en"):
        assert address in person.get(start), start
    page = person.get(f"{address}?lang=en")
    assert opened.pseudonym in page
    assert "129" in page  # whom to call again
    assert "Choose why" in person.post(f"{address}?lang=en", {}, 422)
    for login in ("nrc.case_worker", "tjeter_vizion.shelter_manager"):
        sign_in(login).get(address, 404)
        sign_in(login).post(address, WRONG, 404)
    assert _alarm(missing_id).outcome == ""
    after = person.post(address, WRONG)
    assert "Call again" in person.get(f"{after}?lang=en")
    row = _alarm(missing_id)
    assert (row.outcome, row.mistake_why, row.mistake_on, row.since_at) == (
        "mistake",
        "other_person",
        days.today(),
        None,
    )
    assert row.reported_by_id is not None is not row.mistake_by_id
    # Nobody is missing, her nights count, and the history says what was entered.
    assert absence_rows.gaps([opened.stay_id]) == {}
    assert "recorded by mistake" in person.get(f"/stays/{opened.stay_id}?lang=en")
    assert "/mistake" not in person.get("/")
    # Whoever said that they know is told anew, and says again that they know, however long ago it was.
    factories.later(days=3)
    for login in ("ra.duty_officer", "child_protection.child_protection_officer"):
        reader = sign_in(login)
        told = reader.get("/?lang=en").partition("Alarms that were a mistake")[2].partition("</form>")[0]
        assert opened.pseudonym in told
        assert "recorded by mistake" in told
        assert ("Vatra" in told) is (login == "ra.duty_officer")
        reader.post(f"/missing/{missing_id}/known", {})
        assert f"/missing/{missing_id}/not-known" in reader.get("/?lang=en")
        reader.post(f"/missing/{missing_id}/not-known", {})
        assert f"/missing/{missing_id}/known" in reader.get("/?lang=en")
        reader.post(f"/missing/{missing_id}/known", {})
    factories.later(days=2)
    for login in ("ra.duty_officer", "child_protection.child_protection_officer"):
        assert "Alarms that were a mistake" not in sign_in(login).get("/?lang=en")
        sign_in(login).post(f"/missing/{missing_id}/not-known", {}, 409)
    police = sign_in("state_police.identification_officer")
    assert "The alarm was recorded by mistake" in police.get("/?lang=en")
    assert opened.pseudonym not in police.get("/")
    assert "Zamira" not in police.get("/")
    sign_in("vatra.case_worker").post(address, WRONG, 409)


def test_who_was_said_to_be_back_because_nothing_else_was_offered_was_never_missing(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=9)
    missing_id = _report(opened.case_id, vatra, 60)
    absences.found(missing_id=missing_id, by=vatra)
    assert absence_rows.gaps([opened.stay_id])
    with pytest.raises(NotVisible):
        corrections.strike_alarm(missing_id=missing_id, why=Why.MISTYPED, by=factories.actor("nrc.case_worker"))
    corrections.strike_alarm(missing_id=missing_id, why=Why.OTHER_PERSON, by=vatra)
    db.session.rollback()
    assert absence_rows.gaps([opened.stay_id]) == {}
    assert store.stay(opened.stay_id, by=vatra).nights == 9
    with pytest.raises(AbsenceRefused, match="over"):
        corrections.strike_alarm(missing_id=missing_id, why=Why.MISTYPED, by=vatra)


def test_days_away_that_the_alarm_ended_go_on(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=4)
    away_id = away.record(
        stay_id=opened.stay_id,
        since_on=days.today() - timedelta(days=1),
        expected_on=days.today() + timedelta(days=2),
        reason="",
        by=vatra,
    )
    missing_id = _report(opened.case_id, vatra)
    assert db.session.get_one(Away, away_id, populate_existing=True).outcome == "missing"
    corrections.strike_alarm(missing_id=missing_id, why=Why.OTHER_PERSON, by=vatra)
    row = db.session.get_one(Away, away_id, populate_existing=True)
    assert (row.outcome, row.over_on) == ("", None)


def test_it_is_no_way_around_a_gate_and_not_for_ever(vatra: Actor) -> None:
    """Neither the end of a stay, nor an alarm that ended without the person, nor nights of months ago."""
    old, gone, left = admitted(vatra, days_ago=40), admitted(vatra, days_ago=40), admitted(vatra, days_ago=40)
    late = _report(old.case_id, vatra)
    ended = _report(gone.case_id, vatra)
    found = _report(left.case_id, vatra)
    absences.found(missing_id=found, by=vatra)
    stays.end(
        stay_id=left.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=vatra,
    )
    with pytest.raises(AbsenceRefused, match="over"):
        corrections.strike_alarm(missing_id=found, why=Why.MISTYPED, by=vatra)
    factories.later(days=max(country().missing_days, 7) + 1)
    vatra = factories.actor("vatra.shelter_manager")
    absences.end(missing_id=ended, by=vatra)
    with pytest.raises(AbsenceRefused, match="over"):
        corrections.strike_alarm(missing_id=ended, why=Why.MISTYPED, by=vatra)
    with pytest.raises(AbsenceRefused, match="mistake_late"):
        corrections.strike_alarm(missing_id=late, why=Why.MISTYPED, by=vatra)
    db.session.rollback()
    assert db.session.get_one(Stay, gone.stay_id).exit_reason == "missing"


def test_an_alarm_that_was_struck_hides_none_that_ended_without_the_person(vatra: Actor) -> None:
    """Whether a case may be closed is asked of the last alarm that was true."""
    opened = admitted(vatra, days_ago=40)
    ended = _report(opened.case_id, vatra)
    factories.later(days=country().missing_days + 1)
    vatra = factories.actor("vatra.shelter_manager")
    absences.end(missing_id=ended, by=vatra)
    wrong = _report(opened.case_id, vatra)
    assert not absence_rows.was_not_found(opened.case_id)
    corrections.strike_alarm(missing_id=wrong, why=Why.OTHER_PERSON, by=vatra)
    assert absence_rows.was_not_found(opened.case_id)
    cases.close(case_id=opened.case_id, by=vatra)


@pytest.mark.parametrize("database", ["app", "postgres_app"])
def test_no_row_is_a_mistake_without_who_when_and_why(database: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(database)
    by = factories.actor("vatra.shelter_manager")
    missing_id = _report(admitted(by, days_ago=2).case_id, by)
    over = {"outcome": "mistake", "over_on": days.today(), "since_at": None}
    said = {"mistake_on": days.today(), "mistake_by_id": by.member_id, "mistake_why": "mistyped"}
    for wrong in (over, {**over, **said, "mistake_why": "because"}, {**over, **said, "outcome": "found"}, said):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(Missing).where(Missing.id == missing_id).values(**wrong))
    with transaction() as session:
        session.execute(update(Missing).where(Missing.id == missing_id).values(**over, **said))


@pytest.mark.slow
def test_what_another_than_the_reporter_strikes_nobody_stops_looking_for_before_a_call(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, CHILD, days_ago=4)
    reporter, manager = sign_in("vatra.case_worker"), sign_in("vatra.shelter_manager")
    told = {"since": "24", "feared": "yes", "name": "Zamira Planted", "official": "no"}
    reporter.post(f"/cases/{opened.case_id}/missing", told)
    missing_id = absence_rows.stands(opened.case_id).id  # type: ignore[union-attr]
    db.session.rollback()
    address = f"/missing/{missing_id}/mistake?lang=en"
    assert "Test case_worker raised the alarm. Speak with them first" in manager.get(address)
    assert "raised the alarm" not in reporter.get(address)
    manager.post(address, {"why": "mistyped"})
    page = reporter.get("/?lang=en")
    assert "Test shelter_manager struck the alarm that you raised" in page
    assert f"/cases/{opened.case_id}/missing" in page
    assert "struck the alarm" not in manager.get("/?lang=en")
    for login in ("ra.duty_officer", "child_protection.child_protection_officer"):
        page = sign_in(login).get("/?lang=en").partition("Alarms that were a mistake")[2].partition("</form>")[0]
        assert "Test case_worker had raised the alarm" in page
        assert "somebody may have a hand in it" in page
        assert "Another person says that it was a mistake: Test shelter_manager" in page
        assert "Stop looking" not in page
    police = sign_in("state_police.identification_officer").get("/?lang=en")
    assert "another person says so" in police
    assert "Stop looking" not in police


def _away_and_late(by: Actor) -> tuple[direct_intake.Opened, uuid.UUID]:
    """Somebody who went three days ago, and was expected yesterday."""
    opened = admitted(by, days_ago=9)
    away_id = away.record(
        stay_id=opened.stay_id,
        since_on=days.today() - timedelta(days=3),
        expected_on=days.today() - timedelta(days=1),
        reason="",
        by=by,
    )
    return opened, away_id


@pytest.mark.slow
@pytest.mark.parametrize("hours", ["3", "24", "other"])
@pytest.mark.parametrize("said_found", [False, True])
def test_who_was_away_and_late_is_late_again_once_the_alarm_is_struck(
    vatra: Actor, sign_in: SignIn, hours: str, said_found: bool
) -> None:
    opened, away_id = _away_and_late(vatra)
    nights, person = store.stay(opened.stay_id, by=vatra).nights, sign_in("vatra.case_worker")
    since = {"since": hours}
    if hours == "other":  # the day on which she was last seen, before she was said to be away
        seen = days.today() - timedelta(days=5)
        since |= {f"since_day-{part}": str(getattr(seen, part)) for part in ("day", "month", "year")}
    person.post(f"/cases/{opened.case_id}/missing", {**since, "feared": "yes"})
    db.session.rollback()
    missing_id = absence_rows.stands(opened.case_id).id  # type: ignore[union-attr]
    db.session.rollback()
    if said_found:
        person.post(f"/missing/{missing_id}/found", {})
    address = f"/missing/{missing_id}/mistake"
    page = person.get(f"{address}?lang=en")
    assert "was away and nobody had to look for them" in page
    assert "late</" not in page.partition("<h1>")[2]
    after = person.post(address, {"why": "mistyped", "seen": hidden(page, "seen")})
    done = person.get(f"{after}?lang=en").partition("<h1>")[2]
    assert "Away since" in done
    assert "late</" in done
    for each in (page, done, sign_in("ra.duty_officer").get("/?lang=en")):  # she was away, and nobody knows where
        assert "never missing" not in each.lower()
        assert "Nobody is missing" not in each
        assert "there all the time" not in each
    row = db.session.get_one(Away, away_id, populate_existing=True)
    assert (row.outcome, row.over_on) == ("", None)
    assert store.stay(opened.stay_id, by=vatra).nights == nights
    assert opened.pseudonym in person.get("/?lang=en")
    assert f"/away/{away_id}" in person.get(f"/stays/{opened.stay_id}?lang=en")
    assert opened.pseudonym in person.get("/day?lang=en").partition("Absent")[2]


def hidden(page: str, name: str) -> str:
    """What the page sends with a press without being asked."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_of_back_and_by_mistake_on_one_alarm_one_wins_and_the_other_reads_why(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=4)
    missing_id, (one, other) = _report(opened.case_id, vatra), (sign_in("vatra.case_worker"), sign_in(MANAGER))
    address = f"/missing/{missing_id}"
    other.get(f"{address}/mistake")
    one.post(f"{address}/found", {})
    assert "recorded since then that the person is back" in other.post(f"{address}/mistake?lang=en", WRONG, 409)
    assert _alarm(missing_id).outcome == "found"
    second = _report(opened.case_id, vatra)
    one.post(f"/missing/{second}/mistake", WRONG)
    assert "This is over already" in other.post(f"/missing/{second}/found?lang=en", {}, 409)
    assert _alarm(second).outcome == "mistake"


@pytest.mark.parametrize("database", ["app", "postgres_app"])
def test_said_at_the_same_moment_one_of_the_two_is_refused(database: str, request: pytest.FixtureRequest) -> None:
    flask_app = request.getfixturevalue(database)
    by = factories.actor(MANAGER)
    missing_id = _report(admitted(by, days_ago=4).case_id, by)

    def found() -> None:
        absences.found(missing_id=missing_id, by=by)

    def struck() -> None:
        corrections.strike_alarm(missing_id=missing_id, why=Why.MISTYPED, seen="", by=by)

    assert [getattr(each, "reason", each) for each in raised_by(flask_app, found, struck)] in (["over"], ["back_since"])


def test_who_went_again_since_then_is_away_as_was_said_last(vatra: Actor) -> None:
    opened, away_id = _away_and_late(vatra)
    missing_id = _report(opened.case_id, vatra)
    absences.found(missing_id=missing_id, by=vatra)
    again = away.record(
        stay_id=opened.stay_id,
        since_on=days.today(),
        expected_on=days.today() + timedelta(days=1),
        reason="",
        by=vatra,
    )
    corrections.strike_alarm(missing_id=missing_id, why=Why.OTHER_PERSON, by=vatra)
    assert db.session.get_one(Away, away_id, populate_existing=True).outcome == "missing"
    assert db.session.get_one(Away, again, populate_existing=True).outcome == ""
