"""What is asked before an interview ends without a case, and the child authority's answer about a child at a post."""

from __future__ import annotations

from wtforms import RadioField

from forms import SelectChoice
from forms.referrals.notification_calls import ANSWERED, CallForm
from forms.typed import Offered, OnceForm
from nrm.domain.interviews.endings import ChildAnswer, EndReason, answers_to
from nrm.domain.words import N_

REASON_LABELS = {
    EndReason.EXPLAINED: N_("What was named or noticed has another explanation"),
    EndReason.MISTAKEN: N_("It was no real interview: begun by mistake, or to try"),
    EndReason.HELPED: N_("Somebody else helps already"),
    EndReason.HELD_TWICE: N_("The interview of this person was begun twice"),
    EndReason.OTHER: N_("Another reason"),
}
ANSWER_LABELS = {
    ChildAnswer.PARENTS: N_("The child goes with the parents"),
    ChildAnswer.COMING: N_("We come to the post"),
    ChildAnswer.BRING: N_("Bring the child to us; we say where by telephone"),
    ChildAnswer.NOTHING: N_("Nothing further"),
    ChildAnswer.ADULT: N_("We agree: 18 or over"),
}


class EndForm(OnceForm):
    """Why it ends although something speaks against it."""

    reason = RadioField(
        N_("Why is it ended all the same?"),
        description=N_("If “No indicator” or an answer was a mistake, go back and correct it: nothing is lost."),
        choices=[SelectChoice(value=str(code), label=label) for code, label in REASON_LABELS.items()],
        validators=[Offered(N_("Choose why"))],
        validate_choice=False,
    )


def _answers() -> RadioField:
    return RadioField(N_("What happens with the child?"), choices=_offered("child"), validate_choice=False)


def _offered(age_class: str) -> list[SelectChoice]:
    return [SelectChoice(value=str(code), label=ANSWER_LABELS[code]) for code in answers_to(age_class)]


class ChildAnswerForm(OnceForm):
    """The child authority's own answer."""

    answer = _answers()

    def of(self, age_class: str) -> ChildAnswerForm:
        """This form, with only the answers that fit what the post says now; returns itself."""
        self.answer.choices = _offered(age_class)
        return self

    def validate_answer(self, field: RadioField) -> None:
        """One of those that were offered."""
        Offered(N_("Choose what happens with the child"))(self, field)


class ChildCallForm(CallForm):
    """The answer that the duty desk was given by telephone: by whom, and when."""

    decision = _answers()

    def of(self, age_class: str) -> ChildCallForm:
        """This form, with only the answers that fit what the post says now; returns itself."""
        self.decision.choices = _offered(age_class)
        return self

    def validate_decision(self, field: RadioField) -> None:
        """Raise ValidationError unless the answer is one of those that were offered."""
        if self.answer.data == ANSWERED:
            Offered(N_("Choose what happens with the child"))(self, field)
