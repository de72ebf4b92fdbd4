"""Why an organisation is suspended."""

from __future__ import annotations

from wtforms import RadioField

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.words import N_

ORGANISATION_REASONS = {
    OrganisationReason.KEY_LOST: N_("Nobody there can open anything any more: the last key is lost"),
    OrganisationReason.AGAINST_US: N_("Somebody there works against us, and nobody of it can stop them"),
    OrganisationReason.ASKED: N_("It asked for it, and was called back"),
    OrganisationReason.CLOSED: N_("It is closed, or nobody answers there"),
}


class SuspendOrganisationForm(OnceForm):
    """Why; the duty desk reads it at once, and it stands in the key log."""

    reason = RadioField(
        N_("Why"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in ORGANISATION_REASONS.items()],
        validators=[Offered(N_("Choose why"))],
        validate_choice=False,
    )
