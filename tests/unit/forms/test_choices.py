"""A field with choices says in its own words what to do: the library's message exists in English alone."""

from __future__ import annotations

import ast

import pytest
from werkzeug.datastructures import MultiDict

from forms import SelectChoice
from forms.accounts.accounts import InviteAccountForm
from tests.invariants.test_syntax import trees

CHOOSING = ("RadioField", "SelectField", "SelectMultipleField")


def test_no_field_leaves_the_check_of_its_choices_to_the_library() -> None:
    left = [
        f"{path}:{call.lineno}"
        for path, tree in trees().items()
        if path.startswith("forms/")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in CHOOSING
        if not any(each.arg == "validate_choice" for each in call.keywords)
    ]
    assert left == []


@pytest.mark.parametrize("name", ["organisation", "role"])
def test_an_invitation_into_what_was_not_offered_says_what_to_choose(name: str) -> None:
    values = {"organisation": "1", "role": "case_worker", "name": "Arta", "login": "nrc.arta"}
    assert invitation(values).validate()
    wrong = invitation({**values, name: "elsewhere"})
    assert not wrong.validate()
    assert wrong[name].errors == [f"Choose the {name}"]


def invitation(values: dict[str, str]) -> InviteAccountForm:
    form = InviteAccountForm(MultiDict(values))
    form.organisation.choices = [SelectChoice(value="1", label="NRC")]
    form.role.choices = [SelectChoice(value="case_worker", label="Case worker")]
    return form
