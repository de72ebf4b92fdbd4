"""What child protection types about a child's risk, security and family."""

from __future__ import annotations

from wtforms import RadioField, StringField
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.days import DayField, today_or
from forms.shelter.child_returns import ASSESSMENT_LABELS
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import LONGEST_NAME, FindingRefusal, Found
from nrm.domain.words import N_

FOUND_LABELS = {
    Found.SAFE: N_("Safe"),
    Found.NOT_SAFE: N_("Not safe"),
    Found.NOT_YET_CLEAR: N_("Not yet clear"),
}
MISSING = {
    Assessment.RISK: N_("Choose what was found of the risk, or that there is nothing new"),
    Assessment.SECURITY: N_("Choose what was found of the security, or that there is nothing new"),
    Assessment.FAMILY: N_("Choose what was found of the family, or that there is nothing new"),
}
NOTHING_NEW = "nothing_new"
IMPOSSIBLE = {
    FindingRefusal.STATE: (
        "",
        N_("Somebody else recorded a finding in the same moment. Look at it, and record yours if it is still needed."),
    ),
    FindingRefusal.FOUND: ("risk", N_("Say of one assessment at least what was found")),
    FindingRefusal.ASSESSOR: (
        "assessor",
        N_("Enter who assessed it, in at most %(longest)s characters", longest=LONGEST_NAME),
    ),
    FindingRefusal.DAY: ("on", N_("Enter a day that is not in the future")),
    FindingRefusal.BEGUN: (
        "on",
        N_("Enter a day that is not before the case began: what was seen earlier is found anew"),
    ),
    FindingRefusal.BEFORE: (
        "on",
        N_("Enter a day that is not before the last finding of the same assessment: safe must be found anew after it"),
    ),
}
"""Why something is refused -> the field it stands at, and what to do."""


def _finding_field(kind: Assessment) -> RadioField:
    return RadioField(
        ASSESSMENT_LABELS[kind],
        choices=[
            *(SelectChoice(value=str(each), label=words) for each, words in FOUND_LABELS.items()),
            SelectChoice(value=NOTHING_NEW, label=N_("Nothing new today")),
        ],
        validators=[Offered(MISSING[kind])],
        validate_choice=False,
    )


class FindingsForm(OnceForm):
    """What was found of each, when, and by whom."""

    risk = _finding_field(Assessment.RISK)
    security = _finding_field(Assessment.SECURITY)
    family = _finding_field(Assessment.FAMILY)
    when = today_or(N_("When was it found?"))
    on = DayField(N_("Day"), when=("when", "other"))
    assessor = StringField(
        N_("Who assessed it?"),
        description=N_("The name of the trained colleague; never a companion, and nobody of the household."),
        validators=[InputRequired(IMPOSSIBLE[FindingRefusal.ASSESSOR][1]), PlainText(LONGEST_NAME)],
    )

    @property
    def found(self) -> dict[Assessment, Found]:
        """What a valid form says; without what is not new."""
        return {kind: Found(self[kind].data) for kind in Assessment if self[kind].data != NOTHING_NEW}
