"""What a monitor types: the marks of one interview, what a post is asked to mend, and what the check found."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import HiddenField, RadioField, SelectField

from forms import SelectChoice
from forms.days import DayField
from forms.typed import Offered, OnceForm
from nrm.domain.interviews.monitoring import Item, Mark, MonitoringRefusal, RemedyAction, RemedyOutcome, RemedyOwner
from nrm.domain.words import N_

MARK_LABELS = {
    Mark.MET: N_("Met"),
    Mark.NOT_MET: N_("Not met"),
    Mark.NOT_APPLICABLE: N_("Cannot be judged"),
}
ACTION_LABELS = {
    RemedyAction.INSTRUCT: N_("Instruct the officers"),
    RemedyAction.TRAIN: N_("Train the officers"),
    RemedyAction.INTERPRETER: N_("Make sure of interpreters"),
    RemedyAction.ROOM: N_("Make a room where one can talk alone"),
    RemedyAction.EQUIPMENT: N_("Mend computer or line"),
    RemedyAction.INSPECT: N_("Visit the post"),
}
OWNER_LABELS = {
    RemedyOwner.POST_CHIEF: N_("The chief of the post"),
    RemedyOwner.REGIONAL_DIRECTORATE: N_("The regional directorate of the border police"),
    RemedyOwner.GENERAL_DIRECTORATE: N_("The general directorate of the State Police"),
    RemedyOwner.TRAINING_CENTRE: N_("The police training centre"),
}
OUTCOME_LABELS = {
    RemedyOutcome.DONE: N_("Done"),
    RemedyOutcome.PARTLY: N_("Done in part"),
    RemedyOutcome.NOT_DONE: N_("Not done"),
}
AGREEMENT_LABELS = {
    "none": N_("No interview was scored by two people yet."),
    "weak": N_("Two monitors agree little more than by chance: go through the items together."),
    "fair": N_("Two monitors agree fairly: talk about the items on which they differ."),
    "good": N_("Two monitors agree well."),
    "very_good": N_("Two monitors agree very well."),
}
DIFFERING_LABELS = {
    "milder": N_("officers judge milder than the indicators, more often than chance would"),
    "stricter": N_("officers judge stricter than the indicators, more often than chance would"),
}
REFUSED = {
    MonitoringRefusal.OWN: N_("You scored this interview before. A second score is another person’s."),
    MonitoringRefusal.SCORED: N_("This interview is scored already."),
    MonitoringRefusal.ANSWERS: N_("The checklist changed meanwhile. Open the interview again."),
    MonitoringRefusal.DUE: N_("Enter a day from today on, within a year"),
    MonitoringRefusal.CHECKED: N_("This was checked before."),
    MonitoringRefusal.ITEM: N_("Choose what was not met"),
}


class ScoreForm(OnceForm):
    """One choice per item of the checklist; the fields are made for the interview that is scored."""

    @property
    def marks(self) -> dict[str, str]:
        """Item -> mark, of a valid form."""
        return {field.short_name: field.data for field in self}


def score_form(items: Iterable[Item], language: str) -> type[ScoreForm]:
    """The form for these items, in words of the country."""
    fields = {
        item.id: RadioField(
            item.text[language],
            description=item.basis[language],
            choices=[SelectChoice(value=str(mark), label=words) for mark, words in MARK_LABELS.items()],
            validators=[Offered(N_("Choose what you found"))],
            validate_choice=False,
        )
        for item in items
    }
    return type("ScoreOfInterviewForm", (ScoreForm,), fields)


class AskToMendForm(OnceForm):
    """Which post, what was not met, what is asked, by which office and by when. No free text, so no name can get in."""

    id = HiddenField()
    post = SelectField(N_("Post or help line"), validators=[Offered(N_("Choose the post"))], validate_choice=False)
    item = SelectField(
        N_("What was not met"), validators=[Offered(REFUSED[MonitoringRefusal.ITEM])], validate_choice=False
    )
    action = RadioField(
        N_("What is asked?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in ACTION_LABELS.items()],
        validators=[Offered(N_("Choose what is asked"))],
        validate_choice=False,
    )
    owner = RadioField(
        N_("Who has to do it?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in OWNER_LABELS.items()],
        validators=[Offered(N_("Choose who has to do it"))],
        validate_choice=False,
    )
    due = DayField(N_("By when?"))


class CheckMendedForm(OnceForm):
    """What was found when it was checked."""

    outcome = RadioField(
        N_("What did you find?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in OUTCOME_LABELS.items()],
        validators=[Offered(N_("Choose what you found"))],
        validate_choice=False,
    )
