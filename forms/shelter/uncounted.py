"""What another member says of somebody who is not counted any more."""

from __future__ import annotations

from wtforms import RadioField

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.shelter.consents import UncountedRefusal
from nrm.domain.words import N_

REFUSED = {
    UncountedRefusal.NONE: N_("Nothing waits here any more."),
    UncountedRefusal.OWN: N_("You wrote it down, or are one hand with who did: another member decides."),
}


class UncountedForm(OnceForm):
    """Whether it is the person's own wish."""

    wish = RadioField(
        N_("Does the person wish it?"),
        choices=[
            SelectChoice(value="own", label=N_("Yes, the person told me: destroy the particulars")),
            SelectChoice(value="not", label=N_("No, the person told me: count the person as before")),
        ],
        validators=[Offered(N_("Choose what the person wishes"))],
        validate_choice=False,
    )
