"""A yes that was recorded, much danger, or signs with fear: nobody at a post ends that alone and unseen (ADR 0278)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from nrm import audit, clock
from nrm.actions import tending
from nrm.actions.interviews import holds, interviews
from nrm.db import db, transaction
from nrm.models.interviews.interviews import Hold, Interview
from tests import factories, screened
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, confirmation, example, fields, last_of, naming_nothing, walk
from tests.integration.interviews.test_holds import DESK, NOTHING, end_page, id_of, row, stored

SignIn = Callable[[str], Person]
WOMAN: dict[str, Any] = {
    "danger": "yes",
    "risk": "high",
    "forms": ["sexual_exploitation"],
    "children": "1",
    "consent_services": "yes",
    "consent_sharing": "yes",
}
DOES_NOT_KNOW = {"consent_services": "dont_know", "consent_sharing": "dont_know"}
WORDS = "Tha se do të shkojë te motra."


def before_leaving(person: Person, **changed: Any) -> str:
    """An interview led up to the page that says that the person leaves without a shelter; its address."""
    answers = example(**changed)
    address = begin(person)
    walk(person, answers, address, until=last_of(answers))
    interview = f"/interviews/{address.split('/')[2]}"
    page = f"{interview}/{last_of(answers)}"
    leaving = person.post(page, {**fields(last_of(answers), person.get(page), answers), "without": "1"})
    assert leaving == f"{interview}/without"
    return interview


def hold(interview: str) -> Hold:
    db.session.rollback()
    return db.session.get_one(Hold, id_of(interview), populate_existing=True)


def plain(body: str) -> str:
    return re.sub(r"<[^>]+>", " ", body)


@pytest.mark.slow
def test_a_yes_is_not_ended_by_one_officer_alone(app: Flask, sign_in: SignIn) -> None:
    """What a person met who walked the program: sealed without a reason, gone after 30 minutes, seen by nobody."""
    person, desk = sign_in(LOGIN), sign_in(DESK)
    interview = before_leaving(person, **WOMAN)
    page = f"{interview}/without"
    shown = plain(person.get(page))
    assert "A pranoni" in shown  # her yes is named
    assert "30 minut" not in shown
    assert "12 orë" in shown
    assert "jo si refuzim" not in shown
    assert "Zgjidhni pse" in person.post(page, status=422)
    assert "Shkruani" in person.post(page, {"reason": "took_back"}, status=422)
    person.post(page, {"reason": "<b>", "sentence": WORDS}, status=422)
    assert row(interview).status == "draft"
    assert person.post(page, {"reason": "took_back", "sentence": WORDS}) == f"{interview}/held"
    assert str(id_of(interview)) in desk.get("/")
    look = f"/duty/held/{id_of(interview)}"
    assert WORDS not in desk.get(look)
    opened = desk.get(desk.post(look, {"why": "Një po u mbyll."}))
    assert WORDS in opened
    assert "Personi e tërheq po-në" in opened
    sign_in("vatra.shelter_manager").get(look, status=403)
    held = hold(interview)
    assert (held.ending, held.reason, held.desk) == ("left", "took_back", True)
    factories.later(minutes=31)
    tending.tend()
    assert row(interview).status == "held"
    factories.later(hours=12)
    assert tending.tend()["holds_over"] == 1
    assert screened.counted().total() == 0  # never "did not decide"
    assert {**stored(id_of(interview)), "openings": 0} == NOTHING


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ({"consent_services": "yes", "consent_sharing": "dont_know"}, True),
        ({**DOES_NOT_KNOW, "risk": "high"}, True),
        ({**DOES_NOT_KNOW, "danger": "yes", "forms": ["sexual_exploitation"], "still": "yes"}, True),
        ({**DOES_NOT_KNOW, "danger": "no", "forms": ["sexual_exploitation"], "still": "yes"}, False),
        (DOES_NOT_KNOW, False),
    ],
)
def test_what_speaks_against_leaving_asks_a_reason(
    app: Flask, sign_in: SignIn, said: dict[str, Any], asks: bool
) -> None:
    person = sign_in(LOGIN)
    interview = before_leaving(person, **{**naming_nothing(), "danger": "no", "risk": "low", **said})
    body = person.get(f"{interview}/without")
    assert bool(re.search('name="?reason', body)) is asks
    if asks:
        person.post(f"{interview}/without", status=422)
    person.post(f"{interview}/without", confirmation(body))
    assert hold(interview).ending == ("left" if asks else "undecided")


def test_the_desk_that_was_struck_out_reads_no_yes_either(app: Flask, sign_in: SignIn) -> None:
    person, desk = sign_in(LOGIN), sign_in(DESK)
    by = factories.actor(LOGIN)
    interview_id = people.interview(by, **{**WOMAN, "still": "yes"}, parties=["RA"])
    interviews.leave(interview_id=interview_id, reason="took_back", sentence=WORDS, by=by)
    interview = f"/interviews/{interview_id}"
    assert not hold(interview).desk
    page = person.get(f"{interview}/held")
    assert "askush tjetër nuk e hap dot" in page
    assert "Linja e ndihmës lexon se u mbyll" in page
    desk.get(f"/duty/held/{id_of(interview)}", status=404)


@pytest.mark.slow
def test_where_the_desk_is_struck_out_the_help_line_reads_that_a_yes_was_ended_and_nothing_else(
    app: Flask, sign_in: SignIn
) -> None:
    """An officer ticks the duty desk as one that must not know, ends the yes, and nobody ever heard of the woman."""
    by = factories.actor(LOGIN)
    struck, both, seen = (
        people.interview(by, **{**WOMAN, "still": "yes"}, parties=parties)
        for parties in (["RA"], ["RA", "HELPLINE"], [])
    )
    for each in (struck, both, seen):
        interviews.leave(interview_id=each, reason="took_back", sentence=WORDS, by=by)
    line, heading = sign_in("helpline.helpline_operator"), "Ended at a post against what was said"
    home = line.get("/?lang=en")
    told = home.partition(heading)[2].partition("</section>")[0]
    assert told.count("<li>") == 1
    assert db.session.get_one(Interview, struck).pseudonym in told
    assert "The person takes their yes back" in told
    for secret in (WORDS, str(struck)):
        assert secret not in home
    line.get(f"/duty/held/{struck}", status=403)
    for login in (DESK, "child_protection.case_worker", "nrc.case_worker", "durres.border_officer"):
        other = sign_in(login).get("/?lang=en")
        assert db.session.get_one(Interview, struck).pseudonym not in other, login
    assert "The help line reads that it was ended" not in sign_in(LOGIN).get(f"/interviews/{both}/held?lang=en")
    holds.take_back(interview_id=struck, by=by)
    assert heading not in sign_in("helpline.helpline_operator").get("/?lang=en")


@pytest.mark.slow
def test_what_was_ended_anew_is_read_as_it_ended_last(app: Flask, sign_in: SignIn) -> None:
    """A no is destroyed after thirty minutes, and nobody reads of it: also where a yes had been ended before."""
    by = factories.actor(LOGIN)
    interview_id = people.interview(by, **{**WOMAN, "still": "yes"}, parties=["RA"])
    interviews.leave(interview_id=interview_id, reason="took_back", sentence=WORDS, by=by)
    line, pseudonym = sign_in("helpline.helpline_operator"), db.session.get_one(Interview, interview_id).pseudonym
    assert pseudonym in line.get("/?lang=en")
    holds.take_back(interview_id=interview_id, by=by)
    with transaction() as session:  # ended by a no, in which the duty desk has no part
        held = {"desk": False, "ending": "undecided", "reason": ""}
        session.add(
            Hold(id=interview_id, member_id=by.member_id, held_at=clock.now(), was="draft", official=False, **held)
        )
        until = clock.now() + timedelta(minutes=30)
        session.execute(update(Interview).where(Interview.id == interview_id).values(status="held", expires_at=until))
        audit.append(session, audit.Event.INTERVIEW_HELD, by=by, interview_id=interview_id, ending="undecided")
    assert pseudonym not in line.get("/?lang=en")


def test_a_draft_with_a_yes_and_nothing_named_is_not_thrown_away_at_once(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = before_leaving(person, **naming_nothing(), risk="low")
    body = person.get(f"{interview}/discard")
    person.post(f"{interview}/discard", {**confirmation(body), "reason": ""}, status=422)
    assert person.post(f"{interview}/discard", confirmation(body)) == f"{interview}/held"
    assert hold(interview).desk


@pytest.mark.slow
def test_a_no_after_a_yes_is_said_to_be_one_and_held_as_long(app: Flask, sign_in: SignIn) -> None:
    person, desk = sign_in(LOGIN), sign_in(DESK)
    interview = before_leaving(person, **WOMAN)
    no = example(**{**WOMAN, "consent_services": "no", "refusal_reason": "fear"})
    person.post(f"{interview}/consent", fields("consent", person.get(f"{interview}/consent"), no) | {"losing": "1"})
    walk(person, no, person.post(f"{interview}/resume", {}), until="refusal")
    person.post(f"{interview}/refusal", fields("refusal", person.get(f"{interview}/refusal"), no))
    body = person.get(f"{interview}/end")
    assert "Para kësaj jo-je" in body
    assert "u ndryshua" in body
    asked = confirmation(body)
    person.post(f"{interview}/end", {**asked, "sentence": ""}, status=422)
    assert person.post(f"{interview}/end", asked) == f"{interview}/held"
    held = hold(interview)
    assert (held.ending, held.reason, held.desk) == ("retracted", "took_back", True)
    assert str(id_of(interview)) in desk.get("/")
    factories.later(minutes=31)
    tending.tend()
    assert row(interview).status == "held"
    factories.later(hours=12)
    tending.tend()
    (line,) = screened.counted().elements()
    assert (line.outcome, line.reason) == ("refused", "fear")


def test_a_plain_no_stays_short(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    no = example(**{**WOMAN, "consent_services": "no", "refusal_reason": "fear"})
    interview, body = end_page(person, no)
    assert "name=sentence" not in body.replace('"', "")
    person.post(f"{interview}/end", confirmation(body))
    held = hold(interview)
    assert (held.ending, held.desk) == ("refused", False)


def test_the_action_asks_for_the_reason_too(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = before_leaving(person, **WOMAN)
    by = factories.actor(LOGIN)
    interviews.resume(interview_id=id_of(interview), by=by)
    with pytest.raises(interviews.ReasonNeeded):
        interviews.leave(interview_id=id_of(interview), by=by)
    with pytest.raises(interviews.ReasonNeeded):
        interviews.leave(interview_id=id_of(interview), reason="explained", sentence=WORDS, by=by)
    with pytest.raises(interviews.ReasonNeeded):
        interviews.leave(interview_id=id_of(interview), reason="took_back", sentence=" ", by=by)
