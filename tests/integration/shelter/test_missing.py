"""A person who did not come back: an alarm that stands until she is found or it is ended, and no way out."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import absences, cases, erasures, missing_told, stays
from nrm.actions.shelter.direct_intake import Opened
from nrm.actions.support import what_desks_know
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.referrals.transfers import HandOver
from nrm.domain.shelter.absences import AbsenceRefused, Feared, Ground
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.closings import Answers, Debts, Documents, FollowUp, Way
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay, Period, present
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.absences import Missing, MissingTold
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import arrivals
from nrm.steps.shelter import closings as closing_steps
from nrm.steps.shelter import consents as consent_steps
from nrm.steps.shelter.arrivals import Told
from nrm.store import days
from nrm.store.countries import country
from nrm.store.referrals import duty as duty_store
from nrm.store.referrals import transfers as transfer_store
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.shelter import absences as store_of
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stays as store
from nrm.vault import compartments as vault
from nrm.vault import members
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import HAND_OVER, NOT_SAFE, bed
from tests.factories_stays import ALBANIAN, CHILD, admitted

SignIn = Callable[[str], Person]
BOARD = "/beds"


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


@pytest.mark.slow
def test_whoever_ends_the_stay_of_somebody_who_is_missing_reads_at_once_what_to_do_instead(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, days_ago=4)
    person, address = sign_in("vatra.case_worker"), f"/stays/{opened.stay_id}/end"
    assert 'name="reason"' in person.get(address)
    missing_id = _report(opened.case_id, vatra, 0)
    first = {"ended": "today", "reason": "return_to_family", "step": "1"}
    for page in (person.get(f"{address}?lang=en", 409), person.post(f"{address}?lang=en", first, 409)):
        assert "record first that the person was found, or end the alarm" in page
        assert 'name="reason"' not in page
        for way in ("found", "end", "mistake"):
            assert f'"/missing/{missing_id}/{way}"' in page, way
    sign_in("nrc.case_worker").get(address, 404)
    db.session.rollback()
    absences.found(missing_id=missing_id, by=vatra)
    assert 'name="reason"' in person.get(address)


def test_missing_is_no_reason_to_end_a_stay(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra)
    person = sign_in("vatra.case_worker")
    assert 'value="missing"' not in person.get(f"/stays/{opened.stay_id}/end")
    leaving = {"ended": "today", "reason": "missing", "destination": "unknown"}
    person.post(f"/stays/{opened.stay_id}/end", leaving, 422)
    assert store.stay(opened.stay_id, by=vatra).ended_on is None
    with pytest.raises(ImpossibleStay, match="missing"):
        stays.end(
            stay_id=opened.stay_id,
            ended_on=days.today(),
            exit_reason=ExitReason.MISSING,
            destination=Destination.UNKNOWN,
            where="unknown",
            by=vatra,
        )


def _report(case_id: uuid.UUID, by: Actor, hours: float = 1) -> uuid.UUID:
    return absences.report(case_id=case_id, since=clock.now() - timedelta(hours=hours), feared=Feared.NOT_KNOWN, by=by)


def test_the_duty_desk_is_told_at_once_and_the_shelter_keeps_the_case_on_its_page(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, days_ago=5)
    shelter, desk = sign_in("vatra.case_worker"), sign_in("ra.duty_officer")
    address = f"/cases/{opened.case_id}/missing"
    assert address in shelter.get(f"/stays/{opened.stay_id}")
    page = shelter.get(f"{address}?lang=en")
    assert "The place is kept for 48 hours" in page
    assert "Not the desk but you call them" in page
    form: dict[str, object] = {"since": "3", "feared": "yes"}
    for wrong, said in (
        ({"since": ""}, "Choose when the person was seen last"),
        ({"feared": ""}, "Say whether it is feared"),
        (
            {"since": "other", "since_day-day": "1", "since_day-month": "1", "since_day-year": "2020"},
            "Enter a time of the last month",
        ),
    ):
        assert said in shelter.post(f"{address}?lang=en", {**form, **wrong}, 422), wrong
    shelter.post(address, form)
    shelter.post(address, form, 409)
    page = desk.get("/?lang=en")
    assert opened.pseudonym in page
    assert "feared: somebody may have a hand in it" in page
    assert "Vatra" in page
    home = shelter.get("/?lang=en")
    assert "Missing since" in home
    assert "has not answered yet" in home
    found = re.search(r"/missing/([0-9a-f-]{36})/found", home)
    assert found
    missing = f"/missing/{found[1]}"
    stranger = sign_in("nrc.case_worker")
    stranger.get(f"{missing}/end", 404)
    for act in ("found", "end", "known"):
        stranger.post(f"{missing}/{act}", {}, 404)
    sign_in("child_protection.case_worker").post(f"{missing}/found", {}, 404)
    desk.post(f"{missing}/found", {}, 403)
    desk.post(f"{missing}/known", {})
    assert "The duty desk knows." in shelter.get("/?lang=en")
    leaving = {"ended": "today", "reason": "independent_living", "country": "home", "step": "3"}
    assert "record first that the person was found" in shelter.post(
        f"/stays/{opened.stay_id}/end?lang=en", leaving, 422
    )
    shelter.post(f"{missing}/found", {})
    shelter.post(f"{missing}/found", {}, 409)
    assert "Missing since" not in shelter.get("/?lang=en")
    assert "Missing now" not in desk.get("/?lang=en")


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_of_a_child_the_child_authority_is_told_and_stands_on_top(
    vatra: Actor, sign_in: SignIn, age_class: str
) -> None:
    woman = admitted(vatra, days_ago=4)
    child = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class), days_ago=4)
    _report(woman.case_id, vatra, 20)
    missing_id = _report(child.case_id, vatra)
    authority = sign_in("child_protection.child_protection_officer")
    page = authority.get("/?lang=en")
    section = page[page.index("Missing now") :].split("</table>")[0]
    assert child.pseudonym in section
    assert woman.pseudonym not in page
    assert "Vatra" not in section
    assert [line.case_id for line in store_of.missing(by=factories.actor("ra.duty_officer"))] == [
        child.case_id,
        woman.case_id,
    ]
    factories.later(days=5)
    with pytest.raises(AbsenceRefused, match="authority"):
        absences.end(missing_id=missing_id, by=vatra)
    what_desks_know.known(missing_id=missing_id, by=factories.actor("child_protection.child_protection_officer"))
    absences.end(missing_id=missing_id, by=vatra)
    row = db.session.get_one(Stay, child.stay_id)
    assert (row.exit_reason, row.child_gate) == ("missing", "missing")
    cases.close(case_id=child.case_id, by=vatra)


def test_the_alarm_is_ended_on_a_second_page_after_the_countrys_days(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=5)
    missing_id = _report(opened.case_id, vatra)
    since = store_of.one(missing_id, by=vatra).since_on
    with pytest.raises(AbsenceRefused, match="too_early"):
        absences.end(missing_id=missing_id, by=vatra)
    assert "can be ended from" in sign_in("vatra.case_worker").get(f"/missing/{missing_id}/end?lang=en")
    factories.later(days=2)
    person = sign_in("vatra.case_worker")
    assert "Nobody found the person" in person.get(f"/missing/{missing_id}/end?lang=en")
    assert place_store.room(by=vatra).taken == 1
    person.post(f"/missing/{missing_id}/end", {})
    person.post(f"/missing/{missing_id}/end", {}, 409)
    db.session.rollback()
    line = store.stay(opened.stay_id, by=vatra)
    assert (line.exit_reason, line.destination, line.ended_on) == ("missing", "unknown", since)
    assert place_store.room(by=vatra).taken == 0
    alarm = db.session.get_one(Missing, missing_id)
    assert (alarm.outcome, alarm.since_at) == ("not_found", None)


def test_whoever_was_not_found_is_not_erased_as_if_she_wished_it(vatra: Actor, sign_in: SignIn) -> None:
    """Two members of the house say the wish of somebody whom nobody has seen since."""
    opened, found = admitted(vatra, days_ago=5), admitted(vatra, days_ago=5)
    missing_id, alarm = _report(opened.case_id, vatra), _report(found.case_id, vatra)
    absences.found(missing_id=alarm, by=vatra)
    factories.later(days=3)
    absences.end(missing_id=missing_id, by=vatra)
    with pytest.raises(CaseRefused, match="not_found"):
        erasures.erase(case_id=opened.case_id, by=vatra)
    with transaction() as session:
        assert consent_steps.is_with_somebody(session, opened.case_id)
        with pytest.raises(CaseRefused, match="not_found"):
            closing_steps.close(session, session.get_one(Case, opened.case_id), Way.WITHDRAWN, vatra)
    person = sign_in("vatra.case_worker")
    page = person.get(f"/cases/{opened.case_id}/erase?lang=en")
    assert "This person was missing and was not found" in page
    assert not closing_steps.nobody_found(found.case_id)
    assert not closing_steps.nobody_found(admitted(vatra).case_id)
    cases.close(case_id=opened.case_id, by=vatra)  # with the checklist, as before
    assert str(erasures.why_not_erased(case_id=opened.case_id, by=vatra)) == "not_found"


def test_nobody_says_of_whoever_was_not_found_that_she_wants_nobody_to_stay_in_touch_and_the_desk_reads_who_closed(
    vatra: Actor, sign_in: SignIn
) -> None:
    """One person closed a missing woman as "does not want it": nobody had heard her say so, and no list had her."""
    opened, here = admitted(vatra, days_ago=5), admitted(vatra, days_ago=5)
    missing_id = _report(opened.case_id, vatra)
    factories.later(days=3)
    absences.end(missing_id=missing_id, by=vatra)
    worker, close = sign_in("vatra.case_worker"), f"/cases/{opened.case_id}/close?lang=en"
    assert 'value="not_wanted"' not in worker.get(close)
    sent: dict[str, object] = {"follow_up": "not_wanted", "documents": "none_held", "debts": "none", "step": "2"}
    assert "nobody can have said it" in worker.post(close, sent, 422)
    answers = Answers(FollowUp.NOT_WANTED, Documents.NONE_HELD, Debts.NONE)
    with pytest.raises(CaseRefused, match="not_found"):
        cases.close(case_id=opened.case_id, answers=answers, by=vatra)
    heading, code = "Missing, not found, and closed", db.session.get_one(Case, opened.case_id).pseudonym
    assert heading not in sign_in("ra.duty_officer").get("/?lang=en")
    worker.post(close, {**sent, "follow_up": "not_asked"}, 303)
    stays.end(
        stay_id=here.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=vatra,
    )
    cases.close(case_id=here.case_id, answers=answers, by=vatra)  # who was there and said so
    page = sign_in("ra.duty_officer").get("/?lang=en")
    of_desk = page.partition(heading)[2].partition("</section>")[0]
    assert code in of_desk
    assert of_desk.count("<li>") == 1
    assert "by Test case_worker of" in of_desk
    lately = sign_in("vatra.shelter_manager").get("/cases/closed?lang=en").partition('id="lately"')[2]
    assert code in lately.partition("</ul>")[0]
    factories.later(days=14)
    assert heading not in sign_in("ra.duty_officer").get("/?lang=en")


def test_nights_of_a_missing_person_are_not_counted_and_the_bed_stays_hers(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=10)
    assert store.stay(opened.stay_id, by=vatra).nights == 10
    missing_id = _report(opened.case_id, vatra, 0)
    factories.later(days=3)
    line = store.stay(opened.stay_id, by=vatra)
    assert (line.nights, line.missing_since is not None) == (10, True)
    assert line.place_id not in [bed for bed, _ in place_store.free_places(by=vatra)]
    absences.found(missing_id=missing_id, by=vatra)
    factories.later(days=2)
    line = store.stay(opened.stay_id, by=vatra)
    assert (line.nights, line.missing_since) == (12, None)


def test_paid_are_the_nights_on_which_she_was_there(vatra: Actor) -> None:
    opened = admitted(vatra)
    missing_id = _report(opened.case_id, vatra, 0)
    factories.later(days=3)
    absences.found(missing_id=missing_id, by=vatra)
    gaps = absence_rows.gaps([opened.stay_id])[opened.stay_id]
    day = gaps[0].admitted_on
    assert gaps == [Period(day, day + timedelta(days=3))]
    parts = present(Period(day - timedelta(days=4), day + timedelta(days=5)), gaps)
    assert sum((part.exited_on - part.admitted_on).days for part in parts if part.exited_on) == 6


def test_a_case_with_an_alarm_is_not_closed_and_who_arrives_elsewhere_is_found(vatra: Actor) -> None:
    opened = admitted(vatra)
    tjeter = factories.actor("tjeter_vizion.case_worker")
    referral_id = next_receiver.refer(
        case_id=opened.case_id,
        receiver_id=tjeter.organisation_id,
        reason=OverrideReason.SAFETY,
        hand_over=HAND_OVER,
        by_name=ByName.YES,
        by=vatra,
    )
    referrals.accept(referral_id=referral_id, place_id=bed("TJETER_VIZION"), by=tjeter)
    missing_id = _report(opened.case_id, tjeter, 0)
    with pytest.raises(AbsenceRefused, match="already"):
        _report(opened.case_id, vatra, 0)
    referrals.arrive(referral_id=referral_id, by=tjeter)
    with pytest.raises(NotVisible):
        _report(opened.case_id, vatra, 0)
    assert db.session.get_one(Missing, missing_id, populate_existing=True).outcome == "found"
    _report(opened.case_id, tjeter, 0)
    with pytest.raises(CaseRefused, match="missing"):
        cases.close(case_id=opened.case_id, by=tjeter)


def test_a_desk_takes_back_that_it_knows_as_long_as_the_alarm_stands(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD, days_ago=1)
    missing_id = absences.report(
        case_id=opened.case_id, since=clock.now() - timedelta(hours=3), feared=Feared.NO, by=vatra
    )
    desk = sign_in("child_protection.child_protection_officer")
    desk.post(f"/missing/{missing_id}/known", {})
    assert f"/missing/{missing_id}/not-known" in desk.get("/")
    assert db.session.get_one(Missing, missing_id, populate_existing=True).authority_knows
    db.session.rollback()
    desk.post(f"/missing/{missing_id}/not-known", {})
    assert not db.session.get_one(Missing, missing_id, populate_existing=True).authority_knows
    sign_in("tjeter_vizion.case_worker").post(f"/missing/{missing_id}/not-known", {}, 404)
    absences.found(missing_id=missing_id, by=vatra)
    desk.post(f"/missing/{missing_id}/not-known", {}, 409)


@pytest.mark.parametrize("hand_over", [HAND_OVER, NOT_SAFE], ids=["both write", "at once"])
def test_while_a_move_stands_the_shelter_where_she_sleeps_raises_the_alarm(
    vatra: Actor, sign_in: SignIn, hand_over: HandOver
) -> None:
    opened = admitted(vatra, days_ago=4)
    nrc = factories.actor("nrc.case_worker")
    referral_id = next_receiver.refer(
        case_id=opened.case_id,
        receiver_id=nrc.organisation_id,
        reason=OverrideReason.SAFETY,
        hand_over=hand_over,
        by_name=ByName.YES,
        by=vatra,
    )
    with pytest.raises(NotVisible):
        _report(opened.case_id, factories.actor("tjeter_vizion.case_worker"))
    referrals.accept(referral_id=referral_id, place_id=bed("NRC", 3), by=nrc)
    held = transfer_store.of_case(opened.case_id, by=vatra)
    person, address = sign_in("vatra.case_worker"), f"/cases/{opened.case_id}/missing"
    assert address in person.get(f"/referrals/{referral_id}")
    assert "given" not in str(person.get(address))
    person.post(address, {"since": "3", "feared": "no"})
    assert opened.pseudonym in sign_in("ra.duty_officer").get("/")
    db.session.rollback()
    after = transfer_store.of_case(opened.case_id, by=vatra)
    assert held is not None
    assert after is not None
    assert (after.stand, after.missing_since is not None) == (held.stand, True)  # nothing opens, and the move waits
    for login in ("vatra.case_worker", "nrc.case_worker"):
        assert "the move waits" in sign_in(login).get(f"/referrals/{referral_id}?lang=en")
    sign_in("tjeter_vizion.case_worker").get(address, 404)
    line = store_of.missing(by=vatra)[0]
    absences.found(missing_id=line.id, by=vatra)
    left_id = absences.record_death(stay_id=opened.stay_id, died_on=days.today(), by=vatra)
    absences.confirm_left(left_id=left_id, by=factories.actor("vatra.case_worker"))
    db.session.rollback()
    assert "call the move off" in sign_in("nrc.case_worker").get(f"/referrals/{referral_id}?lang=en")


def test_a_move_of_which_nobody_said_for_a_week_what_happened_is_late_at_the_duty_desk(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, days_ago=4)
    nrc = factories.actor("nrc.case_worker")
    referral_id = next_receiver.refer(
        case_id=opened.case_id,
        receiver_id=nrc.organisation_id,
        reason=OverrideReason.SAFETY,
        hand_over=HAND_OVER,
        by_name=ByName.YES,
        by=vatra,
    )
    referrals.accept(referral_id=referral_id, place_id=bed("NRC", 3), by=nrc)

    def moves() -> list[duty_store.DutyLine]:
        return [each for each in duty_store.waiting(by=desk).rows if each.kind == "move"]

    factories.later(days=6)
    desk = factories.actor("ra.duty_officer")
    assert moves() == []
    factories.later(days=2)
    desk = factories.actor("ra.duty_officer")
    (line,) = moves()
    assert (line.id, line.late) == (referral_id, True)
    page = sign_in("ra.duty_officer").get("/?lang=en")
    assert "A move that was accepted seven days ago" in page
    assert line.call is not None
    call, address = f"yes|{line.call.party}|{line.call.telephone}", f"/duty/calls/move/{referral_id}"
    assert address in page
    assert sign_in("ra.duty_officer").post(address, {"call": call}) == "/"
    assert "somebody was reached" in sign_in("ra.duty_officer").get("/?lang=en")
    db.session.rollback()
    assert [(each.telephone, each.reached) for each in moves()[0].calls] == [(line.call.telephone, True)]
    referrals.arrive(referral_id=referral_id, by=factories.actor("nrc.case_worker"))
    assert moves() == []


def test_the_place_is_kept_for_48_hours_and_then_given_up_by_hand_and_in_words(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=4)
    missing_id = _report(opened.case_id, vatra, 0)
    place_id = store.stay(opened.stay_id, by=vatra).place_id
    give_up = f"/missing/{missing_id}/place"
    factories.later(hours=47)
    person = sign_in("vatra.case_worker")
    assert "Place kept until" in person.get("/?lang=en")
    assert "place kept until" in person.get(BOARD + "?lang=en")
    person.post(give_up, {}, 409)
    factories.later(hours=2)
    person = sign_in("vatra.case_worker")
    assert "place no longer kept" in person.get(BOARD + "?lang=en")
    db.session.rollback()
    vatra = factories.actor("vatra.shelter_manager")
    assert place_id not in [bed for bed, _ in place_store.free_places(by=vatra)]  # nobody is thrown out silently
    db.session.rollback()
    sign_in("nrc.case_worker").post(give_up, {}, 404)
    person.post(give_up, {})
    person.post(give_up, {}, 409)
    db.session.rollback()
    assert place_id in [bed for bed, _ in place_store.free_places(by=vatra)]
    assert store.stay(opened.stay_id, by=vatra).ended_on is None
    other = admitted(vatra)
    assert other.stay_id != opened.stay_id
    absences.found(missing_id=missing_id, by=vatra)
    assert opened.pseudonym in str(sign_in("vatra.case_worker").get(BOARD))  # has no place now


# --- the police, and the prosecution in its place

GIVEN = {"official": "no", "give_name": "y", "name": "Zamira Planted", "description": "not ticked, not given"}


def _police(missing_id: uuid.UUID) -> str:
    return f"/missing/{missing_id}/police"


def _told() -> list[MissingTold]:
    db.session.rollback()
    return list(db.session.scalars(select(MissingTold).order_by(MissingTold.told_on)))


def _answered(opened: Opened, by: Actor, person: Person, what: str = "Policisë po, dhe motrës") -> None:
    """She answered at admission, and the session of a colleague opens it."""
    with transaction() as session:
        arrivals.seal(session, opened.case_id, Told(answers={"missing_tell": what}), by)
    person.post(f"/cases/{opened.case_id}/open", {"compartment": "care", "purpose": "safety"})


@pytest.mark.slow
def test_that_she_agreed_is_taken_only_where_her_answer_stands_and_is_read(vatra: Actor, sign_in: SignIn) -> None:
    unasked, opened = admitted(vatra, days_ago=4), admitted(vatra, days_ago=4, bed=1)
    person = sign_in("vatra.case_worker")
    address = _police(_report(unasked.case_id, vatra))
    assert 'value="agreed"' not in person.get(address)
    person.post(f"{address}/ground", {"ground": "agreed"}, 422)
    with pytest.raises(AbsenceRefused, match="no_answer"):
        missing_told.say_ground(
            missing_id=uuid.UUID(address.split("/")[2]), ground=Ground.AGREED, danger=None, by=vatra
        )
    _answered(unasked, vatra, person, " ")
    person.post(f"{address}/ground", {"ground": "agreed"}, 422)
    address = _police(_report(opened.case_id, vatra))
    _answered(opened, vatra, person)
    page = person.get(address)
    assert "Policisë po" in page
    assert 'value="agreed"' in page
    assert 'value="agreed"' not in sign_in("vatra.shelter_manager").get(address)  # who has not read it


def test_of_an_adult_the_police_are_told_only_if_she_agreed_and_read_only_what_was_ticked(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, days_ago=4)
    missing_id = _report(opened.case_id, vatra)
    person, police = sign_in("vatra.case_worker"), sign_in("state_police.identification_officer")
    address = _police(missing_id)
    person.post(f"{address}/share", GIVEN, 409)
    person.post(f"{address}/call", {"official": "no", "reached": "yes"}, 409)
    person.post(f"{address}/ground", {"ground": "child"}, 422)
    _answered(opened, vatra, person)
    person.post(f"{address}/ground", {"ground": "agreed"})
    person.post(f"{address}/ground", {"ground": "danger", "danger": "ill"}, 409)
    page = str(person.post(f"{address}/share?lang=en", {**GIVEN, "give_seen": "y"}, 422))
    assert "Fill in what you give" in page
    assert "Zamira Planted" in page
    person.post(f"{address}/share", {"official": "no", "name": "Zamira"}, 422)
    for stranger in ("nrc.case_worker", "tjeter_vizion.shelter_manager"):
        other = sign_in(stranger)
        other.get(address, 404)
        for act in ("ground", "confirm", "call", "share"):
            other.post(f"{address}/{act}", {**GIVEN, "ground": "agreed", "reached": "yes"}, 404)
    assert _told() == []
    person.post(f"{address}/share", GIVEN)
    (told,) = _told()
    assert (told.way, told.given) == ("share", ["name"])
    lying = b"".join(
        repr(row).encode()
        for table in ("missing_told", "sealed_compartments", "missing")
        for row in db.session.connection().exec_driver_sql(f"SELECT * FROM {table}")
    )
    assert b"Zamira" not in lying
    where = f"/told/{told.id}"
    assert where in police.get("/")
    assert opened.pseudonym not in police.get("/")
    assert "Zamira" not in police.get(where)
    police.post(where, {}, 422)
    police.post(where, {"purpose": "safety"})
    shown = str(police.get(where))
    assert "Zamira Planted" in shown
    assert not any(each in shown for each in ("not ticked", opened.pseudonym, "Vatra", str(opened.case_id)))
    for login in ("prosecution.witness_liaison", "child_protection.child_protection_officer"):
        sign_in(login).get(where, 404)
        sign_in(login).post(where, {"purpose": "safety"}, 404)
    for login in ("vatra.case_worker", "ra.duty_officer"):
        sign_in(login).get(where, 403)
    police.get(f"/cases/{opened.case_id}", 403)
    db.session.rollback()
    absences.found(missing_id=missing_id, by=vatra)
    assert where not in police.get("/")
    police.get(where, 404)
    police.post(where, {"purpose": "safety"}, 404)
    assert _told()[0].over_on is not None
    told_id, officer = _told()[0].id, factories.actor("state_police.identification_officer")
    with pytest.raises(members.CannotOpen), transaction() as session:
        vault.allow(session, told_id, "alarm", "test", by=officer)


def test_why_they_may_be_told_is_taken_back_until_somebody_was_told(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=4)
    person, second = sign_in("vatra.case_worker"), sign_in("vatra.shelter_manager")
    address = _police(_report(opened.case_id, vatra))
    back = f"{address}/ground/take-back"
    person.post(back, {}, 409)
    danger = {"ground": "danger", "danger": "threatened"}
    person.post(f"{address}/ground", danger)
    second.post(f"{address}/confirm", {})
    assert "take it back" in person.get(f"{address}?lang=en")
    sign_in("iom.shelter_manager").post(back, {}, 404)
    person.post(back, {})
    person.post(f"{address}/call", {"official": "no", "reached": "yes"}, 409)  # nobody may be told now
    second.post(f"{address}/ground", danger)
    second.post(f"{address}/confirm", {}, 409)  # who says it now is not the second
    person.post(f"{address}/confirm", {})
    person.post(f"{address}/call", {"official": "no", "reached": "yes"})
    assert "take it back" not in person.get(f"{address}?lang=en")
    person.post(back, {}, 409)


@pytest.mark.slow
def test_what_they_were_told_is_corrected_beside_what_was_wrong_and_then_why_they_may_be(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, days_ago=4)
    person, second, police = (
        sign_in("vatra.case_worker"),
        sign_in("vatra.shelter_manager"),
        sign_in("state_police.identification_officer"),
    )
    address = _police(_report(opened.case_id, vatra))
    back = f"{address}/ground/take-back"
    danger = {"ground": "danger", "danger": "threatened"}
    person.post(f"{address}/ground", danger)
    second.post(f"{address}/confirm", {})
    given = {"official": "no", "give_name": "y", "name": "Zamira Wrong"}
    person.post(f"{address}/call", {"official": "no", "reached": "yes"})
    person.post(f"{address}/share", given)
    page = person.get(f"{address}?lang=en")
    assert page.count("This is wrong: strike it") == 2
    assert "First correct below what they were told" in page
    person.post(back, {}, 409)
    share = next(each for each in _told() if each.way == "share")
    where = f"/told/{share.id}"
    assert where in police.get("/")
    for stranger in ("iom.shelter_manager", "nrc.case_worker"):
        sign_in(stranger).post(back, {"told": str(share.id)}, 404)
    person.post(back, {"told": "no id"}, 404)
    for each in _told():
        person.post(back, {"told": str(each.id)})
        person.post(back, {"told": str(each.id)})  # pressed twice
    home = police.get("/?lang=en")
    assert where not in home
    assert "this was wrong, and may tell you anew. The person is missing still" in home
    police.get(where, 404)
    db.session.rollback()
    assert len(_told()) == 2
    page = person.get(f"{address}?lang=en")
    assert page.count("wrote on") == 2
    assert page.count("</s>") == 2
    assert "This is wrong: strike it" not in page
    second.post(back, {})
    page = second.get(f"{address}?lang=en")
    assert "Said before, and not so, wrote Test shelter_manager" in page
    person.post(f"{address}/call", {"official": "no", "reached": "no"}, 409)
    person.post(f"{address}/ground", {"ground": "danger", "danger": "ill"})
    second.post(f"{address}/confirm", {})
    person.post(f"{address}/call", {"official": "no", "reached": "no"})
    db.session.rollback()
    assert [each.over_on is None for each in _told()].count(True) == 1


def test_danger_to_life_is_confirmed_by_a_second_member_and_a_call_is_kept(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=4)
    missing_id = _report(opened.case_id, vatra)
    first, second, address = sign_in("vatra.case_worker"), sign_in("vatra.shelter_manager"), _police(missing_id)
    first.post(f"{address}/ground", {"ground": "danger"}, 422)
    first.post(f"{address}/ground", {"ground": "danger", "danger": "threatened"})
    first.post(f"{address}/confirm", {}, 409)
    first.post(f"{address}/call", {"official": "no", "reached": "yes"}, 409)
    second.post(f"{address}/confirm", {})
    page = first.get(f"{address}?lang=en")
    assert country().emergency.police in page
    first.post(f"{address}/call", {"official": "no", "reached": ""}, 422)
    first.post(f"{address}/call", {"official": "no", "reached": "yes"})
    (told,) = _told()
    assert (told.way, told.number, told.reached) == ("telephone", country().emergency.police, True)
    with pytest.raises(IntegrityError, match="danger_confirmed_by_another"), transaction() as session:
        session.execute(
            update(Missing).where(Missing.id == missing_id).values(police_confirmed_by_id=Missing.police_asked_by_id)
        )


@pytest.mark.parametrize("official", ["yes", "unknown"])
def test_where_an_official_is_named_the_prosecution_is_told_and_never_the_police(
    vatra: Actor, sign_in: SignIn, official: str
) -> None:
    opened = admitted(vatra, days_ago=4)
    missing_id = _report(opened.case_id, vatra)
    person, address = sign_in("vatra.case_worker"), _police(missing_id)
    _answered(opened, vatra, person)
    person.post(f"{address}/ground", {"ground": "agreed"})
    person.post(f"{address}/share", {**GIVEN, "official": official})
    person.post(f"{address}/call", {"official": official, "reached": "no"})
    kinds = set(
        db.session.scalars(select(Organisation.kind).join(MissingTold, MissingTold.organisation_id == Organisation.id))
    )
    assert kinds == {"prosecution"}
    where = f"/told/{next(each.id for each in _told() if each.way == 'share')}"
    assert where not in sign_in("state_police.identification_officer").get("/")
    sign_in("state_police.identification_officer").get(where, 404)
    liaison = sign_in("prosecution.witness_liaison")
    assert where in liaison.get("/")
    liaison.post(where, {"purpose": "safety"})
    assert "Zamira Planted" in liaison.get(where)


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_of_a_child_name_and_description_go_with_the_alarm_to_both_at_once(
    vatra: Actor, sign_in: SignIn, age_class: str
) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class), days_ago=4)
    person, address = sign_in("vatra.case_worker"), f"/cases/{opened.case_id}/missing"
    assert "116 000" in person.get(address)
    typed: dict[str, object] = {"since": "3", "feared": "yes", "name": "Arta Planted", "description": "a red coat"}
    assert "Arta Planted" in person.post(address, typed, 422)
    where = person.post(address, {**typed, "official": "no"})
    assert "116 000" in person.get(where)
    for login in ("child_protection.child_protection_officer", "state_police.identification_officer"):
        reader = sign_in(login)
        told = re.search(r"/told/[0-9a-f-]{36}", reader.get("/"))
        assert told, login
        reader.post(told[0], {"purpose": "child_protection"})
        assert "a red coat" in reader.get(told[0])
    assert opened.pseudonym not in sign_in("state_police.identification_officer").get("/")


@pytest.mark.slow
def test_each_list_says_once_what_holds_of_who_is_missing_again(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=4)
    person, desk = sign_in("vatra.case_worker"), sign_in("ra.duty_officer")
    first = _report(opened.case_id, vatra)
    assert "Missing since" in person.get("/stays?lang=en")
    absences.found(missing_id=first, by=vatra)
    page = person.get(f"/missing/{first}/mistake?lang=en")
    assert f"/missing/{first}/found" not in page
    assert "Found on" in desk.get("/?lang=en")
    _report(opened.case_id, vatra)
    page = desk.get("/?lang=en")
    assert "Missing now" in page
    assert "Found on" not in page


@pytest.mark.parametrize("child", [False, True])
def test_the_page_after_an_alarm_says_once_that_the_duty_desk_reads_it(
    vatra: Actor, sign_in: SignIn, *, child: bool
) -> None:
    noon = (datetime.now(UTC) + timedelta(days=1)).replace(hour=11)  # an hour ago is the same day
    clock.set_clock(lambda: noon)
    opened = admitted(vatra, CHILD if child else ALBANIAN)
    person = sign_in("vatra.case_worker")
    sent: dict[str, object] = {"since": "1", "feared": "yes", "official": "no"}
    page = person.post(f"/cases/{opened.case_id}/missing?lang=en", sent)
    said = "the child authority read it now" if child else "the duty desk reads it now"
    first = person.get(f"{page}&lang=en")
    assert said in first
    assert 'href="tel:' in first.split(said, 1)[1].split("</div>", 1)[0]
    assert "The alarm is raised" not in person.get(f"{page}&lang=en")
    assert "The alarm is raised" not in sign_in("vatra.shelter_manager").get(f"{page}&lang=en")


@pytest.mark.slow
def test_who_fears_the_worse_while_an_alarm_stands_is_heard_and_the_desk_reads_it_anew(
    vatra: Actor, sign_in: SignIn
) -> None:
    """A colleague wrote "somebody may have taken her", and read that this is recorded already: nobody else read it."""
    opened = admitted(vatra, CHILD, days_ago=5)
    alarm = _report(opened.case_id, vatra)
    what_desks_know.known(missing_id=alarm, by=factories.actor("ra.duty_officer"))
    shelter, address = sign_in("vatra.case_worker"), f"/cases/{opened.case_id}/missing"
    fear = "It is feared: tell the duty desk now"
    assert fear in shelter.get(f"{address}?lang=en")
    day = {"since_day-day": "1", "since_day-month": "2", "since_day-year": "2062"}
    stale = {"since": "other", **day, "feared": "yes", "official": "no", "name": "", "description": "A red coat"}
    page = shelter.post(f"{address}?lang=en", stale, 409)
    assert "That it is feared was added now, and the duty desk reads it anew." in page
    assert "This is not kept of what you typed" in page
    assert '<li dir="auto">A red coat</li>' in page
    assert "2062" in page
    assert fear not in page
    line = next(iter(store_of.missing(by=factories.actor("ra.duty_officer"))))
    assert (line.feared, line.known) == ("yes", False)
    assert "feared: somebody may have a hand in it" in sign_in("ra.duty_officer").get("/?lang=en")
    what_desks_know.known(missing_id=alarm, by=factories.actor("ra.duty_officer"))
    again = shelter.post(f"{address}?lang=en", {"since": "1", "feared": "yes", "official": "no"}, 409)
    assert "That it is feared was added now" not in again
    line = next(iter(store_of.missing(by=factories.actor("ra.duty_officer"))))
    assert (line.feared, line.known) == ("yes", True)


def test_one_press_on_the_page_of_a_standing_alarm_says_that_it_is_feared(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=5)
    _report(opened.case_id, vatra)
    shelter, address = sign_in("vatra.case_worker"), f"/cases/{opened.case_id}/missing"
    assert "That it is feared was added now" not in shelter.post(
        f"{address}?lang=en", {"since": "1", "feared": "no"}, 409
    )
    shelter.post(address, {"feared": "yes"})
    line = next(iter(store_of.missing(by=factories.actor("ra.duty_officer"))))
    assert line.feared == "yes"
    assert "feared: somebody may have a hand in it" in shelter.get(f"{address}?lang=en")


@pytest.mark.slow
def test_the_list_of_what_waits_names_who_is_missing(vatra: Actor, sign_in: SignIn) -> None:
    """The home page of the duty desk alone named them."""
    opened = admitted(vatra, days_ago=5)
    desk = sign_in("ra.duty_officer")
    assert "Missing now" not in desk.get("/duty?lang=en")
    alarm = _report(opened.case_id, vatra)
    page = desk.get("/duty?lang=en")
    assert "Missing now" in page
    assert f">{opened.pseudonym}</a>" in page
    assert "1 in all, on the home page" in page
    absences.found(missing_id=alarm, by=vatra)
    assert "Missing now" not in desk.get("/duty?lang=en")
