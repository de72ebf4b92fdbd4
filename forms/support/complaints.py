"""Why the desk opens a complaint."""

from __future__ import annotations

from collections.abc import Mapping

from wtforms import RadioField

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.shelter.cases import Purpose
from nrm.domain.words import N_

PURPOSES: Mapping[Purpose, str] = {
    Purpose.DUTY_DECISION: N_("To deal with it"),
    Purpose.SAFETY: N_("Somebody may be in danger"),
    Purpose.CHILD_PROTECTION: N_("It is about a child"),
    Purpose.COURT: N_("It goes to the prosecution"),
}


class OpenComplaintForm(OnceForm):
    """Why it is opened."""

    purpose = RadioField(
        N_("Why do you open it?"),
        choices=[SelectChoice(value=str(purpose), label=label) for purpose, label in PURPOSES.items()],
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )
