"""What is asked before an interview ends without a case, and the child authority's answer about a child at a post."""

from __future__ import annotations

from wtforms import RadioField, TextAreaField, ValidationError
from wtforms.validators import DataRequired

from forms import SelectChoice
from forms.referrals.notification_calls import ANSWERED, CallForm
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.interviews.endings import LEAVE_REASONS, LONGEST_SENTENCE, TOOK_BACK, ChildAnswer, EndReason, answers_to
from nrm.domain.words import N_

REASON_LABELS = {
    EndReason.EXPLAINED: N_("What was named or noticed has another explanation"),
    EndReason.MISTAKEN: N_("It was no real interview: begun by mistake, or to try"),
    EndReason.HELPED: N_("Somebody else helps already"),
    EndReason.HELD_TWICE: N_("The interview of this person was begun twice"),
    EndReason.OTHER: N_("Another reason"),
}
HOLD_LABELS: dict[str, str] = {
    **{str(code): label for code, label in REASON_LABELS.items()},
    TOOK_BACK: N_("The person takes their yes back"),
}
ANSWER_LABELS = {
    ChildAnswer.PARENTS: N_("The child goes with the parents"),
    ChildAnswer.COMING: N_("We come to the post"),
    ChildAnswer.BRING: N_("Bring the child to us; we say where by telephone"),
    ChildAnswer.NOTHING: N_("Nothing further"),
    ChildAnswer.ADULT: N_("We agree: 18 or over"),
}


class OpinionForm(OnceForm):
    """Why the post wants to end the interview of a child."""

    reason = RadioField(
        N_("Why is it ended all the same?"),
        description=N_("If “No indicator” or an answer was a mistake, go back and correct it: nothing is lost."),
        choices=[SelectChoice(value=str(code), label=label) for code, label in REASON_LABELS.items()],
        validators=[Offered(N_("Choose why"))],
        validate_choice=False,
    )


class EndForm(OpinionForm):
    """Why it ends although something speaks against it."""

    sentence = TextAreaField(
        N_("In one sentence: what did you see or hear that explains it?"),
        description=N_("It is sealed with the interview and destroyed with it."),
        validators=[DataRequired(N_("Enter a sentence that explains it")), PlainText(LONGEST_SENTENCE)],
    )


class LeaveForm(OnceForm):
    """Why the person leaves without a shelter although something speaks against it."""

    reason = RadioField(
        N_("Why does the person leave all the same?"),
        choices=[SelectChoice(value=str(code), label=HOLD_LABELS[code]) for code in LEAVE_REASONS],
        validators=[Offered(N_("Choose why"))],
        validate_choice=False,
    )
    sentence = TextAreaField(
        N_("In one sentence: what did the person say, and what did you see?"),
        description=N_("It is sealed with the interview and destroyed with it."),
        validators=[DataRequired(N_("Enter a sentence that explains it")), PlainText(LONGEST_SENTENCE)],
    )


YES, NO = "yes", "no"


class _Asked:
    """The officer did it: yes. For no, `instead` says what to do."""

    def __init__(self, instead: str) -> None:
        self.instead = instead

    def __call__(self, _: OnceForm, field: RadioField) -> None:
        """Raise ValidationError unless the answer is yes."""
        if field.data not in (YES, NO):
            raise ValidationError(N_("Answer yes or no"))
        if field.data == NO:
            raise ValidationError(self.instead)


def _asked(label: str, instead: str) -> RadioField:
    choices = [SelectChoice(value=YES, label=N_("Yes")), SelectChoice(value=NO, label=N_("No"))]
    return RadioField(label, choices=choices, validators=[_Asked(instead)], validate_choice=False)


class RefusalForm(OnceForm):
    """How the person was asked who said no: of the officer, not of the person."""

    texts = _asked(
        N_("Did you read out both texts, on the purpose and on consent?"),
        N_("Go back, read out both texts, and ask once more."),
    )
    alone = _asked(
        N_("Was the person alone with you and, if needed, the interpreter?"),
        N_(
            "Take the person apart, go back and ask once more. If that cannot be done now, choose “Does not know”: the "
            "person gets time to think, and the answers stay sealed."
        ),
    )
    understood = _asked(
        N_("Was it in a language that the person understood?"),
        N_(
            "Call an interpreter, by telephone too, go back and ask once more. If that cannot be done now, choose "
            "“Does not know”: the person gets time to think, and the answers stay sealed."
        ),
    )


class RetractedForm(RefusalForm):
    """As of any no, and the sentence that belongs to a yes that is taken back."""

    sentence = TextAreaField(
        N_("The person had said yes. In one sentence: why do they take it back?"),
        description=N_("It is sealed with the interview and destroyed with it."),
        validators=[DataRequired(N_("Enter a sentence that explains it")), PlainText(LONGEST_SENTENCE)],
    )


class OpenHeldForm(OnceForm):
    """Why the duty desk opens an interview that a post ended."""

    why = TextAreaField(
        N_("Why do you open it?"),
        description=N_("It is sealed with the interview and destroyed with it; that you opened it stays recorded."),
        validators=[DataRequired(N_("Enter why you open it")), PlainText(LONGEST_SENTENCE)],
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
