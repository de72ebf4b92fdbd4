"""What people type about residence permits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from wtforms import BooleanField, RadioField, StringField, ValidationError

from forms import SelectChoice
from forms.days import DayField, today_or
from forms.names import language_code
from forms.shelter.strikes import SAME, StrikeForm
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.permits import PermitEvent, PermitRefusal, PermitStatus
from nrm.domain.words import N_

EVENT_LABELS = {
    PermitEvent.INFORM: N_("The person was told of the options"),
    PermitEvent.COUNSEL: N_("The person got legal counsel"),
    PermitEvent.APPLY: N_("The person applied"),
    PermitEvent.ISSUE: N_("The permit was issued"),
    PermitEvent.RENEW: N_("The permit was renewed"),
    PermitEvent.REFUSE: N_("The permit was refused"),
    PermitEvent.APPEAL: N_("The person appealed"),
    PermitEvent.WITHDRAW: N_("The application or the permit was withdrawn"),
}
PAPER_LABELS = {
    PermitEvent.ISSUE: N_("From the unit’s paper: the permit was issued"),
    PermitEvent.RENEW: N_("From the unit’s paper: the permit was renewed"),
    PermitEvent.REFUSE: N_("From the unit’s paper: the permit was refused"),
}
"""What the unit decides, where a holder enters it."""
RENEWAL_LABEL = N_("The person applied for a renewal")
WITHDRAWN_LABELS = {
    PermitStatus.APPLIED: N_("The application was withdrawn"),
    PermitStatus.APPEALED: N_("The appeal was withdrawn, and with it the application"),
    PermitStatus.RENEWAL_APPLIED: N_(
        "The application for a renewal was withdrawn: the permit stays until its last day"
    ),
    PermitStatus.ISSUED: N_("The permit itself was withdrawn: it is valid no more"),
}
"""What is withdrawn, as the permit stands: one word said three things."""

REFUSED = {
    PermitRefusal.STATE: N_("Choose another step: this one does not follow from how the permit stands now"),
    PermitRefusal.NOT_THIRD_COUNTRY: N_("Whoever is recorded as a citizen of this country needs no permit"),
    PermitRefusal.INFORMED_INCOMPLETE: N_("Enter the language in which the options were explained"),
    PermitRefusal.GROUND: N_("Choose what the permit is given for"),
    PermitRefusal.DATES: N_("Enter a last day that is not before the first"),
    PermitRefusal.RENEWAL_NOT_LONGER: N_("Enter a last day after the present one"),
    PermitRefusal.BEFORE_APPLICATION: N_(
        "Enter a first day that is not before the day of the application, and of a renewal not before the first day of "
        "the permit that it renews"
    ),
    PermitRefusal.IN_FUTURE: N_("Enter a day that is not in the future"),
    PermitRefusal.BEFORE_LAST_STEP: N_("Enter a day that is not before the last recorded step"),
    PermitRefusal.UNIT_DECIDES: N_("Choose another step: the permit unit decides this"),
    PermitRefusal.NUMBER: N_("Enter the number that stands on the unit’s paper"),
    PermitRefusal.UNIT_CANNOT_OBJECT: N_(
        "Share the legal file with the permit unit first, if the person agrees: else it could not object to this paper"
    ),
    PermitRefusal.WAITS: N_("Nothing more can be recorded until what waits below is answered or struck"),
    PermitRefusal.SAME_MEMBER: N_("Another member than the one who entered it confirms it"),
    PermitRefusal.NOTHING_WAITS: N_("Nothing waits for your answer here any more"),
    PermitRefusal.OTHERS_ENTRY: N_("Whoever entered it strikes it: the unit what is the unit’s, the holder the rest"),
    PermitRefusal.LATER_STEPS: N_("Strike the later steps first: they would follow from nothing"),
    PermitRefusal.SEALED_NOW: N_(
        "Leave the number out for now: nothing can be put under seal while a shelter is asked to take the person"
    ),
}
FIELD_OF = {
    PermitRefusal.INFORMED_INCOMPLETE: "language",
    PermitRefusal.GROUND: "ground",
    PermitRefusal.DATES: "until",
    PermitRefusal.RENEWAL_NOT_LONGER: "until",
    PermitRefusal.BEFORE_APPLICATION: "valid_from",
    PermitRefusal.IN_FUTURE: "on",
    PermitRefusal.BEFORE_LAST_STEP: "on",
    PermitRefusal.NUMBER: "number",
    PermitRefusal.SEALED_NOW: "number",
}
GIVEN = (str(PermitEvent.ISSUE), str(PermitEvent.RENEW))
NUMBER_LONGEST = 40
PAST = N_("The last day is past already: look at the year. Is the permit over? Then tick that, and press again")
GAP = N_(
    "Between the last day of the present permit and the first day of this one there is none: look at the year. Is it "
    "so? Then tick that, and press again"
)
STRUCK_BY = N_("%(name)s struck this already; nothing is left to do", name="")
STRUCK = N_("This was struck already; nothing is left to do")
STRIKE_WAITS = N_(
    "A member said already that this is to be struck; a second one agrees to it on the page of the permit"
)
RECORDED = N_("%(name)s recorded “%(what)s” already, %(moment)s; it stands so now", name="", what="", moment="")
RECORDED_ELSEWHERE = N_("“%(what)s” was recorded already, %(moment)s; it stands so now", what="", moment="")


def _number(label: str) -> StringField:
    return StringField(label, validators=[PlainText(NUMBER_LONGEST)], filters=[lambda typed: (typed or "").strip()])


class RecordPermitForm(OnceForm):
    """What happened and when; for informing the person also the language, for issuing also the ground and the days."""

    event = RadioField(N_("What happened"), validators=[Offered(N_("Choose what happened"))], validate_choice=False)
    language = StringField(N_("Language in which the options were explained"), validators=[PlainText(60)])
    ground = RadioField(N_("Given for"), validate_choice=False)
    valid_from = DayField(N_("First day"))
    until = DayField(N_("Last day"))
    past = BooleanField(N_("The permit is over: that day was its last"))
    gap = BooleanField(N_("There are days without a permit between the two"))
    on = today_or(N_("When"))
    on_day = DayField(N_("Day"), when=("on", "other"))
    number = _number(N_("Number of the application, the permit or the decision, if there is one"))

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Validate only the questions that belong to what happened."""
        given = self.event.data in GIVEN
        for field in (self.valid_from, self.until):
            field.when = None if given else ("event", "-")
        return super().validate(extra_validators)

    def validate_language(self, field: StringField) -> None:
        """A language by its name or code; `language_code` of a valid form."""
        if self.event.data == PermitEvent.INFORM and language_code((field.data or "")[:60]) is None:
            raise ValidationError(N_("Enter the name of a language, for example Romanian"))

    def validate_ground(self, field: RadioField) -> None:
        """Needed for a permit that is given."""
        if self.event.data in GIVEN:
            Offered(REFUSED[PermitRefusal.GROUND])(self, field)

    def is_sure(self, today: date, *, has_gap: bool) -> bool:
        """Whether a valid form may be recorded: a permit that is over already, and days without one before a renewal,
        are asked about once more."""
        if has_gap and not self.gap.data:
            self.gap.errors = [GAP]
        over = self.event.data in GIVEN and self.until.data is not None and self.until.data < today
        if over and not self.past.data:
            self.past.errors = [PAST]
        return not (self.gap.errors or self.past.errors)

    @property
    def language_code(self) -> str:
        """Of a valid form."""
        return language_code(self.language.data or "") or ""


