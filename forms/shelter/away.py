"""What people type about days on which a resident is away."""

from __future__ import annotations

from wtforms import RadioField, TextAreaField
from wtforms.validators import Optional

from forms import SelectChoice
from forms.days import DayField, today_or
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.away import AwayRefusal, Longer
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
    AwayRefusal.WHY: N_("Choose why the person comes back later"),
    AwayRefusal.NOT_BACK: N_("Nothing says that this person is back, or the stay has ended since."),
}
LONGER_LABELS = {
    Longer.TREATMENT: N_("Hospital or a doctor"),
    Longer.FAMILY: N_("With family or friends"),
    Longer.OFFICE: N_("A court, the police or another office"),
    Longer.ON_THE_WAY: N_("On the way, and late"),
    Longer.OTHER: N_("Another reason"),
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
    why = RadioField(
        N_("If it is a later day: why?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in LONGER_LABELS.items()],
        validators=[Optional()],
        validate_choice=False,
    )

    @property
    def longer(self) -> Longer | None:
        """Why it is a later day, if one of the reasons was chosen."""
        return Longer(self.why.data) if self.why.data in set(Longer) else None


class BackForm(OnceForm):
    """The day on which she came back."""

    back = today_or(N_("Came back"))
    back_day = DayField(N_("Day of coming back"), when=("back", "other"))
