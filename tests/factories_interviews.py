"""An officer at work: interviews as answers, and as pages of a browser."""

from __future__ import annotations

import re
from typing import Any

from forms.interviews.interviews import form_data
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.questionnaire_flow import pages
from nrm.domain.interviews.short_screen import screen_of
from nrm.store.countries import country
from tests.client import Person

LOGIN = "rinas.border_officer"


def questionnaire() -> Questionnaire:
    """The questionnaire in use."""
    return country().questionnaires["returnee-1"]


def example(**changed: Any) -> dict[str, Any]:
    """An adult's complete interview; a value of None takes an answer away.

    What a changed answer opens is answered too: who interprets, who is there, that the talk went on apart, and who the
    children are.
    """
    opened: dict[str, Any] = {"interpreter": "nobody"} if changed.get("language", "sq") != "sq" else {}
    if changed.get("alone") == "no":
        opened |= {"companions": ["partner"], "apart": "go_on"}
    if changed.get("interpreter") == "not_found":
        opened |= {"apart": "go_on"}
    if changed.get("children") in ("1", "2+"):
        opened |= {"children_who": "vajzë 4"}
    answers = {**example_answers(questionnaire()), "official": "no", "proceedings": "none", **opened, **changed}
    return {name: value for name, value in answers.items() if value is not None}


def naming_nothing() -> dict[str, Any]:
    """For every question whose answer can name what was done to the person: the answer that names nothing.

    One of the six says that the person does not know, which names nothing and makes it the whole interview.
    """
    found: dict[str, Any] = {}
    for name in example():
        question = questionnaire().questions[name]
        if question.border or any(option.indicators or option.named for option in question.options):
            neutral = [option.code for option in question.options if option.neutral]
            found[name] = ["none"] if question.kind == "some_of" else neutral[0]
    return {**found, "could_leave": "dont_know"}


def nothing_alarming(**changed: Any) -> dict[str, Any]:
    """An adult's answers to the short screen of which none is an alarm."""
    asked = {name for page in screen_of(questionnaire()) for name in page.questions}
    calm = {**naming_nothing(), "could_leave": "nobody", "pay_taken": "nobody", "danger": "no", "noticed": None}
    answers = example(**{**calm, "hurt": "no", "hurt_what": None, **changed})
    return {name: value for name, value in answers.items() if name in asked | {"urgent"}}


def last_of(answers: dict[str, Any]) -> str:
    """The page that sends or ends the interview of these answers."""
    return pages(questionnaire(), answers)[-1].id


def page_asking(name: str, answers: dict[str, Any]) -> str:
    """The page on which the interview of these answers asks the question."""
    return next(page.id for page in pages(questionnaire(), answers) if name in page.questions)


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
    """What a browser sends of the page that asks before an interview is ended: its first reason ticked, a sentence, and
    that a no was asked for as it must be."""
    sent = {
        name: found.group(1)
        for name in ("seen", "shelter")
        if (found := re.search(f'name="{name}" value="(.*?)"', body))
    }
    first = re.search(r'name="reason"[^>]*? value="(\w+)"', body)
    reason = first.group(1) if first else ""
    answers = {"reason": reason, "sentence": "Fjali.", **dict.fromkeys(("texts", "alone", "understood"), "yes")}
    return {**sent, **{name: answer for name, answer in answers.items() if f'name="{name}"' in body}}


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


def left_unasked(person: Person, answers: dict[str, Any]) -> str:
    """An interview that ends because nobody could ask, after the page that says what is destroyed; where it leads."""
    address = begin(person)
    walk(person, answers, address, until="apart")
    apart = f"/interviews/{address.split('/')[2]}/apart"
    sent = fields("apart", person.get(apart), answers)
    person.post(apart, sent, status=200)
    return person.post(apart, {**sent, "shorter": "1"})


def send_by_name(person: Person, address: str, answers: dict[str, Any], said: str = "yes") -> str:
    """Send the last page to the first shelter, which the person was not asked about before, and say so by its name."""
    while (page := page_id(address)) != last_of(answers):
        address = person.post(address, fields(page, person.get(address), answers))
    sent = fields(page, person.get(address), answers)
    asked = person.post(address, sent, status=422)
    again = {**fields(page, asked, answers), "party": sent["party"], "by_name": said, "by_name_of": sent["party"]}
    return person.post(address, again)
