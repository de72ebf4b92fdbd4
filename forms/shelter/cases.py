"""What people type about cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired

from forms import SelectChoice
from forms.accounts.second_hands import SignedForm
from forms.typed import Offered, OnceForm, PlainText, WriteForm
from nrm.domain.referrals.transfers import MEETING, TRANSFER
from nrm.domain.shelter.cases import HOUSE_LABEL, SUPPLEMENT, CaseRefusal, Compartment, Purpose
from nrm.domain.shelter.findings import CHILD_FILE
from nrm.domain.shelter.others_there import OTHERS
from nrm.domain.shelter.shifts import SHIFT
from nrm.domain.support.follow_ups import FOLLOW_UP
from nrm.domain.words import N_, Phrase
from nrm.domain.written_over import Beside, mark, together

LONGEST_TEXT = 10_000

COMPARTMENT_LABELS: Mapping[str, Phrase] = {
    Compartment.HAND_OVER: N_("Hand-over"),
    Compartment.IDENTITY: N_("Identity"),
    Compartment.STORY: N_("Story"),
    Compartment.CARE: N_("Care"),
    Compartment.LEGAL: N_("Legal file"),
    Compartment.JOINT_INTERVIEW: N_("Record of the joint interview"),
    Compartment.FIRST_DECISION: N_("Reasons of the first look"),
    Compartment.SECOND_DECISION: N_("Reasons of the second look"),
    Compartment.THIRD_DECISION: N_("Reasons of the third look"),
    SUPPLEMENT: N_("Supplement"),
    "draft": N_("Interview that was not sent"),
    OTHERS: N_("Others who are still there"),
    TRANSFER: N_("Hand-over written for the move"),
    MEETING: N_("Meeting place"),
    CHILD_FILE: N_("Assessments of a child"),
    HOUSE_LABEL: N_("Name in the shelter"),
    FOLLOW_UP: N_("After the shelter"),
    SHIFT: N_("Opened for a shift"),
}
MISTYPED = {
    "length": N_("Enter the nine characters of the code"),
    "character": N_("Enter the code with the letters and digits it can have; vowels and some others do not occur"),
    "check": N_("Enter the code again: one character is mistaken"),
}
CASE_REFUSED = {
    CaseRefusal.NOT_HOLDER: N_("Only the organisation that holds the case can do this."),
    CaseRefusal.NOT_AGREED: N_("Tick that the person was told and agrees"),
    CaseRefusal.NOT_HERE: N_(
        "This person is recorded as away or missing: nobody can have asked them today. Wait until they are back and "
        "the return is recorded; then ask, and share"
    ),
    CaseRefusal.NOT_SHAREABLE: N_("Choose who may read what"),
    CaseRefusal.NOTHING_TO_SHARE: N_(
        "There is nothing of this kind in the case yet: no identity was asked for, or no joint interview"
    ),
    CaseRefusal.BY_CLAUSE: N_("This organisation reads by a clause of the agreement; that cannot be taken back here."),
    CaseRefusal.ASKED: N_(
        "A shelter is being asked to take this person. Wait for the answer, or withdraw the referral first."
    ),
    CaseRefusal.MOVE_OVERDUE: N_(
        "The other shelter accepted this person seven days ago. Record first that the person left, or call the move "
        "off."
    ),
    CaseRefusal.REFERRAL_OPEN: N_("Close the case after the referral was answered or withdrawn."),
    CaseRefusal.STAY_OPEN: N_("End the stay first; then the case can be closed."),
    CaseRefusal.CLOSED: N_("This case is closed."),
    CaseRefusal.MISSING: N_("This person is missing: record first that the person was found, or end the alarm."),
    CaseRefusal.NOT_COME: N_(
        "This person did not arrive, and nobody has said where the person is. Record that the person is here after "
        "all, report the person missing, or ask another shelter; then this can be done."
    ),
    CaseRefusal.MISTAKEN: N_(
        "This person was accepted by mistake, and no other shelter takes the person in. Ask another shelter, take the "
        "person in after all, or record that the person has come; then this can be done."
    ),
    CaseRefusal.NOT_FOUND: N_(
        "This person was missing and was not found: nobody else says now that the person wishes it. Once the person "
        "is with you or with another shelter, record that; then this can be done."
    ),
    CaseRefusal.NOTHING_TO_ERASE: N_("Nothing of this case is kept under seal any more."),
    CaseRefusal.CONSENT_FIRST: N_("Ask the person for consent first, and record that it is done."),
    CaseRefusal.NOTHING_ADDED: N_("Answer at least one question"),
    CaseRefusal.COMPLETED: N_(
        "The urgent interview is completed, and nothing is written over it. Write what is to be corrected into the "
        "part on care, or as a note of the case."
    ),
    CaseRefusal.BORN_LATER: N_(
        "By the date of birth this person is under 18, and the case says 18 or over. Record first on the page of the "
        "age that the person is a child; then do this again. If the date is wrong, do not take it over."
    ),
    CaseRefusal.NOT_SAFE: N_(
        "The person said after the shelter that she is not safe, or needs help now. Nothing is closed or destroyed. On "
        "the page “After the shelter” the manager writes down what the shelter does, and records when the person is "
        "safe. For an adult who wants it, the manager can also end staying in touch there; then this can be done."
    ),
    CaseRefusal.PARKED: N_(
        "This case is closed to everybody, because the person took everything back or asked for erasure. Nothing is "
        "opened or written. Its page says until when, and who can give it back."
    ),
    CaseRefusal.NO_MISTAKE: N_(
        "Only who shared it can say that it was a mistake, and for fifteen minutes. Ask the person, and end it."
    ),
    CaseRefusal.NO_END_BY_MISTAKE: N_(
        "Only who ended it can take it up again, for fifteen minutes, and if nothing else was said since. Ask the "
        "person, and share anew."
    ),
    CaseRefusal.NOT_APPLIED: N_(
        "Record first that the person applied for a permit: only then does the permit unit read anything."
    ),
}
ERASE_REFUSED = {
    **CASE_REFUSED,
    CaseRefusal.STAY_OPEN: N_("End the stay first; then what is kept can be erased."),
    CaseRefusal.REFERRAL_OPEN: N_(
        "A shelter is asked to take the person in, or awaits the person. Settle that referral first; then what is kept "
        "can be erased."
    ),
}
"""The same words, but for what is to be erased where they would say that the case is closed."""
PURPOSE_LABELS = {
    Purpose.ANSWER: N_("To answer a referral"),
    Purpose.ADMISSION: N_("To receive the person"),
    Purpose.CARE: N_("To care for the person"),
    Purpose.SAFETY: N_("To keep the person safe"),
    Purpose.LEGAL_HELP: N_("For legal help"),
    Purpose.PERMIT: N_("For a residence permit"),
    Purpose.COURT: N_("For proceedings in court"),
    Purpose.CHILD_PROTECTION: N_("To protect a child"),
    Purpose.FAMILY_CONTACT: N_("To reach the family"),
    Purpose.HANDING_ON: N_("To hand the person over"),
    Purpose.DUTY_DECISION: N_("To decide where the person goes"),
    Purpose.CORRECTION: N_("To correct or erase at the person's request"),
    Purpose.IDENTIFICATION: N_("For formal identification"),
    Purpose.HERE_BEFORE: N_("To say whether it is the same person as another organisation asks for"),
    Purpose.CALL_BACK: N_("To call back"),
    Purpose.COPY: N_("To give the person a copy"),
    Purpose.HELD: N_("To look into how an interview was ended"),
}
# The purposes for which each compartment can be opened; others would not be true.
PURPOSES: Mapping[str, Sequence[Purpose]] = {
    Compartment.HAND_OVER: (
        Purpose.ANSWER,
        Purpose.ADMISSION,
        Purpose.SAFETY,
        Purpose.HANDING_ON,
        Purpose.DUTY_DECISION,
    ),
    Compartment.IDENTITY: (
        Purpose.ADMISSION,
        Purpose.CARE,
        Purpose.LEGAL_HELP,
        Purpose.PERMIT,
        Purpose.COURT,
        Purpose.CHILD_PROTECTION,
        Purpose.FAMILY_CONTACT,
        Purpose.HANDING_ON,
        Purpose.HERE_BEFORE,
        Purpose.CORRECTION,
    ),
    Compartment.STORY: (
        Purpose.CARE,
        Purpose.SAFETY,
        Purpose.LEGAL_HELP,
        Purpose.COURT,
        Purpose.HANDING_ON,
        Purpose.HERE_BEFORE,
        Purpose.CORRECTION,
    ),
    Compartment.CARE: (Purpose.CARE, Purpose.SAFETY, Purpose.HERE_BEFORE, Purpose.CORRECTION),
    Compartment.LEGAL: (Purpose.LEGAL_HELP, Purpose.PERMIT, Purpose.COURT, Purpose.CORRECTION),
    SUPPLEMENT: (Purpose.ADMISSION, Purpose.CARE, Purpose.SAFETY, Purpose.LEGAL_HELP, Purpose.CORRECTION),
}
CARE_FIELDS = {
    "health": N_("Health"),
    "plan": N_("Plan of care"),
    # Asked of each adult at admission, and shown to whoever records that she is missing.
    "missing_after": N_("If you do not come back: after how long do we ask for you?"),
    "missing_tell": N_("Whom may we tell then? May we call the police?"),
    "missing_say": N_("What may we say?"),
}
IF_MISSING = ("missing_after", "missing_tell", "missing_say")
LEGAL_FIELDS = {
    "counsel": N_("Legal counsel"),
    "permit": N_("Residence permit file"),
    "court": N_("Proceedings in court"),
    "compensation": N_("Claim for compensation: file number, exact amount"),
}
IDENTIFICATION_FIELDS = {
    "account": N_("What was told and found"),
    "reasons": N_("Reasons"),
    "appeal": N_("Why the appeal was decided so"),
}


class OpenCaseForm(OnceForm):
    """What is opened, and why."""

    compartment = HiddenField(validators=[InputRequired(N_("Choose what to open"))])
    purpose = RadioField(
        N_("Why do you open it?"),
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )

    def offer(self, compartment: str, role: frozenset[Purpose] | None = None) -> None:
        """Offer the purposes that fit the compartment (and the asker, if given)."""
        self.purpose.choices = [
            SelectChoice(value=str(each), label=PURPOSE_LABELS[each])
            for each in PURPOSES[compartment]
            if role is None or each in role
        ]


class FindCaseForm(OnceForm):
    """The code of a case; case, spaces and dashes may be typed freely."""

    code = StringField(
        N_("Find a case by its code"),
        description=N_("For example K7QM-4T2X-9"),
        validators=[InputRequired(N_("Enter the code of the case")), PlainText(40)],
    )


class WrittenForm(OnceForm):
    """Texts of one part, over the revision that was seen. `shown` says which texts the page came with, by their
    marks: a box that the writer never touched takes what somebody else wrote there meanwhile. `beside`: in which boxes
    somebody else wrote meanwhile; `over`: the revision of which the writer said that what goes, goes (ADR 0249)."""

    revision = HiddenField()
    shown = HiddenField()
    beside = HiddenField()
    over = HiddenField()

    def show(self, stored: Mapping[str, str]) -> None:
        """Fill in what is stored, and remember it."""
        for field in self._texts():
            field.data = stored.get(field.name, "")
        self.shown.data = ".".join(_digest(stored.get(field.name, "")) for field in self._texts())

    def show_both(self, stored: Mapping[str, str]) -> None:
        """Put what somebody else wrote since the page came into the boxes, before what was typed there."""
        came = (self.shown.data or "").split(".")
        fields, beside = self._texts(), set(self.meanwhile.names)
        for field, digest in zip(fields, came if len(came) == len(fields) else [""] * len(fields), strict=True):
            theirs, mine = stored.get(field.name, ""), one_line_ends(field.data or "")
            if _digest(theirs) == digest:
                continue
            beside.add(field.name)
            field.data = theirs if _digest(mine) == digest else together(theirs, mine, longest=LONGEST_TEXT)
        self.shown.data = ".".join(_digest(stored.get(field.name, "")) for field in fields)
        self.beside.data = ".".join(sorted(beside))

    @property
    def meanwhile(self) -> Beside:
        """What the page showed of somebody else's, and whether the writer wants it gone."""
        names = {field.name for field in self._texts()} & set((self.beside.data or "").split("."))
        return Beside(sorted(names), sure=bool(self.over.data) and self.over.data == self.revision.data)

    def _texts(self) -> list[TextAreaField]:
        return [field for field in self if isinstance(field, TextAreaField)]


