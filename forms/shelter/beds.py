"""What a shelter's manager types about beds."""

from __future__ import annotations

from wtforms import Field, Form, RadioField, StringField, ValidationError

from forms import SelectChoice
from forms.days import DayField, today_or
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.stays import LONGEST_NAME, BedRefusal, CloseReason
from nrm.domain.words import N_

CLOSE_REASONS = {
    CloseReason.REPAIRS: N_("Repairs"),
    CloseReason.FEWER_PLACES: N_("The shelter has fewer places"),
    CloseReason.GIVEN_UP: N_("The room or the building was given up"),
    CloseReason.ENTERED_BY_MISTAKE: N_("It was entered by mistake"),
    CloseReason.OTHER: N_("Another reason"),
}
REFUSED = {
    BedRefusal.NAME_MISSING: N_("Enter a name, for example R1"),
    BedRefusal.NAME_TOO_LONG: N_("Enter at most %(longest)s characters", longest=LONGEST_NAME),
    BedRefusal.NO_NUMBER: N_("Let the name end with a number, for example R1: the others count on from it"),
    BedRefusal.NAME_TAKEN: N_("Enter another name: a bed has this name already, perhaps one that is closed"),
    BedRefusal.TOO_MANY: N_("Enter a number from 1 to 50"),
    BedRefusal.OCCUPIED: N_("Enter a later day, or move the person first: somebody sleeps in this bed"),
    BedRefusal.CLOSED: N_("This bed is closed already, or will be. Reopen it first."),
    BedRefusal.KEPT: N_("Close it later: it is kept for somebody who is awaited"),
    BedRefusal.CLOSED_IN_PAST: N_("Enter a day that is not before today"),
    BedRefusal.CLOSED_TOO_LATE: N_("Enter a day within three years"),
}
NAME_HINT = N_(
    "As it stands on the door or in your own lists, for example R1 or Garden room. Never the name of a person."
)


class _OneLine:
    """Plain text without a line break or tab."""

    def __call__(self, form: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        PlainText(LONGEST_NAME)(form, field)
        if not (field.data or "").isprintable():
            raise ValidationError(N_("Enter the name on one line"))


class AddBedsForm(OnceForm):
    """The first name, and how many."""

    name = StringField(N_("Name of the bed, or of the first one"), description=NAME_HINT, validators=[_OneLine()])
    number = StringField(N_("How many"), description=N_("Several count on from the number at the end: R1, R2, R3."))


class RenameBedForm(OnceForm):
    """Another name."""

    name = StringField(N_("New name"), description=NAME_HINT, validators=[_OneLine()])


class CloseBedForm(OnceForm):
    """From which day, and why."""

    closed = today_or(N_("Closed from"))
    day = DayField(N_("Day from which it is closed"), when=("closed", "other"))
    reason = RadioField(
        N_("Reason"),
        choices=[SelectChoice(value=str(code), label=words) for code, words in CLOSE_REASONS.items()],
        validators=[Offered(N_("Choose why the bed is closed"))],
        validate_choice=False,
    )
