"""What the officer reads of the profile: first what was named, and never "not named" of what was not asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask

from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, example, last_of, naming_nothing, questionnaire, walk

SignIn = Callable[[str], Person]
CHILD = {"age": "child", "age_stated": None, "birth": None, "child_with": "me xhaxhain"}


def sentences(person: Person, answers: dict[str, Any], language: str = "sq") -> list[str]:
    """The sentences of the profile on the page where the officer assesses."""
    page = last_of(answers)
    address = begin(person)
    walk(person, answers, address, until=page)
    body = person.get(address.rsplit("/", 1)[0] + f"/{page}?lang={language}")
    found = re.search(r'<section aria-labelledby="profile">.*?</section>', body, re.DOTALL)
    assert found
    return [unescape(re.sub(r"<[^>]+>", "", each)) for each in re.findall(r"<li>(.*?)(?=<li>|</ul>)", found.group(0))]


def test_a_child_s_page_says_not_named_of_nothing_that_was_never_asked(app: Flask, sign_in: SignIn) -> None:
    told = sentences(sign_in(LOGIN), example(**{**naming_nothing(), **CHILD, "noticed_child": ["none"]}), "en")
    assert told[0].startswith("Of what was asked, no indicator was named, but this was answered: Are you hurt")
    assert not [each for each in told if "asked and not named" in each or ": no indicator was named" in each]
    silent = [each for each in told if each.startswith("Not asked: ")]
    assert len(silent) == 1
    for dimension in questionnaire().dimensions.values():
        assert dimension.text["en"].lower() in silent[0]


def test_what_a_child_fears_comes_first(app: Flask, sign_in: SignIn) -> None:
    told = sentences(sign_in(LOGIN), example(**{**naming_nothing(), **CHILD, "noticed_child": ["none"], "fears": "Ai"}))
    assert told[0] == "U përmend: Nga kush ke frikë? Lexojeni me fjalët e veta."
    assert "Ka dyshim" in told[1] or "ka dyshim" in told[1]


@pytest.mark.parametrize("changed", [{"noticed": ["fear"]}, {"noticed": ["bags"]}])
def test_a_weak_sign_alone_is_vulnerable_with_the_leaflet_and_the_number_of_the_help_line(
    app: Flask, sign_in: SignIn, changed: dict[str, Any]
) -> None:
    person = sign_in(LOGIN)
    told = sentences(person, example(**{**naming_nothing(), **changed}))
    assert told[0] == "Në gjendje të cenueshme; nuk u përmend asnjë shenjë shfrytëzimi."
    assert not [each for each in told if "nuk u vu re asnjë tregues" in each]
    page = last_of(example(**{**naming_nothing(), **changed}))
    address = begin(person)
    walk(person, example(**{**naming_nothing(), **changed}), address, until=page)
    body = person.get(address.rsplit("/", 1)[0] + f"/{page}")
    assert "Thoni numrin e linjës së ndihmës, 116 006, dhe ofroni fletëpalosjen:" in body
    assert "/leaflet" in body


def test_who_names_something_is_not_called_vulnerable_only(app: Flask, sign_in: SignIn) -> None:
    told = sentences(sign_in(LOGIN), example(**{**naming_nothing(), "documents_held": "employer"}))
    assert told[0] == "U përmend: Kush i mbante dokumentet gjatë udhëtimit? Punëdhënësi ose agjencia."
    assert "Në gjendje të cenueshme" not in " ".join(told)


def test_who_held_the_papers_on_a_deportation_is_no_suspicion(app: Flask, sign_in: SignIn) -> None:
    told = sentences(sign_in(LOGIN), example(**{**naming_nothing(), "documents_held": "escort"}))
    assert "U përmend" not in " ".join(told)


def test_a_child_is_asked_as_a_child(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    asking = next(each.id for each in questionnaire().pages.values() if "noticed_child" in each.questions)
    walk(person, example(**{**naming_nothing(), **CHILD}), address, until=asking)
    body = person.get(address.rsplit("/", 1)[0] + f"/{asking}")
    assert "Çfarë të duhet?" in body
    assert "Çfarë ju duhet?" not in body
    assert "Çfarë të duhet?" in person.get(address.rsplit("/", 1)[0] + f"/{asking}/aloud")


@pytest.mark.parametrize("language", ["sq", "en"])
def test_the_first_thing_on_the_page_of_the_decision_is_the_outcome_with_what_was_named(
    app: Flask, sign_in: SignIn, language: str
) -> None:
    answers = example(**{**naming_nothing(), "documents_held": "employer"})
    person, page = sign_in(LOGIN), last_of(answers)
    address = begin(person)
    walk(person, answers, address, until=page)
    body = person.get(address.rsplit("/", 1)[0] + f"/{page}?lang={language}")
    first = unescape(re.sub(r"<[^>]+>", "", body.split("</h1>", 1)[1].split("</p>", 1)[0])).strip()
    option = questionnaire().questions["documents_held"].option("employer")
    assert option is not None
    assert first.startswith({"sq": "Ka dyshim, sepse u tha: ", "en": "Suspected, because this was said: "}[language])
    assert option.text[language] in first
    assert first.count(". ") == 0, "one sentence"
    assert body.index(first[:20]) < body.index("<details")
