"""What the coordinator types about contracts with centres, and why."""

from __future__ import annotations

from datetime import date

from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms import ValidationError as Wrong
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.days import DayField
from forms.typed import Offered, OnceForm, PlainText, check_amount, whole_number
from nrm.domain.support.contracts import (
    FOR_CHANGE,
    FOR_NEW,
    LONGEST_REASON,
    ChangeState,
    ContractRefusal,
    Reason,
    Why,
    jumps,
    price,
)
from nrm.domain.support.subsidies import MOST_NIGHTS
from nrm.domain.words import N_, Phrase

LARGEST_AMOUNT = 10**12
WHY_LABELS = {
    Why.SIGNED: N_("A new contract was signed"),
    Why.ANNEX: N_("The state and the centre signed a change of it"),
    Why.MISTYPED: N_("The paper says something else than what was typed"),
    Why.ENDED: N_("It ended early"),
    Why.OTHER: N_("Another reason"),
}
CHANGE_STATES = {
    ChangeState.WAITS: N_("Waits for a second one of you"),
    ChangeState.AGREED: N_("Agreed"),
    ChangeState.DECLINED: N_("Declined"),
    ChangeState.TAKEN_BACK: N_("Taken back"),
}
CONTRACT_REFUSED = {
    ContractRefusal.NUMBER: N_(
        "Enter another number: this centre has a contract, or one that waits, with this one already"
    ),
    ContractRefusal.NIGHTS: N_(
        "Another contract of this centre pays for nights of these days already: end that one first"
    ),
    ContractRefusal.WAITS: N_(
        "Another change of this contract waits already. Whoever asked for it takes it back, or a second one of you"
        " decides first."
    ),
    ContractRefusal.OVER: N_("It was agreed to, declined or taken back already."),
    ContractRefusal.OWN: N_(
        "Who asked for it does not decide it, nor whom they let in, nor who let them in. Another one of your office"
        " does."
    ),
    ContractRefusal.NEW: N_(
        "Who came or began anew within 14 days does not agree to a contract, as somebody of your office has been here"
        " for longer."
    ),
    ContractRefusal.NOT_YOURS: N_("Only who asked for it takes it back. You can decline it."),
    ContractRefusal.OTHER_OFFICE: N_("A second one of the office that asked decides it."),
    ContractRefusal.FORGED: N_(
        "This was changed in the database by another hand, and nobody agrees to it. Decline it, and call the technical"
        " operator."
    ),
}


def price_jumps(before: int | None, after: int | None) -> Phrase:
    """What is to be looked at again."""
    return N_(
        "One night costs %(before)s now, and then %(after)s: look at the paper again, at the nights and at the amount. "
        "Does it say so? Then tick this",
        before=str(before),
        after=str(after),
    )


class AgreeForm(OnceForm):
    """That a second one agrees; of a price of a night that jumps also that they looked at it."""

    price = BooleanField(N_("The paper says so"))


