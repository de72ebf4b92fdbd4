"""What the coordinator types about versions of the agreement and contracts; the words of the fact space."""

from __future__ import annotations

from wtforms import BooleanField, Field, Form, HiddenField, RadioField, StringField, TextAreaField
from wtforms import ValidationError as Wrong
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.days import DayField
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreement_versions import (
    LONGEST_NOTE,
    LONGEST_REASON,
    LONGEST_TEXT,
    ApprovalRefusal,
    VersionStatus,
    VersionStepRefusal,
)
from nrm.domain.agreement.changed_words import leads_elsewhere
from nrm.domain.agreement.safeguards import LEAST_REASON, is_reason
from nrm.domain.words import N_

STATUS_LABELS = {
    VersionStatus.PROPOSED: N_("Proposed"),
    VersionStatus.APPROVED: N_("Approved by the Minister of State"),
    VersionStatus.OPEN: N_("Waits for signatures"),
    VersionStatus.SIGNED: N_("Signed"),
    VersionStatus.WITHDRAWN: N_("Withdrawn"),
}
KIND_LABELS = {
    OrganisationKind.BORDER_POLICE: N_("border police"),
    OrganisationKind.POLICE: N_("police"),
    OrganisationKind.STATE_SHELTER: N_("state shelters"),
    OrganisationKind.NGO_SHELTER: N_("NGO shelters"),
    OrganisationKind.INTERNATIONAL_ORGANISATION: N_("international organisations"),
    OrganisationKind.RESPONSIBLE_AUTHORITY: N_("Responsible Authority"),
    OrganisationKind.TRP_UNIT: N_("permit unit"),
    OrganisationKind.PROSECUTION: N_("prosecution"),
    OrganisationKind.CONSULAR_SERVICE: N_("consular service"),
    OrganisationKind.HELPLINE: N_("help line"),
    OrganisationKind.CHILD_PROTECTION: N_("child protection"),
    OrganisationKind.COALITION: N_("coalition"),
}
FACT_LABELS = {
    "age_class": N_("Age group"),
    "gender": N_("Gender"),
    "citizenship_class": N_("Citizenship"),
    "entry_point": N_("Crossing point"),
    "region_of_entry": N_("Region of entry"),
    "exploited_in": N_("Exploited"),
    "needs": N_("Needs"),
    "security_risk": N_("Risk"),
    "proceedings_in": N_("Proceedings"),
    "wish_region": N_("Region they wish to be in"),
    "avoid_regions": N_("Regions to avoid"),
    "refused_parties": N_("Parties they refuse"),
    "accompanied": N_("Accompanied"),
    "announced": N_("Announced"),
    "urgent": N_("Urgent"),
    "children_with": N_("Children with them"),
    "official_involved": N_("An official is involved"),
    "consent": N_("Consent"),
}
VALUE_LABELS = {
    "true": N_("yes"),
    "false": N_("no"),
    "yes": N_("yes"),
    "no": N_("no"),
    "unknown": N_("not known"),
    "none": N_("none"),
    "abroad": N_("abroad"),
    "home": N_("in the country"),
    "both": N_("abroad and in the country"),
    "low": N_("low"),
    "medium": N_("medium"),
    "high": N_("high"),
    "capital": N_("in the capital"),
    "elsewhere": N_("elsewhere"),
    "given": N_("given"),
    "refused": N_("refused"),
    "not_asked_child": N_("not asked: a child"),
    "not_asked_urgent": N_("not asked: urgent"),
}
"""The words of codes that are in no list of the country."""

NOUN_LABELS = {
    "version": N_("The version"),
    "party": N_("Party"),
    "clause": N_("Clause"),
    "path step": N_("Step of the critical path"),
    "report of": N_("Report of"),
}
WHAT_LABELS = {"gone": N_("is gone"), "new": N_("is new"), "changes": N_("changes")}
STEP_LABELS = {
    "first_interview": N_("the first interview"),
    "tell_child_authority": N_("telling the child authority"),
    "answer": N_("the answer to the referral"),
    "arrival": N_("the arrival"),
    "ask_consent": N_("asking for consent"),
    "assess_risk": N_("the assessment of the risk"),
    "assess_security": N_("the assessment of the security"),
    "assess_family": N_("the assessment of the family"),
    "return_to_family": N_("the return to the family"),
    "dates_and_protection": N_("giving the dates of hearings and the means of protection"),
    "hearing": N_("the hearing"),
    "interpret": N_("interpreting by telephone"),
    "inform_of_trp_options": N_("explaining the permit options"),
    "legal_counsel": N_("finding legal counsel"),
    "trp_application": N_("the application for a permit"),
    "trp_decision": N_("the decision on the permit"),
    "repatriation": N_("any step towards repatriation"),
    "notify": N_("being told"),
}
"""The words of steps that the program knows; others stand there by their code."""

RUNG_LABELS = {
    "next_number": N_("the next number"),
    "duty_officer": N_("the duty officer"),
    "emergency_bed": N_("the emergency place"),
}
GROUP_LABELS = {"women": N_("women"), "girls": N_("girls"), "men": N_("men"), "boys": N_("boys")}
EVENT_LABELS = {"": N_("When a referral is sent"), "missing": N_("When the person is missing")}
DIFFERENCE_LABELS = {
    "sent": N_("Who is sent elsewhere"),
    "next": N_("Who is asked after the first"),
    "told": N_("Who is told, and when"),
    "reads": N_("Who may read what"),
    "step": N_("What must be done, by when, before what"),
}

