"""What is asked of a person before she is looked for, and what two sides say of two cases: choices alone."""

from __future__ import annotations

from enum import StrEnum

from wtforms import BooleanField, HiddenField, RadioField

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.shelter.matching import REASONS, Answer, BreakWhy, Course, MatchRefusal, Said, Why, Word
from nrm.domain.words import N_

ANSWERS = {
    (Answer.SAME, Why.KNOWN_TO_US): N_("The same person: somebody here knows the person"),
    (Answer.SAME, Why.SHE_SAYS): N_("The same person: the person says so"),
    (Answer.SAME, Why.PAPERS): N_("The same person: papers agree"),
    (Answer.SAME, Why.MAY_BE): N_("It may be the same person: whoever asks may call us"),
    (Answer.DIFFERENT, Why.OTHER_STORY): N_("Another person: what is known of the two does not fit"),
    (Answer.DIFFERENT, Why.OTHER_PAPERS): N_("Another person: papers differ"),
    (Answer.DIFFERENT, Why.BOTH_THERE): N_("Another person: both were seen at one time in two places"),
    (Answer.CANNOT_TELL, Why.NOBODY_KNEW): N_("Cannot tell: nobody who knew the person works here now"),
    (Answer.CANNOT_TELL, Why.TOO_LITTLE): N_("Cannot tell: too little is written down"),
    (Answer.CANNOT_TELL, Why.NOT_REACHED): N_("Cannot tell: the other organisation was not reached"),
}
COURSES = {
    Course.SAME_CASE: N_("The same case goes on: the person moved, or came back"),
    Course.AGAIN: N_("A new case of the same person: trafficked once more"),
}
SAID_LABELS = {Said.YES: N_("Yes, look for me"), Said.REFUSED: N_("No")}
ONLY_NO = [SelectChoice(value=str(Said.REFUSED), label=N_("No, the person does not want to be looked for"))]
"""All that can be answered before a yes may be asked for."""
NO_COURSE = "none"
BREAK_WHY = {
    BreakWhy.WRONG_BUTTON: N_("Somebody pressed the wrong button, or answered for another case"),
    BreakWhy.SHE_SAYS: N_("The person says so"),
    BreakWhy.OTHER_STORY: N_("What is known of the two does not fit"),
    BreakWhy.OTHER_PAPERS: N_("Papers differ"),
    BreakWhy.BOTH_THERE: N_("Both were seen at one time in two places"),
}
WORD_LABELS = {Word.NEW: N_("A new person"), Word.UNKNOWN: N_("Nobody can tell")}
BAND_LABELS = {
    "strong": N_("Very much alike"),
    "possible": N_("Alike"),
    "weak": N_("A little alike"),
}
REFUSED = {
    MatchRefusal.NO_NIGHT: N_("No night is recorded here yet. Ask from tomorrow on."),
    MatchRefusal.NOT_SEEN: N_("A second member has to say first that they have seen the person."),
    MatchRefusal.NO_HAND: N_(
        "Who has seen the person does not count beside you: let in within the last 14 days, or one of you let the "
        "other one in. Another member has to have seen them."
    ),
    MatchRefusal.SAME_MEMBER: N_("This needs another member than the one who asked or answered."),
    MatchRefusal.NO_NAME: N_("No name is written in the identity part, so nobody can be compared. Write it first."),
    MatchRefusal.TOO_MANY: N_("You have asked for as many people today as one member may. Go on tomorrow."),
    MatchRefusal.TOO_MANY_AGAIN: N_(
        "Nobody was compared: today you have compared people once more as often as one member may. What is written in "
        "the case stays as it is; compare once more tomorrow."
    ),
    MatchRefusal.DECIDED: N_("This was answered or changed meanwhile. Look at the page again."),
    MatchRefusal.CHANGED: N_(
        "This was changed since you opened the page. Nothing was recorded; below is how it is now."
    ),
    MatchRefusal.TWICE: N_(
        "The same was said of another person already. Tick that you know it, or answer differently."
    ),
    MatchRefusal.NOT_OVER: N_("The check is still under way."),
    MatchRefusal.GUARDIAN: N_("A yes of a child needs the guardian. Tick that the guardian was there and agrees."),
    MatchRefusal.GOES: N_(
        "The person wants everything withdrawn or erased, and a second hand has not answered yet. Ask again after that."
    ),
}


