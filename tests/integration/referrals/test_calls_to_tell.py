"""Calls by which somebody is told what they have to know: from which hour on, and taken back when nobody was called."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from nrm import clock
from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import notification_calls, referrals
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Call, Obligation
from nrm.store.referrals import critical_path
from nrm.web.formats import moment
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]
OFFICER, POST, AUTHORITY = "ra.duty_officer", "rinas.border_officer", "child_protection.case_worker"
SINCE = datetime.now(UTC).replace(second=40, microsecond=0) + timedelta(minutes=1)
"""When the case is opened, or the child authority told."""


@pytest.fixture(autouse=True)
def instance(app: Flask) -> Flask:
    clock.set_clock(lambda: SINCE)
    return app


def at(**after: float) -> None:
    """That much after the case was opened."""
    now = SINCE + timedelta(**after)
    clock.set_clock(lambda: now)


def owed(case_id: uuid.UUID) -> Obligation:
    db.session.rollback()
    mine = (Obligation.case_id == case_id, Obligation.party == "CHILD_PROTECTION", Obligation.kind == "notify")
    return db.session.scalars(select(Obligation).where(*mine)).one()


def address_of(case_id: uuid.UUID) -> str:
    return f"/obligations/{owed(case_id).id}/call"


def numbers(page: str) -> list[str]:
    return re.findall(r'name="number" value="([^"]+)"', page)


def offered(page: str) -> list[str]:
    return re.findall(r'name="when" value="([^"]+)"', page)


def answered(person: Person, address: str, when: str) -> dict[str, object]:
    return {"number": numbers(person.get(address))[0], "answer": "answered", "name": "Drita Hoxha", "when": when}


@pytest.mark.slow
@pytest.mark.parametrize("opened", ["by a shelter", "by a post"])
def test_nobody_was_told_of_a_case_before_there_was_one(sign_in: SignIn, opened: str) -> None:
    if opened == "by a shelter":
        case_id = admitted(factories.actor("nrc.case_worker"), CHILD).case_id
    else:
        case_id = people.sent(factories.actor(POST), age="child").case_id
    at(minutes=6)
    person, address = sign_in(OFFICER), address_of(case_id)
    page = person.get(f"{address}?lang=en")
    assert offered(page) == ["0", "5"], "what is too early is not offered"
    assert "before that there was nothing to tell" in page
    for early in ("15", "120"):
        refused = person.post(f"{address}?lang=en", answered(person, address, early), 422)
        (said,) = re.findall(r'id="when-error">.*?</span>([^<]+)<', refused)
        assert said == f"Choose a time from {moment(SINCE, 'en')} on: before that there was nothing to tell"
    assert owed(case_id).done_at is None
    assert db.session.scalars(select(Call)).all() == []
    call = answered(person, address, "5")
    assert person.post(address, call) == "/"
    assert person.post(address, call) == "/", "pressed twice: the home page says what was recorded"
    at(minutes=17)
    person.post(address, call, 409)
    assert owed(case_id).done_at == SINCE + timedelta(minutes=1)
    db.session.rollback()
    assert len(db.session.scalars(select(Call)).all()) == 1


def test_a_call_that_was_made_within_the_minute_is_not_refused_for_its_rounding(sign_in: SignIn) -> None:
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(minutes=4, seconds=20)  # called 10 seconds after it was sent, and "5 minutes ago"
    person, address = sign_in(OFFICER), address_of(case_id)
    assert offered(person.get(address)) == ["0", "5"]
    assert person.post(address, answered(person, address, "5")) == "/"
    assert owed(case_id).done_at == SINCE, "never before there was anything to tell"
    (step,) = [
        step
        for step in critical_path.of_case(case_id, by=factories.actor(OFFICER)).steps
        if step.kind == "notify" and step.party == "CHILD_PROTECTION"
    ]
    assert step.at == SINCE


def test_what_was_told_of_the_child_at_the_post_may_have_been_told_before_the_case_was_sent(sign_in: SignIn) -> None:
    by = factories.actor(POST)
    interview_id = people.interview(by, age="child")
    draft = interviews.read(interview_id=interview_id, by=by)
    page = next(each for each in draft.questionnaire.pages.values() if "age" in each.questions)
    given = {name: draft.answers[name] for name in page.questions if name in draft.answers}
    interviews.save_page(draft=draft, page=page.id, given=given, seen=draft.revision, by=by)
    at(minutes=6)
    person, child = sign_in(OFFICER), f"/children/{interview_id}/call"
    assert offered(person.get(child)) == ["0", "5"]
    refused = person.post(f"{child}?lang=en", answered(person, child, "15"), 422)
    assert f"Choose a time from {moment(SINCE, 'en')} on" in refused
    at(minutes=12)
    sent = interview_sending.send(interview_id=interview_id, party="NRC", override_reason="", by=by)
    at(minutes=31)
    person, address = sign_in(OFFICER), address_of(sent.case_id)
    assert offered(person.get(address)) == ["0", "5", "15", "30"], "from when the child authority was told on"
    assert person.post(address, answered(person, address, "30")) == "/"


def test_of_a_case_of_long_ago_no_hour_is_too_early(sign_in: SignIn) -> None:
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(hours=3)
    assert len(offered(sign_in(OFFICER).get(address_of(case_id)))) == 6
    at(minutes=1)
    with transaction() as session:  # its entry is too far from the end of the audit chain to be looked at
        session.execute(delete(AuditEntry).where(AuditEntry.details.contains(str(case_id))))
    assert len(offered(sign_in(OFFICER).get(address_of(case_id)))) == 6


@pytest.mark.slow
@pytest.mark.parametrize("login", [OFFICER, POST])
def test_who_recorded_a_call_that_nobody_made_takes_it_back_for_some_minutes(sign_in: SignIn, login: str) -> None:
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(hours=2, minutes=5)
    person, address = sign_in(login), address_of(case_id)
    back = f"{address}/back"
    person.post(back, {}, 404)
    person.post(address, {"number": numbers(person.get(address))[0], "answer": "nobody", "when": "0"})
    assert back not in person.get("/")
    assert person.post(address, answered(person, address, "120")) == "/"  # a call is written down some hours later
    home = person.get("/?lang=en")
    assert back in home
    assert "You recorded that Drita Hoxha answered" in home
    assert "Pressed by mistake: nobody was told" in home
    other = sign_in(POST if login == OFFICER else OFFICER)
    assert back not in other.get("/")
    other.post(back, {}, 404)
    for stranger in ("nrc.case_worker", "molsa.statistician"):
        with pytest.raises((NotVisible, NotPermitted)):
            notification_calls.take_back(obligation_id=owed(case_id).id, by=factories.actor(stranger))
    assert person.post(back) == "/"
    assert owed(case_id).done_at is None
    calls = [(call.answered, call.name) for call in db.session.scalars(select(Call))]
    assert calls == [(False, ""), (False, "")], "nobody answered: that stays of the call"
    assert back not in person.get("/")
    assert address in sign_in(OFFICER).get("/duty")
    assert person.post(back) == "/", "pressed twice: it is taken back"
    assert owed(case_id).done_at is None
    assert [call.answered for call in db.session.scalars(select(Call))] == [False, False]
    sign_in(POST if login == OFFICER else OFFICER).post(back, {}, 404)
    at(hours=2, minutes=15, seconds=30)
    person = sign_in(login)
    person.post(back, {}, 404)
    events = list(db.session.scalars(select(AuditEntry.event).order_by(AuditEntry.id)))
    assert events[-2:] != ["called", "obligation_acknowledged"]
    assert "obligation_open_again" in events
    # And not for longer.
    person.post(address, answered(person, address, "0"))
    at(hours=2, minutes=26)
    person = sign_in(login)
    assert back not in person.get("/")
    person.post(back, {}, 404)


def test_a_call_is_taken_back_after_the_person_arrived_too(sign_in: SignIn) -> None:
    sent = people.sent(factories.actor(POST), age="child")
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    at(minutes=5)
    person, address = sign_in(OFFICER), address_of(sent.case_id)
    assert offered(person.get(address)) == ["0", "5"]
    person.post(address, answered(person, address, "0"))
    assert f"{address}/back" in person.get("/")
    person.post(f"{address}/back")
    assert owed(sent.case_id).done_at is None


@pytest.mark.slow
def test_who_denies_that_it_was_told_is_not_told_by_the_same_post_again(sign_in: SignIn) -> None:
    """A call that nobody made took the late child off the duty desk, and again as often as the authority denied it."""
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(hours=3)
    post, authority, desk = sign_in(POST), sign_in(AUTHORITY), sign_in(OFFICER)
    address, denied = address_of(case_id), f"/obligations/{owed(case_id).id}/known/back"
    assert "they say that nobody told them" not in desk.get("/duty?lang=en")
    assert post.post(address, answered(post, address, "0")) == "/"
    assert address not in desk.get("/duty")
    assert authority.post(denied) == "/"
    page = desk.get("/duty?lang=en")
    assert address in page
    assert "they say that nobody told them" in page
    refused = post.post(f"{address}?lang=en", answered(post, address, "0"), 422)
    assert "it counts once they say themselves that they know, or the duty desk calls" in refused
    assert 'value="Drita Hoxha"' in refused, "what was typed stays"
    assert owed(case_id).done_at is None
    assert "It was written down that Drita Hoxha answered" in post.get(f"{address}?lang=en")
    assert post.post(address, {**answered(post, address, "0"), "answer": "nobody", "name": ""}) == address
    assert "they say that nobody told them" in desk.get("/duty?lang=en")
    assert "write down who answers" in desk.get(f"{address}?lang=en")
    assert desk.post(address, answered(desk, address, "0")) == "/"
    assert owed(case_id).done_at is not None


def test_two_answers_in_one_form_are_refused_with_what_was_typed(sign_in: SignIn) -> None:
    """ "Nobody answered" beside a name wrote nobody down, and of two names the first."""
    case_id = people.sent(factories.actor(POST), age="child").case_id
    post, address = sign_in(POST), address_of(case_id)
    right = answered(post, address, "0")
    for wrong, said in (
        ({"answer": "nobody"}, "You chose “No answer”, and a name stands below"),
        ({"answer": ["answered", "nobody"]}, "Give one answer to this question"),
        ({"name": ["Drita Hoxha", "Ana"]}, "Give one answer to this question"),
    ):
        refused = post.post(f"{address}?lang=en", {**right, **wrong}, 422)
        assert said in refused
        assert 'value="Drita Hoxha"' in refused, "what was typed stays"
    assert owed(case_id).done_at is None
    assert not db.session.scalar(select(func.count()).select_from(Call))
    assert post.post(address, right) == "/"
