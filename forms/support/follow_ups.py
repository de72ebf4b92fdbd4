"""What people type about staying in touch after the shelter."""

from __future__ import annotations

from typing import Any, cast

from wtforms import BooleanField, HiddenField, RadioField, SelectMultipleField, TextAreaField, ValidationError
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.shelter.cases import LONGEST_TEXT, WrittenForm
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.support.follow_ups import (
    Acts,
    Contact,
    Ended,
    FollowUpRefusal,
    How,
    Living,
    Occupation,
    Outcome,
    Result,
    Safe,
    Stand,
    Stands,
)
from nrm.domain.words import N_

STANDS_LABELS = {
    Stands.CHILD: N_("The alarm stands, because it is of a child. Who leads the shelter looks at it."),
    Stands.NO_MANAGER: N_("The alarm stands, because the shelter has no manager who would read that it was a mistake."),
    Stands.ACTED: N_("The alarm stands, because somebody acts on it already. Who leads the shelter looks at it."),
    Stands.COLLEAGUE: N_("The alarm stands, because a colleague raised it. Who leads the shelter looks at it."),
    Stands.AGAIN: N_("The alarm stands, because it was said more than once. Who leads the shelter looks at it."),
    Stands.CONTACT: N_("The alarm stands, because it was said at a contact: correct that contact."),
    Stands.BETWEEN: N_(
        "The alarm stands, because it was said beside this contact. Was that another person, too? Say so at the alarm."
    ),
    Stands.LATE: N_("The alarm stands, because it is older than a day. Who leads the shelter looks at it."),
}
REFUSED = {
    FollowUpRefusal.OF_ANOTHER: N_("No alarm stands of this person."),
    FollowUpRefusal.NOTHING_ENTERED: N_("Nothing is entered of this contact."),
    FollowUpRefusal.STANDS: N_("It is agreed already that somebody stays in touch."),
    FollowUpRefusal.NONE: N_("Nothing is agreed with this person about staying in touch."),
    FollowUpRefusal.CHILD_RETURN: N_(
        "This child is followed by the record of the child’s return. Nothing is agreed here, so that nobody asks twice"
    ),
    FollowUpRefusal.CHANNEL: N_("Enter how the person is reached safely"),
    FollowUpRefusal.ENDED: N_("This follow-up is over."),
    FollowUpRefusal.NOT_YET: N_("It is too early for this contact: enter it from two weeks before its day."),
    FollowUpRefusal.EARLIER_FIRST: N_("Enter the contact before it first."),
    FollowUpRefusal.ANSWERS: N_("Choose an answer"),
    FollowUpRefusal.OUTCOME: N_("Choose what became of the person"),
    FollowUpRefusal.NOT_AGREED: N_(
        "Nothing is agreed yet: agree it with the person on the page “After the shelter” first"
    ),
    FollowUpRefusal.AGREED: N_(
        "It is agreed that somebody stays in touch. If that is over, end it on the page “After the shelter” first"
    ),
    FollowUpRefusal.MANAGER: N_("The manager of your shelter says that the shelter acts."),
    FollowUpRefusal.NO_ALARM: N_("Somebody recorded already that the person is safe, or that it was decided."),
    FollowUpRefusal.WHAT_IS_DONE: N_("Write in one line what is done, and by whom"),
    FollowUpRefusal.WHO_SPOKE: N_("Write in one line who spoke with the person, and where the person is safe"),
    FollowUpRefusal.NOT_ACTED: N_("Nobody said yet that the shelter acts."),
    FollowUpRefusal.ACT_AGAIN: N_(
        "After the shelter acted, somebody wrote once more that the person is not safe, or needs help now: read it, "
        "and first say with “We act on it” what is done."
    ),
    FollowUpRefusal.SAID_SINCE: N_(
        "Nothing is recorded: somebody wrote something about this person after this page was shown. Read it on the "
        "page “After the shelter”. What you typed is here still."
    ),
    FollowUpRefusal.DANGER_SINCE: N_(
        "Nothing is recorded: after this page was shown, somebody wrote that the person is not safe or needs help now, "
        "or took back that the shelter acts. Read it, and first say with “We act on it” what is done. What you typed "
        "is here still."
    ),
    FollowUpRefusal.NOT_BEGUN: N_("The person has not left the shelter yet: what is said there belongs to the case."),
    FollowUpRefusal.NOT_SAFE: N_("Nobody said within the last week that the person is safe."),
    FollowUpRefusal.MANAGER_ENDS: N_(
        "The person is not safe, or needs help now: nothing ended, and nothing is destroyed. Only the manager of your "
        "shelter can end this, after writing down what the shelter does. Call the manager. If the person is safe now, "
        "the manager records that."
    ),
    FollowUpRefusal.ACT_FIRST: N_(
        "The person is not safe, or needs help now: nothing ended, and nothing is destroyed. First write down with “We "
        "act on it” what the shelter does. Then end it here. If the person is safe now, record that instead."
    ),
    FollowUpRefusal.SAFE_FIRST: N_(
        "The person is not safe, or needs help now: settle that first on the page “After the shelter”. What was agreed "
        "before can be read there until then. After that it can be agreed anew."
    ),
    FollowUpRefusal.CHILD_NOT_SAFE: N_(
        "This child, or person who may be one, is not safe or needs help now: nothing ended, and nothing is destroyed. "
        "Nobody can end this before the manager of the shelter recorded that the child is safe: first “We act on it”, "
        "then, once somebody spoke with the child or saw the child, “The person is safe now”."
    ),
    FollowUpRefusal.CHILD_MANAGER: N_(
        "This is a child, or a person who may be one: nothing ended. Only the manager of your shelter can end this. "
        "Call the manager."
    ),
    FollowUpRefusal.END_MANAGER: N_("Only the manager of your shelter can take back that it ended."),
}
WORD_LABELS = {
    "channel": N_("How is the person reached safely?"),
    "who": N_("Who else may answer?"),
    "say": N_("What may be said to them?"),
    "when": N_("On which day and at what hour?"),
}
RESULT_LABELS = {
    Result.REACHED: N_("The person was reached"),
    Result.NOT_REACHED: N_("The person was not reached"),
    Result.NO_LONGER: N_("The person does not want it any more"),
    Result.OTHER_PERSON: N_("What was entered was about another person: nobody tried to reach this one"),
}
NOT_REACHED_THEN = {
    True: N_("The person was not reached: it is tried again"),
    False: N_("The person was not reached: no further try is planned"),
}
"""By whether another try follows."""
STATE_LABELS = {
    Stand.OPEN: N_("to be done"),
    Stand.REACHED: N_("reached"),
    Stand.NOT_REACHED: N_("not reached"),
    Stand.ENDED: N_("not made any more"),
}
ENDED_LABELS = {
    Ended.FINISHED: N_("The last contact was made."),
    Ended.NO_LONGER: N_("The person does not want it any more."),
    Ended.CAME_BACK: N_("The person lived in a shelter again."),
    Ended.MOVED: N_("The case went to another organisation."),
    Ended.LAPSED: N_("Its time was over."),
}
ACT_LABELS = {
    Acts.POLICE: N_("We called the police"),
    Acts.FETCHED: N_("Somebody fetches the person"),
    Acts.MET: N_("Somebody met the person"),
    Acts.OTHER_OFFICE: N_("Another office was asked, and acts"),
    Acts.LOOKED_FOR: N_("Somebody looks for the person"),
}
LISTS = {
    "how": ("follow_up_how", How),
    "living": ("follow_up_living", Living),
    "occupation": ("follow_up_occupations", Occupation),
    "safe": ("follow_up_safe", Safe),
    "outcome": ("follow_up_outcomes", Outcome),
}
"""Field -> the country's list, and its codes."""


