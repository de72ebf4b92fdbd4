"""What people answer when a case is closed, and when a closed one is opened again."""

from __future__ import annotations

from wtforms import HiddenField, RadioField, TextAreaField

from forms import SelectChoice
from forms.shelter.cases import LONGEST_TEXT
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.closings import (
    Debts,
    Documents,
    FollowUp,
    Owed,
    Reminder,
    ReopenReason,
    ReopenRefusal,
    Way,
)
from nrm.domain.support.plans import AtClosing
from nrm.domain.words import N_

FOLLOW_UP_LABELS = {
    FollowUp.AGREED: N_("Agreed with the person: somebody stays in touch"),
    FollowUp.NOT_WANTED: N_("The person does not want it"),
    FollowUp.NOT_SAFE: N_("There is no safe way to reach the person"),
    FollowUp.NOT_ASKED: N_("The person could not be asked"),
}
DOCUMENTS_LABELS = {
    Documents.RETURNED: N_("Given back to the person"),
    Documents.NONE_HELD: N_("There are none with us"),
    Documents.STILL_HERE: N_("Still with us"),
}
DEBTS_LABELS = {
    Debts.NONE: N_("Nothing is open"),
    Debts.OPEN: N_("Something is open"),
}
OWED_LABELS = {
    Owed.DOCUMENTS: N_("The person’s documents are still with us"),
    Owed.DEBTS: N_("Money or things are still open between the shelter and the person"),
}
AT_CLOSING_LABELS = {
    AtClosing.NOT_NEEDED: N_("Not needed any more: each of them is over"),
    AtClosing.KEPT: N_("They stay in the plan, and nobody is reminded unless the case is opened again"),
}
REASON_LABELS = {
    ReopenReason.BY_MISTAKE: N_("It was closed by mistake"),
    ReopenReason.CAME_BACK: N_("The person came back"),
    ReopenReason.NEEDS_SUPPORT: N_("The person needs support again, without a bed"),
    ReopenReason.COURT: N_("A court or an authority asks"),
    ReopenReason.CORRECTION: N_("Something must be corrected"),
}
WAY_LABELS = {
    Way.CHECKLIST: N_("with the checklist"),
    Way.LETTER: N_("with a letter to somebody outside of the agreement"),
    Way.ERASED: N_("because the person wished that nothing is kept"),
    Way.WITHDRAWN: N_("because the person took everything back"),
    Way.BEFORE: N_("before closings were written down; the month is known"),
}
REMINDER_LABELS = {
    Reminder.OWED: N_("The agreement still asks this of us"),
    Reminder.PERMIT_UNDECIDED: N_("The application for a residence permit is not decided"),
    Reminder.PERMIT_RUNS: N_("The residence permit runs: who watches its end?"),
    Reminder.IDENTIFICATION: N_("Formal identification is not finished"),
    Reminder.CLAIM: N_("A claim for compensation is not decided"),
    Reminder.REQUEST: N_("The person asked for a copy or for erasure, and was not answered"),
    Reminder.CONSENT: N_("An answer on consent has run out"),
    Reminder.KEY_HOLDERS: N_("Too few people hold our key: what is closed could be lost with them"),
}
REFUSED = {
    ReopenRefusal.NOT_CLOSED: N_("This case is open."),
    ReopenRefusal.BY_HER_WISH: N_(
        "The person wished that nothing is kept, so this case stays closed. Open a new case if the person comes back."
    ),
    ReopenRefusal.TIME_OVER: N_(
        "The time for which this case is kept is over, and what was under seal is destroyed. Open a new case if the "
        "person comes back."
    ),
}


NOT_SAID = N_("This person is missing and was not found, so nobody can have said it: choose another answer")


class CloseCaseForm(OnceForm):
    """The questions of the checklist; nothing is kept until they are confirmed on the next page."""

    step = HiddenField()
    follow_up = RadioField(
        N_("Will somebody stay in touch?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in FOLLOW_UP_LABELS.items()],
        validators=[Offered(N_("Choose what was agreed about staying in touch"))],
        validate_choice=False,
    )
    documents = RadioField(
        N_("The person’s own documents"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in DOCUMENTS_LABELS.items()],
        validators=[Offered(N_("Choose what became of the documents"))],
        validate_choice=False,
    )
    debts = RadioField(
        N_("Money or things between the shelter and the person"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in DEBTS_LABELS.items()],
        validators=[Offered(N_("Choose whether something is open"))],
        validate_choice=False,
    )
    open_steps = RadioField(
        N_("The steps of the plan that are still to be done"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in AT_CLOSING_LABELS.items()],
        validators=[Offered(N_("Choose what becomes of the steps"))],
        validate_choice=False,
    )
    note = TextAreaField(
        N_("What else is to be known"),
        description=N_("How to reach the person, what is open. It is kept under seal, with the notes on care."),
        validators=[PlainText(LONGEST_TEXT)],
    )

    def offer_nothing_that_nobody_said(self) -> None:
        """Of somebody who is missing and was not found: nobody has said that she does not want it (ADR 0249)."""
        offered = {each: words for each, words in FOLLOW_UP_LABELS.items() if each is not FollowUp.NOT_WANTED}
        self.follow_up.choices = [SelectChoice(value=str(each), label=words) for each, words in offered.items()]
        if self.follow_up.data == FollowUp.NOT_WANTED:
            self.follow_up.validators = [Offered(NOT_SAID)]


class ReopenCaseForm(OnceForm):
    """Why a closed case is opened again."""

    reason = RadioField(
        N_("Why is the case opened again?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in REASON_LABELS.items()],
        validators=[Offered(N_("Choose why the case is opened again"))],
        validate_choice=False,
    )
