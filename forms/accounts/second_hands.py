"""Agreeing to what a colleague asked for."""

from __future__ import annotations

from wtforms import BooleanField
from wtforms.validators import DataRequired

from forms.typed import OnceForm
from nrm.domain.words import N_


class AgreeToCaseForm(OnceForm):
    """The confirmation that the member who agrees heard the wish from the person, and not only from the colleague."""

    sure = BooleanField(
        N_("I spoke with the person, or I read what they signed"),
        validators=[DataRequired(N_("Speak with the person first, or read what they signed; then tick the box"))],
    )


class AgreeToAccountForm(OnceForm):
    """The confirmation that the member who agrees knows it themselves."""

    sure = BooleanField(
        N_("I know this myself, and not from the colleague alone"),
        validators=[DataRequired(N_("Make sure of it yourself first; then tick the box"))],
    )
