"""A question that opens others: what was typed into those of another choice never changes what was chosen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, Form, RadioField
from wtforms.fields.choices import SelectFieldBase

from forms import SelectChoice
from forms.days import PARTS, DayField
from forms.interviews.endings import ChildCallForm
from forms.referrals.notification_calls import CallForm
from tests.unit.forms.test_blank import every_class

TEMPLATES = Path(__file__).parents[3] / "templates"
OPENING = re.compile(r"m\.radios\(\w+\.(\w+), reveals=(.*)")


def openings() -> dict[str, set[str]]:
    """The name of each question that opens others in a template -> the choices that do."""
    found: dict[str, set[str]] = {}
    for path in sorted(TEMPLATES.rglob("*.html")):
        for question, rest in OPENING.findall(path.read_text("utf-8").replace("{{ m.radios", "\n{{ m.radios")):
            found.setdefault(question, set()).update(re.findall(r'"(\w+)": ', rest))
    return found


ASKED = openings()


def values_of(question: SelectFieldBase, opening: set[str]) -> list[str]:
    """The choices of a question; where the page gives them, those of the templates and another one."""
    if not question.choices:
        question.choices = [SelectChoice(value=each, label=each) for each in (*sorted(opening), "nothing")]
    return [str(choice.value) for choice in question.iter_choices()]


def filled(form: Form) -> MultiDict[str, str]:
    """Everything answered: each text, each tick, each day, and of each question the first choice."""
    typed: MultiDict[str, str] = MultiDict()
    for field in form:
        if isinstance(field, DayField):
            typed.update(
                {f"{field.name}-{part}": value for part, value in zip(PARTS, ("3", "11", "2026"), strict=True)}
            )
        elif isinstance(field, BooleanField):
            typed[field.name] = "y"
        elif isinstance(field, SelectFieldBase):
            typed[field.name] = values_of(field, ASKED.get(field.name, set()))[0]
        else:
            typed[field.name] = "somebody"
    return typed


def cases() -> list[tuple[type[Form], str, str]]:
    return [
        (kind, question, value)
        for kind in every_class()
        for question, opening in ASKED.items()
        if isinstance(field := made(kind)._fields.get(question), RadioField)
        for value in values_of(field, opening)
    ]


def made(kind: type[Form], typed: MultiDict[str, str] | None = None) -> Form:
    try:
        return kind(typed)
    except TypeError:  # it needs more than what was typed, and its page gives that
        return Form()


def is_shown(field: Field, value: str) -> bool:
    return [str(choice.value) for choice in field.iter_choices() if choice.selected] == [value]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_every_question_of_a_template_that_opens_others_is_one_of_a_form() -> None:
    assert len(ASKED) > 20
    assert set(ASKED) == {question for _, question, _ in cases()}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "question", "value"), cases(), ids=str)
def test_what_was_chosen_stays_beside_the_fields_of_every_other_choice(
    kind: type[Form], question: str, value: str
) -> None:
    form = made(kind, MultiDict({**filled(made(kind)).to_dict(), question: value}))
    for name, field in form._fields.items():
        if isinstance(field, SelectFieldBase):
            values_of(field, ASKED.get(name, set()))
    form.validate()
    getattr(form, "is_whole", None)  # of hearings: it looks at the ticks, too
    assert form[question].data == value
    assert is_shown(form[question], value)


@pytest.mark.parametrize("kind", [CallForm, ChildCallForm])
def test_a_name_beside_no_answer_is_asked_about_once_and_left_out(kind: type[CallForm]) -> None:
    typed = {"answer": "nobody", "name": "nobody took it", "number": "1", "when": "0"}
    form = kind(MultiDict(typed))
    form.number.choices = [SelectChoice(value="1", label="1")]
    assert not form.validate()
    assert "answer" in form.errors
    assert form.answer.data == "nobody"
    assert form.name.data == "nobody took it"
    again = kind(MultiDict({**typed, "beside": form.beside.data}))
    again.number.choices = form.number.choices
    assert again.validate(), "asked about once"
    assert again.answer.data == "nobody"
    changed = kind(MultiDict({**typed, "name": "Ana", "beside": form.beside.data}))
    changed.number.choices = form.number.choices
    assert not changed.validate(), "another name is asked about"
