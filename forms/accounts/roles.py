"""Another role or name of a colleague."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import RadioField
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.accounts.accounts import person_name
from forms.typed import Offered, OnceForm
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

    name = person_name()
