"""Why a colleague's interview is opened; to whom one's own is handed over, and why."""

from __future__ import annotations

from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.interviews.draft_owners import CHOSEN, OpenReason
from nrm.domain.words import N_

REASON_LABELS = {
    OpenReason.ASKED: N_("The colleague asked me to go on"),
    OpenReason.SHIFT_OVER: N_("The colleague’s shift is over and the person is still here"),
    OpenReason.DANGER: N_("The person is hurt or in danger now"),
    OpenReason.UNREACHABLE: N_("The colleague cannot be reached and the person needs an answer"),
    OpenReason.SAME_PAPER: N_("The same paper was typed in twice"),
}


class OpenAnothersForm(OnceForm):
    """Why a colleague's interview is opened."""

    reason = RadioField(
        N_("Why do you open it?"),
        choices=[SelectChoice(value=str(code), label=REASON_LABELS[code]) for code in CHOSEN],
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )


class HandOverForm(OnceForm):
    """The colleague, typed, and why."""

    name = StringField(
        N_("To which colleague?"),
        description=N_("Type the whole name, or the sign-in name. Only this colleague will open the interview."),
        validators=[InputRequired(N_("Enter the name of the colleague")), PlainText(120)],
    )
    why = TextAreaField(
        N_("Why?"),
        description=N_("One sentence for the colleague. It is sealed with the interview."),
        validators=[InputRequired(N_("Write why you hand it over")), PlainText(500)],
    )
