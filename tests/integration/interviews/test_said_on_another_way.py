"""An age or a haste that is changed loses nothing that was said: it stays in the draft, is shown, and goes along."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.interviews import interviews
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, consents
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.interviews.questionnaire_flow import decided_anew
from nrm.domain.shelter.cases import SUPPLEMENT, Compartment, Purpose
from nrm.domain.shelter.consents import Answer, Asking, Said, Topic
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Supplement
from nrm.steps.referrals import supplements as supplement_steps
from nrm.steps.shelter import cases as case_steps
from nrm.vault.keyrings import CannotOpen
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import LOGIN, begin, example, fields, page_id, questionnaire, walk
from tests.integration.interviews.test_ending import CHILD, at_check

SignIn = Callable[[str], Person]
STORY = "ai më mbylli në bodrum"
FEARS = "kam frikë nga xhaxhai"
ADULT: dict[str, Any] = {"story": STORY, "forms": ["forced_labour"]}
LIKE_A_CHILD: dict[str, Any] = {**CHILD, "fears": FEARS, "age_stated": None, "birth": None}
ALSO = "U tha edhe kjo, në rrugën tjetër"
ASKED = Asking("returnee-1", "sq", "nobody")
YES = [Answer(topic, Said.GIVEN) for topic in (Topic.SERVICES, Topic.SHARING, Topic.STATISTICS)]


def draft_at(interview: str) -> interviews.Draft:
    by, interview_id = actor(LOGIN), uuid.UUID(interview.rsplit("/", 1)[1])
    interviews.resume(interview_id=interview_id, by=by)
    return interviews.read(interview_id=interview_id, by=by)


def change_age(person: Person, interview: str, age: str, **more: Any) -> str:
    answers = example(age=age, **more)
    return person.post(f"{interview}/screen", fields("screen", person.get(f"{interview}/screen"), answers))


def stop(person: Person, interview: str) -> None:
    """Press "Stop, go to shelter" on a page as it was saved."""
    address = f"{interview}/way"
    person.post(address, {**fields("way", person.get(address), example(**ADULT)), "stop": "1"})


def whole_again(person: Person, interview: str) -> str:
    """Press "Not urgent after all" on the list of parts; where it leads."""
    seen = re.search(r'name=seen value="(\d+)"', person.get(interview))
    assert seen
    return person.post(f"{interview}/{questionnaire().home.id}", {"seen": seen.group(1), "whole": "1"})


def told_by(draft: interviews.Draft) -> dict[str, Any]:
    anew = decided_anew(draft.questionnaire)
    return {name: value for name, value in draft.answers.items() if name not in anew}


@pytest.mark.slow
def test_an_age_changed_there_and_back_keeps_every_answer(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = at_check(person, example(**ADULT))
    before = draft_at(interview)
    change_age(person, interview, "child")
    child = draft_at(interview)
    assert child.answers["age"] == "child"
    assert "story" not in child.answers
    assert child.aside["story"] == STORY
    assert child.aside["consent_services"] == "yes"
    change_age(person, interview, "adult")
    after = draft_at(interview)
    assert told_by(after) == told_by(before)
    # A yes is asked for again, and the one of before stays where it was.
    assert "consent_services" not in after.answers
    assert after.aside["consent_services"] == "yes"
    assert after.page_to_do.id == "way"  # what was read to a child was not read to an adult


def test_the_words_of_a_child_come_back_too(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = at_check(person, example(**LIKE_A_CHILD), "check_child")
    before = draft_at(interview)
    change_age(person, interview, "adult")
    assert draft_at(interview).aside["fears"] == FEARS
    for age in ("child", "adult", "unsure"):
        change_age(person, interview, age, age_stated=None, birth=None)
    after = draft_at(interview)
    assert {**told_by(after), "age": "child"} == told_by(before)
    assert "fears" not in after.aside


def test_a_haste_changed_there_and_back_keeps_every_answer(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = at_check(person, example(**ADULT))
    before = draft_at(interview)
    stop(person, interview)
    urgent = draft_at(interview)
    assert urgent.aside["story"] == STORY
    assert page_id(whole_again(person, interview)) == "way"  # whether it was understood is asked again
    after = draft_at(interview)
    assert told_by(after) == told_by(before)
    assert after.aside.keys() <= decided_anew(questionnaire())


def test_a_branch_that_was_left_on_the_same_way_is_not_kept(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = at_check(person, example(**ADULT, hurt="yes", hurt_what="plagë"))
    change_age(person, interview, "adult", hurt="no", hurt_what=None)
    assert draft_at(interview).aside == {}
    change_age(person, interview, "child", hurt="no", hurt_what=None)
    assert "hurt_what" not in draft_at(interview).aside


def test_what_is_on_the_page_when_stop_is_pressed_is_kept(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(**ADULT, official="yes", official_what="më mori para")
    address = begin(person)
    walk(person, answers, address, until="happened")
    interview = address.rsplit("/", 1)[0]
    sent = {**fields("happened", person.get(f"{interview}/happened"), answers), "stop": "1"}
    assert page_id(person.post(f"{interview}/happened", sent)) == "urgent_first"
    draft = draft_at(interview)
    assert draft.aside["story"] == STORY
    assert draft.aside["official"] == "yes"
    assert draft.own  # an official is not kept from the draft by the shorter way
    body = person.get(f"{interview}/discard")
    assert "Fjalët e vetë personit" in body or "Ka, dhe nuk tregohen këtu" in body
    assert STORY not in body


def test_the_check_page_of_a_child_shows_it_and_says_what_is_left_out_by_name(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = at_check(person, example(**ADULT))
    change_age(person, interview, "child")
    answers = example(**LIKE_A_CHILD)
    loaded = walk(person, answers, interview + "/signs_child", until="check_child")
    assert loaded[-1] == "check_child"
    body = person.get(f"{interview}/check_child")
    assert ALSO in body
    assert STORY in body
    left = body.split("Nuk hyn në atë që dërgohet:")[1].split("</ul>")[0]
    assert questionnaire().questions["consent_services"].text["sq"] in left
    assert questionnaire().questions["story"].text["sq"] not in left
    sent = fields("check_child", body, answers)
    person.post(f"{interview}/check_child", sent)
    case_id = uuid.UUID(interview.rsplit("/", 1)[1])
    opened = _opened_by_receiver(case_id, Compartment.STORY)
    assert opened["story"] == STORY
    assert opened["forms"] == ["forced_labour"]
    assert opened["fears"] == FEARS
    assert "consent_services" not in opened


def test_an_interview_that_changed_nothing_shows_nothing(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = at_check(person, example(**ADULT), "check")
    assert ALSO not in person.get(f"{interview}/check")


@pytest.mark.parametrize("said", ["given", "undecided"])
def test_the_urgent_yes_does_not_cover_the_story_which_waits_for_a_yes_to_it(
    app: Flask, sign_in: SignIn, said: str
) -> None:
    person = sign_in(LOGIN)
    interview = at_check(person, example(**ADULT))
    stop(person, interview)
    answers = example(urgent="yes", consent_urgent=said)
    walk(person, answers, interview + "/urgent_first", until="urgent_send")
    body = person.get(f"{interview}/urgent_send")
    assert ALSO in body
    assert STORY in body
    assert "derisa të ketë pyetur" in body
    person.post(f"{interview}/urgent_send", fields("urgent_send", body, answers))
    case_id = uuid.UUID(interview.rsplit("/", 1)[1])
    nrc = _accepted(case_id)
    for compartment in (Compartment.HAND_OVER, Compartment.STORY):
        with contextlib.suppress(NotVisible, CannotOpen):  # without any yes there is no such compartment
            cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=nrc)
    assert STORY not in str(case_steps.opened(case_id=case_id, by=nrc))
    to_do = select(Obligation).where(Obligation.case_id == case_id, Obligation.kind == "ask_consent")
    (ask,) = db.session.scalars(to_do).all()
    assert ask.done_at is None
    assert db.session.scalars(select(Supplement).where(Supplement.case_id == case_id)).all() == []
    consents.ask(case_id=case_id, answers=YES, asking=ASKED, by=nrc)
    cases.open_compartment(case_id=case_id, compartment=SUPPLEMENT, purpose=Purpose.CARE, by=nrc)  # type: ignore[arg-type]
    found = supplement_steps.read(case_id=case_id, by=nrc)
    assert found is not None
    assert found.value["answers"]["story"] == STORY


def _accepted(case_id: uuid.UUID) -> Actor:
    db.session.rollback()
    referral = db.session.scalars(select(Referral).where(Referral.case_id == case_id)).one()
    code = next(code for code in people.NAMED if people.organisation(code) == referral.receiver_id)
    by = actor(f"{code.lower()}.case_worker")
    referrals.accept(referral_id=referral.id, place_id=people.bed(code), by=by)
    return by


def _opened_by_receiver(case_id: uuid.UUID, compartment: Compartment) -> dict[str, Any]:
    by = _accepted(case_id)
    cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=by)
    return dict(case_steps.opened(case_id=case_id, by=by)[compartment].value)


def test_where_a_child_is_not_safe_is_kept_and_asked_on_the_urgent_way_too(app: Flask, sign_in: SignIn) -> None:
    """What was seen: after "Stop" the place was gone without a word, and its shelter stood first."""
    person = sign_in(LOGIN)
    told = example(**{**LIKE_A_CHILD, "avoid": ["elbasan"]})
    interview = at_check(person, told, "check_child")
    page = f"{interview}/signs_child"
    person.post(page, {**fields("signs_child", person.get(page), told), "stop": "1"})
    assert "urgent_avoid" in [page.id for page in draft_at(interview).journey.pages]
    assert draft_at(interview).answers["avoid"] == ["elbasan"]
    whole_again(person, interview)
    assert draft_at(interview).answers["avoid"] == ["elbasan"]
