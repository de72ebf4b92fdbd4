"""What the coordinator types to change a text of the agreement without writing its file."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, time, timedelta
from typing import Any, cast

from wtforms import (
    BooleanField,
    Field,
    Form,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms import ValidationError as Wrong
from wtforms.validators import InputRequired, NumberRange

from forms import SelectChoice
from forms.agreement import agreements
from forms.days import DayField
from forms.typed import Offered, OnceForm, OneOf, PlainText
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreement_drafts import PartyText
from nrm.domain.agreement.agreement_versions import NAME
from nrm.domain.agreement.agreements import ASKED_BY_KIND
from nrm.domain.words import N_

LONGEST_WORDS, LONGEST_NAME = 2000, 120
LONGEST_MINUTES = 14 * 24 * 60
_NUMBER = re.compile(r"\+?[0-9][0-9 ]{2,24}")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,30}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Clock:
    """A time such as 08:00."""

    def __call__(self, _: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        if not _CLOCK.fullmatch((field.data or "").strip()):
            raise Wrong(N_("Enter a time with hours and minutes, for example 08:00"))


class Telephone:
    """A number with its country code; `needed`: it may not be empty."""

    def __init__(self, *, needed: bool) -> None:
        self.needed = needed

    def __call__(self, _: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        said = (field.data or "").strip()
        if (said or self.needed) and not _NUMBER.fullmatch(said):
            raise Wrong(N_("Enter a telephone number, for example +355 4 000 0101"))


class Matches:
    """The whole of what was typed has this form."""

    def __init__(self, pattern: re.Pattern[str], message: str) -> None:
        self.pattern, self.message = pattern, message

    def __call__(self, _: Form, field: Field) -> None:
        """Raise ValidationError with the message."""
        if not self.pattern.fullmatch(field.data or ""):
            raise Wrong(self.message)


class BeginTextForm(OnceForm):
    """A new text that begins as the one in force."""

    version = StringField(
        N_("Name of the new version"),
        description=N_("Letters, digits, dots and dashes, without blanks, for example the year: 2027"),
        validators=[Matches(NAME, N_("Use letters, digits, dots and dashes, 40 at most"))],
    )
    starts_on = DayField(N_("First day on which it is in force"))


class DeskForm(OnceForm):
    """What is said of every party: when it answers, where it is, whom it receives."""

    opens = StringField(N_("The desk opens at"), validators=[Clock()])
    closes = StringField(
        N_("The desk closes at"),
        description=N_("The same time twice means day and night."),
        validators=[Clock()],
    )
    weekends = BooleanField(N_("At weekends, too"))
    telephone = StringField(N_("Telephone of the desk"), validators=[Telephone(needed=False)])
    on_call = StringField(N_("Telephone out of hours"), validators=[Telephone(needed=True)])
    regions = SelectMultipleField(
        N_("Regions"), description=N_("None: the whole country."), validators=[], validate_choice=False
    )
    languages = SelectMultipleField(N_("Languages spoken at the desk"), validators=[], validate_choice=False)
    receives = SelectField(
        N_("Whom it receives"), validators=[Offered(N_("Choose whom it receives"))], validate_choice=False
    )

    def validate_regions(self, field: SelectMultipleField) -> None:
        """Only regions of the country."""
        if not set(field.data or ()) <= {cast(Any, choice).value for choice in field.iter_choices()}:
            raise Wrong(N_("Choose regions of the list"))

    def validate_languages(self, field: SelectMultipleField) -> None:
        """At least one, of the list."""
        if not field.data or not set(field.data) <= {cast(Any, choice).value for choice in field.iter_choices()}:
            raise Wrong(N_("Choose the languages in which the desk answers"))

    def said(self, until: date | None = None) -> PartyText:
        """What was typed; after `validate`."""
        return PartyText(
            opens=time.fromisoformat((self.opens.data or "").strip()),
            closes=time.fromisoformat((self.closes.data or "").strip()),
            weekends=bool(self.weekends.data),
            telephone=(self.telephone.data or "").strip(),
            on_call=(self.on_call.data or "").strip(),
            regions=self.regions.data or (),
            until=until,
            receives=self.receives.data or "",
            languages=self.languages.data or (),
        )


class ChangePartyForm(DeskForm):
    """A party changes its desk, its regions or whom it receives, or it leaves."""

    leaves = BooleanField(N_("It leaves the agreement"))
    until = DayField(N_("Its last day"), when=("leaves", True))


_KINDS: Mapping[OrganisationKind, str] = {
    kind: label for kind, label in agreements.KIND_LABELS.items() if kind.holds_keys and kind not in ASKED_BY_KIND
}


class JoiningForm(OnceForm):
    """Who joins, and on which day."""

    code = StringField(
        N_("Code of the party"),
        description=N_("Capital letters, digits and _, for example SHPRESA. It stays for ever."),
        validators=[Matches(_CODE, N_("Use capital letters, digits and _, for example SHPRESA"))],
    )
    joins_on = DayField(N_("The day from which it takes part"))
    first_day = date.min

    def validate_joins_on(self, field: DayField) -> None:
        """Not before the text itself."""
        if field.data is not None and field.data < self.first_day:
            raise Wrong(N_("Enter the first day of the text, or a later one"))


class JoinPartyForm(JoiningForm, DeskForm):
    """A party joins."""

    kind = SelectField(
        N_("What it is"),
        choices=[
            SelectChoice(value="", label=N_("Choose")),
            *(SelectChoice(value=str(kind), label=label) for kind, label in _KINDS.items()),
        ],
        validators=[OneOf(N_("Choose what it is"))],
        validate_choice=False,
    )
    asked_before = SelectField(
        N_("Its place among those of its kind"),
        description=N_(
            "Those in the region that the person wishes are asked first in any case, and those with free places. "
            "Then this order decides."
        ),
        default="",
        validators=[Offered(N_("Choose a place of the list"))],
        validate_choice=False,
    )
    kinds: Mapping[str, str] = {}  # code of a party that is there -> its kind

    def validate_asked_before(self, field: SelectField) -> None:
        """Last, or before a party of the same kind."""
        if field.data and self.kind.data and self.kinds.get(field.data) != self.kind.data:
            raise Wrong(N_("Choose a party of the same kind, or last"))

    def validate_receives(self, field: SelectField) -> None:
        """Nobody is an answer, and has to be given."""
        if not field.data:
            raise Wrong(N_("Choose whom it receives"))


# Who it is comes before its desk.
_FIRST = cast(Any, DeskForm.opens).creation_counter - 1
for _place, _name in ((0, "code"), (0.5, "kind"), (0.6, "joins_on"), (0.7, "asked_before")):
    cast(Any, getattr(JoinPartyForm, _name)).creation_counter = _FIRST + _place


class TakeOutForm(OnceForm):
    """A party that was added by mistake goes."""

    sure = BooleanField(
        N_("Take this party out of the draft"), validators=[InputRequired(N_("Tick it, or go back to the draft"))]
    )


def join_party_form(languages: Mapping[str, str]) -> type[JoinPartyForm]:
    """The form with the name in each of the languages, after the code; `languages`: what the reader calls them."""
    return type("JoinPartyForm", (JoinPartyForm,), _names(languages))


def joining_form(languages: Mapping[str, str]) -> type[JoiningForm]:
    """As `join_party_form`, of a party that was added: its code, its names and its day alone."""
    return type("JoiningForm", (JoiningForm,), _names(languages))


def _names(languages: Mapping[str, str]) -> dict[str, Any]:
    after = cast(Any, JoinPartyForm.code).creation_counter
    fields = {}
    for place, (language, called) in enumerate(languages.items(), start=1):
        field: Any = StringField(
            N_("Name in %(language)s", language=called),
            validators=[InputRequired(N_("Enter its name in every language")), PlainText(LONGEST_NAME)],
        )
        field.creation_counter = after + place / (len(languages) + 1) / 2
        fields[f"name_{language}"] = field
    return fields


class Minutes(IntegerField):
    """A time in whole minutes; what is no number is as wrong as one that is too high."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number, or nothing."""
        said = valuelist[0].strip() if valuelist else ""
        self.data = int(said) if said.isascii() and said.isdigit() and len(said) < 9 else None