class ContractForm(OnceForm):
    """A contract of the state with a centre."""

    id = HiddenField()
    centre = SelectField(N_("Centre"), validators=[Offered(N_("Choose the centre"))], validate_choice=False)
    number = StringField(
        N_("Number of the contract"), validators=[InputRequired(N_("Enter the number of the contract")), PlainText(40)]
    )
    subject = StringField(
        N_("What is paid for"),
        description=N_("Without any person’s name"),
        validators=[InputRequired(N_("Enter what is paid for")), PlainText(200)],
    )
    amount = StringField(N_("Amount"), validators=[PlainText(20)])
    quarter_nights = StringField(
        N_("Nights in a quarter"),
        description=N_("The most nights that it pays for. Leave both empty if it pays for no nights."),
        validators=[PlainText(10)],
    )
    quarter_amount = StringField(N_("Amount for these nights"), validators=[PlainText(20)])
    price = BooleanField(N_("The paper says so"))
    starts = DayField(N_("From"))
    ends = DayField(N_("Until"))
    over = BooleanField(N_("It ended early"))
    ended = DayField(N_("Day it ended"), when=("over", True))
    why = RadioField(N_("Why?"), validators=[Offered(N_("Choose why"))], validate_choice=False)
    words = StringField(
        N_("In a line"),
        description=N_("Without any person’s name. Needed for “Another reason”."),
        validators=[PlainText(LONGEST_REASON)],
    )

    def is_price_sure(self, before: int | None) -> bool:
        """Whether a valid form may be asked for: a price of a night that jumps is asked about once. `before`: what a
        night costs now."""
        after = price(*self.nights) if self.nights is not None else None
        if jumps(before, after) and not self.price.data:
            self.price.errors = [price_jumps(before, after)]
            return False
        return True

    def offer_reasons(self, *, new: bool) -> None:
        """The reasons to add a contract, or to change one."""
        offered = FOR_NEW if new else FOR_CHANGE
        self.why.choices = [SelectChoice(value=str(each), label=WHY_LABELS[each]) for each in offered]

    def name_currency(self, currency: str) -> None:
        """Say in which currency the amount is, in the reader's language."""
        self.amount.label.text = N_("Amount in %(currency)s", currency=currency)
        self.quarter_amount.label.text = N_("Amount for these nights in %(currency)s", currency=currency)

    def validate_amount(self, field: StringField) -> None:
        """A whole number, with or without signs between groups of figures."""
        check_amount(field, LARGEST_AMOUNT, 1_200_000)

    def validate_quarter_nights(self, field: StringField) -> None:
        """Both or neither."""
        typed = (field.data or "").strip() or (self.quarter_amount.data or "").strip()
        if typed and not 0 < whole_number(field) <= MOST_NIGHTS:
            raise Wrong(N_("Enter how many nights as a whole number, for example 900"))

    def validate_quarter_amount(self, field: StringField) -> None:
        """Both or neither."""
        if (field.data or "").strip() or (self.quarter_nights.data or "").strip():
            if not (field.data or "").strip():
                raise Wrong(N_("Enter the amount for these nights, or leave both empty"))
            check_amount(field, LARGEST_AMOUNT, 1_200_000)
            if 0 < self.whole < whole_number(field):
                raise Wrong(N_("This is more than the amount of the whole contract: correct one of the two"))

    def validate_words(self, field: StringField) -> None:
        """Said where the code says nothing."""
        if self.why.data == Why.OTHER and not (field.data or "").strip():
            raise Wrong(N_("Write why in a line"))

    def validate_over(self, field: BooleanField) -> None:
        """Ticked, if a day was entered: it says which of the two was meant."""
        if not field.data and any(each.strip() for each in self.ended.parts.values()):
            raise Wrong(N_("A day is entered below: tick this if it ended early, or empty the day"))

    def validate_ends(self, field: DayField) -> None:
        """Not before it begins."""
        if isinstance(field.data, date) and isinstance(self.starts.data, date) and field.data < self.starts.data:
            raise Wrong(N_("Enter a day that is not before the first day"))

    def validate_ended(self, field: DayField) -> None:
        """While it ran."""
        days = (self.starts.data, field.data, self.ends.data)
        if all(isinstance(day, date) for day in days) and not days[0] <= days[1] <= days[2]:  # type: ignore[operator]
            raise Wrong(N_("Enter a day between the first and the last day"))

    @property
    def whole(self) -> int:
        """The amount of a valid form."""
        return whole_number(self.amount)

    @property
    def nights(self) -> tuple[int, int] | None:
        """Nights in a quarter and what they cost, of a valid form; None: it pays for no nights."""
        if not (self.quarter_nights.data or "").strip():
            return None
        return whole_number(self.quarter_nights), whole_number(self.quarter_amount)

    @property
    def reason(self) -> Reason:
        """Why, of a valid form."""
        return Reason(Why(self.why.data), (self.words.data or "").strip())
