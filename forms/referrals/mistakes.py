"""What people type to take back what was recorded of a referral by mistake."""

from __future__ import annotations

from wtforms import SelectField
from wtforms.validators import Optional

from forms.referrals.referrals import expected_within
from forms.shelter.corrections import why
from forms.typed import Offered, OnceForm
from nrm.domain.words import N_


class DepartureBackForm(OnceForm):
    """Why it was wrong that they have left, and when they should arrive now, if that is known."""

    why = why()
    expected = expected_within(N_("When should they arrive now?"), or_unknown=True)


class AcceptanceBackForm(OnceForm):
    """Why it was wrong to accept the person."""

    why = why(had_gone=False)


class StillComesForm(OnceForm):
    """Why it was wrong that the person did not arrive; where the place is taken by now, which other one is kept."""

    why = why(had_gone=False)
    bed = SelectField(
        N_("Place"), choices=[], validators=[Optional(), Offered(N_("Choose a free place"))], validate_choice=False
    )
