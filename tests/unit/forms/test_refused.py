"""Where the words of a refusal stand: at the field it is about, and at the day that was typed instead of today."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import StringField

from forms.days import DayField, say_refused, today_or
from forms.typed import OnceForm

WORDS = {"state": "It does not follow", "in_future": "It is in the future", "language": "Name a language"}
FIELDS = {"in_future": "on", "language": "language"}


class StepForm(OnceForm):
    event = StringField("What")
    language = StringField("Language")
    on = today_or("When")
    on_day = DayField("Day", when=("on", "other"))
    until = DayField("Last day", when=("event", "other"))


@pytest.mark.parametrize(
    ("why", "on", "field", "status"),
    [
        ("state", "today", "event", 409),
        ("state", "other", "event", 409),
        ("in_future", "today", "on", 422),
        ("in_future", "other", "on_day", 422),
        ("language", "other", "language", 422),
    ],
)
def test_a_refusal_stands_at_its_field(why: str, on: str, field: str, status: int) -> None:
    form = StepForm(MultiDict({"event": "issue", "on": on}))
    assert say_refused(form, why, words=WORDS, fields=FIELDS, otherwise="event") == status
    assert {each.name: list(each.errors) for each in form if each.errors} == {field: [WORDS[why]]}
