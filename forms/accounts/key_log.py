"""What somebody confirms who signs in the key log what others proposed."""

from __future__ import annotations

from wtforms import BooleanField
from wtforms.validators import DataRequired

from forms.typed import OnceForm
from nrm.domain.words import N_


class AgreeForm(OnceForm):
    """The confirmation that what is signed was compared with what the people themselves say or signed on paper."""

    compared = BooleanField(
        N_("I compared this with the sheet they signed, or called them back at the number in the agreement"),
        validators=[DataRequired(N_("Compare it first; then tick the box"))],
    )