def _digest(text: str) -> str:
    return mark(one_line_ends(text))


def one_line_ends(text: str) -> str:
    """The text as it is stored: a browser sends other ends of lines."""
    return text.replace("\r\n", "\n").strip()


class WriteCareForm(WrittenForm):
    """Health and plan."""

    health = TextAreaField(CARE_FIELDS["health"], validators=[PlainText(LONGEST_TEXT)])
    plan = TextAreaField(CARE_FIELDS["plan"], validators=[PlainText(LONGEST_TEXT)])
    missing_after = TextAreaField(CARE_FIELDS["missing_after"], validators=[PlainText(LONGEST_TEXT)])
    missing_tell = TextAreaField(CARE_FIELDS["missing_tell"], validators=[PlainText(LONGEST_TEXT)])
    missing_say = TextAreaField(CARE_FIELDS["missing_say"], validators=[PlainText(LONGEST_TEXT)])


class WriteLegalForm(WrittenForm):
    """Counsel, permit, court and compensation."""

    counsel = TextAreaField(LEGAL_FIELDS["counsel"], validators=[PlainText(LONGEST_TEXT)])
    permit = TextAreaField(LEGAL_FIELDS["permit"], validators=[PlainText(LONGEST_TEXT)])
    court = TextAreaField(LEGAL_FIELDS["court"], validators=[PlainText(LONGEST_TEXT)])
    compensation = TextAreaField(LEGAL_FIELDS["compensation"], validators=[PlainText(LONGEST_TEXT)])


class AddNoteForm(WriteForm):
    """One note on the care of a person."""

    text = TextAreaField(N_("New note"), validators=[InputRequired(N_("Enter the note")), PlainText(LONGEST_TEXT)])


class ShareCaseForm(OnceForm):
    """With whom, what, and that the person agrees. A choice is `ORGANISATION:compartment+compartment`."""

    what = RadioField(
        N_("Who may read what?"), validators=[Offered(N_("Choose who may read what"))], validate_choice=False
    )
    agreed = BooleanField(
        N_("The person was told who will read what, and agrees"),
        description=N_(
            "Child protection needs no yes of the person: it acts by a clause of the agreement. If it does not stand "
            "above among those who can read now, choose it and share anew, without this tick."
        ),
    )


class EraseCaseForm(SignedForm):
    """The confirmation that the person asks for it; erasing cannot be undone."""

    asked = BooleanField(
        N_("The person was told what is erased, and asks for it"),
        validators=[DataRequired(N_("Tick that the person was told and asks for it"))],
    )
