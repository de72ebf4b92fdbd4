"""What people type about an age."""

from __future__ import annotations

from datetime import date

from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms import ValidationError as Wrong

from forms import SelectChoice
from forms.days import DayField, today_or
from forms.typed import Offered, OnceForm, OneOf, PlainText
from nrm.domain.shelter.ages import ADULT, CHILD, AgeRefusal, Kind
from nrm.domain.words import N_

KIND_LABELS = {
    Kind.MONTH: N_("Month of 18 entered"),
    Kind.BIRTHDAY: N_("Turned 18"),
    Kind.ASSESSED: N_("Age assessed"),
}
CLASS_LABELS = {ADULT: N_("18 or over"), CHILD: N_("Under 18"), "unsure": N_("Not sure, perhaps under 18")}
MONTHS = (
    N_("January"),
    N_("February"),
    N_("March"),
    N_("April"),
    N_("May"),
    N_("June"),
    N_("July"),
    N_("August"),
    N_("September"),
    N_("October"),
    N_("November"),
    N_("December"),
)
WRONG_MONTH = N_("Choose a month, and enter the year in four figures, for example 2027")
NO_MONTH, NO_YEAR = N_("Choose the month"), N_("Enter the year in four figures, for example 2027")
IMPOSSIBLE = {
    AgeRefusal.STATE: ("", N_("Somebody else recorded something in the same moment. Look at the age again.")),
    AgeRefusal.MONTH: ("year", WRONG_MONTH),
    AgeRefusal.OVER: (
        "year",
        N_("Enter this month or a later one. If the month is over, the child protection service assesses the age"),
    ),
    AgeRefusal.FAR: ("year", N_("Enter a month within the next 18 years")),
    AgeRefusal.ADULT: ("", N_("This person counts as an adult already.")),
    AgeRefusal.CONTRADICTS: ("year", N_("Enter the month that fits the day of birth in the identity, or correct that")),
    AgeRefusal.UNKNOWN: (
        "year",
        N_(
            "The identity has no date of birth, so no month can be compared with it. Ask the child protection service "
            "or the duty desk: they assess the age"
        ),
    ),
    AgeRefusal.OPEN_FIRST: (
        "agrees",
        N_("Open the identity first: the month and the day must agree with the day of birth under seal."),
    ),
    AgeRefusal.NOT_YET: (
        "agrees",
        N_(
            "It is not sure that the person is 18 yet. Without a day of birth they count as an adult from the first of "
            "next month."
        ),
    ),
    AgeRefusal.SAME: ("age_class", N_("Choose another age than the person counts as now")),
    AgeRefusal.WAITS: ("", N_("Somebody said already that this person is 18 or over. Look at the age again.")),
    AgeRefusal.SAID_NO: (
        "",
        N_("Another organisation did not agree to this within the last 30 days. Call it: it records the age itself."),
    ),
    AgeRefusal.NO_WORD: ("", N_("Nothing waits for your answer any more. Look at the age again.")),
    AgeRefusal.OTHER: ("", N_("Somebody of another organisation answers this.")),
    AgeRefusal.BROUGHT: (
        "year",
        N_(
            "A later month is recorded, and this one makes the person an adult at once. Two organisations say that: "
            "ask the child protection service and the duty desk"
        ),
    ),
    AgeRefusal.SURE_CHILD: (
        "sure",
        N_(
            "From now on the person counts as a child: the child protection service is told and assesses, and the "
            "person leaves only through the child gate. Only that service and the duty desk take it back. Is that so? "
            "Then tick it"
        ),
    ),
    AgeRefusal.SURE_ADULT: (
        "sure",
        N_(
            "From now on the person counts as an adult: what the child protection service may read ends, and the "
            "person decides alone. Is that so? Then tick it"
        ),
    ),
    AgeRefusal.NO_SLIP: (
        "",
        N_("Your shelter did not record this person as under 18 in the last seven days. Call the duty desk."),
    ),
    AgeRefusal.DAY: ("when", N_("Enter a day that is not before the case began, and not in the future")),
}
"""Why something is refused -> the field it stands at, and what to do."""


class MonthForm(OnceForm):
    """The month in which somebody turns 18."""

    month = SelectField(
        N_("Month"),
        choices=[
            SelectChoice(value="", label=N_("Choose")),
            *(SelectChoice(value=str(number), label=words) for number, words in enumerate(MONTHS, 1)),
        ],
        validators=[OneOf(NO_MONTH)],
        validate_choice=False,
    )
    year = StringField(N_("Year"), validators=[PlainText(4)])

    def validate_year(self, field: StringField) -> None:
        """Four figures."""
        text = field.data or ""
        if not (len(text) == 4 and text.isascii() and text.isdigit()):
            raise Wrong(NO_YEAR)

    @property
    def first(self) -> date:
        """The first day of the month, of a valid form."""
        return date(max(1, int(self.year.data or 1)), int(self.month.data), 1)


class TurnedForm(OnceForm):
    """What an adult from today on says about who could read for the child."""

    agrees = RadioField(
        N_("Does the person agree that the child protection service goes on reading what it could read?"),
        choices=[
            SelectChoice(value="yes", label=N_("Yes, the person agrees")),
            SelectChoice(value="no", label=N_("No, or not asked yet: it reads nothing from now on")),
        ],
        validators=[Offered(N_("Choose whether the person agrees"))],
        validate_choice=False,
    )


class WordForm(OnceForm):
    """The answer to another organisation's word that a child is an adult."""

    answer = RadioField(
        N_("Is this person 18 or over?"),
        choices=[
            SelectChoice(value="yes", label=N_("Yes, I agree: from now on the person counts as an adult")),
            SelectChoice(value="no", label=N_("No: the person counts as under 18, as before")),
        ],
        validators=[Offered(N_("Choose yes or no"))],
        validate_choice=False,
    )


class MonthWordForm(WordForm):
    """The answer to the house's word that a child turns 18 in a month."""

    answer = RadioField(
        N_("Does this person turn 18 in that month?"),
        choices=[
            SelectChoice(value="yes", label=N_("Yes, I agree: the month counts")),
            SelectChoice(value="no", label=N_("No: the person counts as under 18, as before")),
        ],
        validators=[Offered(N_("Choose yes or no"))],
        validate_choice=False,
    )


class AssessForm(OnceForm):
    """As what somebody was assessed, and from which day."""

    age_class = RadioField(
        N_("As what was the person assessed?"),
        choices=(),
        validators=[Offered(N_("Choose the age"))],
        validate_choice=False,
    )
    when = today_or(N_("From which day?"))
    on = DayField(N_("Day"), when=("when", "other"))
    sure = BooleanField(N_("It is this person, and this is the age"))
