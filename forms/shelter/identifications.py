"""What people type about formal identification."""

from __future__ import annotations

from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import DataRequired, InputRequired

from forms import SelectChoice
from forms.days import DayField, today_or
from forms.shelter.cases import LONGEST_TEXT
from forms.shelter.consents import HowAskedForm
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.cases import IdentificationStatus
from nrm.domain.shelter.identifications import OUTCOMES, Appellant, PlaceKind, State, opposite
from nrm.domain.words import N_

STATE_LABELS = {
    State.NOT_ASKED: N_("not asked for yet"),
    State.ASKED: N_("waits for the joint interview"),
    State.FIRST_LOOK: N_("waits for the second look"),
    State.DIFFERING: N_("the first two looks do not decide: a third is needed"),
    State.DECIDED: N_("decided"),
    State.APPEALED: N_("an appeal is to be decided"),
    State.FINAL: N_("decided after an appeal"),
}
STATUS_LABELS = {
    IdentificationStatus.POSSIBLE: N_("possible victim"),
    IdentificationStatus.IDENTIFIED: N_("identified victim"),
    IdentificationStatus.NOT_A_VICTIM: N_("not a victim"),
}
PLACE_LABELS = {
    PlaceKind.SHELTER: N_("In the shelter"),
    PlaceKind.SOCIAL_SERVICES: N_("At social services"),
    PlaceKind.POLICE: N_("At the police"),
    PlaceKind.HOSPITAL: N_("In a hospital"),
    PlaceKind.OTHER: N_("In another place"),
}
APPELLANT_LABELS = {
    Appellant.PERSON: N_("The person"),
    Appellant.COUNSEL: N_("The person’s counsel"),
    Appellant.GUARDIAN: N_("The guardian"),
}
APPEAL_LABELS = {
    "confirmed": N_("The outcome stays"),
    "changed": N_("The outcome is changed"),
}
NO_APPEAL = "none"


SURE = N_(
    "You conclude that the person is not a victim, and it is not recorded yet. Read once more what it rests on; then "
    "tick this and press again"
)
SURE_OF_CHANGE = N_(
    "The person is not a victim from then on, and it is not recorded yet. Read once more what the looks rest on; then "
    "tick this and press again"
)
SURE_OF_APPEAL = N_(
    "This person is identified as a victim. Is it this person who wants that changed? Then tick this and press again"
)
AGREES, OBJECTS = "agree", "object"


def _wants_now() -> BooleanField:
    """For who has a reflection period that still runs."""
    return BooleanField(
        N_("The person wants this now, and knows that there is time until the end of the reflection period"),
        description=N_("Asked without anybody beside whom the person fears or depends on"),
    )


class AskIdentificationForm(OnceForm):
    """Which organisations will read the record: police and social services; and that the person agrees."""

    readers = SelectMultipleField(
        N_("Who holds the interview and looks at its record?"),
        description=N_("At least one of the police and one of social services, without anybody the person fears"),
        choices=[],
        validate_choice=True,
        validators=[InputRequired(N_("Choose one of the police and one of social services"))],
    )
    agreed = BooleanField(
        N_("The person was told who will read the record, and agrees"),
        description=N_("For a child: it was heard, and whoever cares for it agrees"),
        validators=[DataRequired(N_("Tick that the person was told and agrees"))],
    )
    wants_now = _wants_now()


class ConcludeForm(OnceForm):
    """The outcome of a look, what it rests on, and why."""

    outcome = RadioField(
        N_("What do you conclude?"),
        choices=[SelectChoice(value=str(each), label=STATUS_LABELS[each]) for each in OUTCOMES],
        validators=[Offered(N_("Choose what you conclude"))],
        validate_choice=False,
    )
    bases = SelectMultipleField(
        N_("What does it rest on?"),
        choices=[],
        validate_choice=True,
        validators=[InputRequired(N_("Choose at least one thing it rests on"))],
    )
    sure = BooleanField(N_("This is what I conclude: not a victim"))
    reasons = TextAreaField(
        N_("Reasons, in your own words"),
        description=N_("Sealed: the holder of the case and your organisation read them"),
        validators=[InputRequired(N_("Enter the reasons")), PlainText(LONGEST_TEXT)],
    )

    @property
    def is_sure(self) -> bool:
        """Whether a valid form may be recorded: that somebody is no victim is asked about once more."""
        if self.outcome.data == IdentificationStatus.NOT_A_VICTIM and not self.sure.data:
            self.sure.errors = [SURE]
            return False
        return True


