"""A country's folder that was edited under the same id: the pages say what it says now."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from flask import Flask

from nrm import countries
from nrm.countries.questionnaires import load_questionnaires
from nrm.domain.interviews.interviews import Questionnaire, content_of
from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, questionnaire

SignIn = Callable[[str], Person]
OLD_TITLE = "Pyetësori i shkurtër"


def edited(asked: Questionnaire, **changed: Any) -> Questionnaire:
    """The questionnaire with another title of its first page and another text of the question about danger."""
    page, question = asked.pages["screen"], asked.questions["danger"]
    pages = {**asked.pages, "screen": dataclasses.replace(page, title={"sq": "Titull i ri", "en": "New title"})}
    text = {**question.text, "sq": "A keni frikë sot?", "en": "Are you afraid today?"}
    questions = {**asked.questions, "danger": dataclasses.replace(question, text=text)}
    return dataclasses.replace(asked, pages=pages, questions=questions, **changed)


def use(app: Flask, asked: Questionnaire) -> None:
    known = app.extensions["nrm.country"]
    app.extensions["nrm.country"] = dataclasses.replace(known, questionnaires={**known.questionnaires, asked.id: asked})


def test_the_page_shows_the_new_wording_of_the_same_id_and_version(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    before = questionnaire()
    for _ in range(2):  # the second time from what is kept
        body = person.get(address)
        assert OLD_TITLE in body
        assert before.questions["danger"].text["sq"] in body
    use(app, edited(before))
    body = person.get(address)
    assert "Titull i ri" in body
    assert "A keni frikë sot?" in body
    assert f"<h1>{OLD_TITLE}" not in body
    assert f"<title>{OLD_TITLE}" not in body
    use(app, before)
    assert OLD_TITLE in person.get(address)


def test_a_number_of_the_country_that_changed_is_not_kept_either(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    known = app.extensions["nrm.country"]
    number = known.emergency.police
    assert number in person.get(address)
    emergency = dataclasses.replace(known.emergency, police="0999")
    app.extensions["nrm.country"] = dataclasses.replace(known, emergency=emergency)
    assert "0999" in person.get(address)


def test_content_is_the_same_for_the_same_text_and_another_for_any_other() -> None:
    read = [load_questionnaires(countries.FOLDER / "albania")["returnee-1"] for _ in range(2)]
    assert read[0] is not read[1]
    assert content_of(read[0]) == content_of(read[1])
    assert content_of(edited(read[0])) != content_of(read[0])
    assert content_of(dataclasses.replace(read[0], version=99)) != content_of(read[0])