class AgreeForm(WrittenForm):
    """How a person is reached, and what may be said to whom."""

    channel = TextAreaField(
        WORD_LABELS["channel"],
        description=N_("For example a number and at what time, or a person whom she trusts. It is kept under seal."),
        validators=[PlainText(LONGEST_TEXT)],
    )
    who = TextAreaField(WORD_LABELS["who"], validators=[PlainText(LONGEST_TEXT)])
    say = TextAreaField(
        WORD_LABELS["say"],
        description=N_("For example: a friend from the course. Never the name of the shelter."),
        validators=[PlainText(LONGEST_TEXT)],
    )
    when = TextAreaField(WORD_LABELS["when"], validators=[PlainText(LONGEST_TEXT)])

    def validate_channel(self, field: TextAreaField) -> None:
        """Without a way to reach her nothing is agreed."""
        if not (field.data or "").strip():
            raise ValidationError(REFUSED[FollowUpRefusal.CHANNEL])

    @property
    def words(self) -> dict[str, str]:
        """What was typed, by name."""
        return {name: (self[name].data or "").replace("\r\n", "\n").strip() for name in WORD_LABELS}


class AgreeForChildForm(AgreeForm):
    """As `AgreeForm`, for a child or a person who may be one."""

    child_return = RadioField(
        N_("Is there a record of this child’s return from another country?"),
        choices=[SelectChoice(value="no", label=N_("No")), SelectChoice(value="yes", label=N_("Yes"))],
        validators=[Offered(N_("Choose whether there is such a record"))],
        validate_choice=False,
    )


