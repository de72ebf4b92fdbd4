"""A post says who the children of a person are, and the shelter reads it before they stand at its door."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from nrm.db import db
from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, example, fields, page_asking, walk

SignIn = Callable[[str], Person]
WHO = "vajzë 4, djalë 0, qumësht"
DESKS = ("nrc", "vatra", "tjeter_vizion", "iom")
OWN_INTERVIEW = "Begin an interview for that child as well: child protection is then told"


def urgently(**changed: Any) -> dict[str, Any]:
    """An urgent hand-over of a mother to whom nobody could say who takes her in."""
    return example(**{"urgent": "yes", "consent_urgent": "not_asked", "children": "2+", "children_who": WHO, **changed})


def send(person: Person, answers: dict[str, Any], *, urgent: bool) -> uuid.UUID:
    """Send an interview with these answers; its id."""
    address = begin(person, urgent=urgent)
    assert walk(person, answers, address)[-1] == "sent"
    return uuid.UUID(address.split("/")[2])


def asked(sign_in: SignIn) -> tuple[Person, str, list[Person]]:
    """The shelter that is asked, the address of the referral on its home page, and the other shelters."""
    found, others = [], []
    for each in (sign_in(f"{code}.case_worker") for code in DESKS):
        link = re.search(r"/referrals/[0-9a-f-]{36}", each.get("/"))
        if link:
            found.append((each, link.group()))
        else:
            others.append(each)
    ((desk, address),) = found
    return desk, address, others


@pytest.mark.parametrize("urgent", [True, False])
def test_the_shelter_reads_age_and_sex_of_each_child_before_the_arrival_and_nobody_else_does(
    app: Flask, sign_in: SignIn, *, urgent: bool
) -> None:
    answers = urgently() if urgent else example(children="2+", children_who=WHO)
    send(sign_in(LOGIN), answers, urgent=urgent)
    desk, address, others = asked(sign_in)
    assert WHO not in desk.get(address)
    opened = desk.post(f"{address}/open", {"compartment": "hand_over", "purpose": "answer"})
    assert WHO in desk.get(opened)
    for other in others:
        other.get(address, status=404)
        other.post(f"{address}/open", {"compartment": "hand_over", "purpose": "answer"}, status=404)
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        dump = "\n".join(raw.iterdump())
    assert "INSERT INTO" in dump
    assert "mësht" not in dump
    assert b"qum".hex() not in dump.lower()


@pytest.mark.parametrize("urgent", [True, False])
def test_of_a_child_who_comes_along_it_is_asked_who_it_is_and_said_when_it_has_an_interview_of_its_own(
    app: Flask, sign_in: SignIn, *, urgent: bool
) -> None:
    person = sign_in(LOGIN)
    answers = urgently(children_who=None) if urgent else example(children="1", children_who=None)
    address, page = begin(person, urgent=urgent), page_asking("children", answers)
    if not urgent:
        walk(person, answers, address, until=page)
        address = f"{address.rsplit('/', 1)[0]}/{page}"
    form = fields(page, person.get(address), answers)
    refused = person.post(f"{address}?lang=en", form, status=422)
    assert "Each child: girl or boy, age in years, what it needs" in refused
    assert OWN_INTERVIEW in refused
    person.post(address, {**form, "children_who": WHO})


def test_who_comes_alone_is_not_asked_about_children_and_nothing_of_them_is_kept(app: Flask, sign_in: SignIn) -> None:
    send(sign_in(LOGIN), urgently(children="0"), urgent=True)
    desk, address, _ = asked(sign_in)
    opened = desk.post(f"{address}/open", {"compartment": "hand_over", "purpose": "answer"})
    assert WHO not in desk.get(opened)
