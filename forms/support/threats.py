"""What a desk says of a threat to a witness, and who told it of an alarm that was none."""

from __future__ import annotations

from wtforms import RadioField

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.support.threats import Acts, Doubt, ThreatRefusal
from nrm.domain.words import N_

REFUSED = {
    ThreatRefusal.NOT_SEEN: N_("There is nothing to take back: look at the alarm again."),
    ThreatRefusal.DOUBTED: N_("This was said of the alarm already."),
    ThreatRefusal.NOT_DOUBTED: N_("There is nothing to take back: look at the alarm again."),
}
ACT_LABELS = {
    Acts.AGREED: N_("We agreed with the prosecution who protects the person"),
    Acts.POLICE: N_("The police are called"),
    Acts.ELSEWHERE: N_("The person is brought to another, safe place"),
    Acts.HERE: N_("The person is protected where the person is"),
    Acts.OTHER: N_("Something else"),
}
DOUBT_LABELS = {
    Doubt.TWICE: N_("It was told twice: another alarm says the same"),
    Doubt.MISTAKE: N_("It was told by mistake"),
}


class SeenForm(OnceForm):
    """What the desk does."""

    what = RadioField(
        N_("What is done?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in ACT_LABELS.items()],
        validators=[Offered(N_("Choose what is done"))],
        validate_choice=False,
    )


class DoubtForm(OnceForm):
    """Why there is one alarm too many."""

    why = RadioField(
        N_("What is wrong with this alarm?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in DOUBT_LABELS.items()],
        validators=[Offered(N_("Choose what is wrong"))],
        validate_choice=False,
    )
