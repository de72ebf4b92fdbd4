"""What every form asks of what was typed, whatever it is about: one answer to one question, in plain characters."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, cast

from wtforms import Field, Form, HiddenField, PasswordField, SelectMultipleField, StringField, ValidationError
from wtforms.fields.choices import SelectFieldBase

from nrm.domain.unseen import disturbing, is_blank, unseen
from nrm.domain.words import N_, Hundredths, Number, Phrase


class NotBlankForm(Form):
    """A form in which a text of blanks alone, or of what nobody sees, is no text: what is asked for stands there to be
    read. A password is taken as it was typed."""

    FIRST: ClassVar[tuple[str, ...]] = ()
    """The fields that stand first on the page, in its order, where a form takes others from the class it extends."""

    @property
    def errors(self) -> dict[str, Any]:
        """What is wrong, by field, in the order of the page: so it is listed."""
        found = super().errors
        return {name: found[name] for name in (*self.FIRST, *found) if name in found}

    def process(self, *typed: Any, **further: Any) -> None:
        """As the library does it; a blank text comes to the checks as an empty one."""
        super().process(*typed, **further)
        for field in self:
            if isinstance(field, StringField) and not isinstance(field, PasswordField) and _is_empty(field.data or ""):
                field.data = field.data and ""
                field.raw_data = ["" if _is_empty(each) else each for each in field.raw_data or ()]


def _is_empty(text: str) -> bool:
    """Whether nothing was typed; a control character is no slip of a finger, and is refused by the checks."""
    return is_blank(text) and not disturbing(text)


class OnceForm(NotBlankForm):
    """A form in which a question that has one answer was answered once."""

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Also refuses a field that came twice: nobody could say which of the two was meant."""
        valid = super().validate(extra_validators)
        for field in self:
            if len(field.raw_data or ()) > 1 and not isinstance(field, SelectMultipleField):
                field.errors = [N_("Give one answer to this question")]
                valid = False
        return valid


class WriteForm(OnceForm):
    """Something that is written once, however often it is pressed."""

    once = HiddenField()

    @property
    def press(self) -> uuid.UUID:
        """Which showing of the form was pressed; where it says none, one of its own."""
        try:
            return uuid.UUID((self.once.data or "")[:36])
        except ValueError:
            return uuid.uuid4()


INVISIBLE = N_("Enter the text again without invisible characters")


class PlainText:
    """At most `longest` characters, without control characters and signs that make a line read differently.

    The message names the field: it stands in a list above the page, too. `otherwise`: what to do about a text that is
    too long, where the field is about something else than its length.
    """

    def __init__(self, longest: int, otherwise: str = "") -> None:
        self.longest = longest
        self.otherwise = otherwise

    def __call__(self, _: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        text = field.data or ""
        if len(text) > self.longest:
            raise ValidationError(self.otherwise or _too_long(field, self.longest))
        if disturbing(text):
            raise ValidationError(_invisible(field))


def _too_long(field: Field, longest: int) -> str:
    if not isinstance(field.label.text, Phrase):
        return N_("Enter at most %(longest)s characters", longest=longest)
    return N_("Enter at most %(longest)s characters: %(question)s", longest=longest, question=field.label.text)


def _invisible(field: Field) -> str:
    if not isinstance(field.label.text, Phrase):
        return INVISIBLE
    return N_("Enter the text again without invisible characters: %(question)s", question=field.label.text)


class PlainName(PlainText):
    """As `PlainText`, and without anything that takes no place: two names would look like one."""

    def __call__(self, form: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        super().__call__(form, field)
        if unseen(field.data or ""):
            raise ValidationError(_invisible(field))


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form calls one of its fields, and the choices that are the same for everybody (value -> label)."""

    label: str
    choices: Mapping[str, str]


@cache
def every_form() -> tuple[Mapping[str, Asked], ...]:
    """The fields of every form there is, those with the fewest first. Forms that need more than what was typed to be
    made are left out."""
    made = []
    for form in sorted(_below(OnceForm), key=lambda each: (each.__module__, each.__qualname__)):
        with suppress(TypeError, RuntimeError, LookupError):
            made.append({field.name: _asked(field) for field in form()})
    return tuple(sorted(made, key=len))


def _below(form: type[Form]) -> set[type[Form]]:
    return {each for child in form.__subclasses__() for each in (child, *_below(child))}


def _asked(field: Field) -> Asked:
    listed = getattr(field, "choices", None) or ()
    pairs = [(each.value, each.label) if hasattr(each, "value") else each[:2] for each in listed if each]
    return Asked(field.label.text, {str(value): label for value, label in pairs})


_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " "))
_GROUPED = re.compile(r"[0-9]{1,3}(?:([ .,'\u2019])[0-9]{3})(?:\1[0-9]{3})*")
_IN_PARTS = re.compile(r"[0-9 .,'\u2019]*[0-9][.,][0-9]{1,2}")
PARTS = N_(
    "Is there a part of a whole in it, as in %(part)s? Enter whole ones alone, for example %(example)s",
    part=Hundredths(1250),
    example=Number(12_000),
)


def whole_number(field: Field) -> int:
    """The number that was typed, as `12000`, `12 000`, `12.000` or `12,000`; 0 for anything else."""
    typed = (field.data or "").strip().translate(_SPACES)
    plain = re.sub(r"[ .,'\u2019]", "", typed) if _GROUPED.fullmatch(typed) else typed
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 13 else 0


def check_amount(field: Field, most: int, example: int) -> None:
    """Raise ValidationError unless a whole amount was typed, from 1 to `most`. What could have parts of a whole in it
    is asked about: `12.50` is not 1,250."""
    typed = (field.data or "").strip().translate(_SPACES)
    if _IN_PARTS.fullmatch(typed):
        raise ValidationError(PARTS)
    digits = re.sub(r"[ .,'\u2019]", "", typed)
    amount = whole_number(field)
    too_long = digits.isascii() and digits.isdigit() and len(digits) > 13
    if amount > most or too_long:
        raise ValidationError(N_("This is too much: enter at most %(most)s", most=Number(most)))
    if amount <= 0:
        raise ValidationError(
            N_("Enter the amount as a whole number, for example %(example)s", example=Number(example))
        )
