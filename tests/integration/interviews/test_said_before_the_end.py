"""Whatever destroys an interview repeats what was said first, offers the way that is true, and words it as it was."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests import factories, screened
from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, confirmation, example, fields, page_id, walk
from tests.integration.interviews.test_ending import CHILD, asked_about, at_check, drafts, last_page, seen

SignIn = Callable[[str], Person]
STORY = "ai më mbylli në bodrum"
SAID: dict[str, Any] = {
    "alone": "no",
    "companions": ["partner"],
    "hurt": "yes",
    "hurt_what": "plagë në dorë",
    "danger": "yes",
    "forms": ["sexual_exploitation"],
    "still": "yes",
    "story": STORY,
    "needs": ["medical", "security"],
    "children": "2+",
    "risk": "high",
}
REPEATED = (
    "Shërbime seksuale",
    "A ju kontrollon dikush ende?",
    "A keni frikë se dikush do t’ju bëjë keq sot?",
    "A keni lëndime ose sëmundje tani?",
    "A jeni vetëm me personin?",
    "Kush e shoqëron personin?",
    "Çfarë ju duhet?",
    "Mbrojtje",
    "Sa fëmijë keni me vete?",
    "Dy ose më shumë",
    "Sa i rrezikuar është personi?",
    "Ka, dhe nuk tregohen këtu",
)


def repeats(body: str) -> None:
    words = re.sub(r"<[^>]+>", " ", body)
    for each in REPEATED:
        assert each in words, each
    assert STORY not in words
    assert "plagë në dorë" not in words


def test_a_no_repeats_what_is_destroyed(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(**SAID, consent_services="no", refusal_reason="fear")
    interview = at_check(person, answers, "refusal")
    repeats(person.get(person.post(f"{interview}/refusal", last_page(person, interview, answers, "refusal"))))
    assert drafts() == 1


@pytest.mark.parametrize("consent", ["yes", "dont_know"])
def test_leaving_without_a_shelter_is_offered_on_the_last_page_and_repeats_what_is_destroyed(
    app: Flask, sign_in: SignIn, consent: str
) -> None:
    person = sign_in(LOGIN)
    answers = example(**SAID, consent_services=consent)
    interview = at_check(person, answers)
    assert "name=without" in person.get(f"{interview}/decision")
    address = person.post(f"{interview}/decision", {**last_page(person, interview, answers), "without": "1"})
    assert address == f"{interview}/without"
    repeats(person.get(address))
    assert drafts() == 1
    person.post(address, status=422)
    assert person.post(address, confirmation(person.get(address))) == f"{interview}/held"
    assert factories.end_holds() == 1
    assert drafts() == 0
    assert [each.outcome for each in screened.counted().elements()] == ([] if consent == "yes" else ["undecided"])


def test_leaving_is_offered_on_the_short_way_too_and_to_no_child(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person, urgent=True)
    loaded = walk(person, example(urgent="yes", consent_urgent="given"), address, until="urgent_send")
    interview = address.rsplit("/", 1)[0]
    assert "name=without" in person.get(f"{interview}/{loaded[-1]}")
    child = at_check(person, example(**CHILD, assessment="none"))
    assert "name=without" not in person.get(f"{child}/screen")
    assert page_id(person.post(f"{child}/without")).split("?")[0] != "undecided"
    assert drafts() == 2


def test_who_wants_to_end_without_a_lie_is_told_the_way(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(assessment="possible")
    interview = at_check(person, answers)
    refused = person.post(f"{interview}/decision", {**last_page(person, interview, answers), "end": "1"}, status=422)
    assert "“Personi largohet pa qendër”" in refused
    # The title says once that something is wrong.
    title = re.search(r"<title>(.*?)</title>", refused, re.DOTALL)
    assert title
    assert title.group(1).count("Gabim") == 1


def test_sending_of_who_does_not_know_repeats_what_is_destroyed(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(**SAID, consent_services="dont_know")
    interview = at_check(person, answers)
    body = person.get(f"{interview}/decision")
    note = re.sub(r"<[^>]+>", " ", re.findall(r'<div class="note">.*?</div>', body, re.DOTALL)[-1])
    for each in ("Shërbime seksuale", "A ju kontrollon dikush ende?", "Ka, dhe nuk tregohen këtu"):
        assert each in note, each


@pytest.mark.parametrize("way", ["discard", "end"])
def test_an_error_is_said_once_in_the_title(app: Flask, sign_in: SignIn, way: str) -> None:
    person = sign_in(LOGIN)
    answers = example(danger="yes", assessment="none")
    interview = at_check(person, answers)
    person.post(f"{interview}/decision", {**last_page(person, interview, answers), "end": "1"})
    body = person.get(f"{interview}/{way}")
    title = re.search(r"<title>(.*?)</title>", person.post(f"{interview}/{way}", {"seen": seen(body)}, status=422))
    assert title
    assert title.group(1).count("Gabim") == 1


def test_a_person_who_does_not_know_was_asked(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(consent_services="dont_know")
    interview = at_check(person, answers)
    form = last_page(person, interview, answers)
    sent = person.get(person.post(f"{interview}/decision", form))
    assert "nuk u kërkua dot" not in sent
    assert "Personi nuk ka thënë ende po" in sent
    desk = sign_in(f"{form['party'].lower()}.case_worker")
    referral = re.search(r"/referrals/[0-9a-f-]{36}", desk.get("/"))
    assert referral
    received = desk.get(referral.group())
    assert "emrin dhe rrëfimin i hapni ju" not in received
    assert "nuk u kërkua dot" not in received


def test_what_was_not_sent_is_not_done_and_who_waits_for_an_answer_has_no_days(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(consent_services="yes")
    interview = at_check(person, answers)
    sent = fields("decision", person.get(f"{interview}/decision"), answers)
    person.post(f"{interview}/decision", {**sent, "leave": "1"})
    tasks = person.get(interview)
    line = re.search(r"/decision\".*?</li>", tasks, re.DOTALL)
    assert line
    assert "E kryer" not in line.group()
    child = asked_about(person)
    home = person.get("/")
    row = next(each for each in re.findall(r"<tr>.*?</tr>", home, re.DOTALL) if child in each)
    assert "ditë" not in row
    assert "derisa të përgjigjet autoriteti për fëmijët" in row
    assert "ditë" not in re.sub(r"<[^>]+>", " ", person.get(child)).split("Pjesët e intervistës")[-1]


def test_of_an_interview_in_which_nothing_was_asked_it_is_not_said_that_little_was_said(
    app: Flask, sign_in: SignIn
) -> None:
    person = sign_in(LOGIN)
    new = str(uuid.uuid4())
    person.post("/interviews", {"id": new})
    body = person.get(f"/interviews/{new}/discard?lang=en")
    assert "Little. That means" not in body
    assert "Nothing was asked or said." in body
