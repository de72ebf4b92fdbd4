"""Agreeing to what a colleague asked for, undoing it, and what the person signed."""

from __future__ import annotations

from datetime import date

from wtforms import BooleanField, RadioField
from wtforms.validators import DataRequired, Optional

from forms import SelectChoice
from forms.days import DayField
from forms.typed import Offered, OnceForm
from nrm.domain.accounts.second_hands import Heard
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.domain.words import N_

HEARD_LABELS = {
    Heard.SPOKE: N_("I spoke with the person, and she wants it"),
    Heard.SIGNED: N_("I read the form that she signed"),
}
REASON_LABELS = {
    SuspensionReason.LOST_DEVICE: N_("A telephone, laptop or password was lost or stolen"),
    SuspensionReason.NOT_THEMSELVES: N_("Somebody else may be using the account"),
    SuspensionReason.MISUSE: N_("What was opened or ended must be looked into first"),
    SuspensionReason.ASKED: N_("The person asked for it"),
    SuspensionReason.OBJECTED: N_("A colleague objected to a change of the account"),
}


class SignedForm(OnceForm):
    """Part of a form by which a person takes everything back: whether she signed for it, and the day on the form."""

    signed = BooleanField(
        N_("She signed a form for it, which lies here"),
        description=N_("Only if you have it before you: a colleague will ask to read it."),
        validators=[Optional()],
    )
    signed_day = DayField(N_("Day on the form"), when=("signed", True))

    def is_of_past(self, today: date) -> bool:
        """Whether the day of a valid form is not to come; else says so at the field."""
        if self.signed_on is None or self.signed_on <= today:
            return True
        self.signed_day.errors = [N_("Enter a day that is not to come")]
        return False

    @property
    def signed_on(self) -> date | None:
        """The day of a valid form; None without a signed form."""
        return self.signed_day.data if self.signed.data else None


class AgreeToCaseForm(OnceForm):
    """From where the member who agrees knows the wish: from the person, and not from the colleague alone."""

    heard = RadioField(
        N_("From where do you know that she wants it?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in HEARD_LABELS.items()],
        validators=[Offered(N_("Speak with the person first, or read what she signed; then say which"))],
        validate_choice=False,
    )

    def of(self, *, signed: bool) -> AgreeToCaseForm:
        """The form for an act for which who asked said that a signed form lies there, or did not."""
        if not signed:
            self.heard.choices = [SelectChoice(value=str(Heard.SPOKE), label=HEARD_LABELS[Heard.SPOKE])]
        return self


class AgreeToAccountForm(OnceForm):
    """The confirmation that the member who agrees knows it themselves."""

    sure = BooleanField(
        N_("I know this myself, and not from the colleague alone"),
        validators=[DataRequired(N_("Make sure of it yourself first; then tick the box"))],
    )


class UndoForm(OnceForm):
    """Why the case is given back."""

    why = RadioField(
        N_("Why is it given back?"),
        choices=[
            SelectChoice(value="person", label=N_("She changed her mind, and told us")),
            SelectChoice(value="mistake", label=N_("It was a mistake, or not her wish")),
        ],
        validators=[Offered(N_("Choose why it is given back"))],
        validate_choice=False,
    )


class DeskUndoForm(UndoForm):
    """The same of the duty desk, which does not know the person: with whom it spoke."""

    spoke = RadioField(
        N_("With whom did you speak?"),
        choices=[
            SelectChoice(value="person", label=N_("I spoke with the person")),
            SelectChoice(value="holder", label=N_("I spoke with the shelter that takes care of the person")),
        ],
        validators=[Offered(N_("Speak with the person or the shelter first; then say which"))],
        validate_choice=False,
    )


class SuspendForm(OnceForm):
    """Why somebody is suspended; the person reads it."""

    reason = RadioField(
        N_("Why? The person reads it."),
        choices=[
            SelectChoice(value=str(each), label=label)
            for each, label in REASON_LABELS.items()
            if each != SuspensionReason.OBJECTED
        ],
        validators=[Offered(N_("Choose why"))],
        validate_choice=False,
    )
