"""What must be written down is not written down by blanks: a required text refuses them on every form."""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import suppress

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Field, Form, HiddenField, PasswordField, StringField, TextAreaField

import forms
from forms.accounts.accounts import ChangePasswordForm
from forms.interviews.interviews import PageForm
from forms.interviews.paper_forms import TypedForm
from forms.shelter.cases import AddNoteForm, WriteCareForm
from forms.support.plans import GoalForm, MedicationForm, ServiceForm, StepForm
from forms.typed import NotBlankForm

BLANKS = [" ", "\t", "\r\n", "\u00a0", "\u2003\u202f", "\u200b", "\ufeff\u2060", "\u3164", "\u2800", " \u200d\n"]


def every_class() -> list[type[Form]]:
    """Every form class under forms/, but those of interviews: their fields are questions, and a class is made of them
    while a page is shown."""
    for each in pkgutil.walk_packages(forms.__path__, "forms."):
        importlib.import_module(each.name)
    return sorted(below(Form) - {NotBlankForm}, key=lambda each: (each.__module__, each.__name__))


def below(form: type[Form]) -> set[type[Form]]:
    return {
        each
        for child in form.__subclasses__()
        if child.__module__.startswith("forms.") and not issubclass(child, PageForm | TypedForm)
        for each in (child, *below(child))
    }


def test_a_page_of_an_interview_that_was_shown_before_changes_nothing() -> None:
    before = every_class()
    shown = type("ShownForm", (PageForm,), {"__module__": PageForm.__module__})
    assert shown in PageForm.__subclasses__()
    assert every_class() == before


def required(form: Form) -> list[str]:
    return [field.name for field in form if is_text(field) and field.flags.required]


def is_text(field: Field) -> bool:
    return isinstance(field, StringField) and not isinstance(field, PasswordField | HiddenField)


def test_every_form_knows_blanks() -> None:
    assert [each.__name__ for each in every_class() if not issubclass(each, NotBlankForm)] == []


@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_a_required_text_refuses_blanks_as_it_refuses_nothing(blank: str) -> None:
    tried = set()
    for each in every_class():
        with suppress(TypeError):  # forms that are made for one thing alone
            for name in required(each()):
                typed, empty = each(MultiDict({name: blank})), each(MultiDict({name: ""}))
                assert not typed[name].validate(typed), (each, name)
                assert not empty[name].validate(empty), (each, name)
                assert typed[name].errors == empty[name].errors, (each, name)
                tried.add((each, name))
    known = [(GoalForm, "text"), (StepForm, "text"), (MedicationForm, "text"), (ServiceForm, "provider")]
    assert {*known, (AddNoteForm, "text")} <= tried
    assert len(tried) > 30


def test_what_was_typed_stays_as_it_is() -> None:
    assert GoalForm(MultiDict({"text": "  a room of her own\u00a0 "})).text.data == "  a room of her own\u00a0 "


def test_a_text_that_nobody_asks_for_may_be_blank_and_is_empty() -> None:
    form = WriteCareForm(MultiDict({"health": " \u200b"}))
    assert form.validate()
    assert form.health.data == ""


def test_an_answer_that_came_twice_is_refused_also_where_both_are_blank() -> None:
    form = WriteCareForm(MultiDict([("health", " "), ("health", "\n")]))
    assert not form.validate()
    assert isinstance(form.health, TextAreaField)


def test_a_password_is_taken_as_it_was_typed() -> None:
    assert ChangePasswordForm(MultiDict({"old": "   "})).old.data == "   "


@pytest.mark.parametrize("typed", ["\0", "\u202e", " \x1b "], ids=ascii)
def test_a_control_character_is_no_blank_and_is_refused(typed: str) -> None:
    form = WriteCareForm(MultiDict({"revision": "0", "health": typed, "plan": ""}))
    assert not form.validate()
    assert form.errors.keys() == {"health"}
