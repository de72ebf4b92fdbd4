"""The third case destroyed, or account ended, in an hour by one member waits for a second one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.actions import tending
from nrm.actions.accounts import members, second_hands
from nrm.actions.shelter import cases, consents, data_requests, direct_intake, erasures
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.accounts.second_hands import ActRefused, ActStatus, WaitsForSecond
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import EVERYTHING as ALL
from nrm.domain.shelter.consents import Answer, Asking, Said, Topic
from nrm.domain.shelter.data_requests import RequestKind
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.stays import Source
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.alarms import Alarm
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case, Grant, SealedCompartment
from nrm.models.shelter.data_requests import PersonRequest
from nrm.steps.shelter import cases as case_steps
from nrm.store import days as stay_store
from nrm.store.accounts import second_hands as store
from nrm.vault import rows
from tests import factories, races
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.accounts.test_members import invited
from tests.integration.shelter.test_erasures import gone
from tests.world import World

WORKER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"
EVERYTHING = {"what": "everything:", "told": "y"}


def opened(number: int, *, first_place: int = 0) -> list[uuid.UUID]:
    """So many cases of VATRA's own, each with somebody who sleeps there."""
    by, today = factories.actor(WORKER), stay_store.today()
    own = OwnCase(
        source=Source.OWN,
        age_class="adult",
        age=25,
        gender="feminine",
        citizenship="AL",
        consent="given",
        statistics="yes",
    )
    return [
        direct_intake.open_case(
            case=own,
            place_id=people.bed("VATRA", each),
            admitted_on=today,
            anticipated_end_on=today + timedelta(days=30),
            identity={"given": people.PLANTED},
            story=people.TOLD,
            by=by,
        ).case_id
        for each in range(first_place, first_place + number)
    ]


def kept(case_id: uuid.UUID) -> bool:
    """Whether the person's name and story are still there."""
    db.session.rollback()
    there = set(db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)))
    return {"identity", "story"} <= there


def code(case_id: uuid.UUID) -> str:
    db.session.rollback()
    return db.session.get_one(Case, case_id).pseudonym


def status_of(login: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(Member.status).where(Member.login == login)).one()


def colleagues(*names: str, code: str = "VATRA") -> list[uuid.UUID]:
    """More people of the organisation, who hold its key."""
    manager = factories.actor(f"{code.lower()}.shelter_manager")
    found = []
    for name in names:
        factories.join(invited(name, code))
        member = db.session.scalars(select(Member).where(Member.login == name)).one()
        factories.confirm(name, by=manager)
        found.append(member.id)
    return found


def withdraw(person: Person, case_id: uuid.UUID) -> str:
    return person.post(f"/cases/{case_id}/consents/withdraw", dict(EVERYTHING))


def test_the_third_withdrawal_of_everything_in_an_hour_destroys_nothing(app: Flask) -> None:
    cases = opened(12)
    worker = Person(app.test_client(), WORKER)
    for case_id in cases:
        withdraw(worker, case_id)
    assert [kept(each) for each in cases] == [False] * 2 + [True] * 10


def test_the_third_account_that_is_ended_in_an_hour_goes_on(app: Flask) -> None:
    others = colleagues("v.one", "v.two", "v.three")
    worker = Person(app.test_client(), WORKER)
    for member_id in others:
        worker.post(f"/members/{member_id}/disable")
    assert [status_of(each) for each in ("v.one", "v.two", "v.three")] == ["disabled", "disabled", "active"]


def waits(by: Actor, case_id: uuid.UUID) -> uuid.UUID:
    """Ask for everything of the case to be taken back; the id of the act that waits."""
    with pytest.raises(WaitsForSecond) as raised:
        consents.withdraw(case_id=case_id, what=ALL, by=by)
    return raised.value.act_id


@pytest.fixture
def third(app: Flask) -> tuple[list[uuid.UUID], uuid.UUID]:
    """Four cases, of which VATRA's case worker destroyed two and asked for the third; and the act that waits."""
    found = opened(4)
    worker = factories.actor(WORKER)
    for case_id in found[:2]:
        consents.withdraw(case_id=case_id, what=ALL, by=worker)
    assert app
    return found, waits(worker, found[2])


Third = tuple[list[uuid.UUID], uuid.UUID]


def status(act_id: uuid.UUID) -> str:
    db.session.rollback()
    return db.session.scalars(select(HeavyAct.status).where(HeavyAct.id == act_id)).one()


