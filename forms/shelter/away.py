"""What people type about days on which a resident is away."""

from __future__ import annotations

from wtforms import RadioField, TextAreaField

from forms import SelectChoice
from forms.days import DayField, today_or
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.away import AwayRefusal
from nrm.domain.words import N_

AWAY_REFUSED = {
    AwayRefusal.SINCE: N_("Enter a day of this stay, at most 14 days ahead"),
    AwayRefusal.EXPECTED: N_("Enter a day that is not before the person goes, and at most three months after it"),
    AwayRefusal.OVERLAPS: N_("The person was away or missing on some of these days already"),
    AwayRefusal.MISSING_STANDS: N_("This person is missing: record first that the person was found"),
    AwayRefusal.OVER: N_("This is over already."),
    AwayRefusal.BACK: N_("Enter a day that is not before the person went, and not in the future"),
    AwayRefusal.CHILD: N_(
        "A child, or who may be one, is expected back within 7 days. Is it longer? Ask the child authority, and say a "
        "new day when these are over: that desk reads which children are away, and until when"
    ),
    AwayRefusal.NOT_BACK: N_("Nothing says that this person is back, or the stay has ended since."),
}
LENGTHS = {
    "1": N_("Tomorrow"),
    "3": N_("In 3 days"),
    "7": N_("In a week"),
    "other": N_("Another day"),
}


class AwayForm(OnceForm):
    """From when, until when, and under seal why."""

    since = today_or(N_("Away from"))
    since_day = DayField(N_("First day away"), when=("since", "other"))
    expected = RadioField(
        N_("Expected back"),
        choices=[SelectChoice(value=code, label=label) for code, label in LENGTHS.items()],
        validators=[Offered(N_("Choose when the person is expected back"))],
        validate_choice=False,
    )
    expected_day = DayField(N_("Day on which the person is expected"), when=("expected", "other"))
    reason = TextAreaField(
        N_("Where the person is, and why"),
        description=N_("Sealed with the notes on the care; nobody outside of this shelter reads it."),
        validators=[PlainText(2000)],
    )


class ExpectedForm(OnceForm):
    """Another day of return."""

    expected_day = DayField(N_("Day on which the person is expected"))


class BackForm(OnceForm):
    """The day on which she came back."""

    back = today_or(N_("Came back"))
    back_day = DayField(N_("Day of coming back"), when=("back", "other"))
