"""What people type about a telephone call."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import ValidationError

from forms import SelectChoice
from forms.typed import Offered, PlainText, WriteForm
from nrm.domain.referrals.notification_calls import LONGEST_NAME
from nrm.domain.words import N_

ANSWERED, NOBODY = "answered", "nobody"
BOTH = N_(
    "You chose “No answer”, and a name stands below “Yes, and now they know”: press once more if nobody answered, and "
    "the name is left out; choose “Yes, and now they know” if they did"
)
MINUTES_AGO = (0, 5, 15, 30, 60, 120)


def _ago(minutes: int) -> str:
    if minutes == 0:
        return N_("Just now")
    return N_("%(minutes)s minutes ago", minutes=minutes)


def _hours(minutes_ago: Iterable[int]) -> list[SelectChoice]:
    return [SelectChoice(value=str(each), label=_ago(each)) for each in minutes_ago]


class CallForm(WriteForm):
    """Which number, whether somebody answered, who, and when."""

    number = RadioField(
        N_("Which number did you call?"),
        validators=[Offered(N_("Choose the number you called"))],
        validate_choice=False,
    )
    answer = RadioField(
        N_("Did somebody answer?"),
        choices=[
            SelectChoice(value=ANSWERED, label=N_("Yes, and now they know")),
            SelectChoice(value=NOBODY, label=N_("No answer")),
        ],
        validators=[Offered(N_("Choose whether somebody answered"))],
        validate_choice=False,
    )
    name = StringField(
        N_("Who answered?"),
        description=N_("The name of the colleague you spoke with, never of the person."),
        validators=[PlainText(LONGEST_NAME)],
    )
    beside = HiddenField()
    """The name that stood beside "No answer", once the page asked about it."""
    when = RadioField(
        N_("When was it?"),
        choices=_hours(MINUTES_AGO),
        validators=[Offered(N_("Choose when it was"))],
        validate_choice=False,
    )

    def offer_in_vain(self) -> None:
        """Offer only that nobody answered (ADR 0228)."""
        self.answer.choices = [SelectChoice(value=NOBODY, label=N_("No answer"))]

    def offer_hours(self, minutes_ago: Iterable[int]) -> None:
        """Offer only these of `MINUTES_AGO`: before them there was nothing to tell."""
        self.when.choices = _hours(minutes_ago)

    def validate_answer(self, field: RadioField) -> None:
        """Nobody answered, or somebody with a name did: a name beside "No answer" is asked about once, then left out.

        What was chosen stays chosen: a form that turned it into the other answer recorded as told whom nobody had told.
        """
        name = (self.name.data or "").strip()
        if field.data == NOBODY and name and name != self.beside.data:
            self.beside.data = name
            raise ValidationError(BOTH)

    def validate_name(self, field: StringField) -> None:
        """Somebody who answered has a name."""
        if self.answer.data == ANSWERED and not (field.data or "").strip():
            raise ValidationError(N_("Enter the name of the colleague who answered"))