class ContactForm(OnceForm):
    """What came of trying to reach a person."""

    result = RadioField(
        N_("What came of it?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in RESULT_LABELS.items()],
        validators=[Offered(N_("Choose what came of it"))],
        validate_choice=False,
    )
    how = RadioField(N_("How?"), validators=[Offered(N_("Choose how"))], validate_choice=False)
    living = RadioField(N_("Where does the person live?"), validate_choice=False)
    occupation = RadioField(N_("Work or school"), validate_choice=False)
    safe = RadioField(N_("Is the person safe, in her own words?"), validate_choice=False)
    needs = SelectMultipleField(N_("What does the person need?"), validate_choice=False)
    help_now = BooleanField(N_("The person needs help now"))
    outcome = RadioField(N_("What became of the person?"), validate_choice=False)
    not_right = BooleanField(N_("What was ticked about danger is not right: leave it out"))
    text = TextAreaField(
        N_("In words"),
        description=N_("It is kept under seal, with how the person is reached."),
        validators=[PlainText(LONGEST_TEXT)],
    )

    def offer_not_reached(self, *, again: bool, corrects: bool) -> None:
        """Say at the answer itself whether another try follows. `corrects`: something was entered already."""
        labels = {**RESULT_LABELS, Result.NOT_REACHED: NOT_REACHED_THEN[again]}
        if not corrects:
            del labels[Result.OTHER_PERSON]
        self.result.choices = [SelectChoice(value=str(each), label=label) for each, label in labels.items()]

    @property
    def drops_danger(self) -> bool:
        """Whether danger is ticked under another answer than the one that is chosen now."""
        danger = self.help_now.data or self.safe.data in (Safe.NO, Safe.NOT_SURE)
        return bool(danger) and self.result.data in (Result.NOT_REACHED, Result.NO_LONGER)

    def validate_result(self, _: RadioField) -> None:
        """Danger that was ticked is dropped by nobody's slip."""
        if self.drops_danger and not self.not_right.data:
            raise ValidationError(
                N_(
                    "You ticked that the person is not safe, is not sure of it, or needs help now: choose that the "
                    "person was reached, or say that it is not right"
                )
            )

    def _when_reached(self, field: RadioField, words: str) -> None:
        if self.result.data == Result.REACHED:
            Offered(words)(self, field)

    def validate_living(self, field: RadioField) -> None:
        """Needed of who was reached; what was chosen under another answer is not read."""
        self._when_reached(field, N_("Choose an answer: %(question)s", question=field.label.text))

    validate_occupation = validate_safe = validate_living

    def validate_outcome(self, field: RadioField) -> None:
        """As `validate_living`, at the last contact, which alone offers it. Nobody lives safely who is not safe."""
        if not field.choices:
            return
        self._when_reached(field, REFUSED[FollowUpRefusal.OUTCOME])
        danger = self.help_now.data or self.safe.data == Safe.NO
        if (
            danger
            and self.result.data == Result.REACHED
            and field.data in (Outcome.SETTLED, Outcome.SAFE_WITHOUT_INCOME)
        ):
            raise ValidationError(
                N_("You chose that the person is not safe or needs help now: choose here what agrees with that")
            )

    def validate_needs(self, field: SelectMultipleField) -> None:
        """Each is one of those that were offered."""
        if not set(field.data or ()) <= {cast(Any, each).value for each in field.iter_choices()}:
            raise ValidationError(N_("Choose among what is offered"))

    @property
    def contact(self) -> Contact:
        """The answers of a valid form."""
        result = Result(self.result.data)
        if result is not Result.REACHED:
            return Contact(result, How(self.how.data))
        return Contact(
            result,
            How(self.how.data),
            Living(self.living.data),
            Occupation(self.occupation.data),
            Safe(self.safe.data),
            tuple(self.needs.data or ()),
            bool(self.help_now.data),
            Outcome(self.outcome.data) if self.outcome.choices else None,
        )


class TellForm(OnceForm):
    """That the person said, between two contacts, that she is not safe."""

    text = TextAreaField(
        N_("In words: what was said, and where the person is"),
        description=N_("You can leave it empty. It is kept under seal, with how the person is reached."),
        validators=[PlainText(LONGEST_TEXT)],
    )


class ActForm(OnceForm):
    """What the house does about somebody who is not safe, or whom nobody reached."""

    seen = HiddenField()
    what = RadioField(
        N_("What is done?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in ACT_LABELS.items()],
        validators=[Offered(N_("Choose what is done"))],
        validate_choice=False,
    )
    text = TextAreaField(
        N_("In one line: what is done, and by whom"),
        description=N_("It is kept under seal, with how the person is reached."),
        validators=[PlainText(LONGEST_TEXT)],
    )

    def validate_text(self, field: TextAreaField) -> None:
        """One line says more than a code."""
        if not (field.data or "").strip():
            raise ValidationError(REFUSED[FollowUpRefusal.WHAT_IS_DONE])


class EndForm(OnceForm):
    """That the person does not want it any more: what is destroyed by it is the right person's."""

    compared = BooleanField(
        N_("I have compared the code: it is this person, and the person does not want it any more"),
        validators=[
            InputRequired(N_("Compare the code with the person’s own, and tick the box; else nothing is done"))
        ],
    )


class AnotherForm(OnceForm):
    """That an alarm was written down of the wrong person: it is the right one's that ends."""

    compared = BooleanField(
        N_("I have compared the code: I wrote it down here, and it was another person"),
        validators=[InputRequired(N_("Compare the code, and tick the box; else the alarm stands"))],
    )


class SafeForm(OnceForm):
    """That the person is safe now."""

    seen = HiddenField()
    sure = BooleanField(
        N_("Somebody of us spoke with the person since, or saw the person: the person is safe now"),
        validators=[InputRequired(N_("Tick the box, or leave it on the list"))],
    )
    text = TextAreaField(
        N_("In one line: who spoke with the person, and where the person is safe"),
        description=N_("It is kept under seal, with how the person is reached."),
        validators=[PlainText(LONGEST_TEXT)],
    )

    def validate_text(self, field: TextAreaField) -> None:
        """Without it nobody can ask whoever heard it."""
        if not (field.data or "").strip():
            raise ValidationError(REFUSED[FollowUpRefusal.WHO_SPOKE])
