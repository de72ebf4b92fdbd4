"""What a shelter types about the children who were announced with a person."""

from __future__ import annotations

from wtforms import RadioField

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.referrals.children_along import Came
from nrm.domain.words import N_

NO_CHILD_HERE = N_("No child was admitted here since this person came: open the case of each child first")
CAME_LABELS = {
    Came.HAVE_CASES: N_("Each child who came has a case here"),
    Came.STAYED: N_("No child came: they stayed with family, or with somebody they trust"),
    Came.ELSEWHERE: N_("No child came: another house or child protection takes care of them"),
    Came.NONE: N_("There is no child: it was told or written wrongly"),
}


class ChildrenAlongForm(OnceForm):
    """What became of them."""

    came = RadioField(
        N_("Where are the children?"),
        choices=[SelectChoice(value=str(code), label=label) for code, label in CAME_LABELS.items()],
        validators=[Offered(N_("Choose where the children are"))],
        validate_choice=False,
    )
