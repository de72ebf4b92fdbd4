"""Closing a case, opening it again, finding it, and somebody who comes back: every way, and who must not."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import suspensions
from nrm.actions.referrals import next_receiver
from nrm.actions.shelter import absences, cases, consents, erasures, permits, stays
from nrm.actions.support import plans, what_desks_know
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import OverrideReason, ReferralRefused
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import CaseRefused, Compartment
from nrm.domain.shelter.closings import NOTHING_AGREED, ReopenReason, ReopenRefused
from nrm.domain.shelter.consents import Answer, Asking, Said, Topic
from nrm.domain.shelter.permits import GateClosed, PermitEvent
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import CareNote, Case, Grant
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.consents import Consent
from nrm.models.shelter.stays import Stay
from nrm.models.support.plans import PlanStep
from nrm.store import days
from nrm.store.reports import counting
from nrm.store.shelter import case_lists
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import closings as store
from nrm.store.shelter import consents as consent_store
from nrm.store.shelter import places as place_store
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.factories_stays import CHILD, MOLDOVAN, admitted, may_go
from tests.integration.shelter.test_key_workers import take_on

SignIn = Callable[[str], Person]
NOTE = "Thirrni hallën Zamira"
ANSWERS: dict[str, object] = {"follow_up": "not_wanted", "documents": "returned", "debts": "none", "note": NOTE}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def leaves(stay_id: uuid.UUID, by: Actor, household: uuid.UUID | None = None) -> None:
    stays.end(
        stay_id=stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.REINTEGRATED_WITH_FAMILY if household else ExitReason.INDEPENDENT_LIVING,
        destination=Destination.FAMILY if household else Destination.OWN_HOME,
        where="home",
        household=household,
        by=by,
    )


def gone(by: Actor, *, days_ago: int = 5, bed: int = 0) -> uuid.UUID:
    """A case of somebody who was here and left, and that is closed."""
    opened = admitted(by, days_ago=days_ago, bed=bed)
    leaves(opened.stay_id, by)
    cases.close(case_id=opened.case_id, by=by)
    return opened.case_id


def missed(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    return absences.report(case_id=case_id, since=clock.now() - timedelta(hours=1), feared=Feared.NOT_KNOWN, by=by)


def test_the_checklist_says_what_stops_and_what_is_open_and_its_answers_are_kept(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=3)
    today = days.today()
    permits.record(case_id=opened.case_id, event=PermitEvent.INFORM, on=today, language="ro", by=vatra)
    permits.record(case_id=opened.case_id, event=PermitEvent.APPLY, on=today, by=vatra)
    shelter = sign_in("vatra.shelter_manager")
    address = f"/cases/{opened.case_id}/close"
    page = shelter.get(f"{address}?lang=en")
    assert "cannot be closed yet" in page
    assert f"/stays/{opened.stay_id}/end" in page
    assert 'name="follow_up"' not in page
    assert "cannot be closed yet" in shelter.post(address, {**ANSWERS, "step": "2"}, 409)
    leaves(opened.stay_id, vatra)
    page = shelter.get(address)
    assert "cannot be closed yet" not in page
    assert f"/cases/{opened.case_id}?part=permit#permit" in page
    for wrong, said in (
        ({"follow_up": ""}, "Choose what was agreed"),
        ({"documents": "x"}, "Choose what became of the documents"),
        ({"debts": ""}, "Choose whether something is open"),
        ({"note": "x" * 10_001}, "Enter at most 10,000"),
    ):
        page = shelter.post(address, {**ANSWERS, **wrong}, 422)
        assert said.split(",")[0] in page
        assert "note" in wrong or NOTE in page
    # The page that says what follows does nothing; only its button does.
    page = shelter.post(address, ANSWERS, 200)
    assert "what follows" in page
    assert "as long as something of it is kept" in page
    assert NOTE in shelter.post(address, {**ANSWERS, "step": "2", "back": "1"}, 200)
    assert db.session.get_one(Case, opened.case_id, populate_existing=True).status == "open"
    back = shelter.post(address, {**ANSWERS, "step": "2"})
    assert back.endswith(f"/cases/{opened.case_id}?part=closing#closing")
    page = shelter.get(back)
    assert "The person does not want it" in page
    assert "Open the case again" in page
    db.session.rollback()
    row = db.session.scalars(select(Closing).where(Closing.case_id == opened.case_id)).one()
    assert (row.way, row.follow_up, row.documents, row.debts, row.closed_on) == (
        "checklist",
        "not_wanted",
        "returned",
        "none",
        today,
    )
    # Pressed twice it is answered as closed, and not as if there were nothing.
    for page in (
        shelter.post(f"{address}?lang=en", {**ANSWERS, "step": "2"}, 409),
        shelter.get(f"{address}?lang=en", 409),
    ):
        assert "This case is closed already" in page
    # What was written stands under seal alone, and only the holder has a key.
    notes = db.session.scalars(select(CareNote.sealed_note).where(CareNote.case_id == opened.case_id)).all()
    assert len(notes) == 1
    database = b"".join(str(dict(row)).encode() for row in db.session.execute(select(Closing.__table__)).mappings())
    assert NOTE.encode() not in database + b"".join(notes)
    keys = db.session.scalars(select(Grant.organisation_id).where(Grant.case_id == opened.case_id)).all()
    assert set(keys) == {vatra.organisation_id}


def test_every_way_to_close_is_shut_by_a_stay_an_alarm_and_a_child_without_findings(vatra: Actor) -> None:
    here = admitted(vatra)
    child = admitted(vatra, CHILD, bed=1, days_ago=9)
    lost = admitted(vatra, bed=2, days_ago=9)
    missed(lost.case_id, vatra)
    missed(child.case_id, vatra)
    for case_id in (here.case_id, child.case_id, lost.case_id):
        for act in (cases.close, erasures.erase):
            with pytest.raises((CaseRefused, GateClosed)):
                act(case_id=case_id, by=vatra)  # type: ignore[operator]
        assert db.session.get_one(Case, case_id, populate_existing=True).status == "open"


@pytest.mark.slow
def test_open_steps_of_the_plan_are_named_and_ended_or_kept_by_a_choice(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=3)
    owner, case_id = factories.actor("vatra.case_worker"), opened.case_id
    take_on(case_id, owner)
    assert owner.member_id is not None
    step_id = plans.add_step(
        case_id=case_id, text="x", hour="", due_on=days.today(), owner_id=owner.member_id, by=vatra
    )
    leaves(opened.stay_id, vatra)
    shelter, address = sign_in("vatra.shelter_manager"), f"/cases/{case_id}/close"
    assert "Test case_worker" in shelter.get(address)
    assert "Zgjidhni çfarë ndodh me hapat" in shelter.post(address, {**ANSWERS, "step": "2"}, 422)
    answers = {**ANSWERS, "documents": "still_here", "open_steps": "kept"}
    assert 'name="open_steps" value="kept"' in shelter.post(address, answers, 200)
    shelter.post(address, {**answers, "step": "2"})
    assert db.session.get_one(PlanStep, step_id, populate_existing=True).outcome == ""
    # The documents that stayed in the house are in "To do" until somebody says that they were given back.
    said, stranger = "Dokumentet e personit janë ende te ne", sign_in("nrc.case_worker")
    assert said in shelter.get("/to-do")
    assert said not in stranger.get("/to-do")
    assert "dokumentet janë te ne" in shelter.get("/cases/closed")
    stranger.post(f"/cases/{case_id}/documents-given-back", status=404)
    shelter.post(f"/cases/{case_id}/documents-given-back")
    assert said not in shelter.get("/to-do") + shelter.get(f"/cases/{case_id}")
    # Pressed for the wrong person it is taken back, and stands there again; money and things likewise.
    shelter.post(f"/cases/{case_id}/documents-still-here")
    assert said in shelter.get("/to-do")
    shelter.post(f"/cases/{case_id}/documents-given-back")
    money = "Mes qendrës dhe personit ka ende para"
    assert money not in shelter.get("/to-do")
    stranger.post(f"/cases/{case_id}/debts-still-open", status=404)
    shelter.post(f"/cases/{case_id}/debts-still-open")
    assert money in shelter.get("/to-do")
    assert "debts-settled" in shelter.get(f"/cases/{case_id}?part=closing")
    more = re.search(r"(\d+) gjë", shelter.get("/"))  # the home page counts it among what else there is
    shelter.post(f"/cases/{case_id}/debts-settled")
    less = re.search(r"(\d+) gjë", shelter.get("/"))
    assert more is not None
    assert int(more[1]) - int(less[1] if less else 0) == 1
    assert money not in shelter.get("/to-do")
    # Who opens it again is told that nobody answers for the person any more.
    tending.tend()
    nobody = "Askush nuk përgjigjet më për personin"
    assert nobody in shelter.get(shelter.post(f"/cases/{case_id}/reopen", {"reason": "by_mistake"}))
    take_on(case_id, owner)
    assert nobody not in shelter.get(f"/cases/{case_id}")
    shelter.post(address, {**answers, "open_steps": "not_needed", "step": "2"})
    step = db.session.get_one(PlanStep, step_id, populate_existing=True)
    assert (step.outcome, step.over_on) == ("dropped", days.today())


def test_an_adult_whose_alarm_stands_is_not_erased_away_even_without_a_stay(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=4)
    leaves(opened.stay_id, vatra)
    missed(opened.case_id, vatra)
    for act in (cases.close, erasures.erase):
        with pytest.raises(CaseRefused, match="missing"):
            act(case_id=opened.case_id, by=vatra)  # type: ignore[operator]


def test_who_takes_everything_back_while_missing_is_closed_only_when_the_alarm_ended(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=4)
    leaves(opened.stay_id, vatra)
    alarm = missed(opened.case_id, vatra)
    hands.withdrawn(opened.case_id, vatra)
    tending.tend()
    assert db.session.get_one(Case, opened.case_id, populate_existing=True).status == "open"
    absences.found(missing_id=alarm, by=vatra)
    assert tending.tend()["consents_lapsed"] == 1
    case = db.session.get_one(Case, opened.case_id, populate_existing=True)
    assert case.status == "closed"
    with pytest.raises(ReopenRefused, match="by_her_wish"):
        cases.reopen(case_id=opened.case_id, reason=ReopenReason.CAME_BACK, by=vatra)


def test_a_closed_case_is_found_by_who_held_it_last_and_by_nobody_else(vatra: Actor, sign_in: SignIn) -> None:
    case_id = gone(vatra)
    code = db.session.get_one(Case, case_id).pseudonym
    shelter = sign_in("vatra.case_worker")
    assert shelter.post("/cases/find", {"code": code}).endswith(f"/cases/{case_id}")
    assert code in shelter.get("/cases/closed")
    assert "/cases/closed" in shelter.get("/cases")
    address = f"/cases/{case_id}"
    unknown = "K7QM-4T2X-9"
    for login in ("nrc.case_worker", "molsa.statistician", "administrator", "ra.duty_officer"):
        person = sign_in(login)
        reads = person.client.get("/cases").status_code == 200
        for path in (address, f"{address}/close", f"{address}/reopen"):
            assert person.client.get(path).status_code in ((404, 403) if reads else (403,)), (login, path)
        assert person.client.post(f"{address}/reopen", data={"csrf_token": person.csrf_token}).status_code in (403, 404)
        if not reads:
            continue
        answers = [
            re.sub(r'value="[^"]*"', "", person.post("/cases/find", {"code": each}, 422)) for each in (code, unknown)
        ]
        assert answers[0] == answers[1]
    stranger = sign_in("nrc.case_worker")
    assert code not in stranger.get("/cases/closed")
    answers = [
        re.sub(r'value="[^"]*"', "", stranger.post("/cases/returning", {"code": each}, 422)) for each in (code, unknown)
    ]
    assert answers[0] == answers[1]
    assert db.session.get_one(Case, case_id, populate_existing=True).status == "closed"


def test_it_is_opened_again_with_a_reason_and_both_acts_stay_written(vatra: Actor, sign_in: SignIn) -> None:
    case_id = gone(vatra)
    shelter = sign_in("vatra.case_worker")
    shelter.get(f"/cases/{case_id}/write/care", 404)
    assert "Zgjidhni pse rihapet rasti" in shelter.post(f"/cases/{case_id}/reopen", {}, 422)
    assert "Zgjidhni pse rihapet rasti" in shelter.post(f"/cases/{case_id}/reopen", {"reason": "x"}, 422)
    back = shelter.post(f"/cases/{case_id}/reopen", {"reason": "by_mistake"})
    page = shelter.get(back)
    assert "U mbyll gabimisht" in page
    assert "Test shelter_manager" in page
    assert "Test case_worker" in page
    assert "tashmë i hapur" in shelter.post(f"/cases/{case_id}/reopen", {"reason": "by_mistake"}, 409)
    assert "tashmë i hapur" in shelter.get(f"/cases/{case_id}/reopen", 409)
    case = db.session.get_one(Case, case_id, populate_existing=True)
    assert (case.status, case.closed_month) == ("open", None)
    with pytest.raises(ReopenRefused, match="not_closed"):
        cases.reopen(case_id=case_id, reason=ReopenReason.COURT, by=vatra)
    cases.add_note(case_id=case_id, text="again", by=vatra)
    cases.close(case_id=case_id, by=vatra)
    assert [(line.reopened_by, line.reason) for line in store.history(case_id, by=vatra)] == [
        ("", ""),
        ("Test case_worker", "by_mistake"),
    ]
    said = (
        select(AuditEntry.event).where(AuditEntry.event.in_(("case_closed", "case_reopened"))).order_by(AuditEntry.id)
    )
    assert db.session.scalars(said).all()[-3:] == ["case_closed", "case_reopened", "case_closed"]


def test_a_yes_to_sharing_ends_with_the_case_and_is_asked_for_anew_when_it_is_open_again(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = gone(vatra)
    old = consent_store.of_case(case_id, by=vatra)
    assert {each.topic for each in old if each.holds} == {Topic.SERVICES, Topic.STATISTICS}
    shelter = sign_in("vatra.case_worker")
    again = "Ask the person again"
    assert again not in shelter.get(f"/cases/{case_id}?lang=en")
    with transaction() as session:  # as a case stands that was closed before the yes ended with it
        session.execute(update(Consent).where(Consent.ended != "").values(ended="", ended_on=None, narrowing=""))
    page = shelter.get(shelter.post(f"/cases/{case_id}/reopen", {"reason": "by_mistake"}) + "&lang=en")
    assert again in page[: page.index("Contents")]
    assert "the yes to sharing has ended: ask again" in page[: page.index("<h1")]
    assert "Sharing" not in page[page.index('id="consent"') : page.index('id="more"')]
    [ended] = [each for each in consent_store.of_case(case_id, by=vatra) if not each.holds]
    assert (ended.topic, ended.said, ended.ended, ended.due) == (Topic.SHARING, Said.GIVEN, "lapsed", True)
    assert "ran out, or the case was closed" in shelter.get(f"/cases/{case_id}/consents?lang=en")
    # Whom she agreed to tell is not taken over: a shelter is asked for her only after she was asked by name.
    with pytest.raises(ReferralRefused, match="by_name"):
        next_receiver.refer(
            case_id=case_id,
            receiver_id=people.organisation("NRC"),
            reason=OverrideReason.PERSON_WISHES,
            hand_over=people.HAND_OVER,
            by=vatra,
        )
    consents.ask(case_id=case_id, answers=[Answer(Topic.SHARING, Said.GIVEN)], asking=Asking("", "", ""), by=vatra)
    assert not any(each.due for each in consent_store.of_case(case_id, by=vatra))
    assert "the yes to sharing has ended" not in shelter.get(f"/cases/{case_id}?lang=en")
    assert again not in shelter.get(f"/cases/{case_id}?lang=en")


def test_who_read_it_before_reads_nothing_of_a_case_that_is_open_again(vatra: Actor) -> None:
    opened = admitted(vatra, MOLDOVAN, identity={"given": people.PLANTED})
    today = days.today()
    permits.record(case_id=opened.case_id, event=PermitEvent.INFORM, on=today, language="ro", by=vatra)
    permits.record(case_id=opened.case_id, event=PermitEvent.APPLY, on=today, by=vatra)
    unit = factories.actor("trp_unit.trp_officer")
    both = (Compartment.IDENTITY, Compartment.LEGAL)
    assert unit.organisation_id is not None
    cases.share(case_id=opened.case_id, organisation_id=unit.organisation_id, compartments=both, agreed=True, by=vatra)
    assert case_store.case(opened.case_id, by=unit).compartments == both
    leaves(opened.stay_id, vatra)
    cases.close(case_id=opened.case_id, by=vatra)
    for status in ("closed", "open"):
        if status == "open":
            cases.reopen(case_id=opened.case_id, reason=ReopenReason.NEEDS_SUPPORT, by=vatra)
        assert db.session.get_one(Case, opened.case_id, populate_existing=True).status == status
        with pytest.raises(NotVisible):
            case_store.case(opened.case_id, by=unit)
        keys = db.session.scalars(select(Grant.organisation_id).where(Grant.case_id == opened.case_id)).all()
        assert set(keys) == {vatra.organisation_id}


def test_what_was_destroyed_is_said_and_what_the_person_wished_stays_closed(vatra: Actor, sign_in: SignIn) -> None:
    wished, old = gone(vatra), gone(vatra, bed=1)
    hands.erased(wished, vatra)
    with pytest.raises(ReopenRefused, match="by_her_wish"):
        cases.reopen(case_id=wished, reason=ReopenReason.CAME_BACK, by=vatra)
    shelter = sign_in("vatra.case_worker")
    assert "wished that nothing is kept" in shelter.get(f"/cases/{wished}/reopen?lang=en")
    cases.reopen(case_id=old, reason=ReopenReason.COURT, by=vatra)
    cases.add_note(case_id=old, text="x", by=vatra)
    cases.close(case_id=old, by=vatra)
    factories.later(days=3 * 366)
    erasures.erase_expired()
    manager = sign_in("vatra.shelter_manager")
    page = manager.get(f"/cases/{old}/reopen?lang=en")
    assert "Destroyed for good" in page
    assert "Hand-over" in page[page.index("Destroyed for good") :]
    factories.later(days=3 * 366)
    erasures.erase_expired()
    with pytest.raises(ReopenRefused, match="time_over"):
        cases.reopen(case_id=old, reason=ReopenReason.COURT, by=factories.actor("vatra.shelter_manager"))


def test_the_time_of_keeping_begins_anew(vatra: Actor) -> None:
    case_id = gone(vatra)
    before = dict(store.kept(case_id, by=vatra).periods)
    cases.reopen(case_id=case_id, reason=ReopenReason.NEEDS_SUPPORT, by=vatra)
    factories.later(days=3 * 366)
    assert erasures.erase_expired().compartments == 0
    vatra = factories.actor("vatra.shelter_manager")
    cases.close(case_id=case_id, by=vatra)
    assert erasures.erase_expired().compartments == 0
    after = dict(store.kept(case_id, by=vatra).periods)
    assert set(after) == set(before)
    first, second = (each[Compartment.HAND_OVER] for each in (before, after))
    assert first is not None
    assert second is not None
    assert second.year >= first.year + 3


def test_somebody_who_comes_back_has_a_new_stay_in_the_same_case_and_is_one_person(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = gone(vatra, days_ago=40)
    code = db.session.get_one(Case, case_id).pseudonym
    there = db.session.scalars(select(Case.id)).all()
    quarter = Quarter.of(days.today())
    counted = counting.people(db.session.connection(), quarter, by=counting.RELEASE)
    db.session.rollback()
    factories.later(days=1)
    shelter = sign_in("vatra.case_worker")
    assert "/cases/returning" in shelter.get("/cases/new")
    assert "Kontrolloni" in shelter.post("/cases/returning", {"code": "K7QM-4T2X-9"}, 422)
    address = shelter.post("/cases/returning", {"code": code})
    assert re.search(r'value="came_back" checked', shelter.get(address))
    admit = shelter.post(address.partition("?")[0], {"reason": "came_back"})
    assert admit.endswith(f"/cases/{case_id}/admit")
    by = factories.actor("vatra.case_worker")
    free = place_store.free_places(by=by)[0]
    shelter.post(admit, {"bed": free[1], "admitted": "today", "planned": "30"})
    db.session.rollback()
    assert db.session.scalars(select(Case.id)).all() == there
    held = db.session.scalars(select(Stay).where(Stay.case_id == case_id)).all()
    assert len(held) == 2
    again = counting.people(db.session.connection(), quarter, by=counting.RELEASE)
    assert len(again) == len(counted)
    assert sorted(len(each.stays) for each in again)[-1] == 2
    # Of an open case the way leads to the bed, and of somebody who is here it says so.
    assert "nuk ka çfarë të hapet" in shelter.post("/cases/returning", {"code": code}, 422)
    leaves(next(each.id for each in held if each.ended_on is None), by)
    assert shelter.post("/cases/returning", {"code": code}).endswith(f"/cases/{case_id}/admit")


def test_what_let_a_child_go_once_does_not_let_it_go_again(vatra: Actor) -> None:
    child = admitted(vatra, CHILD, days_ago=9)
    leaves(child.stay_id, vatra, may_go(child.case_id))
    lost = admitted(vatra, dataclasses.replace(CHILD, age=12), bed=1, days_ago=9)
    alarm = missed(lost.case_id, vatra)
    what_desks_know.known(missing_id=alarm, by=factories.actor("child_protection.child_protection_officer"))
    factories.later(days=30)
    vatra = factories.actor("vatra.shelter_manager")
    absences.end(missing_id=alarm, by=vatra)
    for case_id in (child.case_id, lost.case_id):
        cases.close(case_id=case_id, by=vatra)
        # A mistake changes nothing of how the child left.
        cases.reopen(case_id=case_id, reason=ReopenReason.BY_MISTAKE, by=vatra)
        cases.close(case_id=case_id, by=vatra)
        cases.reopen(case_id=case_id, reason=ReopenReason.CAME_BACK, by=vatra)
    with pytest.raises(GateClosed):
        cases.close(case_id=lost.case_id, by=vatra)
    with transaction() as session:
        assert session.get_one(Case, child.case_id).status == "open"


@pytest.mark.slow
def test_child_protection_reads_a_childs_case_again_that_was_closed_by_mistake(vatra: Actor, sign_in: SignIn) -> None:
    child, adult = admitted(vatra, CHILD, days_ago=9), gone(vatra)
    desk = factories.actor("child_protection.child_protection_officer")

    def read(case_id: uuid.UUID) -> list[str]:
        db.session.rollback()
        shares = case_store.shares(case_id, by=vatra)
        return sorted(
            part for each in shares if each.organisation_id == desk.organisation_id for part in each.compartments
        )

    before = read(child.case_id)
    assert before
    leaves(child.stay_id, vatra, may_go(child.case_id))
    cases.close(case_id=child.case_id, by=vatra)
    for case_id in (child.case_id, adult):
        assert read(case_id) == []
        cases.reopen(case_id=case_id, reason=ReopenReason.BY_MISTAKE, by=vatra)
    assert read(child.case_id) == before
    assert read(adult) == []
    sign_in("child_protection.child_protection_officer").get(f"/cases/{child.case_id}")


def test_the_answers_of_a_caller_with_nothing_to_say(vatra: Actor) -> None:
    case_id = gone(vatra)
    line = store.history(case_id, by=vatra)[0]
    assert (line.follow_up, line.documents, line.debts) == (
        NOTHING_AGREED.follow_up,
        NOTHING_AGREED.documents,
        NOTHING_AGREED.debts,
    )


def test_the_home_page_lists_what_has_an_hour_and_folds_the_rest_into_one_line(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN)
    now = clock.now()
    with transaction() as session:
        session.execute(delete(Obligation).where(Obligation.case_id == opened.case_id))
        for kind, due_at in (
            ("interpret", None),
            ("legal_counsel", None),
            ("refer_on", now + timedelta(hours=2)),
            ("dates_and_protection", now - timedelta(days=8)),
        ):
            session.add(Obligation(case_id=opened.case_id, kind=kind, party=RECEIVER, clause="5.1", due_at=due_at))
    page = sign_in("vatra.case_worker").get("/?lang=en")
    part = page[page.index("<h2>To do</h2>") :].split("<h2>More")[0]
    assert part.count("<tr>") == 2
    assert "Ask the party that the clause names" in part
    assert "Find legal counsel" not in part
    assert "3 more things: later, without a day, or older than seven days" in part
    all_of_it = sign_in("vatra.case_worker").get("/to-do?lang=en")
    assert all_of_it.count("<tr>") == 5
    assert "Find legal counsel" in all_of_it


def test_the_list_of_open_cases_begins_with_what_is_due_first_and_says_what_comes_next(
    vatra: Actor, sign_in: SignIn
) -> None:
    calm, due, lost = (admitted(vatra, MOLDOVAN, bed=number, days_ago=2) for number in range(3))
    left = admitted(vatra, bed=3, days_ago=2)
    leaves(left.stay_id, vatra)
    missed(lost.case_id, vatra)
    now = clock.now()
    with transaction() as session:
        session.execute(delete(Obligation))
        for case_id, kind, hours in (
            (due.case_id, "ask_consent", 1),
            (due.case_id, "legal_counsel", 5),
            (lost.case_id, "ask_consent", 3),
            (calm.case_id, "ask_consent", None),
        ):
            at = None if hours is None else now + timedelta(hours=hours)
            session.add(Obligation(case_id=case_id, kind=kind, party=RECEIVER, clause="5.1", due_at=at))
    page = sign_in("vatra.case_worker").get("/cases?lang=en")
    places = [page.index(each.pseudonym) for each in (due, lost)]
    assert places == sorted(places)
    assert max(places) < min(page.index(each.pseudonym) for each in (calm, left))
    assert f"/cases/{due.case_id}/consents/ask" in page
    row = next(each for each in page.split("<tr>") if lost.pseudonym in each)
    assert "missing" in row
    assert "No hour" not in page
    row = next(each for each in page.split("<tr>") if left.pseudonym in each)
    assert f"/cases/{left.case_id}?part=stay#stay" in row
    listed = case_lists.held(by=vatra, size=2)
    rest = case_lists.held(by=vatra, size=2, after=listed.after)
    assert [line.id for line in listed.rows] == [due.case_id, lost.case_id]
    assert {line.id for line in rest.rows} == {calm.case_id, left.case_id}
    assert case_lists.held(by=factories.actor("nrc.case_worker")).rows == []


def test_a_closed_case_says_at_once_what_can_be_corrected_and_what_still_be_written(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, days_ago=5)
    leaves(opened.stay_id, vatra)
    person = sign_in("vatra.shelter_manager")
    for page in ("reopen", "end"):
        person.get(f"/stays/{opened.stay_id}/correct/{page}")
    cases.close(case_id=opened.case_id, by=vatra)
    for page in ("reopen", "end"):
        said = person.get(f"/stays/{opened.stay_id}/correct/{page}?lang=en", 409)
        assert "nothing of this stay can be corrected now" in said
        assert f"/cases/{opened.case_id}/reopen" in said
    assert "What can still be recorded" in person.get(f"/cases/{opened.case_id}?part=closing&lang=en")


@pytest.mark.slow  # pages of three people
def test_who_one_colleague_ended_and_closed_is_read_by_the_others_for_a_fortnight(app: Flask, sign_in: SignIn) -> None:
    """Two posts by one worker took an adult off every list of the house, and nobody else had a line to read."""
    worker, leads = factories.actor("vatra.case_worker"), sign_in("vatra.shelter_manager")
    line = "1 case was closed in the last 14 days: look who said so, and where to"
    assert line not in leads.get("/?lang=en")
    case_id = gone(worker)
    code = db.session.get_one(Case, case_id).pseudonym
    db.session.rollback()
    assert line in leads.get("/?lang=en")
    assert line not in sign_in("vatra.case_worker").get("/?lang=en")  # who closed it knows
    assert line not in sign_in("nrc.shelter_manager").get("/?lang=en")
    lately = leads.get("/cases/closed?lang=en").partition('id="lately"')[2].partition("</ul>")[0]
    assert code in lately
    assert lately.count("(vatra.case_worker)") == 2
    assert "home of their own" in lately
    assert "one person said both" in lately
    assert "lately" not in sign_in("nrc.shelter_manager").get("/cases/closed?lang=en")
    with pytest.raises(NotPermitted):
        store.lately(by=factories.actor("molsa.statistician"))
    factories.later(days=14)
    assert line not in sign_in("vatra.shelter_manager").get("/?lang=en")


@pytest.mark.slow
def test_who_closed_somebody_and_suspends_the_one_who_could_look_is_read_by_the_duty_desk(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    worker = factories.actor("vatra.case_worker")
    code = db.session.get_one(Case, gone(worker)).pseudonym
    db.session.rollback()
    manager = factories.actor("vatra.shelter_manager").member_id
    assert manager is not None
    suspended = suspensions.suspend(member_id=manager, reason=SuspensionReason.LOST_DEVICE, by=worker)
    page = f"/suspensions/{suspended}?lang=en"
    shown = sign_in("ra.duty_officer").get(page)
    closed = shown.partition("closed in the last 14 days</h2>")[2].partition("</ul>")[0]
    assert code in closed
    assert "one person said both" in closed
    assert "home of their own" not in closed  # where to is for the house to say
    for login in ("vatra.case_worker", "administrator"):
        assert (code in sign_in(login).get(page)) is (login == "vatra.case_worker")
    sign_in("nrc.shelter_manager").get(page, 404)


def test_who_was_ended_by_one_and_closed_by_another_is_not_marked(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=5)
    leaves(opened.stay_id, vatra)
    cases.close(case_id=opened.case_id, by=factories.actor("vatra.case_worker"))
    (line,) = store.lately(by=vatra)
    assert (line.case_id, line.alone) == (opened.case_id, False)
    assert line.ended_by != line.closed_by
