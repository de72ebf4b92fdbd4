"""What people type about recovery codes."""

from __future__ import annotations

from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from forms.typed import OnceForm
from nrm.domain.words import N_


class CheckCodeForm(OnceForm):
    """The recovery code as it was written down."""

    code = StringField(
        N_("Recovery code"),
        description=N_("As you wrote it down; with or without the hyphens, in small or large letters."),
        validators=[InputRequired(N_("Enter the recovery code you wrote down"))],
    )


class MakeCodeForm(OnceForm):
    """The password, before a new recovery code is made."""

    password = PasswordField(N_("Your password now"), validators=[InputRequired(N_("Enter your present password"))])