class Offers(StrEnum):
    """Who is asked of a pair, which says what can be answered."""

    CALLED = "called"  # reads which house the other one is, and has called it
    UNNAMED = "unnamed"  # does not know yet who asks, who is told of *same*
    PROPOSED = "proposed"  # the same, after whoever asks has called and said that it is the same person
    KEPT = "kept"  # does not know it, and whoever asks is told nothing
    OWN = "own"  # both cases are of one house


_NOT_OFFERED = {
    Offers.CALLED: (Why.MAY_BE,),
    Offers.UNNAMED: (Why.NOT_REACHED,),
    Offers.PROPOSED: (Why.MAY_BE, Why.NOT_REACHED),
    Offers.KEPT: (Why.MAY_BE, Why.NOT_REACHED),
    Offers.OWN: (Why.MAY_BE, Why.NOT_REACHED),
}


def _choices(to: Offers) -> list[SelectChoice]:
    pairs = [(answer, why) for answer in Answer for why in REASONS[answer] if why not in _NOT_OFFERED[to]]
    return [SelectChoice(value=f"{answer}-{why}", label=ANSWERS[answer, why]) for answer, why in pairs]


class AskPersonForm(OnceForm):
    """What the person answered; of a child that says yes, that the guardian was there."""

    said = RadioField(
        N_("What does the person say?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in SAID_LABELS.items()],
        validators=[Offered(N_("Choose what the person says"))],
        validate_choice=False,
    )
    guardian = BooleanField(N_("The guardian was there and agrees with the yes"))
    read = HiddenField()  # the answer that the page showed


class AnswerPairForm(OnceForm):
    """Whether it is one person, with the reason, in one choice."""

    said = RadioField(
        N_("Is it the same person?"),
        choices=_choices(Offers.CALLED),
        validators=[Offered(N_("Choose what you think, and why"))],
        validate_choice=False,
    )
    twice = BooleanField(N_("I know that the same was said of another person, too: all of them are one person"))
    read = HiddenField()  # the mark of what the page showed

    def offer(self, to: Offers) -> None:
        """Offer what makes sense for who is asked."""
        self.said.choices = _choices(to)

    @property
    def answer(self) -> tuple[Answer, Why]:
        """What was chosen, of a valid form."""
        answer, _, why = str(self.said.data).partition("-")
        return Answer(answer), Why(why)


class ConfirmPairForm(AnswerPairForm):
    """The same of whoever asked; with *same*, what the second case is."""

    course = RadioField(
        N_("If it is the same person: what is this case?"),
        choices=[
            *(SelectChoice(value=str(each), label=label) for each, label in COURSES.items()),
            SelectChoice(value=NO_COURSE, label=N_("It is not the same person, or nobody can tell")),
        ],
        validate_choice=False,
    )

    @property
    def chosen_course(self) -> Course | None:
        """What was chosen; None without a choice."""
        return Course(self.course.data) if self.course.data in set(Course) else None

    def is_whole(self) -> bool:
        """Whether it is valid, and says what the case is where it is the same person."""
        if not self.validate():
            return False
        if self.answer[0] is Answer.SAME and self.chosen_course is None:
            self.course.errors = [N_("Choose what this case is")]
            return False
        if self.answer[0] is not Answer.SAME and self.chosen_course is not None:
            self.course.errors = [
                N_("Your two answers do not fit: only the same person has a case that goes on or begins")
            ]
            return False
        return True


class CourseForm(OnceForm):
    """What a case is that is linked already."""

    course = RadioField(
        N_("What is this case?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in COURSES.items()],
        validators=[Offered(N_("Choose what this case is"))],
        validate_choice=False,
    )
    read = HiddenField()


class BreakForm(OnceForm):
    """Why a link is broken."""

    why = RadioField(
        N_("Why is it not the same person?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in BREAK_WHY.items()],
        validators=[Offered(N_("Choose why"))],
        validate_choice=False,
    )


class WordForm(OnceForm):
    """What whoever asked says once the check is over."""

    word = RadioField(
        N_("Is this a new person?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in WORD_LABELS.items()],
        validators=[Offered(N_("Choose one"))],
        validate_choice=False,
    )
