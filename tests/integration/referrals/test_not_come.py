"""Who did not arrive stands on the shelter's first page and at the duty desk until it is said where the person is."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from forms.shelter.stays import NO_PLACE
from nrm import clock
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import absences, cases, erasures, stays
from nrm.db import db, transaction
from nrm.domain.referrals.referrals import Escort, IllegalTransition, OverrideReason
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.closings import Way
from nrm.domain.shelter.consents import ByName
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Place
from nrm.steps.shelter import closings
from nrm.steps.shelter import consents as consent_steps
from nrm.store import days
from nrm.store.referrals import duty
from nrm.store.referrals import referrals as store
from nrm.store.shelter import arrivals
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import admitted

SignIn = Callable[[str], Person]
NRC, DESK = "nrc.case_worker", "ra.duty_officer"


@pytest.fixture
def sent(app: Flask) -> people.Sent:
    """A woman whom the National Reception Centre accepted, and who did not come."""
    assert app
    sent = people.sent(factories.actor("rinas.border_officer"))
    nrc = factories.actor(NRC)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.not_arrived(referral_id=sent.referral_id, by=nrc)
    return sent


def at_the_shelter() -> list[tuple[uuid.UUID, bool]]:
    return [(line.case_id, line.came) for line in arrivals.waiting(by=factories.actor(NRC))]


def at_the_desk() -> list[uuid.UUID]:
    lines = duty.waiting(by=factories.actor(DESK)).rows
    return [line.case_id for line in lines if line.kind == "not_come"]


def test_who_did_not_come_stands_at_the_shelter_and_at_the_desk_and_nowhere_else(sent: people.Sent) -> None:
    assert at_the_shelter() == [(sent.case_id, False)]
    assert at_the_desk() == [sent.case_id]
    assert [line.step for line in duty.waiting(by=factories.actor(DESK)).rows if line.case_id == sent.case_id].count(
        "arrival"
    ) == 0
    assert arrivals.waiting(by=factories.actor("vatra.case_worker")) == []
    assert arrivals.waiting(by=factories.actor("rinas.border_officer")) == []


def test_the_pages_say_it_and_lead_to_what_became_of_the_person(sent: people.Sent, sign_in: SignIn) -> None:
    nrc, desk, vatra = sign_in(NRC), sign_in(DESK), sign_in("vatra.case_worker")
    page = f"/referrals/{sent.referral_id}"
    home = nrc.get("/?lang=en")
    assert "did not arrive" in home
    assert page in home
    shown = nrc.get(page)
    assert "The person did not arrive." in shown
    for link in (f"{page}/arrival", f"/cases/{sent.case_id}/missing", f"/cases/{sent.case_id}/refer"):
        assert link in shown
    assert f'"{page}/not-arrived"' not in shown
    alarm = nrc.get(f"/cases/{sent.case_id}/missing")
    assert "No stay runs here" in alarm
    assert "the stay goes on" not in alarm
    assert page in desk.get("/?lang=en")
    assert "Did not arrive: ask the shelter" in desk.get("/")
    vatra.get(page, 404)


def test_who_came_after_all_is_recorded_as_arrived_by_the_same_page(sent: people.Sent, sign_in: SignIn) -> None:
    nrc, page = sign_in(NRC), f"/referrals/{sent.referral_id}/arrival"
    nrc.get(page)
    nrc.post(page, {"admitted": "today", "bed": NO_PLACE})
    assert at_the_shelter() == [(sent.case_id, True)]
    assert at_the_desk() == []
    assert store.referral(sent.referral_id, by=factories.actor(NRC)).status == "arrived"


@pytest.mark.slow
def test_pressed_too_early_it_is_taken_back_and_place_and_hour_are_as_before(
    sent: people.Sent, sign_in: SignIn
) -> None:
    nrc, page = sign_in(NRC), f"/referrals/{sent.referral_id}"
    back = f"{page}/not-arrived/back"
    assert f'href="{back}"' in nrc.get(page)
    sign_in("vatra.case_worker").post(back, {"why": "mistyped"}, 404)
    nrc.post(back, {}, 422)
    case = nrc.post(back, {"why": "mistyped"})
    assert case == f"/cases/{sent.case_id}"
    line = store.referral(sent.referral_id, by=factories.actor(NRC))
    assert (line.status, line.place) == ("accepted", next(iter(people_place(sent))))
    assert at_the_shelter() == at_the_desk() == []
    for login in (NRC, DESK, "rinas.border_officer"):  # each reads that it was a mistake
        assert "Recorded by mistake, and taken back" in sign_in(login).get(f"{page}?lang=en"), login
    nrc.post(back, {"why": "mistyped"}, 409)
    nrc.post(
        f"{page}/not-arrived", {"asked": "y"}
    )  # and this time it is so, and the place is given to somebody else meanwhile
    admitted(factories.actor(NRC))
    offered = nrc.post(f"{back}?lang=en", {"why": "mistyped"}, 422)  # another free place is offered
    assert "is taken by now" in offered
    assert at_the_desk() == [sent.case_id]
    other = people.bed("NRC", 4)
    assert f'value="{other}"' in offered
    nrc.post(back, {"why": "mistyped", "bed": str(people.bed("NRC"))}, 422)  # it is not free
    nrc.post(back, {"why": "mistyped", "bed": "no place"}, 422)
    assert at_the_desk() == [sent.case_id]
    nrc.post(back, {"why": "mistyped", "bed": str(other)}, 303)
    line = store.referral(sent.referral_id, by=factories.actor(NRC))
    assert (line.status, at_the_desk()) == ("accepted", [])
    assert line.place == db.session.scalar(select(Place.label).where(Place.id == other))


def people_place(sent: people.Sent) -> list[str]:
    """The name of the place that was kept."""
    return list(db.session.scalars(select(Place.label).where(Place.id == people.bed("NRC"))))


def _missing(sent: people.Sent) -> None:
    absences.report(
        case_id=sent.case_id, since=clock.now() - timedelta(hours=2), feared=Feared.NO, by=factories.actor(NRC)
    )


def _admit(sent: people.Sent) -> None:
    stays.admit(
        case_id=sent.case_id,
        place_id=people.bed("NRC", 3),
        admitted_on=days.today(),
        anticipated_end_on=days.today() + timedelta(days=30),
        by=factories.actor(NRC),
    )


def _hand_on(sent: people.Sent) -> None:
    next_receiver.refer(
        case_id=sent.case_id,
        receiver_id=people.organisation("IOM"),
        reason=OverrideReason.SAFETY,
        by_name=ByName.YES,
        hand_over=people.HAND_OVER,
        by=factories.actor(NRC),
    )


@pytest.mark.parametrize("said", [_missing, _admit, _hand_on])
def test_once_it_is_said_where_the_person_is_the_line_goes_and_no_second_arrival_is_recorded(
    sent: people.Sent, sign_in: SignIn, said: Callable[[people.Sent], None]
) -> None:
    said(sent)
    assert at_the_shelter() == []
    assert at_the_desk() == []
    with pytest.raises(IllegalTransition):
        referrals.arrive(referral_id=sent.referral_id, by=factories.actor(NRC))
    nrc = sign_in(NRC)
    nrc.get(f"/referrals/{sent.referral_id}/arrival", 409)
    assert f"/referrals/{sent.referral_id}/arrival" not in nrc.get(f"/referrals/{sent.referral_id}")


def test_a_person_who_left_one_shelter_and_did_not_reach_the_other_is_on_the_lists(app: Flask, sign_in: SignIn) -> None:
    assert app
    vatra, nrc = factories.actor("vatra.shelter_manager"), factories.actor(NRC)
    own = admitted(vatra, identity={"given": people.PLANTED}, story=people.TOLD, days_ago=3)
    moved = next_receiver.refer(
        case_id=own.case_id,
        receiver_id=people.organisation("NRC"),
        reason=OverrideReason.PERSON_WISHES,
        by_name=ByName.YES,
        hand_over=people.HAND_OVER,
        by=vatra,
    )
    referrals.accept(referral_id=moved, place_id=people.bed("NRC", 7), by=nrc)
    shelter, page, stay = sign_in("vatra.shelter_manager"), f"/referrals/{moved}", f"/stays/{own.stay_id}"
    assert "Place here: ," not in shelter.get(f"{page}?lang=en")
    assert "Press it once the person has gone" in shelter.get(page)
    assert "Press it once the person has gone" in shelter.post(f"{page}/depart", {}, 422)
    assert f'"/cases/{own.case_id}"' in shelter.get(stay)
    referrals.depart(
        referral_id=moved, escort=Escort.WOMAN_STAFF, expected_at=clock.now() + timedelta(hours=2), by=vatra
    )
    assert "/depart/back" in shelter.get(page)
    assert "The case is with another organisation now." in shelter.get(stay)
    assert f'"/cases/{own.case_id}"' not in shelter.get(stay)
    referrals.not_arrived(referral_id=moved, by=nrc)
    assert at_the_shelter() == [(own.case_id, False)]
    assert at_the_desk() == [own.case_id]
    referrals.arrive(referral_id=moved, by=nrc)
    assert at_the_shelter() == [(own.case_id, True)]
    assert at_the_desk() == []


def test_who_did_not_arrive_comes_first_of_what_is_due_at_the_desk(sent: people.Sent) -> None:
    """Before what is only to be told, however early that is due."""
    awaited = update(Referral).where(Referral.id == sent.referral_id)
    db.session.execute(awaited.values(expected_at=clock.now() + timedelta(hours=2)))
    db.session.commit()
    first = duty.desk(by=factories.actor(DESK), size=3).due
    assert [line.kind for line in first][:1] == ["not_come"]
    assert [line.kind for line in duty.waiting(by=factories.actor(DESK)).rows][:1] == ["not_come"]
    assert len(first) > 1
    assert any(line.due_at < first[0].due_at for line in first[1:])


@pytest.mark.slow
def test_a_call_about_who_did_not_come_is_recorded_shown_and_taken_back(sent: people.Sent, sign_in: SignIn) -> None:
    factories.later(minutes=5)
    desk = sign_in(DESK)
    address = f"/duty/calls/not_come/{sent.referral_id}"

    def line() -> duty.DutyLine:
        (found,) = [each for each in duty.waiting(by=factories.actor(DESK)).rows if each.kind == "not_come"]
        return found

    first = line().call
    assert first is not None
    page = desk.get("/duty?lang=en")
    assert "Call now:" in page
    assert first.telephone in page
    assert page.count(address) == 2
    assert desk.post(address, {"call": f"no|{first.party}|{first.telephone}", "list": "1"}) == "/duty"
    page = desk.get("/duty?lang=en")
    assert f"{first.telephone}: no answer" in page
    (call,) = line().calls
    assert (call.reached, call.telephone) == (False, first.telephone)
    assert line().call == first, "the agreement names nobody else to call about it"
    desk.post(f"/duty/calls/{call.own_id}/back", {"list": "1"})
    db.session.rollback()
    assert (line().call, line().calls) == (first, ())
    factories.later(minutes=2)
    desk = sign_in(DESK)
    for _ in range(2):  # a double press is one call
        desk.post(address, {"call": f"yes|{first.party}|{first.telephone}"})
    db.session.rollback()
    assert [each.reached for each in line().calls] == [True]
    assert "The call was made, and somebody was reached." in desk.get("/duty?lang=en")
    chased = select(func.count()).select_from(AuditEntry).where(AuditEntry.event == "chased")
    assert db.session.scalar(chased) == len(line().calls) + 1
    sign_in(NRC).post(address, {"call": f"no|{first.party}|{first.telephone}"}, 403)
    db.session.rollback()
    referrals.arrive(referral_id=sent.referral_id, by=factories.actor(NRC))
    desk.post(address, {"call": f"no|{first.party}|{first.telephone}"}, 404)


ANSWERS = {"follow_up": "not_asked", "documents": "none_held", "debts": "none", "note": "", "step": "2"}


@pytest.mark.slow
def test_the_case_of_who_did_not_come_is_not_closed_before_it_is_said_where_the_person_is(
    sent: people.Sent, sign_in: SignIn
) -> None:
    nrc, close, page = sign_in(NRC), f"/cases/{sent.case_id}/close", f"/referrals/{sent.referral_id}"
    shown = nrc.get(f"{close}?lang=en")
    assert "nobody has said where the person is" in shown
    assert f'href="{page}"' in shown
    assert 'name="follow_up"' not in shown
    assert "report the person missing" in nrc.post(f"{close}?lang=en", ANSWERS, 409)
    for login in (NRC, DESK):
        assert page in sign_in(login).get("/"), login
    assert page in sign_in(DESK).get("/duty")
    _missing(sent)
    assert "This person is missing" in nrc.post(f"{close}?lang=en", ANSWERS, 409)


def test_no_other_way_to_close_it_takes_the_line_away(sent: people.Sent) -> None:
    nrc = factories.actor(NRC)
    with pytest.raises(CaseRefused, match="not_come"):
        erasures.erase(case_id=sent.case_id, by=nrc)
    with transaction() as session:
        case = session.get_one(Case, sent.case_id)
        assert consent_steps.is_with_somebody(session, sent.case_id)
        with pytest.raises(CaseRefused, match="not_come"):
            closings.close(session, case, Way.WITHDRAWN, nrc)
    assert (at_the_shelter(), at_the_desk()) == ([(sent.case_id, False)], [sent.case_id])


def test_who_was_handed_on_and_declined_stands_there_again(sent: people.Sent) -> None:
    _hand_on(sent)
    assert at_the_desk() == []
    asked = db.session.scalars(select(Referral.id).where(Referral.status == "sent")).one()
    referrals.withdraw(referral_id=asked, by=factories.actor(NRC))
    assert at_the_desk() == [sent.case_id]
    with pytest.raises(CaseRefused, match="not_come"):
        cases.close(case_id=sent.case_id, by=factories.actor(NRC))


@pytest.mark.slow
def test_what_another_owed_late_when_a_case_was_closed_stays_at_the_desk_and_at_the_party_for_a_month(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    sent, nrc = people.sent(factories.actor("rinas.border_officer")), factories.actor(NRC)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    factories.later(hours=30)

    def owed() -> set[str]:
        lines = [line for old in (False, True) for line in duty.waiting(by=factories.actor(DESK), old=old).rows]
        return {line.step for line in lines if line.case_id == sent.case_id and line.kind == "owed" and line.late}

    of_others = owed() - {"inform_of_trp_options"}
    assert of_others
    cases.close(case_id=sent.case_id, by=factories.actor(NRC))
    assert owed()
    assert owed() <= of_others
    desk = sign_in(DESK)
    page = desk.get("/duty?lang=en")
    assert sent.pseudonym in page
    assert f'href="/cases/{sent.case_id}"' not in page  # it shows the desk nothing any more
    factories.later(days=40)
    assert owed() == set()
