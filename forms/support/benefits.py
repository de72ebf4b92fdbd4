"""What is chosen and typed about a benefit: an amount, months and a channel; nothing in words."""

from __future__ import annotations

from datetime import date

from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms import ValidationError as Wrong
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm, OneOf, PlainText, check_amount, whole_number
from nrm.domain.support.benefits import (
    MOST_AMOUNT,
    MOST_MONTHS,
    PAID_AFTER_OFF,
    BenefitRefusal,
    Channel,
    State,
    Wanted,
)
from nrm.domain.words import N_

REFUSED = {
    BenefitRefusal.CLOSED: N_("The case is closed and nobody stays in touch: no benefit can be asked for."),
    BenefitRefusal.AMOUNT: N_("This amount cannot be asked for."),
    BenefitRefusal.PERIOD: N_("Choose the first month, and how many"),
    BenefitRefusal.OVER: N_("It is paid, returned or called off already."),
    BenefitRefusal.ASKED: N_("Your first press asked for it already: it is asked for once."),
    BenefitRefusal.AGREED: N_("A second one of you agreed to it already."),
    BenefitRefusal.OFF: N_("It is called off already."),
    BenefitRefusal.BACK: N_("It is asked for again already."),
    BenefitRefusal.SAID: N_("It is said already that nobody finds whose it is."),
    BenefitRefusal.GONE: N_("Choose one of the codes"),
    BenefitRefusal.OWN: N_(
        "Who asked for it does not agree to it, nor whom they let in. Nobody who is new here, who came or began anew "
        "within 14 days, agrees; nor, for somebody new, who let them in. Another one of you does."
    ),
    BenefitRefusal.CHANGED: N_("Nothing was recorded: it stands otherwise since you opened the page. Read it again."),
    BenefitRefusal.FOREIGN: N_(
        "This benefit was changed in the database by another hand. Nothing was recorded, and nothing is to be paid "
        "on it: call the technical operator. Who asked for it asks again, under a new code."
    ),
    BenefitRefusal.PUT_BACK: N_(
        "This benefit was changed in the database by another hand: an older state was put back, of before the payment "
        "desk said what became of it. Nothing was recorded; nothing is to be paid on it, and nobody asks for it again: "
        "call the technical operator."
    ),
    BenefitRefusal.KNOWN: N_(
        "That the person knows it can be taken back for a day, by a press on this page. If she does not know it, tell "
        "her."
    ),
    BenefitRefusal.UNDONE: N_("It was taken back already. How it stands now, this page says."),
    BenefitRefusal.LATE: N_("A day is over since this was recorded: it stays."),
}
CHANNEL_LABELS = {
    Channel.ACCOUNT: N_("To the account of our organisation"),
    Channel.VOUCHER: N_("A voucher with a number, which we give out"),
}
CHANNEL_WORDS = {
    Channel.ACCOUNT: N_("account of the organisation"),
    Channel.VOUCHER: N_("voucher"),
}
STATE_LABELS = {
    State.ASKED: N_("asked for"),
    State.PAID: N_("paid"),
    State.RETURNED: N_("came back, or was not paid"),
    State.CALLED_OFF: N_("called off"),
    PAID_AFTER_OFF: N_("called off, but the money had gone out"),
}
SETTLE_LABELS = {
    State.PAID: N_("It was paid"),
    State.RETURNED: N_("It came back, or cannot be paid"),
}
CALLED_OFF_LABELS = {
    State.PAID: N_("The money had gone out already"),
    State.RETURNED: N_("No money went out"),
}
"""What the desk says of a benefit that was called off, maybe while the payment was in its hands."""


class AskBenefitForm(OnceForm):
    """How much, for which months, on which way."""

    once = HiddenField()
    amount = StringField(
        N_("Amount in all"),
        description=N_("For all months together."),
        validators=[PlainText(20)],
    )
    first = SelectField(N_("First month"), validators=[OneOf(REFUSED[BenefitRefusal.PERIOD])], validate_choice=False)
    months = SelectField(
        N_("For how many months"),
        choices=[SelectChoice(value=str(each), label=str(each)) for each in range(1, MOST_MONTHS + 1)],
        validators=[Offered(REFUSED[BenefitRefusal.PERIOD])],
        validate_choice=False,
    )
    channel = RadioField(
        N_("How does the money come?"),
        description=N_("Never to an account, a name or a telephone of the person."),
        choices=[SelectChoice(value=str(each), label=label) for each, label in CHANNEL_LABELS.items()],
        validators=[Offered(N_("Choose how the money comes"))],
        validate_choice=False,
    )

    def name_currency(self, currency: str) -> None:
        """Say in which currency the amount is, in the reader's language."""
        self.amount.label.text = N_("Amount in all, in %(currency)s", currency=currency)

    def validate_amount(self, field: StringField) -> None:
        """A whole number, with or without signs between groups of figures."""
        check_amount(field, MOST_AMOUNT, 12_000)

    @property
    def wanted(self) -> Wanted:
        """What a valid form asks for."""
        first = date.fromisoformat(f"{self.first.data}-01")
        return Wanted(whole_number(self.amount), first, int(self.months.data), Channel(self.channel.data))


class AgreeForm(OnceForm):
    """To which of the person's benefits a second member agrees."""

    code = RadioField(N_("Which one?"), validators=[Offered(REFUSED[BenefitRefusal.GONE])], validate_choice=False)


class CallOffForm(OnceForm):
    """Which of the person's benefits is not needed any more. The code stands in no address beside the case."""

    code = RadioField(N_("Which one?"), validators=[Offered(REFUSED[BenefitRefusal.GONE])], validate_choice=False)


class PersonKnowsForm(OnceForm):
    """That the person knows what became of the codes that the page showed."""

    shown = HiddenField()  # each code with how it stood, since the payment desk may say something else meanwhile

    @property
    def stands(self) -> dict[str, str]:
        """How each code stood when the page was shown."""
        pairs = (each.partition("=") for each in (self.shown.data or "").split())
        return {code: state for code, _, state in pairs}


class NobodyToldForm(PersonKnowsForm):
    """That nobody has to be told any more what became of the codes that the page showed."""

    known = BooleanField(N_("Each of these people knows it, or cannot be reached any more"))

    def validate_known(self, field: BooleanField) -> None:
        """Ticked: the mark goes for the whole house."""
        if not field.data:
            raise Wrong(N_("Tick this if it is so; else leave the page, and nothing is recorded"))


class OffSeenForm(OnceForm):
    """That the manager saw which codes were called off."""

    shown = HiddenField()
    looked = BooleanField(N_("I know why each of these was called off, or have asked"))

    def validate_looked(self, field: BooleanField) -> None:
        """Ticked: nothing calls attention to them afterwards."""
        if not field.data:
            raise Wrong(N_("Tick this if it is so; else leave the page, and nothing is recorded"))

    @property
    def codes(self) -> list[str]:
        """The codes that the page showed."""
        return (self.shown.data or "").split()


class FindBenefitForm(OnceForm):
    """A payment code, or the number of a voucher, as somebody reads it from paper."""

    code = StringField(
        N_("Payment code, or number of a voucher"),
        description=N_("As it stands on the paper. Small letters, spaces and missing lines do not matter."),
        validators=[InputRequired(N_("Enter the code or the number")), PlainText(40)],
    )


class SettleBenefitForm(OnceForm):
    """What the payment desk says of a benefit."""

    stands = HiddenField()  # how it stood when the page was shown
    to = RadioField(
        N_("What became of it?"), validators=[Offered(N_("Choose what became of it"))], validate_choice=False
    )
