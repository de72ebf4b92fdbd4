"""What a second member answers about nights of before a stay was entered."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField
from wtforms.validators import InputRequired

from forms.typed import OnceForm
from nrm.domain.support.early_nights import EarlyRefusal
from nrm.domain.words import N_

REFUSED = {
    EarlyRefusal.NONE: N_("No nights of this stay wait."),
    EarlyRefusal.OWN: N_("You entered these nights, or are one hand with who did: another member confirms them."),
    EarlyRefusal.MANAGER: N_("The manager of your shelter confirms these nights."),
    EarlyRefusal.CHANGED: N_("Somebody changed this meanwhile: read it again."),
    EarlyRefusal.CONFIRMED: N_("These nights are confirmed already."),
    EarlyRefusal.SIGNED: N_(
        "A quarter was signed since these nights were confirmed: that stays. If the day is wrong, correct it."
    ),
}


class ConfirmNightsForm(OnceForm):
    """`seen`: the day of admission that the page showed."""

    seen = HiddenField()
    sure = BooleanField(
        N_("I know it myself, or have read it in our books: the person slept here in these nights"),
        validators=[InputRequired(N_("Tick the box, or correct the day at the stay"))],
    )
