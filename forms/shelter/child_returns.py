"""What the Responsible Authority and child protection type about a child whose return is asked for."""

from __future__ import annotations

from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms import ValidationError as Wrong
from wtforms.validators import InputRequired, Optional

from forms import SelectChoice
from forms.days import DayField, today_or
from forms.names import country_code
from forms.shelter.cases import PURPOSE_LABELS
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.cases import Purpose
from nrm.domain.shelter.child_returns import (
    LONGEST_TEXT,
    Asked,
    Assessment,
    Direction,
    Escort,
    Finding,
    Guardian,
    Outcome,
    ReturnRefusal,
    Sex,
    State,
)
from nrm.domain.words import N_

ASKED_LABELS = {
    Asked.TRACING: N_("To trace the family"),
    Asked.ASSESSMENT: N_("To assess the family"),
    Asked.BOTH: N_("To trace and to assess the family"),
}
STATE_LABELS = {
    State.REQUESTED: N_("Requested"),
    State.ASSESSED: N_("Assessed and answered"),
    State.GUARDIAN_READY: N_("A guardian is ready"),
    State.TRAVELLING: N_("On the way"),
    State.RECEIVED: N_("Received"),
    State.REFUSED: N_("The return was refused"),
    State.WITHDRAWN: N_("The request was withdrawn"),
}
FINDING_LABELS = {
    Finding.RETURN_SAFE: N_("The return to the family is safe"),
    Finding.RETURN_NOT_SAFE: N_("The return to the family is not safe"),
    Finding.FAMILY_NOT_FOUND: N_("The family was not found"),
    Finding.NOT_FROM_HERE: N_("The child is not from here"),
}
ASSESSMENT_LABELS = {
    Assessment.RISK: N_("Risk"),
    Assessment.SECURITY: N_("Security"),
    Assessment.FAMILY: N_("Family"),
}
GUARDIAN_LABELS = {
    Guardian.PARENT: N_("A parent"),
    Guardian.RELATIVE: N_("Another relative"),
    Guardian.FOSTER_FAMILY: N_("A foster family"),
    Guardian.INSTITUTION: N_("An institution"),
}
ESCORT_LABELS = {
    Escort.SOCIAL_WORKER: N_("A social worker"),
    Escort.INTERNATIONAL_ORGANISATION: N_("An international organisation"),
    Escort.FOREIGN_AUTHORITY: N_("The authority of the other country"),
    Escort.CONSULAR_OFFICER: N_("A consular officer"),
    Escort.GUARDIAN: N_("The guardian who takes the child in"),
}
IDENTITY_FIELDS = {
    "name": N_("Name and surname"),
    "birth": N_("Born"),
    "parents": N_("Parents"),
    "place": N_("Where the family lives, as far as known"),
    "reference": N_("Reference of the other country"),
}
DIRECTION_LABELS = {
    Direction.HERE: N_("From there to here"),
    Direction.THERE: N_("From here to there"),
}
SEX_LABELS = {Sex.FEMININE: N_("A girl"), Sex.MASCULINE: N_("A boy")}
OUTCOME_LABELS = {
    Outcome.FAMILY: N_("With the family, at school"),
    Outcome.FAMILY_NO_SCHOOL: N_("With the family, not at school"),
    Outcome.CARE: N_("In care"),
    Outcome.LEFT_AGAIN: N_("Left again"),
    Outcome.UNKNOWN: N_("Not known"),
}
IMPOSSIBLE = {
    ReturnRefusal.STEP: ("", N_("This step was taken before, or is not the next one. Look at the return again.")),
    ReturnRefusal.COUNTRY: ("country", N_("Enter the name of the country, for example Italy")),
    ReturnRefusal.RECEIVED: ("received", N_("Enter a day of the last year, not later than today")),
    ReturnRefusal.DUE: ("due", N_("Enter a day after the request, within a year")),
    ReturnRefusal.NAME: ("name", N_("Enter the name, as in the document")),
    ReturnRefusal.DAY: ("on", N_("Enter a day between the step before and today")),
    ReturnRefusal.FINDING: ("finding", N_("Choose what you found")),
    ReturnRefusal.ASSESSMENTS: (
        "finding",
        N_("Record first that risk, security and family are found safe, or choose another answer"),
    ),
    ReturnRefusal.TEXT: ("text", N_("Enter the answer in at most %(longest)s characters", longest=LONGEST_TEXT)),
    ReturnRefusal.GUARDIAN: (
        "guardian",
        N_("Choose who takes the child in; nobody can, of a child who is not from here"),
    ),
    ReturnRefusal.GATE: (
        "guardian",
        N_("Choose a foster family or an institution: the family only while all three are found safe"),
    ),
    ReturnRefusal.ESCORT: ("escort", N_("Choose who travels with the child")),
    ReturnRefusal.SEX: ("sex", N_("Choose whether it is a girl or a boy")),
    ReturnRefusal.OUTCOME: ("outcome", N_("Choose what became of the child")),
    ReturnRefusal.NOT_YET: ("", N_("These months are not over yet.")),
}
"""Why something is refused -> the field it stands at, and what to do."""
PURPOSES = (Purpose.CHILD_PROTECTION, Purpose.FAMILY_CONTACT, Purpose.SAFETY, Purpose.ANSWER)


