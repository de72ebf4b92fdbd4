"""What every form asks of what was typed, whatever it is about: one answer to one question, in plain characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, cast

from wtforms import Field, Form, SelectMultipleField, ValidationError
from wtforms.fields.choices import SelectFieldBase

from nrm.domain.interviews.answers import BIDI_CONTROLS
from nrm.domain.words import N_


class OnceForm(Form):
    """A form in which a question that has one answer was answered once."""

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Also refuses a field that came twice: nobody could say which of the two was meant."""
        valid = super().validate(extra_validators)
        for field in self:
            if len(field.raw_data or ()) > 1 and not isinstance(field, SelectMultipleField):
                field.errors = [N_("Give one answer to this question")]
                valid = False
        return valid


class PlainText:
    """At most `longest` characters, without control characters and signs that make a line read differently."""

    def __init__(self, longest: int) -> None:
        self.longest = longest

    def __call__(self, _: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        text = field.data or ""
        if len(text) > self.longest:
            raise ValidationError(N_("Enter at most %(longest)s characters", longest=self.longest))
        if any(
            character in BIDI_CONTROLS
            or (unicodedata.category(character) in ("Cc", "Cs") and character not in "\r\n\t")
            for character in text
        ):
            raise ValidationError(N_("Enter the text again without invisible characters"))


class Offered:
    """The answer is one of the choices that were offered; `message` says what to do otherwise."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, _: Form, field: SelectFieldBase) -> None:
        """Raise ValidationError with the message."""
        if field.data not in {cast(Any, choice).value for choice in field.iter_choices()}:
            raise ValidationError(self.message)


class OneOf(Offered):
    """As `Offered`, where the first choice is empty and is no answer."""

    def __call__(self, form: Form, field: SelectFieldBase) -> None:
        """Raise ValidationError with the message."""
        if not field.data:
            raise ValidationError(self.message)
        super().__call__(form, field)
