"""Who wrote down what the child authority answered by telephone, when, and which number was called (ADR 0239)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from nrm.db import db
from nrm.domain.accounts.accounts import NotVisible
from nrm.models.accounts.accounts import Member
from nrm.models.referrals.referrals import Call
from nrm.store.interviews import written_answers as store
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import LOGIN, confirmation
from tests.integration.interviews.test_ending import asked_about
from tests.integration.interviews.test_holds import by_telephone

SignIn = Callable[[str], Person]
AUTHORITY, DUTY = "child_protection.case_worker", "ra.duty_officer"


def id_of(interview: str) -> uuid.UUID:
    return uuid.UUID(interview.rsplit("/", 1)[1])


def called(interview: str) -> tuple[str, str]:
    """(the number that was called about it, the sign-in name of who wrote that down)."""
    db.session.rollback()
    call = db.session.query(Call).filter_by(subject_id=id_of(interview)).one()
    return call.number, db.session.get_one(Member, call.called_by_id).login


def said(page: str) -> str:
    """The sentence about who wrote it down, as it is read."""
    words = re.sub(r"<[^>]+>|\s+", " ", page.split("Written down by")[1])
    return re.sub(r" +", " ", words.split("</p>")[0])[:250]


@pytest.mark.slow
def test_an_answer_by_telephone_shows_who_wrote_it_down_when_and_which_number_was_called(
    app: Flask, sign_in: SignIn
) -> None:
    """Its readers saw a name that somebody at a post had typed, and no more."""
    person, desk, duty = sign_in(LOGIN), sign_in(AUTHORITY), sign_in(DUTY)
    interview = asked_about(person)
    by_telephone(person, interview)
    number, login = called(interview)
    assert login == LOGIN
    address = f"/children/{id_of(interview)}/answer?lang=en"
    pages = [desk.get(address), person.get(f"{interview}/end?lang=en")]
    assert "Interview ended at" not in pages[0]  # it goes on
    person.post(f"{interview}/end", confirmation(person.get(f"{interview}/end")))
    pages += [desk.get(address), person.get(f"{interview}/held?lang=en")]
    pages += [duty.get(f"/duty/held/{id_of(interview)}?lang=en")]
    for page in pages:
        assert LOGIN in said(page)
        assert "Number called" in said(page)
        assert number in said(page)
    assert "Interview ended at" in pages[2]
    assert "Destroyed at" in pages[2]
    found = store.of_child(id_of(interview), by=actor(AUTHORITY))
    assert found is not None
    assert found.at is not None
    assert found.ended_at is not None
    assert found.until is not None
    assert found.called_at <= found.at <= found.ended_at < found.until
    # Denied, it is said beside the next call, to the post and to the duty desk.
    desk.post(f"/children/{id_of(interview)}/contradict")
    asks = duty.get(f"/children/{id_of(interview)}/answer/call?lang=en")
    assert LOGIN in said(asks)
    assert number in said(asks)
    assert store.of_child(id_of(interview), by=actor(AUTHORITY)) is None


def test_nothing_is_written_down_where_the_child_authority_answers_itself(app: Flask, sign_in: SignIn) -> None:
    person, desk = sign_in(LOGIN), sign_in(AUTHORITY)
    interview = asked_about(person)
    desk.post(f"/children/{id_of(interview)}/answer", {"answer": "nothing", "sure": "yes"})
    assert "Written down by" not in desk.get(f"/children/{id_of(interview)}/answer?lang=en")
    assert "Written down by" not in person.get(f"{interview}/end?lang=en")
    assert store.of_child(id_of(interview), by=actor(AUTHORITY)) is None


def test_others_read_nothing_of_who_wrote_it_down(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = asked_about(person)
    by_telephone(person, interview)
    for login in (AUTHORITY, DUTY, LOGIN):
        assert store.of_child(id_of(interview), by=actor(login)) is not None
    assert store.of_child(id_of(interview), by=actor("durres.border_officer")) is None
    assert store.of_child(uuid.uuid4(), by=actor(AUTHORITY)) is None
    assert store.of_child(id_of(interview), by=actor("nrc.case_worker")) is None
    for login in ("molsa.statistician", "oms.monitor"):
        with pytest.raises(NotVisible):
            store.of_child(id_of(interview), by=actor(login))