PLACE_LABELS = {
    "duty_officer": N_("the duty officer decides"),
    "nobody": N_("nobody"),
    "others_together": N_("all others together"),
}
"""The places in a simulation that are not parties."""

REFUSED = {
    VersionStepRefusal.STATE: N_("This version is not in a state for that. Nothing was changed."),
    VersionStepRefusal.SIGNED: N_(
        "You have signed this version already. If that was a mistake, call the office that proposed it at once: until "
        "the last signature is there it can withdraw the text, and then no signature binds anybody."
    ),
    VersionStepRefusal.SEASONED_FIRST: N_(
        "You have been here for less than 14 days, and a colleague of your party who was there before has not signed "
        "yet: the last signature of your party is theirs."
    ),
    VersionStepRefusal.NEWCOMER: N_(
        "You have been here for less than 14 days. Two people of your party who were there before sign for it."
    ),
    VersionStepRefusal.COMPLETE: N_("Two people of your organisation have signed this version already."),
    VersionStepRefusal.NOT_SIMULATED: N_(
        "This version was not tried on past cases yet. Try it first; it takes some minutes."
    ),
    VersionStepRefusal.WEAKENED: N_(
        "This version weakens safeguards, and nobody accepted that with a reason. Do that first, or correct the text."
    ),
    VersionStepRefusal.REPLACED: N_(
        "Another text was signed since this one was written, and takes its place first: what came with it would go. "
        "The coordinating office begins anew from that text, or says with a reason why it goes on."
    ),
    VersionStepRefusal.TRIES: N_(
        "Five proposals were tried on these quarters already; more would let the figures be worked out. "
        "Wait for the end of the quarter, or withdraw what is not needed and compare the texts."
    ),
    VersionStepRefusal.CHANGED: N_("This is not the text you have read: somebody changed it. Read it again first."),
}
"""Why a step is refused, in words."""

UNUSABLE = {
    ApprovalRefusal.FUTURE: ("on", N_("Enter the day of the approval; it cannot lie in the future")),
    ApprovalRefusal.BEFORE: (
        "on",
        N_("Enter the day of the approval; it cannot lie before the day on which this text was proposed here"),
    ),
    ApprovalRefusal.LENGTH: (
        "note",
        N_("Enter the number of the letter or decision, in at most %(longest)s characters", longest=LONGEST_NOTE),
    ),
}


NO_REASON = N_(
    "Enter why, in two words or more and in %(least)s to %(longest)s characters, without a telephone number or an "
    "address",
    least=LEAST_REASON,
    longest=LONGEST_REASON,
)
REASON_OF_ANOTHER = N_("Enter a reason of its own: this one was given for another safeguard of this version")


class ProposeAgreementForm(OnceForm):
    """The text of a draft; if there is a file too, the file is used."""

    text = TextAreaField(
        N_("Text of the draft"),
        description=N_("Choose a file, or put the text in here. After a mistake it stands here and can be corrected."),
        validators=[PlainText(LONGEST_TEXT)],
    )


QUARTERS = {
    "4": N_("The last four quarters"),
    "3": N_("The last three quarters"),
    "2": N_("The last two quarters"),
    "1": N_("The last quarter"),
}


class TryAgreementForm(OnceForm):
    """On which quarters a draft is tried; all of them are over."""

    quarters = RadioField(
        N_("On which cases"),
        description=N_("The more quarters, the more can be said: few people are told of together, or not at all."),
        choices=[SelectChoice(value=value, label=label) for value, label in QUARTERS.items()],
        default="4",
        validators=[Offered(N_("Choose the quarters"))],
        validate_choice=False,
    )


class ApproveAgreementForm(OnceForm):
    """The approval of the Minister of State."""

    on = DayField(N_("Day of the approval"))
    note = StringField(
        N_("Letter or decision"),
        description=N_("For example: decision no. 12"),
        validators=[InputRequired(UNUSABLE[ApprovalRefusal.LENGTH][1]), PlainText(LONGEST_NOTE)],
    )


class AcceptWeakeningForm(OnceForm):
    """Why a version may weaken a safeguard; every signer reads it."""

    reason = TextAreaField(
        N_("Why the agreement is weaker here"),
        description=N_(
            "In two words or more and in %(least)s to %(longest)s characters. Every signer reads this first, and it "
            "stays with the version for ever.",
            least=LEAST_REASON,
            longest=LONGEST_REASON,
        ),
        validators=[InputRequired(NO_REASON), PlainText(LONGEST_REASON)],
    )


class SaysWhy:
    """So many characters, and two different words."""

    def __call__(self, _: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        if not is_reason(field.data or "") or leads_elsewhere(field.data or ""):
            raise Wrong(NO_REASON)


class WithdrawAgreementForm(OnceForm):
    """Why a version is withdrawn; everybody who signed it reads it."""

    reason = TextAreaField(
        N_("Why it is withdrawn"),
        description=N_(
            "In two words or more and in %(least)s to %(longest)s characters. Everybody who has signed reads this on "
            "the home page, with your name and the day.",
            least=LEAST_REASON,
            longest=LONGEST_REASON,
        ),
        validators=[InputRequired(NO_REASON), SaysWhy(), PlainText(LONGEST_REASON)],
    )


class SignAgreementForm(OnceForm):
    """One's signature: `read` is the digest of the text that was shown."""

    read = HiddenField()
    agreed = BooleanField(
        N_("I have read the agreement and sign it for my organisation"),
        validators=[InputRequired(N_("Tick the box to sign"))],
    )
