"""A text that is too long, or that hides signs, is refused by a message that names its field: the list above the page
shows it, too."""

from __future__ import annotations

import pytest
from wtforms import Field, Form, ValidationError

from forms.shelter.stays import AS_TOLD, ArrivalForm
from forms.typed import PlainText
from tests.unit.forms.test_blank import every_class

UNNAMED = {"StaysForm-done"}
"""Fields without a label: their words are the page's own."""


def plain_texts() -> list[tuple[type[Form], str]]:
    return [
        (form, name)
        for form in every_class()
        for name, unbound in vars(form).items()
        if f"{form.__name__}-{name}" not in UNNAMED
        if any(isinstance(each, PlainText) for each in getattr(unbound, "kwargs", {}).get("validators", ()))
    ]


def said(form: Form, field: Field, text: str) -> str:
    field.data = text
    check = next(each for each in field.validators if isinstance(each, PlainText))
    with pytest.raises(ValidationError) as refused:
        check(form, field)
    return str(refused.value)


@pytest.mark.parametrize(("kind", "name"), plain_texts(), ids=str)
def test_the_message_names_its_field(kind: type[Form], name: str) -> None:
    form = kind()
    field = form[name]
    check = next(each for each in field.validators if isinstance(each, PlainText))
    too_long = said(form, field, "x" * (check.longest + 1))
    assert too_long == check.otherwise or too_long.endswith(f": {field.label.text}")
    assert said(form, field, "a\u202eb").endswith(f": {field.label.text}")


def test_an_hour_in_words_is_answered_by_how_to_write_one() -> None:
    form = ArrivalForm()
    assert said(form, form.hour, "half past 3") == AS_TOLD
