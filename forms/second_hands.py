"""Agreeing to what a colleague asked for."""

from __future__ import annotations

from wtforms import BooleanField
from wtforms.validators import DataRequired

from forms.typed import OnceForm
from nrm.domain.words import N_


class AgreeToCaseForm(OnceForm):
    """That whoever agrees has the wish from the person, and not from the colleague alone."""

    sure = BooleanField(
        N_("I spoke with the person, or I read what they signed"),
        validators=[DataRequired(N_("Speak with the person first, or read what they signed; then tick the box"))],
    )


class AgreeToAccountForm(OnceForm):
    """That whoever agrees knows it themselves."""

    sure = BooleanField(
        N_("I know this myself, and not from the colleague alone"),
        validators=[DataRequired(N_("Make sure of it yourself first; then tick the box"))],
    )
