"""What a manager answers to sign the nights of a quarter."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField
from wtforms.validators import InputRequired

from forms.typed import OnceForm
from nrm.domain.support.subsidies import NightsRefusal, Stand
from nrm.domain.words import N_

REFUSED = {
    NightsRefusal.SIGNED: N_("These nights are signed already."),
    NightsRefusal.CHANGED: N_("Something else stands here now: read it again, then sign"),
}
STAND_LABELS = {
    Stand.SIGNED: N_("signed"),
    Stand.UNSIGNED: N_("not signed: not paid"),
    Stand.CHANGED: N_("the contract changed after the signature: not paid until it is signed again"),
    Stand.BROKEN: N_("not what the manager signed: not paid, call the technical operator"),
    Stand.BEFORE: N_("from before nights were signed"),
}


class SignNightsForm(OnceForm):
    """A manager's signature: `seen` says what was shown."""

    seen = HiddenField()
    agreed = BooleanField(
        N_("I have compared these nights with our own books, and sign them with my key"),
        validators=[InputRequired(N_("Tick the box to sign"))],
    )
