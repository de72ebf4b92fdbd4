"""What a shelter types about somebody who came without a referral, in two steps: who and whether, then what and where.

The second step asks only what the first allows: no name and no story without consent, and nothing for the statistics
from a person who does not wish to be counted.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import (
    BooleanField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.core import Field
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.days import LONGEST_PART, PARTS
from forms.names import country_code
from forms.shelter.stays import AdmitStayForm
from forms.typed import Offered, PlainText, WriteForm
from nrm.domain.shelter.cases import STATELESS, UNKNOWN
from nrm.domain.shelter.direct_intake import IntakeRefusal
from nrm.domain.shelter.stays import Source
from nrm.domain.words import N_

LONGEST_NAME = 120
LONGEST_STORY = 10_000
MOST_COUNTRIES = 10
COUNTRY = "country"

OTHER_CITIZENSHIPS = [
    SelectChoice(value=COUNTRY, label=N_("Of another country")),
    SelectChoice(value=STATELESS, label=N_("Stateless")),
    SelectChoice(value=UNKNOWN, label=N_("Not known")),
]
EXPLOITATION_LABELS = {
    "sexual_exploitation": N_("Sexual exploitation"),
    "forced_labour": N_("Forced labour"),
    "child_labour": N_("Child labour"),
    "forced_begging": N_("Forced begging"),
    "forced_criminality": N_("Forced to commit offences"),
    "forced_marriage": N_("Forced marriage"),
    "servitude": N_("Servitude"),
    "forced_adoption": N_("Forced adoption"),
    "surrogacy": N_("Forced surrogacy"),
    "organ_removal": N_("Removal of organs"),
    "forced_military": N_("Forced military service"),
    "other": N_("Another form"),
}
IMPOSSIBLE = {
    IntakeRefusal.AGE: N_("Enter an age that fits the answer above, or choose “Not sure”"),
    IntakeRefusal.BIRTH: N_(
        "Enter a day that is not in the future and fits the answer whether the person is 18, or go back and change that"
    ),
    IntakeRefusal.CONSENT: N_("Choose whether the person agrees"),
    IntakeRefusal.NAMES_REFUSED: N_("Choose whether the person agrees"),
    IntakeRefusal.STATISTICS: N_("Choose whether the person agrees to be counted"),
    IntakeRefusal.DEPENDANT: N_("Choose “Under 18” or “Not sure”: an adult has a case of their own"),
}
LATE = N_("Enter a day at most a month ago; whoever came earlier was already there: choose that as the way they came")


AGE_CLASSES = {"child": N_("Under 18"), "adult": N_("18 or older"), "unsure": N_("Not sure")}


def _age_class(*codes: str) -> RadioField:
    return RadioField(
        N_("Is the person under 18?"),
        choices=[SelectChoice(value=code, label=AGE_CLASSES[code]) for code in codes],
        validators=[Offered(N_("Choose whether the person is under 18"))],
        validate_choice=False,
    )


def _yes_no(label: str, message: str, description: str = "") -> RadioField:
    choices = [SelectChoice(value="yes", label=N_("Yes")), SelectChoice(value="no", label=N_("No"))]
    return RadioField(
        label, description=description, choices=choices, validators=[_AskedOfAdults(message)], validate_choice=False
    )


class _AskedOfAdults:
    """An answer is needed from an adult; for a child the answer is ignored."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, form: Any, field: Field) -> None:
        if form.age_class.data == "adult" and field.data not in ("yes", "no"):
            raise ValidationError(self.message)


class OpenCaseForm(WriteForm):
    """First step: who the person is, what they agree to and what they need. No name. `once` goes with both steps."""

    source: SelectField | None = SelectField(
        N_("How the person came"),
        validators=[InputRequired(N_("Choose how the person came")), Offered(N_("Choose how the person came"))],
        validate_choice=False,
    )
    age_class = _age_class("child", "adult", "unsure")
    consent = _yes_no(
        N_("May we keep the name and the story, and tell those the agreement names?"),
        IMPOSSIBLE[IntakeRefusal.CONSENT],
        N_("Say that the person may stay whatever the answer is."),
    )
    statistics = _yes_no(N_("May the person be counted in anonymous statistics?"), IMPOSSIBLE[IntakeRefusal.STATISTICS])
    age = StringField(N_("Age in years"), description=N_("Leave it empty if it is not known."), validators=[])
    gender = RadioField(N_("Gender"), validators=[Offered(N_("Choose the gender"))], validate_choice=False)
    citizenship = RadioField(
        N_("Citizenship"),
        validators=[Offered(N_("Choose the citizenship"))],
        validate_choice=False,
    )
    citizenship_country = StringField(N_("Which country"), validators=[])
    official = RadioField(
        N_("Is an official said to be involved?"),
        description=N_("If yes, nothing is told to a party on the side of the police."),
        choices=[
            SelectChoice(value="yes", label=N_("Yes")),
            SelectChoice(value="no", label=N_("No")),
            SelectChoice(value="unknown", label=N_("Not known")),
        ],
        validators=[Offered(N_("Choose whether an official is said to be involved"))],
        validate_choice=False,
    )
    needs = SelectMultipleField(N_("What the person needs"), validate_choice=False)
    needs_note = StringField(N_("More about the needs"), validators=[PlainText(LONGEST_NAME * 4)])

    def offer_home_citizenship(self, code: str, words: str) -> None:
        """The country's own citizenship stands first. `code`: ISO 3166 alpha-2."""
        self.citizenship.choices = [SelectChoice(value=code, label=words), *OTHER_CITIZENSHIPS]

    def validate_age(self, field: StringField) -> None:
        """Empty, or a number of years that fits the answer about 18."""
        typed = (field.data or "").strip()
        if not typed:
            return
        if not (typed.isascii() and typed.isdigit() and len(typed) <= 3 and int(typed) <= 120):
            raise ValidationError(N_("Enter the age as a number of years"))
        adult = {"adult": True, "child": False}.get(self.age_class.data)
        if adult is not None and (int(typed) >= 18) != adult:
            raise ValidationError(IMPOSSIBLE[IntakeRefusal.AGE])

    def validate_citizenship_country(self, field: StringField) -> None:
        """A country by its name, when it is another one."""
        if self.citizenship.data == COUNTRY and country_code((field.data or "")[:LONGEST_NAME]) is None:
            raise ValidationError(N_("Enter the name of the country, for example Moldova"))

    def validate_needs(self, field: SelectMultipleField) -> None:
        """Codes of the list."""
        _check_offered(field)

    @property
    def came(self) -> Source:
        """Of a valid form."""
        assert self.source is not None
        return Source(self.source.data)

    @property
    def years(self) -> int | None:
        """The age of a valid form."""
        typed = (self.age.data or "").strip()
        return int(typed) if typed else None

    @property
    def citizenship_code(self) -> str:
        """Of a valid form."""
        if self.citizenship.data == COUNTRY:
            return country_code(self.citizenship_country.data or "") or UNKNOWN
        return str(self.citizenship.data)

    @property
    def is_adult(self) -> bool:
        """Of a valid form: whether consent was asked."""
        return bool(self.age_class.data == "adult")

    @property
    def may_name(self) -> bool:
        """Of a valid form: whether a name and a story may be kept."""
        return not self.is_adult or bool(self.consent.data == "yes")

    @property
    def may_count(self) -> bool:
        """Of a valid form: whether what is asked for statistics alone is asked."""
        return not self.is_adult or bool(self.statistics.data == "yes")


