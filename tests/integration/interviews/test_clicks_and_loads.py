"""How many clicks and page loads an interview takes.

A click: a button, a link, a radio, a box 1; a list 2; a text 1 (each box of a date by itself). Loads: pages from the
home page on, the last one included.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from nrm.domain.interviews.questionnaire_flow import reachable
from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, example, fields, nothing_alarming, page_id, questionnaire, walk

SignIn = Callable[[str], Person]
HIDDEN = ("seen", "named")
CHILD = {"age": "child", "age_stated": None, "birth": None, "child_with": "me tezen", "noticed_child": ["alone"]}


def clicks(body: str, sent: dict[str, Any]) -> int:
    """What it takes to fill the page in like this, and to press its button."""
    count = 1
    for name, value in sent.items():
        if name in HIDDEN:
            continue
        values = [each for each in (value if isinstance(value, list) else [value]) if each]
        is_list = re.search(rf"<select id=\"?{name}\b", body) is not None
        count += len(values) * (2 if is_list else 1)
    return count


def walked(person: Person, answers: dict[str, Any], *, urgent: bool = False) -> tuple[int, int]:
    """(clicks, loads) from the button on the home page to the page at the end."""
    address = begin(person, urgent=urgent)
    pressed = 1
    for loads in range(1, 15):
        body = person.get(address)
        page = page_id(address)
        if page not in questionnaire().pages:
            assert page in ("sent", "none")
            return pressed, loads
        sent = fields(page, body, answers)
        pressed += clicks(body, sent)
        address = person.post(address, sent)
    raise AssertionError(address)


def required(**changed: Any) -> dict[str, Any]:
    """Only what must be answered, and what is changed."""
    whole = example(**changed)
    asked = {question.id for question in reachable(questionnaire(), whole) if question.required}
    return {name: value for name, value in whole.items() if name in asked or name in changed}


def test_the_short_screen(app: Flask, sign_in: SignIn) -> None:
    pressed, loads = walked(sign_in(LOGIN), nothing_alarming(companions=None))
    assert loads == 3
    assert pressed <= 24


def test_a_standard_interview_with_what_must_be_answered(app: Flask, sign_in: SignIn) -> None:
    pressed, loads = walked(sign_in(LOGIN), required(could_leave="no"))
    assert loads <= 11
    assert pressed <= 45


LEFT_OUT = ("hurt_what", "needs_note", "where_2", "known_as", "citizenship_2", "parties")
FIXED: dict[str, Any] = {
    **dict.fromkeys(LEFT_OUT),
    "hurt": "no",
    "needs": ["medical"],
    "where_more": "no",
    "forms": ["forced_labour"],
    # As people tell it: the year, and of the birth the day.
    "left": "2023",
    "began": "2023",
    "ended": "2024",
}


def test_the_fixed_walk_of_sixty_one_fields(app: Flask, sign_in: SignIn) -> None:
    answers = example(**FIXED)
    assert len([name for name in answers if name != "urgent"]) == 61
    pressed, loads = walked(sign_in(LOGIN), answers)
    assert loads <= 11
    assert pressed <= 75


def test_who_is_not_alone_takes_one_more_page(app: Flask, sign_in: SignIn) -> None:
    pressed, loads = walked(sign_in(LOGIN), required(could_leave="no", alone="no"))
    assert loads <= 11
    assert pressed <= 45


@pytest.mark.parametrize("consent", ["given", "not_asked"])
def test_an_urgent_hand_over(app: Flask, sign_in: SignIn, consent: str) -> None:
    answers = required(urgent="yes", danger="no", needs=["medical"], consent_urgent=consent)
    pressed, loads = walked(sign_in(LOGIN), answers, urgent=True)
    assert loads == 4
    assert pressed <= 16


def test_a_child(app: Flask, sign_in: SignIn) -> None:
    _, loads = walked(sign_in(LOGIN), example(**CHILD))
    assert loads == 5


def test_who_is_the_danger_is_one_line_that_reaches_the_shelter_sealed(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(urgent="yes", danger="yes", danger_who="kushëriri i burrit", consent_urgent="not_asked")
    loaded = walk(person, answers, begin(person, urgent=True))
    assert loaded[-1] == "sent"
    desks = (sign_in(f"{code}.case_worker") for code in ("nrc", "vatra", "tjeter_vizion", "iom"))
    for desk in desks:
        found = re.search(r"/referrals/[0-9a-f-]{36}", desk.get("/"))
        if found:
            opened = desk.post(f"{found.group()}/open", {"compartment": "hand_over", "purpose": "answer"})
            assert "kushëriri i burrit" in desk.get(opened)
            return
    raise AssertionError("no desk was asked")