class JointInterviewForm(HowAskedForm, ConcludeForm):
    """The joint interview, and the first look."""

    FIRST = (
        "partner",
        "held",
        "held_day",
        "wants_now",
        "place",
        "language",
        "interpreter",
        "account",
        "outcome",
        "bases",
    )

    partner = SelectField(
        N_("With whom did you hold the interview?"),
        validators=[Offered(N_("Choose who of the other side held the interview with you"))],
        validate_choice=False,
    )
    held = today_or(N_("When was it held?"))
    held_day = DayField(N_("Day of the interview"), when=("held", "other"))
    place = RadioField(
        N_("Where was it held?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in PLACE_LABELS.items()],
        validators=[Offered(N_("Choose where it was held"))],
        validate_choice=False,
    )
    wants_now = _wants_now()
    account = TextAreaField(
        N_("What was told and found"),
        description=N_("Sealed: whoever looks second reads this, and not what you conclude"),
        validators=[InputRequired(N_("Enter what was told and found")), PlainText(LONGEST_TEXT)],
    )


class PartnerForm(OnceForm):
    """What whoever is named beside the writer of an interview says of it."""

    says = RadioField(
        N_("Was it so?"),
        choices=[
            SelectChoice(value=AGREES, label=N_("I was there, and I agree with what is concluded")),
            SelectChoice(value=OBJECTS, label=N_("I was not there, or I do not agree")),
        ],
        validators=[Offered(N_("Choose whether it was so"))],
        validate_choice=False,
    )


class AppealForm(OnceForm):
    """Who appealed, and when; of an identified victim once more, that it is this person."""

    appellant = RadioField(
        N_("Who appealed?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in APPELLANT_LABELS.items()],
        validators=[Offered(N_("Choose who appealed"))],
        validate_choice=False,
    )
    on = today_or(N_("When"))
    on_day = DayField(N_("Day"), when=("on", "other"))
    sure = BooleanField(N_("It is this person, and the person says: not a victim"))

    def is_sure(self, status: IdentificationStatus) -> bool:
        """Whether a valid form may be recorded: that an identified victim appeals is asked about once."""
        if status is IdentificationStatus.IDENTIFIED and not self.sure.data:
            self.sure.errors = [SURE_OF_APPEAL]
            return False
        return True


class DecideAppealForm(OnceForm):
    """Whether the outcome stays, or whether there was no appeal."""

    outcome = RadioField(
        N_("What do you decide?"),
        choices=[],
        validators=[Offered(N_("Choose what you decide"))],
        validate_choice=False,
    )
    sure = BooleanField(N_("This is what I decide: not a victim"))
    reasons = TextAreaField(
        N_("Reasons, in your own words"),
        description=N_("Sealed with the record: the shelter reads them, and tells the person"),
        validators=[PlainText(LONGEST_TEXT)],
    )

    @property
    def is_whole(self) -> bool:
        """Whether a decision has reasons; that there was no appeal needs none. Says what is missing."""
        if self.outcome.data != NO_APPEAL and not (self.reasons.data or "").strip():
            self.reasons.errors = [N_("Enter the reasons")]
            return False
        return True

    def offer(self, status: IdentificationStatus) -> DecideAppealForm:
        """Say of each choice what the person is from then on."""
        stays, changes = STATUS_LABELS[status], STATUS_LABELS[opposite(status)]
        self.outcome.choices = [
            SelectChoice(value="confirmed", label=N_("The outcome stays: %(outcome)s", outcome=stays)),
            SelectChoice(value="changed", label=N_("The outcome is changed to: %(outcome)s", outcome=changes)),
            SelectChoice(value=NO_APPEAL, label=N_("There was no appeal: it was entered by mistake, as I was told")),
        ]
        return self

    def is_sure(self, status: IdentificationStatus) -> bool:
        """Whether a valid form may be recorded: that somebody is no victim any more is asked about once."""
        takes = self.outcome.data == "changed" and opposite(status) is IdentificationStatus.NOT_A_VICTIM
        if takes and not self.sure.data:
            self.sure.errors = [SURE_OF_CHANGE]
            return False
        return True
