"""Why the desk opens a complaint."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence

from wtforms import (
    BooleanField,
    Form,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectFieldBase
from wtforms.validators import DataRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm, OneOf, PlainText
from nrm.domain.shelter.cases import Purpose
from nrm.domain.support.complaints import LONGEST, LONGEST_DONE, LONGEST_REACH, Came, Ending
from nrm.domain.words import N_

PURPOSES: Mapping[Purpose, str] = {
    Purpose.DUTY_DECISION: N_("To deal with it"),
    Purpose.SAFETY: N_("Somebody may be in danger"),
    Purpose.CHILD_PROTECTION: N_("It is about a child"),
    Purpose.COURT: N_("It goes to the prosecution"),
}
CAME_LABELS: Mapping[Came, str] = {
    Came.PAPER: N_("On paper"),
    Came.TELEPHONE: N_("By telephone"),
}


ENDING_LABELS: Mapping[Ending, str] = {
    Ending.ACTED: N_("Something was done about it"),
    Ending.UNFOUNDED: N_("It is unfounded, or nothing can be done: a second one of you reads it first"),
    Ending.TWICE: N_("It was typed in twice: a second one of you reads both first"),
}

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class OpenComplaintForm(OnceForm):
    """Why it is opened."""

    purpose = RadioField(
        N_("Why do you open it?"),
        choices=[SelectChoice(value=str(purpose), label=label) for purpose, label in PURPOSES.items()],
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )


class DealForm(OnceForm):
    """What was done about it."""

    how = RadioField(
        N_("How does it end?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in ENDING_LABELS.items()],
        validators=[Offered(N_("Choose how it ends"))],
        validate_choice=False,
    )
    done = TextAreaField(
        N_("What was done, or why it is unfounded, in a sentence"),
        description=N_("It is sealed as the complaint is, with your name. Nobody outside of your office reads it."),
        validators=[DataRequired(N_("Write what was done, or why it is unfounded")), PlainText(LONGEST_DONE)],
    )
    with_alike = BooleanField(N_("The others that stand here are dealt with, too"))
    beside = SelectMultipleField(choices=[], validate_choice=False)

    def offer(self, *, typed: bool) -> None:
        """That it was typed in twice is said of one that the desk typed alone."""
        self.how.choices = [
            SelectChoice(value=str(each), label=label)
            for each, label in ENDING_LABELS.items()
            if typed or each is not Ending.TWICE
        ]

    @property
    def seen(self) -> set[uuid.UUID]:
        """Which others stood on the page, where they end with it."""
        return _ids(self.beside.data) if self.with_alike.data else set()


class TakeBackForm(OnceForm):
    """What the first of two said is taken back, also of others."""

    with_alike = BooleanField()
    beside = SelectMultipleField(choices=[], validate_choice=False)

    @property
    def seen(self) -> set[uuid.UUID]:
        """Which others stood on the page, where it is taken back of them, too."""
        return _ids(self.beside.data) if self.with_alike.data else set()


class StaysForm(OnceForm):
    """Why it is not as the first of two said: a word of it is enough, and none is asked for."""

    done = TextAreaField(validators=[PlainText(LONGEST_DONE)])


def _ids(typed: Sequence[str] | None) -> set[uuid.UUID]:
    return {uuid.UUID(each) for each in typed or () if _ID.fullmatch(each)}


class _HouseOrNone(OneOf):
    """As `OneOf`: the choice is never left out. Where another place was entered, the message says what to choose."""

    def __call__(self, form: Form, field: SelectFieldBase) -> None:
        """Raise ValidationError with the message."""
        if not field.data and (form["where"].data or "").strip():
            raise ValidationError(
                N_("Choose the shelter, or “no shelter, or not known” if it is about the place below")
            )
        super().__call__(form, field)


class CorrectHouseForm(OnceForm):
    """Which house a complaint is about that was typed in."""

    house = SelectField(N_("About which shelter?"), validators=[OneOf(N_("Choose the shelter"))], validate_choice=False)


class TypeComplaintForm(OnceForm):
    """A complaint that came on paper or by telephone."""

    once = HiddenField()
    came = RadioField(
        N_("How did it come?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in CAME_LABELS.items()],
        validators=[Offered(N_("Choose how it came"))],
        validate_choice=False,
    )
    text = TextAreaField(
        N_("What was said or written"),
        description=N_("In the words of the person, as far as you can."),
        validators=[DataRequired(N_("Write what was said or written")), PlainText(LONGEST)],
    )
    house = SelectField(
        N_("About which shelter?"), validators=[_HouseOrNone(N_("Choose the shelter"))], validate_choice=False
    )
    where = StringField(N_("Where, if it is about no shelter"), validators=[PlainText(LONGEST_REACH)])
    reach = StringField(
        N_("How the person can be reached"),
        description=N_("Leave it empty if the person did not say."),
        validators=[PlainText(LONGEST_REACH)],
    )
