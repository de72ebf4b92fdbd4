"""What people type about a person's request for a copy or for erasure."""

from __future__ import annotations

from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.data_requests import Refusal, RequestKind, RequestStatus
from nrm.domain.words import N_

KIND_LABELS = {
    RequestKind.COPY: N_("A copy of what is kept"),
    RequestKind.ERASURE: N_("That what is kept is erased"),
    RequestKind.WITHDRAWAL: N_("To take back a consent"),
    RequestKind.NO_FOLLOW_UP: N_("That nobody from the shelter stays in touch any more"),
    RequestKind.KEEP: N_("That it is kept after all: she does not want it destroyed any more"),
}
STATUS_LABELS = {
    RequestStatus.OPEN: N_("not answered yet"),
    RequestStatus.GIVEN: N_("the copy was given"),
    RequestStatus.ERASED: N_("it was erased"),
    RequestStatus.WITHDRAWN: N_("it was taken back"),
    RequestStatus.REFUSED: N_("no"),
    RequestStatus.MISTAKEN: N_("recorded for the wrong person: it is withdrawn"),
    RequestStatus.PASSED_ON: N_("passed on at once; nobody here learns whether there was anything"),
}
NO_FOLLOW_UP_STATUS = N_(
    "passed on: it ended at once, unless the shelter knows that the person is not safe, or the person is or may be a "
    "child. Then the shelter speaks with the person first. Nobody here learns which, or whether there was anything"
)
REFUSAL_LABELS = {
    Refusal.NO_CASE: N_("There is no case with this code"),
    Refusal.NOT_THE_PERSON: N_("Whoever asked could not show that it is about them, or the code was wrong"),
    Refusal.COURT_FILE: N_("A court needs it: the law keeps it"),
    Refusal.DANGER: N_("A copy in hand would put the person in danger now"),
    Refusal.NOTHING_KEPT: N_("Nothing is kept under seal any more"),
    Refusal.TAKEN_BACK: N_("The person took the request back"),
}


class RecordRequestForm(OnceForm):
    """The code of the person's case, and what they ask for."""

    id = HiddenField()
    code = StringField(
        N_("Code of the case"),
        description=N_("It stands on the person's card, for example K7QM-4T2X-9"),
        validators=[InputRequired(N_("Enter the code of the case")), PlainText(40)],
    )
    kind = RadioField(
        N_("What does the person ask for?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in KIND_LABELS.items()],
        validators=[Offered(N_("Choose what the person asks for"))],
        validate_choice=False,
    )


class RefuseRequestForm(OnceForm):
    """The reason of a refusal."""

    reason = RadioField(
        N_("Why is it refused?"), validators=[Offered(N_("Choose why it is refused"))], validate_choice=False
    )

    def offer(self, reasons: tuple[Refusal, ...]) -> None:
        """The reasons there are for this request."""
        self.reason.choices = [SelectChoice(value=str(each), label=REFUSAL_LABELS[each]) for each in reasons]
