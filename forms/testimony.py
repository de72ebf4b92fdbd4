"""What people type about the witness track."""

from __future__ import annotations

from wtforms import RadioField

from forms.days import DayField, today_or
from forms.typed import Offered, OnceForm
from nrm.domain.testimony import WitnessStatus
from nrm.domain.words import N_

ILLEGAL = {
    "state": N_("Choose another step: this one does not follow from the last"),
    "reason_missing": N_("Choose why the testimony was withdrawn"),
    "reason_unexpected": N_("Choose a reason only when the testimony was withdrawn"),
    "in_future": N_("Enter a day that is not in the future"),
    "before_last_step": N_("Enter a day that is not before the last recorded step"),
}
FIELD_OF = {"reason_missing": "reason", "in_future": "happened", "before_last_step": "happened"}


class RecordTestimonyForm(OnceForm):
    """The step, its day, and the reason of a withdrawal."""

    status = RadioField(N_("What happened"), validators=[Offered(N_("Choose what happened"))], validate_choice=False)
    reason = RadioField(N_("Why the testimony was withdrawn"), validate_choice=False)
    happened = today_or(N_("When"))
    happened_day = DayField(N_("Day"), when=("happened", "other"))

    def validate_reason(self, field: RadioField) -> None:
        """Needed for a withdrawal; what was chosen under another step is not read."""
        if self.status.data == WitnessStatus.TESTIMONY_WITHDRAWN:
            Offered(ILLEGAL["reason_missing"])(self, field)