class OpenChildCaseForm(OpenCaseForm):
    """The first step for a child who came with a victim: how they came is known, and they are not an adult."""

    source = None
    age_class = _age_class("child", "unsure")
    comes_first = BooleanField(N_("Yes, the child is here already, before the person it came with"))
    """Shown and asked for once, where that person has no place in the house."""

    @property
    def came(self) -> Source:
        """With somebody the shelter takes care of."""
        return Source.WITH_A_VICTIM


class BirthField(Field):
    """Day, month and year of which the first two may be empty; `data` is `2004`, `2004-03`, `2004-03-15` or empty."""

    def __init__(self, label: str, **keywords: Any) -> None:
        super().__init__(label=label, **keywords)
        self.parts: dict[str, str] = dict.fromkeys(PARTS, "")
        self.doubled = False
        self.data = ""

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:  # noqa: ARG002 - WTForms' own
        self.process_errors = []
        typed = {part: formdata.getlist(f"{self.name}-{part}") if formdata else [] for part in PARTS}
        self.doubled = any(len(values) > 1 for values in typed.values())
        self.parts = {part: values[0][:LONGEST_PART].strip() if values else "" for part, values in typed.items()}
        self.data = ""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - WTForms' own
        day, month, year = (self.parts[part] for part in PARTS)
        if not (day or month or year):
            return
        numbers = all(not each or (each.isascii() and each.isdigit()) for each in (day, month, year))
        if self.doubled or not numbers or len(year) != 4 or (day and not month):
            raise ValidationError(N_("Enter at least the year of birth, for example 2004"))
        whole = f"{year}-{int(month or 1):02d}-{int(day or 1):02d}"
        if not _is_day(whole):
            raise ValidationError(N_("Enter a day of birth that exists"))
        self.data = whole[: 10 if day else 7 if month else 4]


def _is_day(text: str) -> bool:
    try:
        born = date.fromisoformat(text)
    except ValueError:
        return False
    return born.year >= 1880


class AdmitPersonForm(AdmitStayForm):
    """Second step: what happened, the name, and the place."""

    exploited_in = StringField(
        N_("Countries of exploitation"),
        description=N_("Names of countries with commas between them. Leave it empty if it is not known."),
        validators=[PlainText(300)],
    )
    forms = SelectMultipleField(
        N_("Forms of exploitation"),
        choices=[SelectChoice(value=code, label=label) for code, label in EXPLOITATION_LABELS.items()],
        validate_choice=False,
    )
    story = TextAreaField(N_("What happened"), validators=[PlainText(LONGEST_STORY)])
    given = StringField(N_("Given names"), validators=[PlainText(LONGEST_NAME)])
    family = StringField(N_("Family names"), validators=[PlainText(LONGEST_NAME)])
    known_as = StringField(N_("Also known as"), validators=[PlainText(LONGEST_NAME)])
    birth = BirthField(N_("Date of birth"))
    contact = StringField(N_("A safe way to reach the person or someone they trust"), validators=[PlainText(300)])

    def validate_exploited_in(self, _: StringField) -> None:
        """Every part is a country."""
        names = self._countries()
        if len(names) > MOST_COUNTRIES or any(country_code(name[:LONGEST_NAME]) is None for name in names):
            raise ValidationError(N_("Enter names of countries with commas between them, for example Italy, Greece"))

    def validate_forms(self, field: SelectMultipleField) -> None:
        """Codes of the list."""
        _check_offered(field)

    @property
    def country_codes(self) -> tuple[str, ...]:
        """Of a valid form, sorted."""
        return tuple(sorted({code for name in self._countries() if (code := country_code(name)) is not None}))

    def _countries(self) -> list[str]:
        return [name.strip() for name in (self.exploited_in.data or "").split(",") if name.strip()]


def _check_offered(field: SelectMultipleField) -> None:
    if not {str(choice.value) for choice in field.choices or ()}.issuperset(field.data or ()):  # type: ignore[union-attr]
        raise ValidationError(N_("Choose from the list"))
