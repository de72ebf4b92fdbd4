"""What people type about their second factor."""

from __future__ import annotations

from wtforms import StringField
from wtforms.validators import InputRequired

from forms.typed import NotBlankForm
from nrm.domain.words import N_


class ConfirmFactorForm(NotBlankForm):
    """A code of the telephone that was just set up."""

    code = StringField(
        N_("Code from your telephone"),
        description=N_("Six digits. A new code comes every half minute."),
        validators=[InputRequired(N_("Enter the six digits that your telephone shows"))],
    )
