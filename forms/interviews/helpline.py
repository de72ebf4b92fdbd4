"""What an operator of the help line ticks while the caller is on the line."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, RadioField, SelectField, TextAreaField

from forms import SelectChoice
from forms.shelter.cases import PURPOSE_LABELS
from forms.typed import Offered, OnceForm, OneOf, PlainText
from nrm.domain.interviews.helpline import (
    LONGEST_NOTE,
    Caller,
    CameOf,
    Followed,
    HelplineRefusal,
    Outcome,
    PartOfDay,
    Topic,
)
from nrm.domain.shelter.cases import Purpose
from nrm.domain.words import N_

PART_LABELS = {
    PartOfDay.NIGHT: N_("at night"),
    PartOfDay.MORNING: N_("in the morning"),
    PartOfDay.AFTERNOON: N_("in the afternoon"),
    PartOfDay.EVENING: N_("in the evening"),
}
CALLER_LABELS = {
    Caller.PERSON: N_("The person herself or himself"),
    Caller.FAMILY: N_("Somebody of the family"),
    Caller.FRIEND: N_("A friend or acquaintance"),
    Caller.PROFESSIONAL: N_("A teacher, doctor or social worker"),
    Caller.OFFICIAL: N_("Police or another authority"),
    Caller.UNKNOWN: N_("Does not say"),
}
TOPIC_LABELS = {
    Topic.DANGER: N_("Danger now"),
    Topic.SHELTER: N_("A safe place"),
    Topic.RETURN: N_("Coming home from abroad"),
    Topic.MISSING: N_("Somebody is missing"),
    Topic.CHILD: N_("A child"),
    Topic.JOB_OFFER: N_("An offer of work abroad"),
    Topic.RIGHTS: N_("Rights, papers, court"),
    Topic.INFORMATION: N_("Information"),
    Topic.OTHER: N_("Something else"),
}
OUTCOME_LABELS = {
    Outcome.URGENT: N_("Urgent hand-over: begin it now"),
    Outcome.REFERRAL: N_("Wants help: begin the interview now"),
    Outcome.NOTICE: N_("A return is announced (next: the notice)"),
    Outcome.POLICE: N_("Passed to the emergency number"),
    Outcome.OTHER_SERVICE: N_("Sent to another service"),
    Outcome.CALL_BACK: N_("To be called back"),
    Outcome.ADVICE: N_("Advice was enough"),
    Outcome.ENDED: N_("The call broke off"),
}
RESULT_LABELS = {
    **OUTCOME_LABELS,
    Outcome.URGENT: N_("Urgent hand-over"),
    Outcome.REFERRAL: N_("Wants help"),
    Outcome.NOTICE: N_("A return is announced"),
}
"""What came of a call, as its record says it: what the operator does next stands in the form alone."""
FOLLOWED_LABELS = {Followed.OWED: N_("still to be done"), Followed.DONE: N_("done")}
FOLLOW_WORDS = {
    Outcome.URGENT: (
        N_("The hand-over was done"),
        N_(
            "Not sent yet? Whoever took the call finds it among their drafts on the home page. Sending it from the "
            "browser in which the call was recorded says it here. Sent from another one? Say it here."
        ),
    ),
    Outcome.NOTICE: (
        N_("The return was announced"),
        N_("Announce the return; it is then said here by itself."),
    ),
}
"""Outcome -> the button that says that it is done, and what to do until then."""
CAME_LABELS = {
    CameOf.SPOKE: N_("Called back, and spoke with the person: destroy the note"),
    CameOf.PASSED_ON: N_("Somebody else cares for it: destroy the note"),
    CameOf.NOT_AGREED: N_("No call back was agreed, it was ticked by mistake: destroy the note"),
    CameOf.NOT_REACHED: N_("Tried, not reached: the note stays"),
}
IMPOSSIBLE = {
    HelplineRefusal.OVER: ("", N_("Nothing is kept of this call any more: it was dealt with.")),
    HelplineRefusal.LATE: (
        "",
        N_("What was ticked of a call is corrected within a day, by whoever recorded it. Nothing was changed."),
    ),
    HelplineRefusal.LANGUAGE: ("language", N_("Choose the language")),
    HelplineRefusal.NOTE: (
        "note",
        N_("Enter how the person can be called back safely, in at most %(longest)s characters", longest=LONGEST_NOTE),
    ),
}
PURPOSES = (Purpose.CALL_BACK, Purpose.SAFETY, Purpose.FAMILY_CONTACT)


class RecordCallForm(OnceForm):
    """No name is asked. The note is sealed to the help line."""

    id = HiddenField()
    interview = HiddenField()
    outcome = RadioField(
        N_("What comes of it?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in OUTCOME_LABELS.items()],
        validators=[Offered(N_("Choose what comes of it"))],
        validate_choice=False,
    )
    topic = RadioField(
        N_("What is it about?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in TOPIC_LABELS.items()],
        validators=[Offered(N_("Choose what it is about"))],
        validate_choice=False,
    )
    caller = RadioField(
        N_("Who calls?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in CALLER_LABELS.items()],
        validators=[Offered(N_("Choose who calls"))],
        validate_choice=False,
    )
    language = SelectField(
        N_("Language"), validators=[OneOf(IMPOSSIBLE[HelplineRefusal.LANGUAGE][1])], validate_choice=False
    )
    note = TextAreaField(
        N_("Note, under seal"),
        description=N_(
            "Needed for a call back: number, safe hours, what to say if somebody else answers. Destroyed after 30 days."
        ),
        validators=[PlainText(LONGEST_NOTE)],
    )
    no_way = BooleanField(N_("There is no way to call back"))

    def is_lost(self) -> bool:
        """Whether somebody in danger would be on no list: the call broke off, and nobody said that there is no way to
        call back."""
        broke_off = (self.outcome.data, self.topic.data) == (str(Outcome.ENDED), str(Topic.DANGER))
        return broke_off and not self.no_way.data


class OpenNoteForm(OnceForm):
    """Why somebody reads the note."""

    purpose = RadioField(
        N_("Why do you open it?"),
        choices=[SelectChoice(value=str(each), label=PURPOSE_LABELS[each]) for each in PURPOSES],
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )


class SettleForm(OnceForm):
    """What came of calling back; the note is destroyed by no press alone."""

    came = RadioField(
        N_("What came of the call back?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in CAME_LABELS.items()],
        validators=[Offered(N_("Choose what came of the call back"))],
        validate_choice=False,
    )
