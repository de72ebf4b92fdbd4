"""Whole days as people type them: today by one click, another day in three boxes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from wtforms import Form, RadioField
from wtforms.fields.core import Field
from wtforms.validators import ValidationError

from forms import SelectChoice
from forms.typed import Offered
from nrm.domain.words import N_

PARTS = ("day", "month", "year")
TODAY, OTHER = "today", "other"
LONGEST_PART = 20

INCOMPLETE = N_("Enter the day, the month and the year, for example 3 11 2026")
NO_SUCH_DAY = N_("Enter a day that exists, for example 3 11 2026")
ONE_DAY = N_("Enter one day, one month and one year")


class DayField(Field):
    """Three boxes named NAME-day, NAME-month, NAME-year; all three are needed.

    `when`: (name of another field, value): read only if that field has that value. `parts` is what was typed, `data`
    the date or None.
    """

    def __init__(self, label: str, *, when: tuple[str, object] | None = None, **keywords: Any) -> None:
        super().__init__(label=label, **keywords)
        self.when = when
        self.parts: dict[str, str] = dict.fromkeys(PARTS, "")
        self.doubled = False
        self.data: date | None = None

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:  # noqa: ARG002 - WTForms' own
        self.process_errors = []
        typed = {part: formdata.getlist(f"{self.name}-{part}") if formdata else [] for part in PARTS}
        self.doubled = any(len(values) > 1 for values in typed.values())
        self.parts = {part: values[0][:LONGEST_PART] if values else "" for part, values in typed.items()}
        self.object_data = self.data = data if isinstance(data, date) else None
        if self.data is not None and not formdata:
            self.parts = {"day": str(self.data.day), "month": str(self.data.month), "year": str(self.data.year)}

    def pre_validate(self, form: Any) -> None:
        if self.when is not None and form[self.when[0]].data != self.when[1]:
            self.data = None
            return
        self.data = self._read()

    def _read(self) -> date:
        if self.doubled:
            raise ValidationError(ONE_DAY)
        typed = [self.parts[part].strip() for part in PARTS]
        if not all(typed):
            raise ValidationError(INCOMPLETE)
        if not all(each.isascii() and each.isdigit() and len(each) <= 4 for each in typed) or len(typed[2]) != 4:
            raise ValidationError(INCOMPLETE)
        try:
            return date(int(typed[2]), int(typed[1]), int(typed[0]))
        except ValueError:
            raise ValidationError(NO_SUCH_DAY) from None


def today_or(label: str) -> RadioField:
    """A choice between today and another day (a DayField with `when=(name, "other")`); neither is chosen already."""
    return RadioField(
        label,
        choices=[SelectChoice(value=TODAY, label=N_("Today")), SelectChoice(value=OTHER, label=N_("Another day"))],
        validators=[Offered(N_("Choose today or another day"))],
        validate_choice=False,
    )


def chosen_day(choice: RadioField, day: DayField, today: date) -> date:
    """The day of a valid form."""
    return day.data if choice.data == OTHER and day.data is not None else today


def say_refused(form: Form, why: str, *, words: Mapping[str, str], fields: Mapping[str, str], otherwise: str) -> int:
    """Put the words of a refusal at the field that it is about, and return the status of the answer.

    `fields`: the field for each reason, `otherwise` for the others. Where another day than today was chosen there, the
    words stand at that day. 409 for a step that does not follow any more (`state`), else 422.
    """
    field = form[fields.get(why, otherwise)]
    days = (each for each in form if isinstance(each, DayField) and each.when == (field.name, OTHER))
    (next(days, field) if field.data == OTHER else field).errors = [words[why]]
    return 409 if why == "state" else 422


LENGTHS = {
    "14": N_("Two weeks after the admission"),
    "30": N_("30 days after the admission"),
    "90": N_("Three months after the admission"),
    "180": N_("Six months after the admission"),
}


def planned_end(label: str) -> RadioField:
    """A choice between usual lengths and another day (a DayField with `when=(name, "other")`)."""
    return RadioField(
        label,
        choices=[
            *(SelectChoice(value=days, label=words) for days, words in LENGTHS.items()),
            SelectChoice(value=OTHER, label=N_("Another day")),
        ],
        validators=[Offered(N_("Choose how long the stay is planned"))],
        validate_choice=False,
    )


def planned_day(choice: RadioField, day: DayField, admitted_on: date) -> date:
    """The planned end of a valid form."""
    if choice.data == OTHER and day.data is not None:
        return day.data
    return admitted_on + timedelta(days=int(choice.data))
