"""What is asked when a child's case may have been opened by mistake."""

from __future__ import annotations

from wtforms import RadioField, StringField

from forms import SelectChoice
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.corrections import AgainstMistake, MistakeRefusal, MistakeWhy
from nrm.domain.words import N_

WHY_LABELS = {
    MistakeWhy.TWICE: N_("The same child has another case"),
    MistakeWhy.WRONG_PERSON: N_("Somebody else came, who has another case"),
    MistakeWhy.NOBODY: N_("Nobody came: it was opened for nobody"),
}
STANDS_LABELS = {
    AgainstMistake.HANDED_OVER: N_("Your shelter did not open this case: it was handed over"),
    AgainstMistake.STAY: N_(
        "A stay is recorded: within a week it can be said on its page that the case was opened by mistake"
    ),
    AgainstMistake.ALARM: N_("There was an alarm about this child"),
    AgainstMistake.HEARING: N_("Something is recorded of the child as a witness"),
    AgainstMistake.PLAN: N_("There is a plan"),
    AgainstMistake.FOUND: N_("Child protection or the duty desk recorded something about this child"),
    AgainstMistake.OTHER: N_("Something else was begun for this child, such as a claim, a permit or a request"),
    AgainstMistake.REOPENED: N_("The case was closed once and opened again"),
    AgainstMistake.NAMED: N_("Of another case it was said that this one is the right one"),
}
MISTAKE_REFUSED = {
    MistakeRefusal.STANDS: ("", N_("Something is recorded in this case by now that speaks against a mistake.")),
    MistakeRefusal.CODE: (
        "code",
        N_("Enter the code of an open case of your shelter with a stay that stands; of the same child, a child’s case"),
    ),
    MistakeRefusal.WAITS: ("", N_("It was said already, or child protection said no within the last 30 days.")),
    MistakeRefusal.NO_WORD: ("", N_("Nothing waits here any more: it was answered or taken back.")),
    MistakeRefusal.NO_NAME: (
        "answer",
        N_("The identity of one of the two cases was never written, so nobody can say who it is about"),
    ),
    MistakeRefusal.OPEN_FIRST: (
        "answer",
        N_("Open the identity first, of each case that is named here: nobody agrees without having read it"),
    ),
}


class SayMistakeForm(OnceForm):
    """MistakeWhy the case was opened by mistake, and which one is right."""

    why = RadioField(
        N_("Why was it a mistake?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in WHY_LABELS.items()],
        validators=[Offered(N_("Choose why it was a mistake"))],
        validate_choice=False,
    )
    code = StringField(
        N_("Code of the right case"),
        description=N_("For example K7QM-4T2X-9. Empty where nobody came."),
        validators=[PlainText(40)],
    )


class AnswerMistakeForm(OnceForm):
    """What child protection answers."""

    answer = RadioField(
        N_("Was this case opened by mistake?"),
        choices=[
            SelectChoice(value="yes", label=N_("Yes: I have read who it is about, and no child is lost by it")),
            SelectChoice(value="no", label=N_("No: the case stays open")),
        ],
        validators=[Offered(N_("Choose yes or no"))],
        validate_choice=False,
    )
