"""What people type about recovery codes, and where an account ends."""

from __future__ import annotations

from wtforms import PasswordField, RadioField, StringField
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.accounts.second_hands import WHY_ENDED, ActReason
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


WHY_ACCOUNTS_END = {
    ActReason.LEFT: N_("The colleague leaves"),
    ActReason.SUSPECTED: N_("What the colleague did must be looked into, or they were arrested"),
}


class EndAccountForm(OnceForm):
    """Why a colleague's account ends; whoever must agree to it reads this."""

    reason = RadioField(
        N_("Why?"),
        choices=[SelectChoice(value=str(each), label=WHY_ACCOUNTS_END[each]) for each in WHY_ENDED],
        validators=[Offered(N_("Choose why"))],
        validate_choice=False,
    )
