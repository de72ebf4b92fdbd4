"""What people choose when they strike what was recorded wrongly."""

from __future__ import annotations

from wtforms import RadioField

from forms import SelectChoice
from forms.days import DayField
from forms.typed import Offered, OnceForm
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.words import N_

STRIKE_LABELS = {
    StrikeReason.WRONG_PERSON: N_("It is about another person"),
    StrikeReason.WRONG_DAY: N_("The day or another detail is wrong"),
    StrikeReason.WRONG_STEP: N_("Something else happened"),
    StrikeReason.TWICE: N_("It was entered twice"),
    StrikeReason.OTHER: N_("Another reason"),
}
NOTHING, SAME = "nothing", "same"


class StrikeForm(OnceForm):
    """Why it is struck, and whether the same is entered with another day; the field is left out where it cannot be."""

    reason = RadioField(
        N_("What is wrong with it?"),
        choices=[SelectChoice(value=str(reason), label=label) for reason, label in STRIKE_LABELS.items()],
        validators=[Offered(N_("Choose what is wrong with it"))],
        validate_choice=False,
    )
    instead = RadioField(
        N_("What is right instead?"),
        choices=[
            SelectChoice(value=NOTHING, label=N_("Nothing: it did not happen")),
            SelectChoice(value=SAME, label=N_("The same, as entered here")),
        ],
        validators=[Offered(N_("Choose what is right instead"))],
        validate_choice=False,
    )
    day = DayField(N_("Day on which it happened"), when=("instead", SAME))

    @property
    def is_replaced(self) -> bool:
        """Whether something is entered instead, of a valid form."""
        return "instead" in self and self.instead.data == SAME


class StrikeEntryForm(OnceForm):
    """Why an entry of the plan, or a note, is struck."""

    why = RadioField(
        N_("What is wrong with it?"),
        choices=[SelectChoice(value=str(reason), label=label) for reason, label in STRIKE_LABELS.items()],
        validators=[Offered(N_("Choose what is wrong with it"))],
        validate_choice=False,
    )