def test_who_asks_is_told_and_a_colleague_agrees_on_a_page_of_its_own(app: Flask) -> None:
    found = opened(3)
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    for case_id in found[:2]:
        assert withdraw(worker, case_id) == f"/cases/{case_id}/consents"
    address = withdraw(worker, found[2])
    assert withdraw(worker, found[2]) == address  # the same button again asks for nothing twice
    told = worker.get(address + "?lang=en")
    assert "You did two within an hour already" in told
    assert "/agree" not in told
    assert code(found[2]) in told
    worker.post(f"{address}/agree", {"sure": "y"}, 409)
    assert kept(found[2])
    assert address in worker.get("/")
    home = manager.get("/")
    assert address in home
    assert code(found[2]) in home
    page = manager.get(address + "?lang=en")
    for words in (code(found[2]), "Test case_worker", "The person takes everything back", "Agree: destroy it for good"):
        assert words in page
    assert 'href="#sure"' in manager.post(f"{address}/agree", {}, 422)
    assert kept(found[2])
    factories.later(minutes=6)
    assert 'name="step_up"' in manager.post(f"{address}/agree", {"sure": "y"}, 401)
    assert kept(found[2])
    assert manager.post(f"{address}/agree", {"sure": "y", "step_up": factories.PASSWORD}) == address
    assert not kept(found[2])
    assert "agreed to, and done" in manager.get(address + "?lang=en")
    manager.post(f"{address}/agree", {"sure": "y"}, 409)
    manager.post(f"{address}/decline", status=409)
    assert address not in manager.get("/")
    assert list(audit.verify(db.session())) == []


@pytest.mark.parametrize(
    "login", ["nrc.shelter_manager", "ra.duty_officer", "rinas.border_officer", "molsa.statistician", "administrator"]
)
def test_nobody_else_learns_of_it_or_answers(app: Flask, third: Third, login: str) -> None:
    found, act_id = third
    person = Person(app.test_client(), login)
    assert str(act_id) not in person.get("/")
    status_of_page = 403 if login == "molsa.statistician" else 404
    person.get(f"/second-hands/{act_id}", status_of_page)
    person.post(f"/second-hands/{act_id}/agree", {"sure": "y"}, status_of_page)
    person.post(f"/second-hands/{act_id}/decline", status=status_of_page)
    assert (status(act_id), kept(found[2])) == (ActStatus.ASKED, True)


def test_the_managers_home_page_and_the_duty_desk_are_told_in_words_at_once(app: Flask, third: Third) -> None:
    found, _ = third
    worker = factories.actor(WORKER)
    for login in (MANAGER, "ra.duty_officer"):
        person = Person(app.test_client(), login)
        assert "more than two within an hour" in person.get("/?lang=en")
        page = person.get("/alarms?lang=en")
        assert "Asked to destroy what is kept of 3 cases" in page
        assert WORKER in page
    person = Person(app.test_client(), WORKER)
    assert "/alarms" not in person.get("/")
    alarm = db.session.scalars(select(Alarm.id)).one()
    manager = Person(app.test_client(), MANAGER)
    manager.post(f"/alarms/{alarm}/acknowledge/3")
    assert "/alarms" not in manager.get("/")
    waits(worker, found[3])
    assert "/alarms" in manager.get("/")  # it grew
    assert "of 4 cases" in manager.get("/alarms?lang=en")


def test_who_waits_for_a_confirmation_learns_nothing_of_it(app: Flask, third: Third) -> None:
    found, act_id = third
    factories.join(invited("v.new", "VATRA"))
    person = Person(app.test_client(), "v.new")
    home = person.get("/")
    assert str(act_id) not in home
    assert code(found[2]) not in home
    assert "/alarms" not in home
    person.get(f"/second-hands/{act_id}", 403)
    person.post(f"/second-hands/{act_id}/agree", {"sure": "y"}, 403)


