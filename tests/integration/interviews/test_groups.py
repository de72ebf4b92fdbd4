"""People who come back together: what they share is asked once, and nothing that is kept says so."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import groups as actions
from nrm.db import db
from nrm.domain.accounts.accounts import NotVisible
from nrm.models.audit import AuditEntry
from nrm.models.interviews.groups import ReturnGroup
from nrm.models.interviews.interviews import Interview
from nrm.models.interviews.screenings import ScreeningCount
from nrm.store.interviews import groups as store
from tests import factories
from tests.conftest import Person
from tests.factories_interviews import example, fields, naming_nothing, page_id, questionnaire, walk

SignIn = Callable[[str], Person]
LOGIN, COLLEAGUE, ELSEWHERE = "rinas.border_officer", "rinas.border_officer#2", "durres.border_officer"
FERRY = {
    "language": "sq",
    "interpreter": "nobody",
    "citizenship_class": "albanian",
    "returned_from": "GR",
    "return_manner": "deported",
    "announced": "yes",
}


def ordinary(**changed: Any) -> dict[str, Any]:
    """An adult deported from Greece who names nothing and is not alarmed."""
    return example(**naming_nothing(), **FERRY, age="adult", assessment="none", risk="low", **changed)


def person_facts(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers without those that the group shares, as they are typed for a next person."""
    return {name: value for name, value in answers.items() if name not in FERRY}


def begin_group(person: Person) -> str:
    """Press the buttons that begin a group; the address of the first person's first page."""
    body = person.get("/groups/new")
    return person.post("/groups", _hidden(body, "group", "id"))


def _hidden(body: str, *names: str) -> dict[str, object]:
    found = {name: re.search(rf'name="{name}" value="([0-9a-f-]+)"', body) for name in names}
    assert all(found.values()), body[:3000]
    return {name: each.group(1) for name, each in found.items() if each}


def button(body: str) -> tuple[str, dict[str, object]]:
    """The form of the button for the next person: where it goes, and what it sends."""
    found = re.search(r'action="(/groups/[0-9a-f-]+/next)">(.*?)</form>', body, re.DOTALL)
    assert found, body[:5000]
    return found.group(1), _hidden(found.group(2), "id")


def next_person(person: Person, body: str) -> str:
    """Press it; the address of the next person's first page."""
    return person.post(*button(body))


def typed(body: str) -> dict[str, list[str]]:
    """What stands ticked or chosen on a page."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"name=(\w+) value=(\w+) checked", body):
        found.setdefault(name, []).append(value)
    for name, options in re.findall(r"<select id=\w+ name=(\w+)[^>]*>(.*?)</select>", body, re.DOTALL):
        found.setdefault(name, []).extend(re.findall(r"<option value=(\w+) selected", options))
    return {name: values for name, values in found.items() if values}


def walked(person: Person, address: str, answers: dict[str, Any]) -> str:
    """Every page of one interview to its end; the page after it. What stands on a page already is not typed again."""
    for _ in range(20):
        body = person.get(address)
        page = page_id(address)
        if page.split("?")[0] not in questionnaire().pages:
            return walk_on(person, address)
        asked = {**{name: values[0] for name, values in typed(body).items() if name in FERRY}, **answers}
        address = person.post(address, fields(page, body, asked))
    raise AssertionError(address)


def walk_on(person: Person, address: str) -> str:
    walk(person, {}, address)
    return person.get("/interviews/ended/none")


def test_try(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    first = begin_group(person)
    after = walked(person, first, ordinary())
    assert "GR" not in after
    address = next_person(person, after)
    body = person.get(address)
    print(typed(body))
    print(person.get("/"))
