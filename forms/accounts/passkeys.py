"""What people type about their passkeys."""

from __future__ import annotations

from wtforms import StringField
from wtforms.validators import InputRequired, Length

from forms.typed import NotBlankForm
from nrm.domain.accounts.passkeys import LONGEST_NAME
from nrm.domain.words import N_

NAME = N_("Enter a name of at most 40 characters, such as “this laptop”")


class MakePasskeyForm(NotBlankForm):
    """The name of a new passkey; the browser adds the rest."""

    name = StringField(
        N_("Name of the passkey"),
        description=N_("Such as “this laptop” or “key on my ring”. Only you see it."),
        validators=[InputRequired(NAME), Length(max=LONGEST_NAME, message=NAME)],
    )
