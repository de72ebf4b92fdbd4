"""What people type about the hearings of a witness."""

from __future__ import annotations

from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, TextAreaField

from forms.days import DayField
from forms.typed import Offered, OnceForm, OneOf, PlainText
from nrm.domain.support.hearings import CalledOff, HearingRefusal, measures_of
from nrm.domain.words import N_

REFUSED = {
    HearingRefusal.COURT: N_("Choose a court of the list"),
    HearingRefusal.PAST: N_("Enter a day that is not over: what was said in court is recorded as a step"),
    HearingRefusal.TOO_LATE: N_("Enter a day within the next two years"),
    HearingRefusal.TWICE: N_(
        "A hearing on this day at this court is announced already: correct that announcement, or call it off"
    ),
    HearingRefusal.NOT_YOURS: N_(
        "The prosecution entered this, and corrects it: call its office. If there is no hearing on that day, record "
        "that"
    ),
    HearingRefusal.STATE: N_("Somebody entered something about this hearing already: look at it again"),
}


WEEKEND = N_("This day is a Saturday or a Sunday: look at it again, and tick that the court sits then")

TICKED = N_("Protection was ticked, and this says that there is none. Choose yes and tick it again, or press once more")


NONE_ORDERED = N_(
    "Protection was asked for. Has the court refused it? Then tick that you have read the order; if it has not decided "
    "yet, enter nothing"
)


class _Measures(OnceForm):
    """Protection measures, and whether there are any: nobody is to leave the question out."""

    def check(self, which: RadioField, measures: SelectMultipleField, missing: str) -> bool:
        """Say at the list what is missing, or at the question that the ticks say something else; returns whether
        neither is so. The ticks are taken out: the page hides them below a no."""
        if which.data == "some" and not measures.data:
            measures.errors = [missing]
            return False
        if which.data != "some" and measures.data:
            which.errors, measures.data = [TICKED], []
            return False
        return True


class AnnounceHearingForm(_Measures):
    """Court, day, and the protection that was asked for."""

    court = SelectField(N_("Court"), validators=[OneOf(N_("Choose the court"))], validate_choice=False)
    day = DayField(N_("Day of the hearing"))
    weekend = BooleanField(N_("The court sits on this day of the weekend"))
    same_day = BooleanField(N_("The person is heard at both courts on this day"))
    protection = RadioField(
        N_("Was protection at the hearing asked for?"),
        validators=[Offered(N_("Choose whether protection was asked for"))],
        validate_choice=False,
    )
    measures = SelectMultipleField(N_("What was asked for"), choices=[], validate_choice=True)

    @property
    def is_whole(self) -> bool:
        """Whether what a valid form says of protection is whole; says what is missing."""
        return self.check(self.protection, self.measures, N_("Choose what was asked for"))

    @property
    def asked(self) -> tuple[str, ...]:
        """The measures of a whole form."""
        return measures_of(self.measures.data or ()) if self.protection.data == "some" else ()


class OrderProtectionForm(_Measures):
    """What the court ordered."""

    protection = RadioField(
        N_("Did the court order protection?"),
        validators=[Offered(N_("Choose whether the court ordered protection"))],
        validate_choice=False,
    )
    measures = SelectMultipleField(N_("What the court ordered"), choices=[], validate_choice=True)
    none = BooleanField(N_("I have read the order: the court ordered no protection"))
    """Shown and asked for once, where protection was asked for (ADR 0263)."""

    @property
    def is_whole(self) -> bool:
        """Whether what a valid form says is whole; says what is missing."""
        return self.check(self.protection, self.measures, N_("Choose what the court ordered"))

    @property
    def ordered(self) -> tuple[str, ...]:
        """The measures of a whole form."""
        return measures_of(self.measures.data or ()) if self.protection.data == "some" else ()


class ForgetKeptForm(OnceForm):
    """That a hearing whose day lies ahead is taken off the list for good."""

    despite = BooleanField(N_("The day lies ahead: I have asked, and nobody needs this hearing on the list any more"))


AHEAD = N_("The day lies ahead: ask whoever is to bring the person, and tick it")


class CallOffForm(OnceForm):
    """Why there is no hearing."""

    why = RadioField(
        N_("Why is there no hearing on that day?"),
        validators=[Offered(N_("Choose why there is no hearing"))],
        validate_choice=False,
    )
    words = TextAreaField(
        N_("Which reason?"),
        description=N_("Sealed with the hearing: who reads the hearing reads it."),
        validators=[PlainText(300)],
    )

    @property
    def is_whole(self) -> bool:
        """Whether another reason is said in words; says so where it is not. Of any other answer no words are kept."""
        if self.why.data != CalledOff.OTHER:
            self.words.data = ""
        elif not (self.words.data or "").strip():
            self.words.errors = [N_("Write which other reason there is")]
            return False
        return True
