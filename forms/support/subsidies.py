"""What a manager answers to sign the nights of a quarter."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, RadioField, TextAreaField
from wtforms.validators import InputRequired

from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.payment_lines import Basis
from nrm.domain.support.subsidies import LONGEST_REASON, NightsRefusal, PaymentRefusal, Stand
from nrm.domain.words import N_

FOREIGN = N_(
    "What is kept of this quarter was changed in the database by another hand. Sign, pay and record nothing of it, "
    "and call the technical operator."
)
REFUSED = {
    NightsRefusal.FOREIGN: FOREIGN,
    NightsRefusal.SIGNED: N_("These nights are signed already."),
    NightsRefusal.CHANGED: N_("Something else stands here now: read it again, then sign"),
}
NOT_RECORDED = {
    PaymentRefusal.NOTHING: N_("Nothing is left to be recorded."),
    PaymentRefusal.ALREADY: N_("It is recorded already, as it stands above: record nothing more"),
    PaymentRefusal.FOREIGN: FOREIGN,
    PaymentRefusal.DIFFERS: N_("Write why it is paid all the same"),
    PaymentRefusal.CHANGED: N_("Something else stands here now: read it again, then record"),
}
STAND_LABELS = {
    Stand.SIGNED: N_("signed"),
    Stand.UNSIGNED: N_("not signed: not paid"),
    Stand.CHANGED: N_("signed; the contract was changed after it"),
    Stand.BROKEN: N_("not what the manager signed: not paid, call the technical operator"),
    Stand.FOREIGN: N_("changed in the database by another hand: not paid, call the technical operator"),
    Stand.BEFORE: N_("from before nights were signed"),
}


class SignNightsForm(OnceForm):
    """A manager's signature: `seen` says what was shown."""

    seen = HiddenField()
    agreed = BooleanField(
        N_("I have compared these nights with our own books, and sign them with my key"),
        validators=[InputRequired(N_("Tick the box to sign"))],
    )

    def of(self, basis: Basis) -> SignNightsForm:
        """Named for what is signed: places by days are no nights of people."""
        if basis is Basis.PLACES:
            self.agreed.label.text = N_(
                "I have compared these places, kept day by day, with our own books, and sign them with my key"
            )
        return self


class PaidForm(OnceForm):
    """What the payment desk records of a quarter; `seen` says what was shown."""

    seen = HiddenField()
    what = RadioField(
        N_("What do you record?"), validators=[Offered(N_("Choose what you record"))], validate_choice=False
    )
    reason = TextAreaField(
        N_("Why is it paid all the same?"),
        description=N_("Whom you called, and what they said. The record keeps it; name nobody who lives there."),
        validators=[PlainText(LONGEST_REASON)],
    )
