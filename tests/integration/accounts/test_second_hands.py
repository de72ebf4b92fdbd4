"""What one member withdraws opens for nobody at once, and is destroyed by a second hand or by time; accounts alike."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.actions import tending
from nrm.actions.accounts import members, second_hands, suspensions
from nrm.actions.referrals import next_receiver
from nrm.actions.shelter import cases, consents, data_requests, direct_intake, erasures
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.accounts.second_hands import ActRefused, ActStatus, Heard, Undone, WaitsForSecond
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import EVERYTHING as ALL
from nrm.domain.shelter.consents import Answer, Asking, ByName, Said, Topic
from nrm.domain.shelter.data_requests import RequestKind
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.stays import Source
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Grant, PendingGrant, SealedCompartment
from nrm.models.shelter.data_requests import PersonRequest
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store import days as stay_store
from nrm.store.accounts import second_hands as store
from tests import factories, races
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.accounts.test_members import invited
from tests.integration.shelter.test_erasures import gone
from tests.second_hands import agreed, asked
from tests.world import World

WORKER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"
EVERYTHING = {"what": "everything:", "told": "y", "sure": "y"}


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
        home="AL",
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


def waits(by: Actor, case_id: uuid.UUID) -> uuid.UUID:
    """Ask for everything of the case to be taken back; the id of the act."""
    return asked(lambda: consents.withdraw(case_id=case_id, what=ALL, by=by))


@pytest.fixture
def third(app: Flask) -> tuple[list[uuid.UUID], uuid.UUID]:
    """Four cases, of which VATRA's case worker closed two to everybody and asked for the third; and that act."""
    found = opened(4)
    worker = factories.actor(WORKER)
    for case_id in found[:2]:
        waits(worker, case_id)
    assert app
    return found, waits(worker, found[2])


Third = tuple[list[uuid.UUID], uuid.UUID]


def act(act_id: uuid.UUID) -> HeavyAct:
    db.session.rollback()
    return db.session.get_one(HeavyAct, act_id, populate_existing=True)


def status(act_id: uuid.UUID) -> str:
    return act(act_id).status


def reads(by: Actor, case_id: uuid.UUID) -> bool:
    """Whether the name opens for that member."""
    try:
        cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)
    except (CaseRefused, NotVisible, case_steps.CannotOpen):
        return False
    return Compartment.IDENTITY in case_steps.opened(case_id=case_id, by=by)


# A case that opens for nobody


def test_from_the_first_moment_nobody_opens_it_and_nothing_is_destroyed(app: Flask) -> None:
    [case_id] = opened(1)
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    assert reads(worker, case_id)
    act_id = waits(worker, case_id)
    assert (status(act_id), kept(case_id)) == (ActStatus.PARKED, True)
    for by in (worker, manager, factories.actor("ra.duty_officer"), factories.actor("nrc.case_worker")):
        assert not reads(by, case_id)
    with pytest.raises(CaseRefused, match="parked"):
        cases.add_note(case_id=case_id, text="a note", by=worker)
    assert waits(manager, case_id) == act_id  # the same again is the same act
    assert app


def test_the_page_says_until_when_and_who_and_a_colleague_destroys_it_after_speaking_with_her(app: Flask) -> None:
    [case_id] = opened(1)
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    address = withdraw(worker, case_id)
    told = worker.get(f"{address}?lang=en")
    assert "72 hours after a second member has seen it" in told
    assert "/agree" not in told
    assert "/see" not in told
    worker.post(f"{address}/agree", {"heard": "spoke"}, 409)
    worker.post(f"{address}/see", status=409)
    assert kept(case_id)
    assert address in worker.get("/")
    assert "Nobody opens this case" in worker.get(f"/cases/{case_id}?lang=en")
    home = manager.get("/?lang=en")
    assert address in home
    assert code(case_id) in home
    page = manager.get(f"{address}?lang=en")
    for words in (code(case_id), "Test case_worker", "The person takes everything back", "Destroy it now and for good"):
        assert words in page
    assert 'href="#heard' in manager.post(f"{address}/agree", {}, 422)
    assert 'href="#heard' in manager.post(f"{address}/agree", {"heard": "guessed"}, 422)
    assert kept(case_id)
    factories.later(minutes=6)
    assert 'name="step_up"' in manager.post(f"{address}/agree", {"heard": "spoke"}, 401)
    assert kept(case_id)
    assert manager.post(f"{address}/agree", {"heard": "spoke", "step_up": factories.PASSWORD}) == address
    assert not kept(case_id)
    assert "I spoke with the person" in manager.get(f"{address}?lang=en")
    manager.post(f"{address}/agree", {"heard": "spoke"}, 409)
    manager.post(f"{address}/undo", {"why": "mistake"}, 409)
    assert address not in manager.get("/")
    assert list(audit.verify(db.session())) == []


