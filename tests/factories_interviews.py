"""An officer at work: interviews as answers, and as pages of a browser."""

from __future__ import annotations

import re
from typing import Any

from forms.interviews.interviews import form_data
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.interviews import Questionnaire
from nrm.store.countries import country
from tests.conftest import Person

LOGIN = "rinas.border_officer"


def questionnaire() -> Questionnaire:
    """The questionnaire in use."""
    return country().questionnaires["returnee-1"]


def example(**changed: Any) -> dict[str, Any]:
    """An adult's complete interview; a value of None takes an answer away."""
    answers = {**example_answers(questionnaire()), "official": "no", "proceedings": "none", **changed}
    return {name: value for name, value in answers.items() if value is not None}


def naming_nothing() -> dict[str, Any]:
    """For every question whose answer can name what was done to the person: the answer that names nothing."""
    found: dict[str, Any] = {}
    for name in example():
        question = questionnaire().questions[name]
        if question.border or any(option.indicators or option.named for option in question.options):
            neutral = [option.code for option in question.options if option.neutral]
            found[name] = ["none"] if question.kind == "some_of" else neutral[0]
    return found


def begin(person: Person, *, urgent: bool = False) -> str:
    """Press the button on the home page; the address of the first page."""
    found = re.search(r'name="id" value="([0-9a-f-]+)"', person.get("/"))
    assert found
    return person.post("/interviews", {"id": found.group(1), **({"urgent": "yes"} if urgent else {})})


def page_id(address: str) -> str:
    """Which page of the interview the address is."""
    return address.rsplit("/", 1)[1]


def fields(page: str, body: str, answers: dict[str, Any]) -> dict[str, Any]:
    """What a browser sends for the page: the answers, the revision, who was named on it, and the
    first shelter where one is asked for."""
    asked = questionnaire()
    sent: dict[str, Any] = dict(form_data(asked, asked.pages[page], answers, "sq"))
    seen = re.search(r'name="seen" value="(\d+)"', body)
    assert seen
    sent["seen"] = seen.group(1)
    if warned := re.findall(r'name="warned" value="([a-z0-9_-]+)"', body):
        sent["warned"] = warned
    if answers.get("assessment") == "none" and "name=end" in body:
        sent["end"] = "1"
    if shelters := re.findall(r'name="party" value="(\w+)"', body):
        sent["party"] = shelters[0]
    if named := re.findall(r'name="named" value="(\w+)"', body):
        sent["named"] = named
    return sent


def confirmation(body: str) -> dict[str, Any]:
    """What a browser sends of the page that asks before an interview is ended, its first reason ticked."""
    sent = {
        name: found.group(1)
        for name in ("seen", "shelter")
        if (found := re.search(f'name="{name}" value="(.*?)"', body))
    }
    return {**sent, **({"reason": "explained"} if 'name="reason"' in body else {})}


def walk(person: Person, answers: dict[str, Any], address: str, *, until: str = "") -> list[str]:
    """Load and send page after page; the ids of the pages loaded, the last of which was not sent."""
    loaded = []
    for _ in range(20):
        body = person.get(address)
        page = page_id(address)
        loaded.append(page)
        if page.split("?")[0] == "end" and until != "end":
            address = person.post(address.split("?", maxsplit=1)[0], confirmation(body))
            continue
        if page == until or page not in questionnaire().pages:
            return loaded
        address = person.post(address, fields(page, body, answers))
    raise AssertionError(loaded)


def send_by_name(person: Person, address: str, answers: dict[str, Any], said: str = "yes") -> str:
    """Send the last page to the first shelter, which the person was not asked about before, and say so by its name."""
    page = page_id(address)
    sent = fields(page, person.get(address), answers)
    asked = person.post(address, sent, status=422)
    again = {**fields(page, asked, answers), "party": sent["party"], "by_name": said, "by_name_of": sent["party"]}
    return person.post(address, again)
