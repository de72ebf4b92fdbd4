"""Another role or name of a colleague."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length

from forms import SelectChoice
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.accounts.accounts import ROLE_LABELS, Role
from nrm.domain.words import N_


class ChangeRoleForm(OnceForm):
    """The role from now on."""

    role = RadioField(
        N_("Role"),
        validators=[InputRequired(N_("Choose the role")), Offered(N_("Choose the role"))],
        validate_choice=False,
    )

    def of(self, roles: Iterable[Role]) -> ChangeRoleForm:
        """The form with these roles to choose from."""
        self.role.choices = [SelectChoice(value=str(each), label=ROLE_LABELS[each]) for each in roles]
        return self


class RenameForm(OnceForm):
    """The name from now on."""

    name = StringField(
        N_("Name"),
        validators=[
            InputRequired(N_("Enter the person's name")),
            Length(max=120, message=N_("Enter a name of at most 120 characters")),
            PlainText(120),
        ],
    )