def test_seventy_two_hours_after_a_second_member_saw_it_it_is_destroyed_and_not_before(app: Flask) -> None:
    [case_id] = opened(1)
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    act_id = waits(worker, case_id)
    factories.later(days=10)
    tending.tend()
    assert kept(case_id)  # unseen, time does nothing
    with pytest.raises(ActRefused, match="own"):
        second_hands.see(act_id=act_id, by=factories.actor(WORKER))
    second_hands.see(act_id=act_id, by=factories.actor(MANAGER))
    with pytest.raises(ActRefused, match="seen"):
        second_hands.see(act_id=act_id, by=factories.actor(MANAGER))
    assert act(act_id).final_at == act(act_id).seen_at + timedelta(hours=72)  # type: ignore[operator]
    factories.later(hours=71.9)
    tending.tend()
    assert kept(case_id)
    factories.later(hours=0.2)
    assert tending.tend()["acts_expired"] == 1
    assert (status(act_id), kept(case_id)) == (ActStatus.DONE, False)
    assert manager
    assert app


def test_what_is_erased_is_listed_and_closed_at_the_end_and_not_before(app: Flask, tmp_path: Path) -> None:
    [case_id] = opened(1)
    _leave(case_id)
    listed = tmp_path / "instance" / erasure_steps.LIST
    act_id = asked(lambda: erasures.erase(case_id=case_id, by=factories.actor(WORKER)))
    assert not listed.exists() or str(case_id) not in listed.read_text()
    assert db.session.get_one(Case, case_id, populate_existing=True).status == "open"
    second_hands.agree(act_id=act_id, by=factories.actor(MANAGER), heard=Heard.SPOKE)
    assert str(case_id) in listed.read_text()
    db.session.rollback()
    assert db.session.get_one(Case, case_id, populate_existing=True).status == "closed"
    assert app


@pytest.mark.parametrize("login", [WORKER, MANAGER, "ra.duty_officer"])
def test_a_member_of_the_holder_or_the_authority_gives_it_back_and_the_house_reads_again(
    app: Flask, login: str
) -> None:
    [case_id] = opened(1)
    act_id = waits(factories.actor(WORKER), case_id)
    person = Person(app.test_client(), login)
    assert 'name="why"' in person.get(f"/second-hands/{act_id}")
    assert 'href="#why' in person.post(f"/second-hands/{act_id}/undo", {}, 422)
    if login == "ra.duty_officer":  # which does not know the person says with whom it spoke
        assert 'href="#spoke' in person.post(f"/second-hands/{act_id}/undo", {"why": "person"}, 422)
    else:
        assert 'name="spoke"' not in person.get(f"/second-hands/{act_id}")
    person.post(f"/second-hands/{act_id}/undo", {"why": "person", "spoke": "holder"})
    if login == "ra.duty_officer":
        worker = Person(app.test_client(), WORKER)
        assert f"/cases/{case_id}/consents/withdraw" in worker.get(f"/second-hands/{act_id}")
        assert "The duty desk gave this back" in worker.get("/?lang=en")
    undone = {"ra.duty_officer": Undone.AUTHORITY}.get(login, Undone.PERSON)
    assert (status(act_id), act(act_id).undone) == (ActStatus.DECLINED, undone)
    assert reads(factories.actor(WORKER), case_id)
    assert reads(factories.actor(MANAGER), case_id)
    assert tending.tend()["keys_left_over"] == 0
    assert list(audit.verify(db.session())) == []


@pytest.mark.parametrize("login", ["nrc.shelter_manager", "rinas.border_officer", "administrator"])
def test_nobody_else_sees_undoes_or_destroys_it(app: Flask, login: str) -> None:
    [case_id] = opened(1)
    act_id = waits(factories.actor(WORKER), case_id)
    person = Person(app.test_client(), login)
    assert str(act_id) not in person.get("/")
    person.get(f"/second-hands/{act_id}", 404)
    for act_, sent in (("agree", {"heard": "spoke"}), ("see", {}), ("undo", {"why": "mistake"}), ("decline", {})):
        person.post(f"/second-hands/{act_id}/{act_}", dict(sent), 404)
    assert (status(act_id), kept(case_id)) == (ActStatus.PARKED, True)


