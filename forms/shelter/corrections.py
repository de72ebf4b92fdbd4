"""What people type to correct an entry about a stay, and what is said when it cannot be corrected."""

from __future__ import annotations

from wtforms import RadioField, SelectField

from forms import SelectChoice
from forms.days import DayField
from forms.typed import Offered, OnceForm
from nrm.domain.shelter.corrections import CorrectionRefusal, Kind, Why
from nrm.domain.words import N_

WHY_LABELS = {
    Why.MISTYPED: N_("It was typed wrongly"),
    Why.MISTOLD: N_("It was told to us wrongly"),
    Why.OTHER_PERSON: N_("It was about another person"),
    Why.KNOWN_LATER: N_("It became known later"),
    Why.CAME_BACK: N_("The person came back within hours"),
}
KIND_LABELS = {
    Kind.ADMISSION: N_("Day of admission"),
    Kind.EXIT: N_("End of the stay"),
    Kind.ARRIVAL: N_("Arrival taken back"),
    Kind.PLACE: N_("Place"),
    Kind.AWAY: N_("Days away, taken back"),
}
CORRECTION_REFUSED = {
    CorrectionRefusal.SAME: N_("Enter what is right: this is what stands there already"),
    CorrectionRefusal.NOT_HELD: N_("Your shelter does not hold this case now, or it is closed. Reopen it first."),
    CorrectionRefusal.STILL_OPEN: N_("This stay has not ended: there is no end to correct."),
    CorrectionRefusal.AS_MISSING: N_("The stay ended because nobody found the person. Who is back is admitted anew."),
    CorrectionRefusal.LATER_STAY: N_("The person was in a shelter since then. That stay stands; this end stays."),
    CorrectionRefusal.MISSING_STANDS: N_(
        "This person is missing: record first that the person was found. Was the alarm a mistake? Say so on the page "
        "of the stay"
    ),
    CorrectionRefusal.AWAY_STANDS: N_(
        "This person is away and did not come back on the day: record first that the person is back, or is missing"
    ),
    CorrectionRefusal.ANOTHER: N_(
        "The stay was entered more than a day ago: another member of your shelter takes it back, and not who entered it"
    ),
    CorrectionRefusal.REFERRED: N_("The person came by a referral: say at the referral that the person never arrived"),
    CorrectionRefusal.NO_ARRIVAL: N_("There is no arrival here that can be taken back: the stay has ended."),
    CorrectionRefusal.OF_A_MOVE: N_(
        "The person came from another shelter: the stay and the keys there ended with this arrival, so it cannot be "
        "taken back. Call that shelter, and ask it to take the person again; if nobody knows where they are, record "
        "them missing."
    ),
    CorrectionRefusal.TWO_STRIKE: N_("Two members recorded this end: two members say that it is wrong."),
    CorrectionRefusal.NO_DOUBT: N_("Nobody says that this end is wrong, or it was not recorded by two members."),
    CorrectionRefusal.SAME_MEMBER: N_("Somebody else of your shelter must confirm it: whoever recorded it cannot."),
    CorrectionRefusal.SENT_ON: N_("Another shelter was asked to take this person. Withdraw that first."),
    CorrectionRefusal.TOO_LATE: N_(
        "The arrival was entered more than seven days ago. If the person is not there, end the stay."
    ),
    CorrectionRefusal.OPENED_LATE: N_(
        "The case was opened more than a month ago: who lived here for so long did not by mistake. End the stay."
    ),
    CorrectionRefusal.BEFORE_ABSENCE: N_("Enter a day that is not after a day on which the person was away or missing"),
    CorrectionRefusal.BEFORE_MOVE: N_(
        "Enter a day before the person moved to another place; if the move was entered wrongly, too, correct the place "
        "first"
    ),
    CorrectionRefusal.NOT_THERE: N_("Enter a day of this stay"),
    CorrectionRefusal.TWO_MEMBERS: N_(
        "Two members recorded this end. Say that the person is still here; then record what is right."
    ),
}


def why(*, had_gone: bool = True) -> RadioField:
    """Why the entry was wrong. `had_gone`: it said that the person had gone, so that they may have come back."""
    offered = [each for each in WHY_LABELS if had_gone or each is not Why.CAME_BACK]
    return RadioField(
        N_("Why was the entry wrong?"),
        choices=[SelectChoice(value=str(each), label=WHY_LABELS[each]) for each in offered],
        validators=[Offered(N_("Choose why the entry was wrong"))],
        validate_choice=False,
    )


class CorrectAdmissionForm(OnceForm):
    """The right day of an admission."""

    admitted = DayField(N_("The right day of admission"))
    why = why(had_gone=False)


class ReopenStayForm(OnceForm):
    """Where the person sleeps whose stay has not ended."""

    bed = SelectField(N_("Place"), validators=[Offered(N_("Choose a free place"))], validate_choice=False)
    why = why()


class DoubtForm(OnceForm):
    """Why an end that two members recorded is wrong; a second member strikes it."""

    why = why()


class CorrectPlaceForm(OnceForm):
    """The right place, and from which day of the stay on."""

    bed = SelectField(N_("The right place"), validators=[Offered(N_("Choose a place"))], validate_choice=False)
    since = DayField(N_("From which day on?"))
    why = why(had_gone=False)


class TakeBackForm(OnceForm):
    """Why an arrival is taken back; it has nothing in its place."""

    why = why(had_gone=False)


class StrikeAwayForm(OnceForm):
    """Why days away are struck."""

    why = why()
