"""What the officer picks when an interview is sent."""

from __future__ import annotations

from wtforms import RadioField, SelectField

from forms import SelectChoice
from forms.referrals import OVERRIDE_LABELS
from forms.typed import OnceForm
from nrm.domain.words import N_


class SendInterviewForm(OnceForm):
    """Which shelter, and why if it is not one that the agreement proposes. `needing_reason`: those parties."""

    party = RadioField(N_("Which shelter do you ask?"), validate_choice=False)
    override_reason = SelectField(
        N_("Why this shelter and not one that the agreement names?"),
        choices=[
            SelectChoice(value="", label=""),
            *(SelectChoice(value=str(reason), label=label) for reason, label in OVERRIDE_LABELS.items()),
        ],
        validate_choice=False,
    )

    def accept(self, proposed: set[str], others: set[str]) -> bool:
        """Whether a party was picked that can be asked, with a reason if it is one of `others`."""
        valid = self.validate()
        if self.party.data not in proposed | others:
            self.party.errors = [N_("Choose the shelter that is asked")]
            valid = False
        elif self.party.data in others and self.override_reason.data not in list(OVERRIDE_LABELS):
            self.override_reason.errors = [N_("Choose why this shelter")]
            valid = False
        return valid

    @property
    def reason(self) -> str:
        """The reason's code, empty when none was chosen."""
        return str(self.override_reason.data or "")
