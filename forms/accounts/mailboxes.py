"""Where a desk is told that it has a task."""

from __future__ import annotations

from wtforms import Field, Form, RadioField, StringField, ValidationError

from forms.typed import Offered, OnceForm
from nrm.domain.accounts.mailboxes import is_address
from nrm.domain.words import N_


def _one_address(_: Form, field: Field) -> None:
    if field.data and not is_address(field.data):
        raise ValidationError(N_("Enter one e-mail address such as desk@example.org, or leave it empty"))


class SetMailboxForm(OnceForm):
    """The address of the desk, never of a person; empty: no messages."""

    address = StringField(
        N_("E-mail address of the desk"),
        description=N_("The desk’s own, nobody’s personal one. Empty: no messages."),
        filters=[lambda text: (text or "").strip()],
        validators=[_one_address],
    )
    language = RadioField(
        N_("Language of the messages"),
        validators=[Offered(N_("Choose the language"))],
        validate_choice=False,
    )
