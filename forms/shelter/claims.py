"""What people choose about claims for compensation: no free text, so that no name can be stored unsealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wtforms import HiddenField, RadioField, SelectField

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.shelter.claims import GIVEN, NOT_STATED, ClaimEvent, ClaimRefusal
from nrm.domain.words import N_

EVENT_LABELS = {
    ClaimEvent.ASK: N_("Compensation was asked"),
    ClaimEvent.GRANT: N_("It was granted in full"),
    ClaimEvent.GRANT_IN_PART: N_("It was granted in part"),
    ClaimEvent.REJECT: N_("It was rejected"),
    ClaimEvent.WITHDRAW: N_("The person withdrew the claim"),
    ClaimEvent.APPEAL: N_("There is an appeal: it will be decided again"),
    ClaimEvent.PAY_PART: N_("A part was paid"),
    ClaimEvent.PAY: N_("All that was granted was paid"),
    ClaimEvent.CORRECT: N_("The entry before was corrected"),
}
REFUSED = {
    ClaimRefusal.STATE: N_("This claim was changed since you opened the page. Look at it again."),
    ClaimRefusal.ASKED: N_("Choose how much was asked"),
    ClaimRefusal.GRANTED: N_("Choose how much was granted; it is not more than what was asked"),
    ClaimRefusal.PAID: N_("Choose whether it was paid"),
    ClaimRefusal.OUTCOME: N_("Choose how it stands"),
    ClaimRefusal.NOTHING_CHANGED: N_("Nothing differs from what is recorded. Choose what is right, or go back."),
    ClaimRefusal.IN_FUTURE: N_("Choose a quarter that has begun"),
    ClaimRefusal.BEFORE_LAST_STEP: N_("Choose a quarter that is not before that of the last recorded step"),
}
FIELD_OF = {
    ClaimRefusal.ASKED: "asked",
    ClaimRefusal.GRANTED: "granted",
    ClaimRefusal.PAID: "paid",
    ClaimRefusal.OUTCOME: "outcome",
    ClaimRefusal.NOTHING_CHANGED: "outcome",
    ClaimRefusal.IN_FUTURE: "on",
    ClaimRefusal.BEFORE_LAST_STEP: "on",
}
IN_CURRENCY = N_("An amount in another currency: its value in the country’s own at that time")
IF_GRANTED = N_("Only where something was granted")


def _quarter(label: str) -> SelectField:
    return SelectField(label, validators=[Offered(N_("Choose the quarter"))], validate_choice=False)


def _amount(label: str, message: str) -> RadioField:
    return RadioField(label, description=IN_CURRENCY, validators=[Offered(message)], validate_choice=False)


class AskClaimForm(OnceForm):
    """A new claim: where, how much, when. `id` is the claim's, so that a button pressed twice records it once."""

    id = HiddenField()
    forum = RadioField(
        N_("Where was it asked?"), validators=[Offered(N_("Choose where it was asked"))], validate_choice=False
    )
    asked = _amount(N_("How much was asked?"), REFUSED[ClaimRefusal.ASKED])
    on = _quarter(N_("When was it asked?"))


class StepClaimForm(OnceForm):
    """What happened next; how much was granted is read only if it does not follow from what was asked."""

    seen = HiddenField()
    event = RadioField(N_("What happened"), validators=[Offered(N_("Choose what happened"))], validate_choice=False)
    granted = RadioField(N_("How much was granted?"), description=IN_CURRENCY, validate_choice=False)
    on = _quarter(N_("When"))

    def needs_amount(self, asked: str) -> bool:
        """Whether the band that was granted must be chosen."""
        return self.event.data == ClaimEvent.GRANT_IN_PART or (
            self.event.data == ClaimEvent.GRANT and asked == NOT_STATED
        )

    def is_valid(self, asked: str) -> bool:
        """`validate`, for a claim of which `asked` is known."""
        extra: Mapping[str, Sequence[object]] = {}
        if self.needs_amount(asked):
            extra = {"granted": [Offered(REFUSED[ClaimRefusal.GRANTED])]}
        return self.validate(extra)


class CorrectClaimForm(OnceForm):
    """The right values, which replace the last entry."""

    seen = HiddenField()
    forum = RadioField(
        N_("Where was it asked?"), validators=[Offered(N_("Choose where it was asked"))], validate_choice=False
    )
    asked = _amount(N_("How much was asked?"), REFUSED[ClaimRefusal.ASKED])
    outcome = RadioField(
        N_("How does it stand?"), validators=[Offered(REFUSED[ClaimRefusal.OUTCOME])], validate_choice=False
    )
    granted = RadioField(N_("How much was granted?"), description=IF_GRANTED, validate_choice=False)
    paid = RadioField(N_("Was it paid?"), description=IF_GRANTED, validate_choice=False)
    on = _quarter(N_("When did the last step happen?"))

    @property
    def was_granted(self) -> bool:
        """Whether amount and payment are read."""
        return self.outcome.data in GIVEN

    def is_valid(self, *, paid: bool) -> bool:
        """`validate`, with what belongs to a claim that was granted; `paid`: the payment is asked for as well."""
        extra: dict[str, Sequence[object]] = {}
        if self.was_granted:
            extra["granted"] = [Offered(REFUSED[ClaimRefusal.GRANTED])]
            if paid:
                extra["paid"] = [Offered(REFUSED[ClaimRefusal.PAID])]
        return self.validate(extra)


def offer(form: OnceForm, name: str, choices: Iterable[tuple[str, str]]) -> None:
    """Let these (value, label) be chosen in the form's field of that name."""
    getattr(form, name).choices = [SelectChoice(value=value, label=label) for value, label in choices]
