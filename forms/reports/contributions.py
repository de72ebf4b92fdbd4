"""What a contributor says of its part of a quarter."""

from __future__ import annotations

from wtforms import RadioField
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.reports.contributions import Answer
from nrm.domain.words import N_

CHOOSE = N_("Choose whether everything is entered, or you do not report")


class AnswerQuarterForm(OnceForm):
    """One of two answers; never preselected."""

    answer = RadioField(
        N_("What do you say of this quarter?"),
        validate_choice=False,
        validators=[InputRequired(CHOOSE), Offered(CHOOSE)],
        choices=[
            SelectChoice(
                value=str(Answer.CONFIRMED),
                label=N_("Everything until the last day of the quarter is entered"),
            ),
            SelectChoice(
                value=str(Answer.NO_REPORT),
                label=N_("We do not report for this quarter"),
                render_kw={"hint": N_("The published report will say so, with the name of your organisation.")},
            ),
        ],
    )
