"""The form class of a page with sixty questions and its validation, against sixty plain WTForms fields."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField
from wtforms.validators import InputRequired

from forms.interviews.interviews import FIELDS, form_data, page_form
from nrm import countries
from nrm.domain.conditions import ALWAYS
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.interviews import Page, Questionnaire, Route

QUESTIONS = 60
ROUNDS = 60
TODAY = date(2026, 1, 31)


def main() -> None:
    """Print milliseconds and the ratio to the anchor."""
    questionnaire = _sixty(countries.load("albania").questionnaires["returnee-1"])
    page = questionnaire.pages["sixty"]
    answers = {name: value for name, value in example_answers(questionnaire).items() if name in page.questions}
    sent = MultiDict(
        [(name, value) for name, values in form_data(questionnaire, page, answers, "sq").items() for value in values]
    )
    plain = MultiDict([(f"field{number}", "yes") for number in range(QUESTIONS)])
    plain_form = _plain_class()
    anchor = _each(_plain_class), _each(lambda: plain_form(plain).validate())
    print(f"{QUESTIONS} StringFields: class {anchor[0]:7.2f} ms, read and validated {anchor[1]:7.2f} ms   anchor")

    def fresh() -> type:
        page_form.cache_clear()
        return page_form(questionnaire, page, "sq")

    def validate() -> None:
        if page_form(questionnaire, page, "sq")(sent).accept({}, today=TODAY) is None:
            raise RuntimeError("the example is not accepted")

    made, checked = _each(fresh), _each(validate)
    print(f"{QUESTIONS} questions: class, made once a process {made:7.2f} ms   {made / anchor[0]:5.1f} x")
    print(f"{QUESTIONS} questions: read and validated {checked:7.2f} ms   {checked / anchor[1]:5.1f} x")


def _sixty(questionnaire: Questionnaire) -> Questionnaire:
    """The questionnaire as one page of sixty questions, each without a condition."""
    found = [each for each in questionnaire.questions.values() if each.kind in FIELDS and each.when is ALWAYS]
    asked = [each.id for each in found if each.id != "urgent"][:QUESTIONS]
    if len(asked) < QUESTIONS:
        raise RuntimeError(f"the questionnaire has only {len(asked)} questions")
    page = Page("sixty", {"sq": "Gjashtëdhjetë", "en": "Sixty"}, tuple(asked))
    home = questionnaire.home
    return replace(
        questionnaire,
        pages={home.id: home, page.id: page},
        routes=(Route("all", ALWAYS, (page.id,)),),
        checks=(),
    )


def _plain_class() -> type[Form]:
    fields = {f"field{number}": StringField(validators=[InputRequired()]) for number in range(QUESTIONS)}
    return type("PlainForm", (Form,), fields)


def _each(work: Callable[[], object]) -> float:
    work()
    gc.collect()
    gc.disable()  # classes are reference cycles: collecting them would be added to the time of a random measurement
    started = time.process_time()
    for _ in range(ROUNDS):
        work()
    took = time.process_time() - started
    gc.enable()
    return took / ROUNDS * 1000