def test_the_desk_gives_back_but_does_not_destroy_where_the_house_has_a_second_hand(app: Flask) -> None:
    [case_id] = opened(1)
    act_id = waits(factories.actor(WORKER), case_id)
    desk = factories.actor("ra.duty_officer")
    with pytest.raises(NotPermitted):
        second_hands.agree(act_id=act_id, by=desk, heard=Heard.SPOKE)
    with pytest.raises(NotPermitted):
        second_hands.see(act_id=act_id, by=desk)
    assert (status(act_id), kept(case_id)) == (ActStatus.PARKED, True)
    assert app


def test_unseen_for_a_day_it_climbs_to_the_duty_desk_which_says_that_it_saw_it(app: Flask) -> None:
    [case_id] = opened(1)
    act_id = waits(factories.actor(WORKER), case_id)
    assert str(act_id) not in Person(app.test_client(), "ra.duty_officer").get("/")
    factories.later(hours=24)
    desk = Person(app.test_client(), "ra.duty_officer")
    home = desk.get("/?lang=en")
    assert str(act_id) in home
    assert code(case_id) in home
    desk.get(f"/cases/{case_id}")
    desk.post(f"/second-hands/{act_id}/see")
    assert str(act_id) not in desk.get("/")
    factories.later(hours=72)
    tending.tend()
    assert not kept(case_id)


@pytest.mark.slow
def test_a_request_to_destroy_is_no_order_and_each_button_says_what_its_press_does(app: Flask) -> None:
    [case_id] = opened(1)
    address = withdraw(Person(app.test_client(), WORKER), case_id)
    factories.later(hours=24)
    manager, desk = Person(app.test_client(), MANAGER), Person(app.test_client(), "ra.duty_officer")
    for reader in (manager, desk):
        home = reader.get("/?lang=en")
        assert "look at it" not in home
        assert "Check with the person first:" in home
        assert "Request to take everything back and destroy what is kept, " in home
        assert "Kërkesë që gjithçka të tërhiqet dhe ajo që ruhet të shkatërrohet, " in reader.get("/?lang=sq")
        page = reader.get(f"{address}?lang=en")
        assert '<button class="btn second">Let the 72 hours begin: then it is destroyed</button>' in page
        assert "I have seen this" not in page
        assert "Give the case back: nothing is destroyed</button>" in page
    assert "Lërini të fillojnë 72 orët: pastaj shkatërrohet</button>" in desk.get(f"{address}?lang=sq")
    assert "Destroy it now and for good</button>" in manager.get(f"{address}?lang=en")


def test_the_person_tells_the_help_line_that_she_changed_her_mind_and_it_is_passed_on_unread(app: Flask) -> None:
    [case_id, other] = opened(2)
    act_id = waits(factories.actor(WORKER), case_id)
    helpline = Person(app.test_client(), "helpline.helpline_operator")
    for pseudonym in (code(case_id), code(other), "K7QM4T2X9"):
        sent = {"id": str(uuid.uuid4()), "code": pseudonym, "kind": "keep"}
        assert helpline.post("/requests/new", sent) == "/requests"
    page = helpline.get("/requests?lang=en")
    assert page.count("passed on at once") == 3  # the same words, whether there was anything, or a case, or not
    assert str(act_id) not in page
    assert (status(act_id), act(act_id).undone) == (ActStatus.DECLINED, Undone.HELP_LINE)
    assert reads(factories.actor(WORKER), case_id)
    assert "changed her mind" in Person(app.test_client(), MANAGER).get("/?lang=en")
    factories.later(days=5)
    tending.tend()
    assert kept(case_id)