_NO_MINUTES = N_("Enter minutes from 1 to 20160, which are 14 days")
_MINUTES = NumberRange(1, LONGEST_MINUTES, _NO_MINUTES)


class ChangeTimeForm(OnceForm):
    """A step of the critical path has another time."""

    minutes = Minutes(N_("Within how many minutes"), validators=[_MINUTES])
    clauses: Mapping[str, str] = {}  # field -> number of the clause that gives the step a time of its own

    def own(self) -> dict[str, timedelta]:
        """What was typed for each clause."""
        typed = {number: self[name].data for name, number in self.clauses.items()}
        return {number: timedelta(minutes=minutes) for number, minutes in typed.items() if minutes is not None}


class NoLonger:
    """No longer than the step itself; what stands there already is shortened with it."""

    def __call__(self, form: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        whole = form["minutes"].data
        if field.data is None:
            if field.raw_data:
                raise Wrong(_NO_MINUTES)
        elif whole is not None and field.data > whole and field.data != field.object_data:
            raise Wrong(N_("Enter a time that is not longer than that of the step"))
        elif field.data < 1:
            raise Wrong(_NO_MINUTES)


def change_time_form(clauses: Collection[str]) -> type[ChangeTimeForm]:
    """The form with a time for each of the clauses that give the step one of their own."""
    fields: dict[str, Any] = {"clauses": {f"clause_{place}": number for place, number in enumerate(clauses)}}
    for name, number in fields["clauses"].items():
        label = N_("Within how many minutes by clause %(number)s", number=number)
        fields[name] = Minutes(label, validators=[NoLonger()])
    return type("ChangeTimeForm", (ChangeTimeForm,), fields)


def word_clause_form(languages: Mapping[str, str]) -> type[OnceForm]:
    """A clause is worded otherwise, in each of the languages; `languages`: what the reader calls them."""
    fields = {
        language: TextAreaField(
            N_("In %(language)s", language=called),
            validators=[InputRequired(N_("Enter the words in every language")), PlainText(LONGEST_WORDS)],
        )
        for language, called in languages.items()
    }
    return type("WordClauseForm", (OnceForm,), fields)
