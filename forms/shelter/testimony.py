"""What people type about the witness track."""

from __future__ import annotations

from collections.abc import Mapping

from wtforms import RadioField

from forms.days import DayField, today_or
from forms.typed import Offered, OnceForm
from nrm.domain.shelter.testimony import REASONS, Reason, StepRefusal, WitnessStatus, reason_of
from nrm.domain.words import N_

ILLEGAL: Mapping[str, str] = {
    StepRefusal.STATE: N_("Choose another step: this one does not follow from the last"),
    StepRefusal.REASON_MISSING: N_("Choose the reason"),
    StepRefusal.REASON_UNEXPECTED: N_("Choose a reason only for a withdrawal or for leaving the programme"),
    StepRefusal.IN_FUTURE: N_("Enter a day that is not in the future"),
    StepRefusal.BEFORE_LAST_STEP: N_("Enter a day that is not before the last recorded step"),
    StepRefusal.LATER_STEPS: N_("Strike the later steps first: they would follow from nothing"),
    StepRefusal.STRUCK: N_("This step is struck already"),
}
FIELD_OF: Mapping[str, str] = {
    StepRefusal.REASON_MISSING: "reason",
    StepRefusal.IN_FUTURE: "happened",
    StepRefusal.BEFORE_LAST_STEP: "happened",
}


class RecordTestimonyForm(OnceForm):
    """The step, its day, and the reason of a withdrawal."""

    status = RadioField(N_("What happened"), validators=[Offered(N_("Choose what happened"))], validate_choice=False)
    reason = RadioField(N_("Why the testimony was withdrawn"), validate_choice=False)
    leaving = RadioField(N_("Why the person is no longer in the programme"), validate_choice=False)
    happened = today_or(N_("When"))
    happened_day = DayField(N_("Day"), when=("happened", "other"))

    def validate_reason(self, field: RadioField) -> None:
        """Needed for a withdrawal; what was chosen under another step is not read."""
        if self.status.data == WitnessStatus.TESTIMONY_WITHDRAWN:
            Offered(ILLEGAL[StepRefusal.REASON_MISSING])(self, field)

    def validate_leaving(self, field: RadioField) -> None:
        """Needed for leaving the programme alone."""
        if self.status.data == WitnessStatus.LEFT_WITNESS_PROTECTION:
            Offered(ILLEGAL[StepRefusal.REASON_MISSING])(self, field)

    @property
    def why(self) -> Reason | None:
        """The reason of a valid form."""
        status = WitnessStatus(self.status.data)
        said = self.leaving if status is WitnessStatus.LEFT_WITNESS_PROTECTION else self.reason
        return reason_of(status, said.data or "") if status in REASONS else None