@pytest.mark.slow
def test_others_read_nothing_any_more_and_nothing_comes_back_to_them(world_app: tuple[Flask, World]) -> None:
    app, world = world_app
    worker, unit = factories.actor("nrc.case_worker"), factories.actor("trp_unit.trp_officer")
    readers = select(Grant.organisation_id).where(Grant.case_id == world.case)
    before = set(db.session.scalars(readers))
    assert unit.organisation_id in before
    me = Person(app.test_client(), "nrc.case_worker")
    # The last line of a list alone takes nothing back: a page of its own asks once more.
    once_more = me.post(f"/cases/{world.case}/consents/withdraw?lang=en", {"what": "everything:", "told": "y"}, 200)
    assert "Take back everything?" in once_more and 'name="sure"' in once_more  # noqa: PT018
    assert set(db.session.scalars(readers)) == before
    act_id = waits(worker, world.case)
    assert set(db.session.scalars(readers)) <= {worker.organisation_id}
    pages = (f"/cases/{world.case}?lang=en", f"/cases/{world.case}/consents?lang=en")
    for each in pages:
        page = me.get(each)
        assert "until it is destroyed or given back" in page
        assert "which reads nothing now" not in page
    db.session.rollback()
    second_hands.undo(act_id=act_id, by=factories.actor("nrc.shelter_manager"))
    assert set(db.session.scalars(readers)) == {worker.organisation_id}
    db.session.rollback()
    assert reads(factories.actor("nrc.case_worker"), world.case)
    # The yes still holds and nobody reads by it: both pages say so, and lead to where it is given again.
    for each in pages:
        page = me.get(each)
        assert "until it is destroyed or given back" not in page
        assert "which reads nothing now" in page
        assert f"/cases/{world.case}/share" in page
    legal = [Compartment.LEGAL]
    cases.share(case_id=world.case, organisation_id=unit.organisation_id, compartments=legal, agreed=True, by=worker)
    assert "which reads nothing now" not in me.get(pages[1])


def test_a_referral_that_waits_is_withdrawn_first(app: Flask) -> None:
    [case_id] = opened(1)
    worker = factories.actor(WORKER)
    referral_id = next_receiver.refer(
        case_id=case_id,
        receiver_id=people.organisation("NRC"),
        reason=OverrideReason.SAFETY,
        by=worker,
        by_name=ByName.YES,
        hand_over=people.HAND_OVER,
    )
    waits(worker, case_id)
    db.session.rollback()
    assert db.session.get_one(Referral, referral_id, populate_existing=True).status == "withdrawn"
    assert db.session.scalars(select(PendingGrant).where(PendingGrant.case_id == case_id)).all() == []
    assert not reads(factories.actor("nrc.case_worker"), case_id)
    assert app