class RecordReturnForm(OnceForm):
    """What is asked and by when; and who the child is, which is sealed."""

    id = HiddenField()
    country = StringField(N_("Which country asks?"), validators=[PlainText(120)])
    direction = RadioField(
        N_("Which way does the child return?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in DIRECTION_LABELS.items()],
        validators=[Offered(N_("Choose which way the child returns"))],
        validate_choice=False,
    )
    asked = RadioField(
        N_("What does it ask for?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in ASKED_LABELS.items()],
        validators=[Offered(N_("Choose what is asked"))],
        validate_choice=False,
    )
    received = DayField(N_("Day of the request"))
    due = DayField(N_("Answer due"))
    name = StringField(
        IDENTITY_FIELDS["name"], validators=[InputRequired(IMPOSSIBLE[ReturnRefusal.NAME][1]), PlainText(120)]
    )
    birth = StringField(IDENTITY_FIELDS["birth"], validators=[Optional(), PlainText(40)])
    parents = StringField(IDENTITY_FIELDS["parents"], validators=[Optional(), PlainText(200)])
    place = StringField(IDENTITY_FIELDS["place"], validators=[Optional(), PlainText(200)])
    reference = StringField(IDENTITY_FIELDS["reference"], validators=[Optional(), PlainText(80)])

    def validate_country(self, field: StringField) -> None:
        """A country by its name."""
        if country_code((field.data or "")[:120]) is None:
            raise Wrong(IMPOSSIBLE[ReturnRefusal.COUNTRY][1])

    @property
    def identity(self) -> dict[str, str]:
        """Who it is, of a valid form; what was left empty is left out."""
        typed = {name: (self[name].data or "").strip() for name in IDENTITY_FIELDS}
        return {name: text for name, text in typed.items() if text}


class StepForm(OnceForm):
    """A step of the return, and its day."""

    when = today_or(N_("When was it?"))
    on = DayField(N_("Day"), when=("when", "other"))


class AnswerReturnForm(StepForm):
    """The answer: a code, and the text, which is sealed."""

    finding = RadioField(
        N_("What did you find?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in FINDING_LABELS.items()],
        validators=[Offered(IMPOSSIBLE[ReturnRefusal.FINDING][1])],
        validate_choice=False,
    )
    text = TextAreaField(
        N_("The answer, under seal"),
        validators=[InputRequired(IMPOSSIBLE[ReturnRefusal.TEXT][1]), PlainText(LONGEST_TEXT)],
    )


class GuardianForm(StepForm):
    """Who takes the child in."""

    guardian = RadioField(
        N_("Who takes the child in?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in GUARDIAN_LABELS.items()],
        validators=[Offered(IMPOSSIBLE[ReturnRefusal.GUARDIAN][1])],
        validate_choice=False,
    )


class TravelForm(StepForm):
    """Who travels with the child."""

    escort = RadioField(
        N_("Who travels with the child?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in ESCORT_LABELS.items()],
        validators=[Offered(IMPOSSIBLE[ReturnRefusal.ESCORT][1])],
        validate_choice=False,
    )


def _sex() -> RadioField:
    return RadioField(
        N_("A girl or a boy?"),
        description=N_("In clear: the table on returned children is counted by it."),
        choices=[SelectChoice(value=str(each), label=words) for each, words in SEX_LABELS.items()],
        validators=[Offered(IMPOSSIBLE[ReturnRefusal.SEX][1])],
        validate_choice=False,
    )


class ReceiveForm(StepForm):
    """The child was received."""

    sex = _sex()


class OutcomeForm(OnceForm):
    """What became of a returned child."""

    outcome = RadioField(
        N_("What became of the child?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in OUTCOME_LABELS.items()],
        validators=[Offered(IMPOSSIBLE[ReturnRefusal.OUTCOME][1])],
        validate_choice=False,
    )


class FirstOutcomeForm(OutcomeForm):
    """The same of a child of whom the sex was not asked when it was received."""

    sex = _sex()


class OpenReturnForm(OnceForm):
    """Why somebody wants to know who the child is."""

    purpose = RadioField(
        N_("Why do you open it?"),
        choices=[SelectChoice(value=str(each), label=PURPOSE_LABELS[each]) for each in PURPOSES],
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )


FORMS: dict[State, type[StepForm]] = {
    State.ASSESSED: AnswerReturnForm,
    State.GUARDIAN_READY: GuardianForm,
    State.TRAVELLING: TravelForm,
    State.RECEIVED: ReceiveForm,
}
