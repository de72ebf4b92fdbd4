"""What people type and choose about the plan of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from wtforms import RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from forms import SelectChoice
from forms.days import OTHER, TODAY, DayField, today_or
from forms.shelter.cases import LONGEST_TEXT
from forms.typed import Offered, OnceForm, OneOf, PlainText, WriteForm
from nrm.domain.support.plans import (
    At,
    Came,
    Happened,
    Kind,
    PlanRefusal,
    PlanRefused,
    StepEnd,
    check_hour,
    check_hours,
)
from nrm.domain.words import N_

CAME_LABELS = {
    Came.DONE: N_("It was given"),
    Came.NOT_DONE: N_("It was not given"),
}
STEP_ENDS = {
    StepEnd.DONE: N_("Done"),
    StepEnd.DROPPED: N_("Not needed any more"),
    StepEnd.STRUCK: N_("Struck"),
}
KIND_LABELS = {
    Kind.GOAL: N_("Goal"),
    Kind.SERVICE: N_("Service"),
    Kind.STEP: N_("Next step"),
    Kind.MEDICATION: N_("Medication"),
}
HAPPENED_LABELS = {
    Happened.DONE: N_("Done"),
    Happened.DROPPED: N_("Not needed any more"),
    Happened.MOVED: N_("Put to another day"),
    Happened.UNDONE: N_("Taken back"),
    Happened.HANDED: N_("Somebody else does it"),
}
AT_LABELS = {
    At.MORNING: N_("in the morning"),
    At.NOON: N_("at noon"),
    At.EVENING: N_("in the evening"),
    At.BEFORE_SLEEP: N_("before sleep"),
    At.WHEN_NEEDED: N_("when it is needed"),
}
PLAN_REFUSED: Mapping[str, str] = {
    PlanRefusal.DAY: N_("Enter today or a day within the next year"),
    PlanRefusal.OWNER: N_("Choose somebody who works here"),
    PlanRefusal.OVER: N_("This step is not open any more, or somebody else put it to another day."),
    PlanRefusal.UNDO: N_("It can be taken back only on the day on which it was done."),
    PlanRefusal.PAST_DAY: N_("Enter a day that is not in the future"),
    PlanRefusal.FIRST: N_("Enter a first day within the next month: what begins later is written down then"),
    PlanRefusal.UNTIL: N_("Enter a last day that is not before the first one"),
    PlanRefusal.SINCE: N_("This first day is more than 20 years ago: look at the year"),
    PlanRefusal.PAST: N_("This last day is long past: what is not taken any more belongs in the notes of the person"),
    PlanRefusal.HOUR: N_("Enter hours alone, for example 8:00: they are printed"),
    PlanRefusal.NO_SUCH_HOUR: N_("There is no such hour: enter one from 0:00 to 23:59, for example 14:30"),
    PlanRefusal.WHEN: N_("Enter an hour, or choose when on the day"),
    PlanRefusal.GONE: N_("This entry was struck, or is not there any more."),
    PlanRefusal.EMPTY: N_("There is nothing to confirm yet."),
    PlanRefusal.QUARTER: N_("What was answered for this quarter is counted already, or the quarter has not begun."),
    PlanRefusal.CHANGED: N_("The plan was changed while you read it. Read it again, then confirm it."),
}
FIELD_OF: Mapping[str, str] = {
    PlanRefusal.DAY: "due",
    PlanRefusal.OWNER: "owner",
    PlanRefusal.PAST_DAY: "on",
    PlanRefusal.FIRST: "since",
    PlanRefusal.SINCE: "since",
    PlanRefusal.UNTIL: "until",
    PlanRefusal.PAST: "until",
    PlanRefusal.HOUR: "hour",
    PlanRefusal.NO_SUCH_HOUR: "hour",
    PlanRefusal.WHEN: "hour",
}
LONGEST_LINE = 200
GOES_ON = "goes_on"
NOTHING = "nothing"


class GoalForm(WriteForm):
    """A goal, as the person says it."""

    text = TextAreaField(
        N_("The goal, in the person’s own words"),
        validators=[InputRequired(N_("Enter the goal")), PlainText(LONGEST_TEXT)],
    )


class ServiceForm(WriteForm):
    """A service that is planned."""

    service = SelectField(
        N_("What it is about"), validators=[OneOf(N_("Choose what it is about"))], validate_choice=False
    )
    provider = StringField(
        N_("Who gives it"),
        validators=[InputRequired(N_("Enter who gives it")), PlainText(LONGEST_LINE)],
    )
    text = TextAreaField(N_("What for, and how often"), validators=[PlainText(LONGEST_TEXT)])


class CameForm(OnceForm):
    """Whether a planned service was given, and by whom."""

    came = RadioField(
        N_("What became of it?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in CAME_LABELS.items()],
        validators=[Offered(N_("Choose what became of it"))],
        validate_choice=False,
    )
    on = today_or(N_("When"))
    on_day = DayField(N_("Day"), when=("on", OTHER))
    who = StringField(
        N_("Who gave it, or why it was not given"),
        validators=[InputRequired(N_("Enter who gave it, or why it was not given")), PlainText(LONGEST_LINE)],
    )


class StepForm(WriteForm):
    """A next step: what, by when, whose."""

    text = TextAreaField(
        N_("What is to be done"), validators=[InputRequired(N_("Enter what is to be done")), PlainText(LONGEST_TEXT)]
    )
    due = RadioField(
        N_("By when"),
        choices=[
            SelectChoice(value=TODAY, label=N_("Today")),
            SelectChoice(value="1", label=N_("Tomorrow")),
            SelectChoice(value="7", label=N_("In a week")),
            SelectChoice(value=OTHER, label=N_("Another day")),
        ],
        validators=[Offered(N_("Choose by when"))],
        validate_choice=False,
    )
    due_day = DayField(N_("Day by which it is to be done"), when=("due", OTHER))
    hour = StringField(
        N_("Hour, if it is an appointment"),
        description=N_("For example 14:30. It stands on the list of the day."),
        validators=[PlainText(20)],
    )
    owner = SelectField(N_("Who does it"), validators=[OneOf(N_("Choose who does it"))], validate_choice=False)

    def validate_hour(self, field: StringField) -> None:
        """An hour, or nothing."""
        _say(lambda: check_hour(field.data or ""))


class MedicationForm(WriteForm):
    """What the person takes."""

    text = TextAreaField(
        N_("What is taken, and how much"),
        validators=[InputRequired(N_("Enter what is taken")), PlainText(LONGEST_TEXT)],
    )
    hour = StringField(
        N_("At which hours"),
        description=N_(
            "For example 8:00 and 20:00. They stand on the list of the day, which is printed: enter no name."
        ),
        validators=[PlainText(LONGEST_LINE)],
    )
    at = SelectMultipleField(
        N_("Or when on the day"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in AT_LABELS.items()],
        validate_choice=True,
    )
    since = today_or(N_("From"))
    since_day = DayField(N_("First day"), when=("since", OTHER))
    until = RadioField(
        N_("Until"),
        choices=[
            SelectChoice(value=GOES_ON, label=N_("No last day is known")),
            SelectChoice(value=OTHER, label=N_("A last day")),
        ],
        validators=[Offered(N_("Choose whether a last day is known"))],
        validate_choice=False,
    )
    until_day = DayField(N_("Last day"), when=("until", OTHER))

    def validate_hour(self, field: StringField) -> None:
        """Hours, or a part of the day."""
        _say(lambda: check_hours(field.data or "", [At(each) for each in self.at.data or () if each in set(At)]))


class EndMedicationForm(OnceForm):
    """Until when medication is taken."""

    until = today_or(N_("Last day on which it is taken"))
    until_day = DayField(N_("Day"), when=("until", OTHER))


def _say(check: Callable[[], object]) -> None:
    try:
        check()
    except PlanRefused as error:
        raise ValidationError(PLAN_REFUSED[error.reason]) from None


class HandForm(OnceForm):
    """Who does a step from now on."""

    owner = SelectField(N_("Who does it"), validators=[OneOf(N_("Choose who does it"))], validate_choice=False)


class MoveForm(OnceForm):
    """To which day a step is put."""

    to_day = DayField(N_("Day by which it is to be done"))


class ReceivedForm(OnceForm):
    """Which services a person received in a quarter; none is an answer, too, and is ticked."""

    services = SelectMultipleField(N_("What the person received"), validate_choice=False)

    def validate_services(self, field: SelectMultipleField) -> None:
        """Something is ticked, all of it was offered, and nothing stands beside "nothing"."""
        chosen = set(field.data or ())
        if not chosen <= {cast(Any, each).value for each in field.iter_choices()}:
            raise ValidationError(N_("Tick what the person received, or that it was nothing"))
        if not chosen or (NOTHING in chosen and len(chosen) > 1):
            raise ValidationError(N_("Tick what the person received, or that it was nothing"))