def test_while_she_sleeps_there_the_house_reads_needs_and_dangers(world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    worker = factories.actor("nrc.case_worker")
    act_id = waits(worker, world.case)
    cases.open_compartment(case_id=world.case, compartment=Compartment.HAND_OVER, purpose=Purpose.SAFETY, by=worker)
    assert Compartment.HAND_OVER in case_steps.opened(case_id=world.case, by=worker)
    assert not reads(worker, world.case)
    assert status(act_id) == ActStatus.PARKED


# The person's own signed form


def signed(person: Person, case_id: uuid.UUID, day: str = "1", status_: int = 303) -> str:
    said = {"signed": "y", "signed_day-day": day, "signed_day-month": "1", "signed_day-year": "2026"}
    return person.post(f"/cases/{case_id}/consents/withdraw", {**EVERYTHING, **said}, status_)


def test_what_she_signed_waits_for_nobody_and_is_said_to_be_a_claim(app: Flask) -> None:
    [case_id] = opened(1)
    worker = Person(app.test_client(), WORKER)
    assert 'href="#signed_day' in signed(worker, case_id, day="41", status_=422)
    future = {"signed": "y", "signed_day-day": "1", "signed_day-month": "1", "signed_day-year": "2999"}
    worker.post(f"/cases/{case_id}/consents/withdraw", {**EVERYTHING, **future}, 422)
    address = signed(worker, case_id)
    manager = Person(app.test_client(), MANAGER)
    page = manager.get(f"{address}?lang=en")
    assert "says Test case_worker" in page
    assert "Let the 72 hours begin" not in page
    assert "The 72 hours run already, with or without this press." in page
    assert "Write down that you have seen this</button>" in page
    assert "Check with the person first:" in manager.get("/?lang=en")
    assert "not seen by this program" in page
    factories.later(hours=71.9)
    tending.tend()
    assert kept(case_id)
    factories.later(hours=0.2)
    tending.tend()
    assert not kept(case_id)  # nobody had to see it


def test_of_many_signed_ones_each_is_closed_at_once_and_destroyed_only_after_somebody_saw_it(app: Flask) -> None:
    found = opened(4)
    worker = Person(app.test_client(), WORKER)
    acts = [uuid.UUID(signed(worker, each).rsplit("/", 1)[1]) for each in found]
    assert [status(each) for each in acts] == [ActStatus.PARKED] * 4
    factories.later(days=10)
    tending.tend()
    assert [kept(each) for each in found] == [False, False, True, True]
    second_hands.see(act_id=acts[2], by=factories.actor(MANAGER))
    factories.later(hours=72)
    tending.tend()
    assert [kept(each) for each in found] == [False, False, False, True]


@pytest.mark.slow
def test_the_fifth_signed_one_of_a_day_and_of_who_stopped_a_colleague_the_third_wait_for_a_second_hand(
    app: Flask,
) -> None:
    found = opened(6)
    worker = Person(app.test_client(), WORKER)
    acts = [uuid.UUID(signed(worker, each).rsplit("/", 1)[1]) for each in found[:5]]
    assert [status(each) for each in acts] == [ActStatus.PARKED] * 4 + [ActStatus.ASKED]
    # That the person said it holds: only closing and destroying wait. A day later a form counts again.
    factories.later(hours=25)
    act = uuid.UUID(signed(Person(app.test_client(), WORKER), found[5]).rsplit("/", 1)[1])
    assert status(act) == ActStatus.PARKED


def test_who_suspended_the_only_colleague_takes_back_no_more_by_saying_signed(app: Flask) -> None:
    found = opened(3)
    manager_id = factories.actor(MANAGER).member_id
    assert manager_id is not None
    suspensions.suspend(member_id=manager_id, reason=SuspensionReason.MISUSE, by=factories.actor(WORKER))
    worker = Person(app.test_client(), WORKER)
    acts = [uuid.UUID(signed(worker, each).rsplit("/", 1)[1]) for each in found]
    assert [status(each) for each in acts] == [ActStatus.PARKED, ActStatus.PARKED, ActStatus.ASKED]


def test_a_signed_form_lets_what_waited_begin(app: Flask, third: Third) -> None:
    found, act_id = third
    assert status(act_id) == ActStatus.ASKED
    address = signed(Person(app.test_client(), WORKER), found[2])
    assert str(act_id) not in address
    assert (status(act_id), status(uuid.UUID(address.rsplit("/", 1)[1]))) == (ActStatus.DECLINED, ActStatus.PARKED)


# The third


def test_the_third_in_seven_days_is_neither_closed_nor_destroyed_before_a_second_hand_agrees(
    app: Flask, third: Third
) -> None:
    found, act_id = third
    worker = factories.actor(WORKER)
    assert (status(act_id), reads(worker, found[2])) == (ActStatus.ASKED, True)
    factories.later(days=6.9)
    tending.tend()
    assert status(waits(factories.actor(WORKER), found[3])) == ActStatus.ASKED
    assert all(map(kept, found[2:]))
    factories.later(days=0.2)
    tending.tend()
    assert status(waits(factories.actor(WORKER), found[2])) == ActStatus.PARKED
    assert app


def test_the_third_of_a_holder_in_a_day_counts_whoever_asks(app: Flask) -> None:
    found = opened(4)
    colleagues("v.other")
    factories.later(days=15)
    assert status(waits(factories.actor(WORKER), found[0])) == ActStatus.PARKED
    assert status(waits(factories.actor(MANAGER), found[1])) == ActStatus.PARKED
    assert status(waits(factories.actor("v.other"), found[2])) == ActStatus.ASKED
    factories.later(hours=24)
    assert status(waits(factories.actor("v.other"), found[3])) == ActStatus.PARKED
    assert app


def test_a_colleague_agrees_to_the_third_on_a_page_of_its_own(app: Flask, third: Third) -> None:
    found, act_id = third
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    address = f"/second-hands/{act_id}"
    assert withdraw(worker, found[2]) == address  # the same button again asks for nothing twice
    told = worker.get(f"{address}?lang=en")
    assert "third in seven days" in told
    worker.post(f"{address}/agree", {"heard": "spoke"}, 409)
    worker.post(f"{address}/undo", {"why": "person"}, 409)
    manager.post(f"{address}/see", status=409)
    assert withdraw(manager, found[2]) == address  # who does the same on its page is led here, and says how they know
    assert kept(found[2])
    manager.post(f"{address}/agree", {"heard": "spoke"})
    assert not kept(found[2])
    db.session.rollback()
    assert list(audit.verify(db.session())) == []


@pytest.mark.parametrize(
    "login", ["nrc.shelter_manager", "ra.duty_officer", "rinas.border_officer", "molsa.statistician", "administrator"]
)
def test_nobody_else_learns_of_the_third_or_answers(app: Flask, third: Third, login: str) -> None:
    found, act_id = third
    person = Person(app.test_client(), login)
    assert str(act_id) not in person.get("/")
    status_of_page = 403 if login == "molsa.statistician" else 404
    person.get(f"/second-hands/{act_id}", status_of_page)
    person.post(f"/second-hands/{act_id}/agree", {"heard": "spoke"}, status_of_page)
    person.post(f"/second-hands/{act_id}/decline", status=status_of_page)
    assert (status(act_id), kept(found[2])) == (ActStatus.ASKED, True)


def test_who_waits_for_a_confirmation_learns_nothing_of_it(app: Flask, third: Third) -> None:
    found, act_id = third
    factories.join(invited("v.new", "VATRA"))
    person = Person(app.test_client(), "v.new")
    home = person.get("/")
    assert str(act_id) not in home
    assert code(found[2]) not in home
    person.get(f"/second-hands/{act_id}", 403)
    person.post(f"/second-hands/{act_id}/agree", {"heard": "spoke"}, 403)


def test_erasing_taking_back_and_a_first_no_count_together(world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    worker = factories.actor(WORKER)
    gone(world.own_stay, WORKER)
    first, second, third_ = opened(3, first_place=1)
    asked(lambda: erasures.erase(case_id=world.own_case, by=worker))
    waits(worker, first)
    answers = [Answer(Topic.SERVICES, Said.REFUSED), Answer(Topic.SHARING, Said.REFUSED)]
    act_id = asked(lambda: consents.ask(case_id=second, answers=answers, asking=Asking("", "", ""), by=worker))
    assert kept(second)
    assert db.session.get_one(Case, second).consent == "refused"  # what the person said is not lost
    assert status(waits(worker, third_)) == ActStatus.ASKED
    agreed(act_id, factories.actor(MANAGER))
    assert not kept(second)
    assert kept(third_)


def test_an_erasure_answers_the_persons_request_when_it_is_done(app: Flask) -> None:
    [case_id] = opened(1)
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    request_id = uuid.uuid4()
    helpline = factories.actor("helpline.helpline_operator")
    data_requests.record(request_id=request_id, pseudonym=code(case_id), kind=RequestKind.ERASURE, by=helpline)
    _leave(case_id)
    act_id = asked(lambda: erasures.erase(case_id=case_id, by=worker))
    assert db.session.get_one(PersonRequest, request_id, populate_existing=True).status == "open"
    assert store.one(act_id, by=manager).recorded
    agreed(act_id, manager)
    db.session.rollback()
    assert db.session.get_one(PersonRequest, request_id, populate_existing=True).status == "erased"
    assert not kept(case_id)


def _leave(case_id: uuid.UUID) -> None:
    gone(db.session.scalars(select(Stay.id).where(Stay.case_id == case_id)).one(), WORKER)


def test_who_was_undone_needs_a_second_hand_for_the_same_again(app: Flask) -> None:
    [case_id] = opened(1)
    act_id = waits(factories.actor(WORKER), case_id)
    second_hands.undo(act_id=act_id, by=factories.actor(MANAGER))
    again = waits(factories.actor(WORKER), case_id)
    assert (status(again), kept(case_id)) == (ActStatus.ASKED, True)
    agreed(again, factories.actor(MANAGER))
    assert not kept(case_id)
    assert app


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
        agreed(act_id, manager)
    assert tending.tend()["acts_expired"] == 1
    assert (status(act_id), kept(found[2])) == (ActStatus.EXPIRED, True)
    person = Person(app.test_client(), WORKER)
    assert "Not done, nobody agreed in time" in person.get("/?lang=en")
    withdraw(person, found[2])  # asked for again
    assert f'/second-hands/{act_id}"' not in person.get("/")
    factories.later(days=34)
    tending.tend()
    tending.tend()
    factories.later(days=31)
    tending.tend()
    assert {each.status for each in db.session.scalars(select(HeavyAct))} <= {"parked"}


def test_where_nobody_else_could_agree_the_duty_desk_is_the_second_hand(app: Flask) -> None:
    found = opened(3)
    with transaction() as session:
        session.execute(update(Member).where(Member.login == MANAGER).values(status="disabled"))
    worker = factories.actor(WORKER)
    acts = [waits(worker, each) for each in found]
    assert [status(each) for each in acts] == [ActStatus.PARKED, ActStatus.PARKED, ActStatus.ASKED]
    desk = Person(app.test_client(), "ra.duty_officer")
    home = desk.get("/")
    for act_id, case_id in zip(acts, found, strict=True):
        assert str(act_id) in home
        assert "the number in the agreement" in desk.get(f"/second-hands/{act_id}?lang=en")
        desk.post(f"/second-hands/{act_id}/agree", {"heard": "spoke"})
        assert not kept(case_id)
    assert list(audit.verify(db.session())) == []


def test_what_is_not_possible_any_more_is_said_and_nothing_is_destroyed(app: Flask, third: Third) -> None:
    found, act_id = third
    with transaction() as session:
        nrc = people.organisation("NRC")
        session.execute(update(Case).where(Case.id == found[2]).values(holder_id=nrc))
    with pytest.raises(CaseRefused, match="not_holder"):
        agreed(act_id, factories.actor(MANAGER))
    assert (status(act_id), kept(found[2])) == (ActStatus.ASKED, True)
    Person(app.test_client(), MANAGER).post(f"/second-hands/{act_id}/agree", {"heard": "spoke"}, 409)


# Accounts


def test_the_third_ending_waits_for_a_colleague_who_is_neither_who_asked_nor_who_goes(app: Flask) -> None:
    others = colleagues("v.one", "v.two", "v.three")
    worker = Person(app.test_client(), WORKER)
    going = Person(app.test_client(), "v.three")
    worker.post(f"/members/{others[0]}/disable", {"reason": "left"})
    worker.post(f"/members/{others[1]}/disable", {"reason": "left"})
    address = worker.post(f"/members/{others[2]}/disable", {"reason": "left"})
    assert [status_of(each) for each in ("v.one", "v.two", "v.three")] == ["disabled", "disabled", "active"]
    worker.post(f"{address}/agree", {"sure": "y"}, 409)
    going.get(address, 404)
    going.post(f"{address}/agree", {"sure": "y"}, 404)
    going.post(f"{address}/decline", status=404)
    assert address not in going.get("/")
    manager = Person(app.test_client(), MANAGER)
    assert "End an account" in manager.get("/?lang=en")
    assert 'href="#sure"' in manager.post(f"{address}/agree", {}, 422)
    manager.post(f"{address}/agree", {"sure": "y"})
    assert status_of("v.three") == "disabled"
    assert f"/members/{others[2]}/back" in manager.get(address)
    going.get("/", 303)


def test_the_third_in_a_day_waits_and_after_a_day_it_goes_on(app: Flask) -> None:
    others = colleagues("v.one", "v.two", "v.three")
    for member_id in others[:2]:
        members.disable(member_id=member_id, by=factories.actor(WORKER))
    factories.later(hours=23.9)
    asked(lambda: members.disable(member_id=others[2], by=factories.actor(MANAGER)))
    factories.later(hours=72.2)
    tending.tend()
    members.disable(member_id=others[2], by=factories.actor(MANAGER))
    assert status_of("v.three") == "disabled"
    assert app


def test_who_would_leave_fewer_than_two_goes_only_with_the_duty_desk(app: Flask) -> None:
    manager = db.session.scalars(select(Member.id).where(Member.login == MANAGER)).one()
    act_id = asked(lambda: members.disable(member_id=manager, by=factories.actor(WORKER)))
    assert status_of(MANAGER) == "active"
    desk = Person(app.test_client(), "ra.duty_officer")
    assert f"/second-hands/{act_id}" in desk.get("/")
    assert "call" in desk.get(f"/second-hands/{act_id}?lang=en")
    assert str(act_id) not in Person(app.test_client(), MANAGER).get("/")
    desk.post(f"/second-hands/{act_id}/agree", {"sure": "y"})
    assert status_of(MANAGER) == "disabled"
    # Agreed to by mistake: who can undo it, and until when; the desk itself cannot.
    page = desk.get(f"/second-hands/{act_id}?lang=en")
    assert "Agreed to by mistake?" in page
    assert "“Let in again”" in page
    assert "/back" not in page
    factories.later(days=14)
    assert "Agreed to by mistake?" not in Person(app.test_client(), "ra.duty_officer").get(
        f"/second-hands/{act_id}?lang=en"
    )
    assert list(audit.verify(db.session())) == []


@pytest.mark.slow
def test_invitations_that_nobody_used_are_ended_without_counting(app: Flask) -> None:
    worker = factories.actor(WORKER)
    for name in ("n.one", "n.two", "n.three"):
        invited(name, "VATRA")
        members.disable(member_id=db.session.scalars(select(Member.id).where(Member.login == name)).one(), by=worker)
    assert db.session.scalars(select(HeavyAct)).all() == []
    assert app


def test_the_tables_know_the_rule_too(third: Third) -> None:
    found, act_id = third
    worker, now = factories.actor(WORKER), clock.now()
    [parked, *_] = db.session.scalars(select(HeavyAct.id).where(HeavyAct.case_id == found[0]))
    db.session.rollback()
    for which, values in (
        (act_id, {"status": "agreed", "decided_by_id": worker.member_id, "decided_at": now}),
        (act_id, {"status": "agreed", "decided_by_id": None, "decided_at": now}),
        (act_id, {"status": "asked", "decided_at": now}),
        (act_id, {"status": "parked"}),
        (act_id, {"final_at": now}),
        (act_id, {"member_id": worker.member_id}),
        (parked, {"decided_at": now}),
        (parked, {"seen_at": now}),
        (parked, {"seen_at": now, "seen_by_id": worker.member_id}),
        (parked, {"heard": "guessed"}),
        (parked, {"undone": "nobody"}),
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(HeavyAct).where(HeavyAct.id == which).values(**values))


# At once


def together(app: Flask, doing: list[Callable[[], object]]) -> list[object]:
    """What each gave or raised, all begun in the same instant."""
    given, raised = races.all_at_once(app, *doing)
    return [*given, *raised]


@pytest.mark.parametrize("which", ["asked", "parked"])
@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_of_six_at_once_two_take_effect_and_of_three_who_agree_one_does(
    fixture: str, which: str, request: pytest.FixtureRequest
) -> None:
    app: Flask = request.getfixturevalue(fixture)
    found = opened(6)
    worker = factories.actor(WORKER)
    told = together(app, [lambda each=each: consents.withdraw(case_id=each, what=ALL, by=worker) for each in found])
    assert sum(isinstance(each, WaitsForSecond) for each in told) == 6, told
    db.session.rollback()
    statuses = [each.status for each in db.session.scalars(select(HeavyAct))]
    assert sorted(statuses) == ["asked"] * 4 + ["parked"] * 2
    waiting = db.session.scalars(select(HeavyAct).where(HeavyAct.status == which)).first()
    assert waiting is not None
    act_id, case_id = waiting.id, waiting.case_id
    by = [factories.actor(MANAGER) for _ in range(3)]
    told = together(app, [lambda each=each: agreed(act_id, each) for each in by])
    assert sum(each is None for each in told) == 1, told
    assert sum(isinstance(each, ActRefused) for each in told) == 2, told
    assert case_id is not None
    assert not kept(case_id)
    assert list(audit.verify(db.session())) == []


@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_agreeing_undoing_and_time_at_once_never_do_two(fixture: str, request: pytest.FixtureRequest) -> None:
    app: Flask = request.getfixturevalue(fixture)
    [case_id] = opened(1)
    act_id = waits(factories.actor(WORKER), case_id)
    second_hands.see(act_id=act_id, by=factories.actor(MANAGER))
    factories.later(hours=72)
    manager, helpline = factories.actor(MANAGER), factories.actor("helpline.helpline_operator")
    pseudonym = code(case_id)
    told = together(
        app,
        [
            lambda: agreed(act_id, manager),
            lambda: second_hands.undo(act_id=act_id, by=manager),
            tending.tend,
            lambda: data_requests.record(
                request_id=uuid.uuid4(), pseudonym=pseudonym, kind=RequestKind.KEEP, by=helpline
            ),
        ],
    )
    assert 1 <= sum(isinstance(each, ActRefused) for each in told) <= 2, told
    assert not [each for each in told if isinstance(each, Exception) and not isinstance(each, ActRefused)], told
    assert kept(case_id) is (status(act_id) == ActStatus.DECLINED)
    assert kept(case_id) is reads(factories.actor(MANAGER), case_id)
    assert list(audit.verify(db.session())) == []


def test_whoever_was_let_in_after_it_was_asked_for_does_not_agree(app: Flask, third: Third) -> None:
    found, act_id = third
    colleagues("vatra.puppet")
    with pytest.raises(ActRefused, match="new"):
        agreed(act_id, factories.actor("vatra.puppet"))
    assert kept(found[2])
    agreed(act_id, factories.actor(MANAGER))
    assert not kept(found[2])
