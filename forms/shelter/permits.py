"""What people type about residence permits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import RadioField, StringField, ValidationError

from forms.days import DayField, today_or
from forms.names import language_code
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.permits import PermitEvent, PermitRefusal
from nrm.domain.words import N_

EVENT_LABELS = {
    PermitEvent.INFORM: N_("The person was told of the options"),
    PermitEvent.APPLY: N_("The person applied"),
    PermitEvent.ISSUE: N_("The permit was issued"),
    PermitEvent.RENEW: N_("The permit was renewed"),
    PermitEvent.REFUSE: N_("The permit was refused"),
    PermitEvent.APPEAL: N_("The person appealed"),
    PermitEvent.WITHDRAW: N_("The application or the permit was withdrawn"),
}
"""The events that people record; the program itself notices that a permit has expired."""

REFUSED = {
    PermitRefusal.STATE: N_("Choose another step: this one does not follow from how the permit stands now"),
    PermitRefusal.NOT_THIRD_COUNTRY: N_("Whoever is recorded as Albanian needs no permit"),
    PermitRefusal.INFORMED_INCOMPLETE: N_("Enter the language in which the options were explained"),
    PermitRefusal.GROUND: N_("Choose what the permit is given for"),
    PermitRefusal.DATES: N_("Enter a last day that is not before the first"),
    PermitRefusal.RENEWAL_NOT_LONGER: N_("Enter a last day after the present one"),
    PermitRefusal.STILL_VALID: N_("Choose another step: this one does not follow from how the permit stands now"),
    PermitRefusal.IN_FUTURE: N_("Enter a day that is not in the future"),
    PermitRefusal.BEFORE_LAST_STEP: N_("Enter a day that is not before the last recorded step"),
}
FIELD_OF = {
    PermitRefusal.INFORMED_INCOMPLETE: "language",
    PermitRefusal.GROUND: "ground",
    PermitRefusal.DATES: "until",
    PermitRefusal.RENEWAL_NOT_LONGER: "until",
    PermitRefusal.IN_FUTURE: "on",
    PermitRefusal.BEFORE_LAST_STEP: "on",
}
GIVEN = (str(PermitEvent.ISSUE), str(PermitEvent.RENEW))


class RecordPermitForm(OnceForm):
    """What happened and when; for informing the person also the language, for issuing also the ground and the days."""

    event = RadioField(N_("What happened"), validators=[Offered(N_("Choose what happened"))], validate_choice=False)
    language = StringField(N_("Language in which the options were explained"), validators=[PlainText(60)])
    ground = RadioField(N_("Given for"), validate_choice=False)
    valid_from = DayField(N_("First day"))
    until = DayField(N_("Last day"))
    on = today_or(N_("When"))
    on_day = DayField(N_("Day"), when=("on", "other"))

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

    @property
    def language_code(self) -> str:
        """Of a valid form."""
        return language_code(self.language.data or "") or ""
