"""What a shelter types to refer somebody to an organisation outside of the agreement."""

from __future__ import annotations

from wtforms import BooleanField, RadioField, SelectMultipleField, StringField
from wtforms.validators import DataRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.referrals.outside_referrals import OutsideKind, OutsideReason, OutsideReferralRefusal
from nrm.domain.words import N_

KIND_LABELS = {
    OutsideKind.HOSPITAL: N_("A hospital or a health centre"),
    OutsideKind.SOCIAL_SERVICES: N_("Social services of a municipality"),
    OutsideKind.CHILD_SERVICES: N_("A service for children"),
    OutsideKind.OTHER_ORGANISATION: N_("Another organisation in the country"),
    OutsideKind.ASYLUM_AUTHORITY: N_("The asylum authority"),
    OutsideKind.EMBASSY: N_("An embassy or a consulate"),
    OutsideKind.ORGANISATION_ABROAD: N_("An organisation abroad"),
}
REASON_LABELS = {
    OutsideReason.TREATMENT: N_("Treatment that no party of the agreement gives"),
    OutsideReason.NO_PARTY_RECEIVES: N_("No party of the agreement can receive the person"),
    OutsideReason.LONGER_HELP: N_("Help for longer than the agreement foresees"),
    OutsideReason.OUTSIDE_THE_AGREEMENT: N_("The person is not a victim under the agreement"),
    OutsideReason.RETURN_ABROAD: N_("Return to another country"),
}
REFUSED = {
    OutsideReferralRefusal.ADDRESSEE: N_("Enter whom the letter addresses"),
    OutsideReferralRefusal.NEEDS: N_("Tick what is asked for"),
    OutsideReferralRefusal.NOT_AGREED: N_("Tick that the person was told and agrees"),
}
FIELD_OF = {
    OutsideReferralRefusal.ADDRESSEE: "addressee",
    OutsideReferralRefusal.NEEDS: "needs",
    OutsideReferralRefusal.NOT_AGREED: "agreed",
}


class WriteLetterForm(OnceForm):
    """To whom, why, what is asked for, and whether the case ends with it."""

    kind = RadioField(
        N_("To whom?"),
        choices=[SelectChoice(value=str(code), label=label) for code, label in KIND_LABELS.items()],
        validators=[Offered(N_("Choose to whom"))],
        validate_choice=False,
    )
    addressee = StringField(
        N_("Name of the organisation and its department"),
        description=N_("As it stands on the letter. It is kept under seal. Never a name of the person."),
        validators=[DataRequired(N_("Enter whom the letter addresses")), PlainText(120)],
    )
    reason = RadioField(
        N_("Why?"),
        choices=[SelectChoice(value=str(code), label=label) for code, label in REASON_LABELS.items()],
        validators=[Offered(N_("Choose why"))],
        validate_choice=False,
    )
    needs = SelectMultipleField(N_("What is asked for?"), validate_choice=False)
    language = RadioField(
        N_("Language of the letter"),
        validators=[Offered(N_("Choose the language of the letter"))],
        validate_choice=False,
    )
    closes = RadioField(
        N_("What happens to the case here?"),
        choices=[
            SelectChoice(value="open", label=N_("It stays open: we go on with the person")),
            SelectChoice(value="close", label=N_("It is closed: the person goes for good")),
        ],
        validators=[Offered(N_("Choose what happens to the case"))],
        validate_choice=False,
    )
    agreed = BooleanField(N_("The person was told what the letter says and to whom it goes, and agrees"))
