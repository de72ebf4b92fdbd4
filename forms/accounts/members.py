"""What people type about recovery codes, and where an account ends."""

from __future__ import annotations

from wtforms import BooleanField, PasswordField, RadioField, StringField
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


class AnotherLinkForm(OnceForm):
    """Another link for somebody who begins anew already."""

    again = BooleanField(N_("The link before is lost, or never arrived: from now on it opens nothing"))


class StopAnewForm(OnceForm):
    """Nobody should begin anew: not by one press beside the other button. The duty desk has spoken with the owner; a
    colleague knows what is dead then."""

    denied = BooleanField(N_("They told me themselves that they did not ask for this"))
    ends = BooleanField(N_("I know that the link that was handed over then opens nothing any more"))


class ObjectToOwnForm(OnceForm):
    """An objection to what the reader asked for, as by a slip of the hand."""

    sure = BooleanField(N_("I asked for it, and it was wrong: nobody works with this account for now"))


class EndAccountForm(OnceForm):
    """Why a colleague's account ends; whoever must agree to it reads this."""

    reason = RadioField(
        N_("Why?"),
        choices=[SelectChoice(value=str(each), label=WHY_ACCOUNTS_END[each]) for each in WHY_ENDED],
        validators=[Offered(N_("Choose why"))],
        validate_choice=False,
    )