def test_others_read_nothing_while_it_waits_and_the_holder_does(world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    worker, unit = factories.actor("nrc.case_worker"), factories.actor("trp_unit.trp_officer")
    with transaction() as session:  # two others within the hour
        _done(session, worker, world.coming_case, world.asked_case)
    waits(worker, world.case)
    readers = select(Grant.organisation_id).where(Grant.case_id == world.case, Grant.compartment == "identity")
    assert set(db.session.scalars(readers)) == {worker.organisation_id}
    db.session.rollback()
    with pytest.raises((NotVisible, case_steps.CannotOpen)):
        cases.open_compartment(case_id=world.case, compartment=Compartment.IDENTITY, purpose=Purpose.PERMIT, by=unit)
    cases.open_compartment(case_id=world.case, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=worker)
    assert case_steps.opened(case_id=world.case, by=worker)[Compartment.IDENTITY].value


def _done(session: object, by: Actor, *case_ids: uuid.UUID) -> None:
    for case_id in case_ids:
        act = HeavyAct(
            id=uuid.uuid4(),
            organisation_id=by.organisation_id,
            asked_by_id=by.member_id,
            asked_at=clock.now(),
            kind="withdraw",
            reason="taken_back",
            case_id=case_id,
            status="done",
            decided_at=clock.now(),
            expires_at=clock.now(),
        )
        act.mark = rows.act_mark(act)
        session.add(act)  # type: ignore[attr-defined]


def test_erasing_taking_back_and_a_first_no_count_together(world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    worker = factories.actor(WORKER)
    gone(world.own_stay, WORKER)
    first, second, third = opened(3, first_place=1)
    erasures.erase(case_id=world.own_case, by=worker)
    consents.withdraw(case_id=first, what=ALL, by=worker)
    answers = [Answer(Topic.SERVICES, Said.REFUSED), Answer(Topic.SHARING, Said.REFUSED)]
    with pytest.raises(WaitsForSecond) as raised:
        consents.ask(case_id=second, answers=answers, asking=Asking("", "", ""), by=worker)
    assert kept(second)
    assert db.session.get_one(Case, second).consent == "refused"  # what the person said is not lost
    waits(worker, third)
    second_hands.agree(act_id=raised.value.act_id, by=factories.actor(MANAGER))
    assert not kept(second)
    assert kept(third)


def test_an_erasure_that_waits_is_done_by_the_colleague_and_answers_the_persons_request(app: Flask) -> None:
    found = opened(3)
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    request_id = uuid.uuid4()
    helpline = factories.actor("helpline.helpline_operator")
    data_requests.record(request_id=request_id, pseudonym=code(found[2]), kind=RequestKind.ERASURE, by=helpline)
    _leave(found[2])
    for case_id in found[:2]:
        consents.withdraw(case_id=case_id, what=ALL, by=worker)
    with pytest.raises(WaitsForSecond) as raised:
        erasures.erase(case_id=found[2], by=worker)
    act_id = raised.value.act_id
    assert db.session.get_one(PersonRequest, request_id, populate_existing=True).status == "open"
    assert store.one(act_id, by=manager).recorded
    second_hands.agree(act_id=act_id, by=manager)
    db.session.rollback()
    assert db.session.get_one(PersonRequest, request_id, populate_existing=True).status == "erased"
    assert db.session.get_one(Case, found[2]).status == "closed"
    assert not kept(found[2])


def _leave(case_id: uuid.UUID) -> None:
    from nrm.models.shelter.stays import Stay

    gone(db.session.scalars(select(Stay.id).where(Stay.case_id == case_id)).one(), WORKER)


def test_the_same_case_again_does_not_count_and_after_an_hour_it_goes_on(app: Flask) -> None:
    found = opened(4)
    worker = factories.actor(WORKER)
    for case_id in (found[0], found[0], found[1], found[0]):
        consents.withdraw(case_id=case_id, what=ALL, by=worker)
    factories.later(minutes=59)
    act_id = waits(factories.actor(WORKER), found[2])
    factories.later(minutes=2)
    worker = factories.actor(WORKER)
    consents.withdraw(case_id=found[3], what=ALL, by=worker)  # two in any hour
    assert waits(worker, found[2]) == act_id  # what a colleague is asked for stays with the colleague
    assert kept(found[2])
    assert app


def test_a_colleague_who_says_no_is_not_passed_by_an_hour_later(third: Third) -> None:
    found, act_id = third
    second_hands.decline(act_id=act_id, by=factories.actor(MANAGER))
    assert (status(act_id), kept(found[2])) == (ActStatus.DECLINED, True)
    factories.later(hours=2)
    again = waits(factories.actor(WORKER), found[2])
    assert again != act_id
    second_hands.agree(act_id=again, by=factories.actor(MANAGER))
    assert not kept(found[2])


def test_who_asked_takes_it_back(app: Flask, third: Third) -> None:
    found, act_id = third
    worker = Person(app.test_client(), WORKER)
    worker.post(f"/second-hands/{act_id}/decline")
    assert (status(act_id), kept(found[2])) == (ActStatus.DECLINED, True)
    assert str(act_id) not in worker.get("/")


def test_what_nobody_agreed_to_is_over_after_three_days_and_is_not_forgotten(app: Flask, third: Third) -> None:
    found, act_id = third
    factories.later(hours=71.9)
    assert tending.tend()["acts_expired"] == 0
    factories.later(hours=0.1)
    manager = factories.actor(MANAGER)
    with pytest.raises(ActRefused, match="answered"):
        second_hands.agree(act_id=act_id, by=manager)
    assert tending.tend()["acts_expired"] == 1
    assert (status(act_id), kept(found[2])) == (ActStatus.EXPIRED, True)
    person = Person(app.test_client(), WORKER)
    assert "Not done, nobody agreed in time" in person.get("/?lang=en")
    withdraw(person, found[2])  # asked for again, within what one does alone
    assert not kept(found[2])
    assert str(act_id) not in person.get("/")
    factories.later(days=31)
    tending.tend()
    assert db.session.scalars(select(HeavyAct)).all() == []


def test_somebody_alone_waits_until_the_hour_is_over_and_no_longer(app: Flask) -> None:
    found = opened(3)
    with transaction() as session:
        session.execute(update(Member).where(Member.login == MANAGER).values(status="disabled"))
    worker = Person(app.test_client(), WORKER)
    for case_id in found[:2]:
        withdraw(worker, case_id)
    address = withdraw(worker, found[2])
    assert kept(found[2])
    assert "you can do it yourself" in worker.get(address + "?lang=en")
    assert "/alarms" in Person(app.test_client(), "ra.duty_officer").get("/")
    factories.later(minutes=61)
    worker = Person(app.test_client(), WORKER)
    assert withdraw(worker, found[2]) == f"/cases/{found[2]}/consents"
    assert not kept(found[2])
    assert address not in worker.get("/")


def test_who_ends_the_colleague_first_is_not_alone(app: Flask) -> None:
    found = opened(3)
    worker = factories.actor(WORKER)
    manager = db.session.scalars(select(Member.id).where(Member.login == MANAGER)).one()
    members.disable(member_id=manager, by=worker)
    worker = factories.actor(WORKER)
    for case_id in found[:2]:
        consents.withdraw(case_id=case_id, what=ALL, by=worker)
    act_id = waits(worker, found[2])
    factories.later(minutes=61)
    assert waits(factories.actor(WORKER), found[2]) == act_id
    assert store.one(act_id, by=worker).alone_from is None
    factories.later(hours=72)  # a wish is not refused for ever
    tending.tend()
    consents.withdraw(case_id=found[2], what=ALL, by=factories.actor(WORKER))
    assert not kept(found[2])
    assert app


def test_a_colleague_who_does_it_on_its_page_is_the_second_hand(third: Third) -> None:
    found, act_id = third
    manager = factories.actor(MANAGER)
    consents.withdraw(case_id=found[2], what=ALL, by=manager)
    assert not kept(found[2])
    db.session.rollback()
    act = db.session.get_one(HeavyAct, act_id, populate_existing=True)
    assert (act.status, act.decided_by_id) == (ActStatus.AGREED, manager.member_id)


def test_what_is_not_possible_any_more_is_said_and_nothing_is_destroyed(app: Flask) -> None:
    found = opened(3)
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    _leave(found[2])
    for case_id in found[:2]:
        consents.withdraw(case_id=case_id, what=ALL, by=worker)
    with pytest.raises(WaitsForSecond) as raised:
        erasures.erase(case_id=found[2], by=worker)
    with transaction() as session:
        nrc = people.organisation("NRC")
        session.execute(update(Case).where(Case.id == found[2]).values(holder_id=nrc))
    with pytest.raises(CaseRefused, match="not_holder"):
        second_hands.agree(act_id=raised.value.act_id, by=manager)
    assert (status(raised.value.act_id), kept(found[2])) == (ActStatus.ASKED, True)
    person = Person(app.test_client(), MANAGER)
    person.post(f"/second-hands/{raised.value.act_id}/agree", {"sure": "y"}, 409)


# Accounts


def test_the_third_ending_waits_for_a_colleague_who_is_neither_who_asked_nor_who_goes(app: Flask) -> None:
    others = colleagues("v.one", "v.two", "v.three")
    worker = Person(app.test_client(), WORKER)
    going = Person(app.test_client(), "v.three")
    worker.post(f"/members/{others[0]}/disable")
    worker.post(f"/members/{others[1]}/disable")
    address = worker.post(f"/members/{others[2]}/disable")
    assert [status_of(each) for each in ("v.one", "v.two", "v.three")] == ["disabled", "disabled", "active"]
    worker.post(f"{address}/agree", {"sure": "y"}, 409)
    going.get(address, 404)
    going.post(f"{address}/agree", {"sure": "y"}, 404)
    going.post(f"{address}/decline", status=404)
    assert address not in going.get("/")
    assert "/alarms" in Person(app.test_client(), "ra.duty_officer").get("/")
    manager = Person(app.test_client(), MANAGER)
    assert "End an account" in manager.get("/?lang=en")
    assert "Asked to end 3 accounts" in manager.get("/alarms?lang=en")
    manager.post(f"{address}/agree", {"sure": "y"})
    assert status_of("v.three") == "disabled"
    going.get("/", 303)


def test_invitations_that_nobody_used_are_ended_without_counting(app: Flask) -> None:
    worker = factories.actor(WORKER)
    for name in ("n.one", "n.two", "n.three"):
        invited(name, "VATRA")
        members.disable(member_id=db.session.scalars(select(Member.id).where(Member.login == name)).one(), by=worker)
    assert db.session.scalars(select(HeavyAct)).all() == []
    assert app


def test_the_tables_know_the_rule_too(third: Third) -> None:
    _, act_id = third
    worker = factories.actor(WORKER)
    for values in (
        {"status": "agreed", "decided_by_id": worker.member_id, "decided_at": clock.now()},
        {"status": "agreed", "decided_by_id": None, "decided_at": clock.now()},
        {"status": "asked", "decided_at": clock.now()},
        {"member_id": worker.member_id},
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(HeavyAct).where(HeavyAct.id == act_id).values(**values))


# At once


def together(app: Flask, doing: list[Callable[[], object]]) -> list[object]:
    """What each gave or raised, all begun in the same instant."""
    given, raised = races.all_at_once(app, *doing)
    return [*given, *raised]


@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_of_six_at_once_two_take_effect_and_of_two_who_agree_one_does(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    app: Flask = request.getfixturevalue(fixture)
    found = opened(6)
    worker = factories.actor(WORKER)
    told = together(app, [lambda each=each: consents.withdraw(case_id=each, what=ALL, by=worker) for each in found])
    assert sum(isinstance(each, WaitsForSecond) for each in told) == 4, told
    assert sum(not kept(each) for each in found) == 2
    assert len(db.session.scalars(select(Alarm)).all()) == 1
    act = db.session.scalars(select(HeavyAct).where(HeavyAct.status == "asked")).first()
    assert act is not None
    act_id, case_id = act.id, act.case_id
    by = [factories.actor(MANAGER) for _ in range(3)]
    told = together(app, [lambda each=each: second_hands.agree(act_id=act_id, by=each) for each in by])
    assert sum(each is None for each in told) == 1, told
    assert sum(isinstance(each, ActRefused) for each in told) == 2, told
    assert case_id is not None
    assert not kept(case_id)
    assert list(audit.verify(db.session())) == []


@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_asking_agreeing_and_declining_at_once_never_does_both(fixture: str, request: pytest.FixtureRequest) -> None:
    app: Flask = request.getfixturevalue(fixture)
    found = opened(3)
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    for case_id in found[:2]:
        consents.withdraw(case_id=case_id, what=ALL, by=worker)
    act_id = waits(worker, found[2])
    told = together(
        app,
        [
            lambda: second_hands.agree(act_id=act_id, by=manager),
            lambda: second_hands.decline(act_id=act_id, by=manager),
            tending.tend,
            lambda: store.waiting(by=worker),
        ],
    )
    assert sum(isinstance(each, ActRefused) for each in told) == 1, told
    assert kept(found[2]) is (status(act_id) == ActStatus.DECLINED)


def test_whoever_was_let_in_after_it_was_asked_for_does_not_agree(app: Flask, third: Third) -> None:
    found, act_id = third
    colleagues("vatra.puppet")
    with pytest.raises(ActRefused, match="new"):
        second_hands.agree(act_id=act_id, by=factories.actor("vatra.puppet"))
    assert kept(found[2])
    second_hands.agree(act_id=act_id, by=factories.actor(MANAGER))
    assert not kept(found[2])
