"""What the officer picks when an interview is sent."""

from __future__ import annotations

from collections.abc import Collection

from wtforms import RadioField, SelectField

from forms import SelectChoice
from forms.interviews.by_name import ByNameForm
from forms.referrals.referrals import OVERRIDE_LABELS
from nrm.domain.shelter.consents import ByName
from nrm.domain.words import N_


class SendInterviewForm(ByNameForm):
    """Which shelter, why if it is not one that the agreement proposes, and what the person says if it was not named."""

    FIRST = ("party", "override_reason")

    party = RadioField(N_("Which shelter do you ask?"), validate_choice=False)
    override_reason = SelectField(
        N_("Why this shelter and not one that the agreement names?"),
        choices=[
            SelectChoice(value="", label=""),
            *(SelectChoice(value=str(reason), label=label) for reason, label in OVERRIDE_LABELS.items()),
        ],
        validate_choice=False,
    )

    def accept(self, proposed: set[str], others: set[str], unnamed: set[str], struck: Collection[str] = ()) -> bool:
        """Whether a party was picked that can be asked: with a reason if it is one of `others`, and with what the
        person says of it if it is one of `unnamed` (`said`). `struck`: whom the person struck out on the same page."""
        valid = self.validate()
        if self.party.data in struck:
            self.party.errors = [N_("This shelter is ticked above: it is told nothing. Choose another, or untick it")]
            valid = False
        elif self.party.data not in proposed | others:
            self.party.errors = [N_("Choose the shelter that is asked")]
            valid = False
        elif self.party.data in others and self.override_reason.data not in list(OVERRIDE_LABELS):
            self.override_reason.errors = [N_("Choose why this shelter")]
            valid = False
        if self.party.data in (proposed | others) & unnamed:
            self.said = self.answered(self.party.data)
            valid &= self.said is not None
        return valid

    said: ByName | None = None
    """What the person says of the party that was picked, if it was not named before."""

    @property
    def reason(self) -> str:
        """The reason's code, empty when none was chosen."""
        return str(self.override_reason.data or "")