class StrikePermitForm(StrikeForm):
    """Of a permit that was given, its days and ground can be entered anew too; fields that do not belong are left
    out."""

    ground = RadioField(N_("Given for"), validate_choice=False)
    valid_from = DayField(N_("First day"), when=("instead", SAME))
    until = DayField(N_("Last day"), when=("instead", SAME))
    number = _number(N_("Number of the application, the permit or the decision, if there is one"))

    def of(self, *, replaced: bool, given: bool) -> StrikePermitForm:
        """The form for an entry. `replaced`: the same can be entered instead; `given`: a permit was given with it."""
        for name in ("ground", "valid_from", "until"):
            if not (replaced and given):
                del self[name]
        if not replaced:
            del self["instead"], self["day"], self["number"]
        return self

    def validate_ground(self, field: RadioField) -> None:
        """Needed for what is entered instead."""
        if self.is_replaced:
            Offered(REFUSED[PermitRefusal.GROUND])(self, field)


class AnswerPaperForm(OnceForm):
    """What the unit says of a paper."""

    answer = RadioField(
        N_("Is this decision the unit’s?"),
        choices=[
            SelectChoice(value="confirm", label=N_("Yes: the unit decided so, and on that day")),
            SelectChoice(value="object", label=N_("No: the unit did not decide so")),
        ],
        validators=[Offered(N_("Choose whether this decision is the unit’s"))],
        validate_choice=False,
    )
