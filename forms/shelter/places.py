"""What a shelter types about its units and places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import (
    BooleanField,
    Field,
    Form,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    ValidationError,
)

from forms import SelectChoice
from forms.days import OTHER, TODAY, DayField, today_or
from forms.typed import Offered, OnceForm, PlainText, WriteForm
from nrm.domain.shelter.places import LONGEST_NAME, CloseReason, ExtraReason, OutReason, PlaceRefusal
from nrm.domain.words import N_

CLOSE_REASONS = {
    CloseReason.REPAIRS: N_("Repairs"),
    CloseReason.FEWER_PLACES: N_("The shelter has fewer places"),
    CloseReason.GIVEN_UP: N_("The room or the building was given up"),
    CloseReason.ENTERED_BY_MISTAKE: N_("It was entered by mistake"),
    CloseReason.OTHER: N_("Another reason"),
}
CLOSED_WORDS: Mapping[str, str] = {
    **{str(code): words for code, words in CLOSE_REASONS.items()},
    "extra": N_("It was an extra place for some days"),
    "renamed": N_("It has another name since then, or is for others"),
}
OUT_REASONS = {
    OutReason.REPAIRS: N_("Repairs"),
    OutReason.CLEANING: N_("Cleaning"),
    OutReason.VERMIN: N_("Vermin"),
    OutReason.INFECTION: N_("Danger of infection"),
    OutReason.UNSAFE: N_("Not safe to sleep in"),
    OutReason.STAFF: N_("Too few staff for so many people"),
    OutReason.OTHER: N_("Another reason"),
}
EXTRA_REASONS = {
    ExtraReason.BUILDING_FULL: N_("Every place is taken"),
    ExtraReason.CAME_TOGETHER: N_("People who came together stay together"),
    ExtraReason.KEPT_APART: N_("Somebody must be kept away from somebody else"),
    ExtraReason.OUT_OF_SERVICE: N_("Other places are out of service"),
    ExtraReason.OTHER: N_("Another reason"),
}
REFUSED = {
    PlaceRefusal.NAME_MISSING: N_("Enter a name, for example R1"),
    PlaceRefusal.NAME_TOO_LONG: N_("Enter at most %(longest)s characters", longest=LONGEST_NAME),
    PlaceRefusal.NO_NUMBER: N_("Let the name end with a number, for example R1: the others count on from it"),
    PlaceRefusal.NAME_TAKEN: N_("Enter another name: a place has this name already, perhaps one that is closed"),
    PlaceRefusal.TOO_MANY: N_("Enter a number from 1 to 50"),
    PlaceRefusal.OCCUPIED: N_("Enter a later day, or move the person first: somebody sleeps in this place"),
    PlaceRefusal.CLOSED: N_("This is closed already, or will be. Reopen it first."),
    PlaceRefusal.KEPT: N_("Enter other days: the place is kept for somebody who is awaited then"),
    PlaceRefusal.CLOSED_IN_PAST: N_("Enter a day that is not before today"),
    PlaceRefusal.CLOSED_TOO_LATE: N_("Enter a day within three years"),
    PlaceRefusal.FOR_WHOM: N_("Choose for whom the unit is"),
    PlaceRefusal.BEGINS_TOO_LATE: N_("Enter an earlier day"),
    PlaceRefusal.EXTRA_TOO_LONG: N_("Enter an earlier last night: an extra place is there for a week at most"),
    PlaceRefusal.ENDS_BEFORE_IT_BEGINS: N_("Enter a later day"),
    PlaceRefusal.BEGINS_IN_PAST: N_("Enter a day that is not before today"),
    PlaceRefusal.OUT_ALREADY: N_("Enter other days: the place is out of service then"),
    PlaceRefusal.TAKEN_THEN: N_("Choose another place or other days: somebody has it then, or it is kept"),
    PlaceRefusal.NOT_THERE: N_("Enter other days: it is not there yet, or no longer"),
    PlaceRefusal.CODE: N_("Enter the code of the case, for example K7QM-4T2X-9"),
    PlaceRefusal.KEPT_FOR_CODE: N_("A place is kept for this code already: release that one first"),
    PlaceRefusal.KEPT_MANY: N_(
        "You keep places for as many people as one member may. Release one, or ask a colleague, or let the sender send "
        "the referral: accepting it keeps a place"
    ),
    PlaceRefusal.KEPT_TOO_LONG: N_("Enter an earlier day: a place is kept for a month at most, and can be renewed"),
    PlaceRefusal.NO_PLACES: N_("Tick the places that become a unit of their own"),
    PlaceRefusal.UNIT_NAME_TAKEN: N_("Enter another name: a unit has this name already"),
    PlaceRefusal.UNIT_CLOSED: N_("Reopen its unit first."),
    PlaceRefusal.GONE: N_("Another unit followed this one. Open that one."),
}
FIELD_OF = {
    PlaceRefusal.TOO_MANY: "number",
    PlaceRefusal.CLOSED: "unit",
    PlaceRefusal.FOR_WHOM: "for_whom",
    PlaceRefusal.UNIT_NAME_TAKEN: "label",
    PlaceRefusal.NO_PLACES: "places",
    PlaceRefusal.CODE: "code",
    PlaceRefusal.KEPT_FOR_CODE: "code",
    PlaceRefusal.KEPT_MANY: "code",
    PlaceRefusal.KEPT_TOO_LONG: "ends_day",
    PlaceRefusal.NOT_THERE: "begins",
    PlaceRefusal.BEGINS_IN_PAST: "begins",
    PlaceRefusal.BEGINS_TOO_LATE: "begins",
    PlaceRefusal.ENDS_BEFORE_IT_BEGINS: "ends_day",
    PlaceRefusal.CLOSED_TOO_LATE: "ends_day",
}
"""Error -> the field it stands at; each page says where all others stand."""
NAME_HINT = N_(
    "As it stands on the door or in your own lists, for example R1 or Garden room. Never the name of a person."
)
ALREADY = "already"


class _OneLine:
    """Plain text without a line break or tab."""

    def __call__(self, form: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        PlainText(LONGEST_NAME)(form, field)
        if not (field.data or "").isprintable():
            raise ValidationError(N_("Enter the name on one line"))


def _choices(words: Mapping[Any, str]) -> list[SelectChoice]:
    return [SelectChoice(value=str(code), label=each) for code, each in words.items()]


def _there_from() -> RadioField:
    return RadioField(
        N_("There from"),
        choices=[
            SelectChoice(value=TODAY, label=N_("Today")),
            SelectChoice(
                value=ALREADY,
                label=N_("It was there before, and people may have been in it; the state pays for it from today on"),
            ),
            SelectChoice(value=OTHER, label=N_("Another day")),
        ],
        validators=[Offered(N_("Choose from when it is there"))],
        validate_choice=False,
    )


def _for_whom() -> RadioField:
    return RadioField(N_("For whom"), validators=[Offered(N_("Choose for whom the unit is"))], validate_choice=False)


class AddPlacesForm(OnceForm):
    """In which unit, the first name, how many, and from when."""

    unit = SelectField(N_("Unit"), validators=[Offered(N_("Choose a unit"))], validate_choice=False)
    name = StringField(N_("Name of the place, or of the first one"), description=NAME_HINT, validators=[_OneLine()])
    number = StringField(N_("How many"), description=N_("Several count on from the number at the end: R1, R2, R3."))
    begins = _there_from()
    begins_day = DayField(N_("Day from which it is there"), when=("begins", "other"))


class AddUnitForm(OnceForm):
    """A room, flat or floor, for whom it is, and its places."""

    label = StringField(
        N_("Name of the room, flat or floor"), description=N_("For example First floor."), validators=[_OneLine()]
    )
    for_whom = _for_whom()
    name = StringField(N_("Name of its first place"), description=NAME_HINT, validators=[_OneLine()])
    number = StringField(
        N_("How many places"), description=N_("Several count on from the number at the end: R1, R2, R3.")
    )
    begins = _there_from()
    begins_day = DayField(N_("Day from which it is there"), when=("begins", "other"))


class ChangeUnitForm(OnceForm):
    """Another name, or for others."""

    label = StringField(N_("Name of the room, flat or floor"), validators=[_OneLine()])
    for_whom = _for_whom()


class SplitUnitForm(OnceForm):
    """Which places become a unit of their own, and from when."""

    places = SelectMultipleField(N_("Places of the new unit"), validate_choice=False)
    label = StringField(N_("Name of the new unit"), validators=[_OneLine()])
    for_whom = _for_whom()
    begins = today_or(N_("From"))
    begins_day = DayField(N_("Day from which it is so"), when=("begins", "other"))


class RenamePlaceForm(OnceForm):
    """Another name."""

    name = StringField(N_("New name"), description=NAME_HINT, validators=[_OneLine()])


class ClosePlaceForm(OnceForm):
    """From which day a place or a unit is closed, and why."""

    closed = today_or(N_("Closed from"))
    day = DayField(N_("Day from which it is closed"), when=("closed", "other"))
    reason = RadioField(
        N_("Reason"),
        choices=_choices(CLOSE_REASONS),
        validators=[Offered(N_("Choose why it is closed"))],
        validate_choice=False,
    )


class OutForm(OnceForm):
    """For which days a place is out of service, and why."""

    begins = today_or(N_("Out of service from"))
    begins_day = DayField(N_("First day out of service"), when=("begins", "other"))
    ends = RadioField(
        N_("Until"),
        choices=[
            SelectChoice(value="open", label=N_("Until somebody puts it back")),
            SelectChoice(value="other", label=N_("A day")),
        ],
        validators=[Offered(N_("Choose until when"))],
        validate_choice=False,
    )
    ends_day = DayField(N_("Day from which it can be used again"), when=("ends", "other"))
    reason = RadioField(
        N_("Reason"),
        choices=_choices(OUT_REASONS),
        validators=[Offered(N_("Choose why it is out of service"))],
        validate_choice=False,
    )
    reference = StringField(
        N_("Reference"),
        description=N_("Number of the order, letter or report. Never the name of a person. It may stay empty."),
        validators=[_OneLine()],
    )
    when_free = BooleanField(N_("Somebody sleeps in it: it goes out of service when they have left"))


class ExtraPlaceForm(WriteForm):
    """In which unit an extra place is made, until when, and why."""

    unit = SelectField(N_("Unit"), validators=[Offered(N_("Choose a unit"))], validate_choice=False)
    nights = SelectField(N_("For how many nights"), validators=[Offered(N_("Choose a number"))], validate_choice=False)
    reason = RadioField(
        N_("Reason"),
        choices=_choices(EXTRA_REASONS),
        validators=[Offered(N_("Choose why an extra place is needed"))],
        validate_choice=False,
    )
    though_free = BooleanField(N_("Make it all the same: nobody can be put into a free place"))
    """Shown and asked for once, where *every place is taken* is said while some are free."""


class PromiseForm(OnceForm):
    """For which code a place is kept, and for which days."""

    code = StringField(N_("Code of the case"), description=N_("For example K7QM-4T2X-9."), validators=[_OneLine()])
    begins = today_or(N_("Kept from"))
    begins_day = DayField(N_("First day"), when=("begins", "other"))
    ends_day = DayField(N_("Last day on which the person can come"))


class RenewForm(OnceForm):
    """Until when a place is kept now."""

    ends_day = DayField(N_("Last day on which the person can come"))
