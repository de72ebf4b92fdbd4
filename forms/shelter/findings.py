"""What child protection types about a child's risk, security and family."""

from __future__ import annotations

import uuid

from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.days import DayField, today_or
from forms.shelter.cases import PURPOSE_LABELS
from forms.shelter.child_returns import ASSESSMENT_LABELS
from forms.typed import Offered, OnceForm, PlainText, WriteForm
from nrm.domain.shelter.cases import Purpose
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import (
    LONGEST_HOUSEHOLD,
    LONGEST_NAME,
    LONGEST_WORDS,
    DecidedBy,
    FindingRefusal,
    Found,
    Outcome,
)
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
    FindingRefusal.HOUSEHOLD: (
        "household_words",
        N_("Enter who lives there, and where, in at most %(longest)s characters", longest=LONGEST_HOUSEHOLD),
    ),
    FindingRefusal.GUARDIAN: (
        "household_words",
        N_("The guardian of the child is named here, who cannot be of the household: record another guardian first"),
    ),
    FindingRefusal.WORDS: ("where", N_("Enter it in at most %(longest)s characters", longest=LONGEST_WORDS)),
    FindingRefusal.NOT_SAFE: (
        "household",
        N_("Choose a household that is found safe three times; of another one nothing can be said yet"),
    ),
    FindingRefusal.SAME_ORGANISATION: (
        "",
        N_("Your organisation assessed this household. A member of another organisation looks a second time."),
    ),
    FindingRefusal.TOOK_PART: (
        "",
        N_("You took part in what this rests on. Somebody else of your organisation does this step."),
    ),
    FindingRefusal.LOOK: (
        "household",
        N_("Choose a household at which another organisation has looked a second time, and found it safe"),
    ),
    FindingRefusal.AFTER: ("on", N_("Enter a day that is not before the day of what this rests on")),
    FindingRefusal.OPEN_FIRST: (
        "where",
        N_("Open the names in another window first, and say why; then send this again: your text stays here"),
    ),
    FindingRefusal.NAME: ("name", N_("Enter the name, in at most %(longest)s characters", longest=LONGEST_NAME)),
    FindingRefusal.CONFLICT: (
        "name",
        N_("Choose another guardian: never a companion, and nobody of a household that is assessed"),
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


NEW = "new"
OUTCOME_LABELS = {
    Outcome.GOES: N_("The child goes to the household"),
    Outcome.STAYS: N_("The child stays where it is"),
}
DECIDED_BY_LABELS = {
    DecidedBy.AUTHORITY: N_("The Responsible Authority"),
    DecidedBy.COURT: N_("A court"),
}
PURPOSES = (Purpose.CHILD_PROTECTION, Purpose.FAMILY_CONTACT, Purpose.SAFETY, Purpose.DUTY_DECISION)


def household_field(label: str) -> RadioField:
    """Which household; the choices are filled in by the page."""
    return RadioField(label, choices=(), validators=[Offered(N_("Choose a household"))], validate_choice=False)


def chosen_household(field: RadioField) -> uuid.UUID | None:
    """The household that was chosen, None where none was."""
    try:
        return uuid.UUID(field.data or "")
    except ValueError:
        return None


class CaseFindingsForm(FindingsForm):
    """Of which household it was found, and where: both are sealed."""

    household = household_field(N_("Which household was assessed?"))
    household_words = StringField(
        N_("Who lives there, and where"),
        description=N_("Under seal: names and address. Lists show only the number of the household."),
        validators=[PlainText(LONGEST_HOUSEHOLD)],
    )
    where = TextAreaField(
        N_("Where and with whom was it assessed, and what was seen?"),
        description=N_("Under seal."),
        validators=[InputRequired(IMPOSSIBLE[FindingRefusal.WORDS][1]), PlainText(LONGEST_WORDS)],
    )

    @property
    def home(self) -> uuid.UUID | str:
        """The household that was chosen, or the words of a new one."""
        return chosen_household(self.household) or (self.household_words.data or "")


class OpenFileForm(OnceForm):
    """Why somebody wants to know which households these are."""

    purpose = RadioField(
        N_("Why do you open it?"),
        choices=[SelectChoice(value=str(each), label=PURPOSE_LABELS[each]) for each in PURPOSES],
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )


class LookForm(OnceForm):
    """What a second look came to."""

    found = RadioField(
        N_("What do you find of this household?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in FOUND_LABELS.items()],
        validators=[Offered(N_("Choose what you find"))],
        validate_choice=False,
    )
    where = TextAreaField(
        N_("Why?"),
        description=N_("Under seal: your organisation and the Responsible Authority read it, nobody else."),
        validators=[InputRequired(IMPOSSIBLE[FindingRefusal.WORDS][1]), PlainText(LONGEST_WORDS)],
    )
    when = today_or(N_("When did you look?"))
    on = DayField(N_("Day"), when=("when", "other"))


class DecideForm(OnceForm):
    """The best-interest decision."""

    outcome = RadioField(
        N_("What was decided?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in OUTCOME_LABELS.items()],
        validators=[Offered(N_("Choose what was decided"))],
        validate_choice=False,
    )
    household = RadioField(N_("To which household?"), choices=(), validate_choice=False)
    decided_by = RadioField(
        N_("Who decided?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in DECIDED_BY_LABELS.items()],
        validators=[Offered(N_("Choose who decided"))],
        validate_choice=False,
    )
    name = StringField(
        N_("Name; of a court also the number of the decision"),
        description=N_("Under seal."),
        validators=[InputRequired(IMPOSSIBLE[FindingRefusal.NAME][1]), PlainText(LONGEST_NAME)],
    )
    where = TextAreaField(
        N_("What does the child want, in its own words?"),
        description=N_("Under seal. If the child was too small to say it: what was seen."),
        validators=[InputRequired(IMPOSSIBLE[FindingRefusal.WORDS][1]), PlainText(LONGEST_WORDS)],
    )
    when = today_or(N_("When was it decided?"))
    on = DayField(N_("Day"), when=("when", "other"))


class GuardianNameForm(WriteForm):
    """Who the guardian is, and that nothing stands against it."""

    name = StringField(
        N_("Name of the guardian"),
        description=N_("Under seal."),
        validators=[InputRequired(IMPOSSIBLE[FindingRefusal.NAME][1]), PlainText(LONGEST_NAME)],
    )
    no_companion = BooleanField(
        N_("Did not come with the child, and is no companion"),
        validators=[InputRequired(IMPOSSIBLE[FindingRefusal.CONFLICT][1])],
    )
    not_of_household = BooleanField(
        N_("Does not live in a household that is assessed"),
        validators=[InputRequired(IMPOSSIBLE[FindingRefusal.CONFLICT][1])],
    )
    when = today_or(N_("Guardian since"))
    on = DayField(N_("Day"), when=("when", "other"))
