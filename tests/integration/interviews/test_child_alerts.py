"""The child authority is told at Continue, and once: of a child, and of who may be one."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import child_alerts, interview_sending, interviews
from nrm.actions.referrals import proposals
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.interviews.endings import ChildAnswer
from nrm.domain.interviews.interviews import Answers
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.models.accounts.accounts import Member
from nrm.models.referrals.referrals import ChildAlert, Obligation
from nrm.models.shelter.cases import Grant
from nrm.store import names
from nrm.store.interviews import child_alerts as store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def officer(app: Flask) -> Actor:
    assert app
    clock.set_clock(lambda: NOON)
    return factories.actor("rinas.border_officer")


@pytest.fixture
def authority(officer: Actor) -> Actor:
    assert officer
    return factories.actor("child_protection.case_worker")


def answer_age(officer: Actor, age: str, interview_id: uuid.UUID | None = None) -> uuid.UUID:
    """Press Continue on the page that asks for the age."""
    interview_id = interview_id or interviews.start(interview_id=uuid.uuid4(), by=officer)
    draft = interviews.read(interview_id=interview_id, by=officer)
    page = next(each for each in draft.questionnaire.pages.values() if "age" in each.questions)
    given: Answers = {"age": age, "purpose_read": draft.questionnaire.questions["purpose_read"].options[0].code}
    interviews.save_page(draft=draft, page=page.id, given=given, seen=draft.revision, by=officer)
    return interview_id


def alert(interview_id: uuid.UUID) -> ChildAlert | None:
    return db.session.get(ChildAlert, interview_id, populate_existing=True)


@pytest.mark.parametrize("age", ["child", "unsure"])
def test_continue_on_the_age_tells_the_child_authority_the_post_the_age_and_the_hour(
    officer: Actor, authority: Actor, age: str
) -> None:
    interview_id = answer_age(officer, age)
    (line,) = store.alerts(by=authority)
    assert (line.id, line.age_class, line.told_at) == (interview_id, age, NOON)
    assert line.due_at == NOON + timedelta(minutes=15)
    assert line.telephone
    assert not line.late
    # No key, and so no name: nothing was granted to it.
    granted = select(Grant.organisation_id).where(Grant.case_id == interview_id)
    assert set(db.session.scalars(granted)) == {officer.organisation_id}


def test_an_adult_is_nobodys_affair_but_the_posts(officer: Actor, authority: Actor) -> None:
    answer_age(officer, "adult")
    assert store.alerts(by=authority) == []


def test_an_adults_age_takes_it_back_once_agreed_to_and_the_first_tells_again(officer: Actor, authority: Actor) -> None:
    interview_id = answer_age(officer, "child")
    child_alerts.acknowledge(interview_id=interview_id, by=authority)
    answer_age(officer, "adult", interview_id)
    (line,) = store.alerts(by=authority)
    assert (line.withdrawn_why, line.age_class, line.asked) == ("", "adult", True)
    child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.ADULT, by=authority)
    (line,) = store.alerts(by=authority)
    assert line.withdrawn_why == "age_changed"
    with pytest.raises(IllegalTransition):
        child_alerts.acknowledge(interview_id=interview_id, by=authority)
    answer_age(officer, "unsure", interview_id)
    (line,) = store.alerts(by=authority)
    assert (line.withdrawn_why, line.done_at, line.age_class) == ("", None, "unsure")


def test_not_sure_instead_of_a_child_keeps_the_hour_and_the_answer(officer: Actor, authority: Actor) -> None:
    interview_id = answer_age(officer, "child")
    child_alerts.acknowledge(interview_id=interview_id, by=authority)
    clock.set_clock(lambda: NOON + timedelta(minutes=5))
    answer_age(officer, "unsure", interview_id)
    (line,) = store.alerts(by=authority)
    assert (line.age_class, line.told_at, line.done_at) == ("unsure", NOON, NOON)


def test_a_destroyed_interview_takes_it_back_after_an_answer_and_a_day_later_nothing_is_left(
    officer: Actor, authority: Actor
) -> None:
    interview_id = answer_age(officer, "child")
    with pytest.raises(interviews.ChildWaits):
        interviews.discard(interview_id=interview_id, by=officer)
    with pytest.raises(IllegalTransition):  # nobody asked
        child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.NOTHING, by=authority)
    seen = interviews.read(interview_id=interview_id, by=officer).revision
    for _ in range(2):
        interviews.ask_child_authority(interview_id=interview_id, reason="held_twice", seen=seen, by=officer)
    for answer in (ChildAnswer.COMING, ChildAnswer.NOTHING):
        with pytest.raises(interviews.ChildWaits):
            interviews.discard(interview_id=interview_id, by=officer)
        child_alerts.answer_child(interview_id=interview_id, answer=answer, by=authority)
    with pytest.raises(IllegalTransition):  # the last word
        child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.BRING, by=authority)
    interviews.discard(interview_id=interview_id, by=officer)
    assert [line.withdrawn_why for line in store.alerts(by=authority)] == ["answered"]
    clock.set_clock(lambda: NOON + timedelta(days=1, minutes=1))
    assert tending.tend()["alerts_forgotten"] == 1
    assert alert(interview_id) is None


@pytest.mark.parametrize("acknowledged", [True, False])
def test_sending_finds_what_was_told_and_tells_nobody_twice(
    officer: Actor, authority: Actor, acknowledged: bool
) -> None:
    interview_id = people.interview(officer, age="child", consent_services=None)
    assert alert(interview_id) is not None
    if acknowledged:
        child_alerts.acknowledge(interview_id=interview_id, by=authority)
    clock.set_clock(lambda: NOON + timedelta(minutes=10))
    proposed = proposals.propose(interview_id=interview_id, by=officer).proposed
    sent = interview_sending.send(interview_id=interview_id, party=proposed[0].party, by=officer)
    assert alert(interview_id) is None
    owed = db.session.scalars(
        select(Obligation).where(Obligation.case_id == sent.case_id, Obligation.party == "CHILD_PROTECTION")
    ).all()
    notify = [each for each in owed if each.kind == "notify"]
    assert [(each.due_at, each.done_at) for each in notify] == [
        (NOON + timedelta(minutes=15), NOON if acknowledged else None)
    ]
    # Now, by the clause, it reads who the child is.
    held = select(Grant.compartment).where(
        Grant.case_id == sent.case_id, Grant.organisation_id == authority.organisation_id
    )
    assert set(db.session.scalars(held)) == {"identity"}


def test_nobody_owes_a_first_interview_once_it_was_held(officer: Actor) -> None:
    sent = people.sent(officer)
    kinds = set(db.session.scalars(select(Obligation.kind).where(Obligation.case_id == sent.case_id)))
    assert kinds
    assert not kinds & {"first_interview", "answer"}


@pytest.mark.parametrize(
    "login", ["nrc.case_worker", "durres.border_officer", "rinas.border_officer", "trp_unit.trp_officer"]
)
def test_to_others_there_is_no_such_child(officer: Actor, login: str) -> None:
    interview_id = answer_age(officer, "child")
    with pytest.raises(NotVisible):
        child_alerts.acknowledge(interview_id=interview_id, by=factories.actor(login))


@pytest.mark.slow
def test_the_desk_answers_by_one_button_and_the_post_reads_that_it_is_told(
    officer: Actor, sign_in: Callable[[str], Person]
) -> None:
    clock.set_clock(None)
    person = sign_in("rinas.border_officer")
    interview_id = answer_age(officer, "child")
    person.post(f"/interviews/{interview_id}/resume")
    assert "notice sent, not answered yet" in person.get(f"/interviews/{interview_id}?lang=en")
    desk = sign_in("child_protection.case_worker")
    address = f"/children/{interview_id}/known"
    assert address in desk.get("/")
    assert f"/children/{interview_id}/call" in sign_in("ra.duty_officer").get("/")
    desk.post(address)
    desk.post(address, status=409)
    assert address not in desk.get("/")
    assert address not in sign_in("ra.duty_officer").get("/")
    sign_in("nrc.case_worker").post(address, status=404)


def test_the_desk_takes_back_that_it_knows_for_a_quarter_of_an_hour(officer: Actor, authority: Actor) -> None:
    interview_id = answer_age(officer, "child")
    child_alerts.acknowledge(interview_id=interview_id, by=authority)
    (line,) = store.alerts(by=authority)
    assert line.may_take_back
    child_alerts.take_back_known(interview_id=interview_id, by=authority)
    (line,) = store.alerts(by=authority)
    assert (line.done_at, line.may_take_back) == (None, False)
    with pytest.raises(IllegalTransition):
        child_alerts.take_back_known(interview_id=interview_id, by=authority)
    child_alerts.acknowledge(interview_id=interview_id, by=authority)
    clock.set_clock(lambda: NOON + timedelta(minutes=15))
    with pytest.raises(IllegalTransition):
        child_alerts.take_back_known(interview_id=interview_id, by=authority)
    with pytest.raises(NotVisible):
        child_alerts.take_back_known(interview_id=interview_id, by=officer)


@pytest.mark.slow
def test_a_call_to_its_own_number_is_no_call_and_a_call_recorded_by_mistake_can_be_taken_back(
    officer: Actor, authority: Actor, sign_in: Callable[[str], Person]
) -> None:
    clock.set_clock(lambda: datetime.now(UTC) - timedelta(hours=2))
    interview_id = answer_age(officer, "child")
    clock.set_clock(None)
    duty = sign_in("ra.duty_officer")
    address, back = f"/children/{interview_id}/call", f"/children/{interview_id}/call/back"
    own = names.organisation(factories.actor("ra.duty_officer").organisation_id).telephone
    offered = re.findall(r'name="number" value="([^"]+)"', duty.get(address))
    assert offered
    assert own not in offered
    call = {"answer": "answered", "name": "Drita Hoxha", "when": "120"}
    duty.post(address, {**call, "number": own}, status=422)
    assert alert(interview_id).done_at is None  # type: ignore[union-attr]
    # After the call the home page says what was recorded, as long as it can be taken back; so does the page itself.
    duty.post(address, {**call, "number": offered[0]})
    home = duty.get("/?lang=en")
    assert "Drita Hoxha" in home
    assert back in home
    again = duty.get(f"{address}?lang=en")
    assert "You recorded that Drita Hoxha" in again
    assert back in again
    assert duty.post(address, {**call, "number": offered[0]}) == address
    # Child protection reads who wrote it down, and says that it does not know, however late.
    desk = sign_in("child_protection.case_worker").get("/?lang=en")
    assert "ra.duty_officer" not in desk
    assert "Drita Hoxha answered" in desk
    assert db.session.get_one(Member, factories.actor("ra.duty_officer").member_id).name in desk
    duty.post(back)
    assert address in duty.get("/")
    duty.post(back, status=409)
    duty.post(address, {**call, "number": offered[0]})
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(hours=1, minutes=1))
    duty = sign_in("ra.duty_officer")
    assert back not in duty.get("/")
    duty.post(back, status=409)
    sign_in("child_protection.case_worker").post(f"/children/{interview_id}/not-known")
    assert address in sign_in("ra.duty_officer").get("/")
    # What child protection said itself is not the duty desk's to take back.
    child_alerts.acknowledge(interview_id=interview_id, by=authority)
    duty.post(back, status=409)
    assert "You recorded" not in duty.get(f"{address}?lang=en")
    sign_in("nrc.case_worker").post(back, status=403)
