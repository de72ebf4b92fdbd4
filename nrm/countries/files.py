"""The shape of `country.toml`: which keys there are, and of what kind (ADR 0122).

The models say what stands in one table; what refers to something else is held against it in `reading.py`. `schema`
gives the same shape as JSON Schema, for editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from babel import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    create_model,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from nrm.countries import lists
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.accounts.accounts import Role as Work
from nrm.domain.documents import MalformedDocument
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter.cases import CITIZENSHIP_CLASSES, Compartment
from nrm.domain.support.benefits import MOST_NUMBER
from nrm.domain.telephones import EXAMPLE, TELEPHONE, is_telephone
from nrm.domain.unseen import LONGEST_NAME, fault_of_name


class MalformedFile(MalformedDocument):
    """Each of `findings` is `KEY: reason`; the message is the first."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__(findings[0])
        self.findings = findings


class Part(BaseModel):
    """A table: every key is known, and nothing is taken for what it is not."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _in_every_language(words: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    """One text for each language of the country, and no other."""
    languages = (info.context or {}).get("languages", words)
    for language in languages:
        if language not in words:
            raise PydanticCustomError("language", "missing", {"language": language})
    for language in words:
        if language not in languages:
            raise PydanticCustomError("language", "is not a key of this table", {"language": language})
    return words


def _known_once(languages: list[str]) -> list[str]:
    """Languages that dates and numbers can be written in, each once."""
    for position, language in enumerate(languages):
        if language in languages[:position]:
            raise PydanticCustomError("twice", "`{language}` stands twice", {"language": language})
        try:
            Locale.parse(language)
        except (UnknownLocaleError, ValueError):
            reason = "`{language}` is no language whose dates and numbers are known: a code such as mk, sq, en, sr_Latn"
            raise PydanticCustomError("unknown_language", reason, {"language": language}) from None
    return languages


def _readable(text: str) -> str:
    """One line in which everything is seen, and nothing is taken for the marks of a page. How long it may be stands in
    the shape."""
    if fault := fault_of_name(text, len(text)):
        raise PydanticCustomError("unreadable", "{fault}", {"fault": fault})
    return text


def _number(number: str) -> str:
    if not is_telephone(number):
        reason = "`{number}` is no telephone number, such as {example}"
        raise PydanticCustomError("telephone", reason, {"number": number, "example": EXAMPLE})
    return number


LONGEST_TEXT = 500
"""Of everything that is no name."""
_Readable = AfterValidator(_readable)
Text = Annotated[str, StringConstraints(pattern=r"\S", max_length=LONGEST_TEXT), _Readable]
Name = Annotated[str, StringConstraints(pattern=r"\S", max_length=LONGEST_NAME), _Readable]
Telephone = Annotated[str, Field(json_schema_extra={"pattern": f"^{TELEPHONE.pattern}$"}), AfterValidator(_number)]
Words = Annotated[dict[str, Text], AfterValidator(_in_every_language)]
Names = Annotated[dict[str, Name], AfterValidator(_in_every_language)]
# A hundred years: with a day beyond them a date cannot be counted any more.
Positive = Annotated[int, Field(ge=1, le=36_500)]
Natural = Annotated[int, Field(ge=0)]
Origin = Literal["agreement", "proposal"]
Kind = Literal[tuple(map(str, OrganisationKind))]  # type: ignore[valid-type]
Role = Literal[tuple(map(str, Work))]  # type: ignore[valid-type]
CitizenshipClass = Literal[CITIZENSHIP_CLASSES]  # type: ignore[valid-type]


class Emergency(Part):
    police: Telephone
    ambulance: Telephone
    helpline: Telephone
    children: Telephone


class Complaints(Part):
    """Whom to call about the Responsible Authority itself; `post`: where letters to that authority go."""

    names: Names
    telephone: Telephone
    post: Text = ""


class Tile(Part):
    column: Natural
    row: Natural


class CrossingPoint(Part):
    names: Names
    group: Text
    region: Text | None = None
    neighbour: Text | None = None


class BorderPolice(Part):
    party: Text
    on_call: Telephone


class Organisation(Part):
    code: Text
    kind: Kind  # type: ignore[valid-type]
    names: Names
    region: Text
    party: Text | None = None
    on_call: Telephone | None = None
    beds: Positive | None = None
    bed_prefix: Text | None = None
    roles: Annotated[list[Role], Field(min_length=1)] | None = None  # type: ignore[valid-type]
    face_to_face: bool = False


class NextNumber(Part):
    kind: Kind  # type: ignore[valid-type]
    names: Names
    region: Text | None = None
    telephone: Telephone


class Kept(Part):
    """Of a compartment: one of the two."""

    years_after_closing: Positive | None = None
    as_long_as: Literal["court_file"] | None = None


class Periods(Part):
    children_until_age: Annotated[int, Field(ge=18)]
    draft_days: Positive
    draft_warning_days: Positive
    group_hours: Positive
    hold_hours: Positive
    child_word_hours: Positive | None = None
    refused_minutes: Positive
    thinking_hours: Positive
    negative_screen_days: Positive
    notice_days: Positive
    answer_request_days: Positive


class Consent(Part):
    origin: Origin
    services_days: Positive
    sharing_days: Positive
    ask_again_days: Positive


class Reflection(Part):
    origin: Origin
    days: Positive
    citizenship_classes: list[CitizenshipClass]
    source: Words


class Missing(Part):
    origin: Origin
    ended_after_days: Positive


class Away(Part):
    origin: Origin
    nights_counted: Natural


class Building(Part):
    origin: Origin
    for_whom: Annotated[dict[str, Names], Field(min_length=1)]
    first_unit: Name
    kept_days: Positive
    kept_without_hour_days: Positive
    kept_overdue_days: Natural
    extra_place_days: Positive
    missing_place_hours: Natural


class ChildGate(Part):
    origin: Origin
    findings_hold_days: Positive


class Matching(Part):
    origin: Origin
    ask_days: Positive
    answer_days: Positive
    check_days: Positive
    questions_a_day: Positive


class FollowUp(Part):
    origin: Origin
    months: Annotated[list[Positive], Field(min_length=1)]
    again_days: Positive
    tries: Positive
    late_days: Positive


class Permits(Part):
    origin: Origin
    appeal_days: Positive
    objection_working_days: Positive
    decision_days: Positive
    ending_days: Annotated[list[Positive], Field(min_length=1)]


class Plans(Part):
    origin: Origin
    late_days: Positive


class Benefits(Part):
    origin: Origin
    alone: Annotated[int, Field(ge=0)]  # for one person within 30 days
    together: Annotated[int, Field(ge=0)]  # of one house that waits to be paid, or was paid within 30 days
    number: Annotated[int, Field(ge=0)] = MOST_NUMBER  # so many benefits of one house


class Calendar(Part):
    first_quarter: Text
    release_after_days: Positive
    recipient: Text


class Compensation(Part):
    origin: Origin
    band: Annotated[dict[str, Names], Field(min_length=2)]


class Days(Part):
    """A day for some codes: the first on which a crossing point or a region is there, or is not any more."""

    crossing_point: dict[str, date] = Field(default_factory=dict)
    region: dict[str, date] = Field(default_factory=dict)


class Watch(Part):
    hours: Positive
    cases: Annotated[int, Field(ge=2)]


made: Any = create_model  # tables whose keys are the codes of the program


def _of(name: str, kind: Any, codes: Any, base: type[Part] = Part, required: bool = True) -> Any:
    """A table with one value for each code; fields have names of their own, as a code may be a word of Python."""
    default = ... if required else None
    return made(name, __base__=base, **{f"of_{code}": (kind, Field(default, alias=str(code))) for code in codes})


Retention = _of("Retention", Kept, Compartment, Periods)
Roles = _of("Roles", Text, MechanismRole)
Lists = made(
    "Lists",
    __base__=Part,
    **{f"of_{name}": (_of(name, Names, codes), Field(alias=name)) for name, codes in lists.CODES.items()},
)
Formerly = _of("Formerly", dict[str, str] | None, lists.OF_THE_MECHANISM, required=False)


class Training(Part):
    """The desks of one trainee; a country with any is that of a training."""

    post: Text
    house: Text


class CountryFile(Part):
    """`country.toml`."""

    code: Text
    languages: Annotated[list[Text], Field(min_length=1), AfterValidator(_known_once)]
    iso: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
    names: Names
    timezone: Text
    currency: Names
    emergency: Emergency
    region: dict[str, Names]
    region_tile: dict[str, Tile]
    crossing_group: dict[str, Names]
    crossing_point: dict[str, CrossingPoint]
    border_police: BorderPolice
    organisation: Annotated[list[Organisation], Field(min_length=1)]
    role: Roles  # type: ignore[valid-type]
    next_number: Annotated[list[NextNumber], Field(min_length=1)]
    list_: Lists = Field(alias="list")  # type: ignore[valid-type]
    retention: Retention  # type: ignore[valid-type]
    consent: Consent
    reflection_period: Reflection
    missing: Missing
    building: Building
    calendar: Calendar
    court: Annotated[dict[str, Words], Field(min_length=1)]
    compensation: Compensation
    bulk_opening: Annotated[list[Watch], Field(min_length=1)]
    away: Away | None = None
    child_gate: ChildGate | None = None
    complaints: Complaints | None = None
    matching: Matching | None = None
    follow_up: FollowUp | None = None
    permits: Permits | None = None
    plans: Plans | None = None
    benefits: Benefits | None = None
    formerly: Formerly | None = None  # type: ignore[valid-type]
    opened: Days = Field(default_factory=Days)
    closed: Days = Field(default_factory=Days)
    training: list[Training] = Field(default_factory=list)


def schema() -> dict[str, Any]:
    """JSON Schema of `country.toml`."""
    return CountryFile.model_json_schema(by_alias=True)


def parse(data: Mapping[str, Any]) -> Any:
    """The file as a `CountryFile`; raises MalformedFile with every finding."""
    try:
        return CountryFile.model_validate(dict(data), context={"languages": _languages(data)})
    except ValidationError as error:
        raise MalformedFile(tuple(_finding(each) for each in error.errors(include_url=False))) from None


def _languages(data: Mapping[str, Any]) -> list[str]:
    named = data.get("languages")
    return [each for each in named if isinstance(each, str)] if isinstance(named, list) else []


def _finding(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    places = [*error["loc"], *([context["language"]] if error["type"] == "language" else [])]
    key = "".join(f"[{each + 1}]" if isinstance(each, int) else f".{each}" for each in places).removeprefix(".")
    return f"{key}: {_reason(error, context, places)}"


def _reason(error: ErrorDetails, context: Mapping[str, Any], places: list[Any]) -> str:
    match error["type"]:
        case "missing":
            return "missing"
        case "extra_forbidden":
            return "is not a code of this list" if places[0] == "list" else "is not a key of this table"
        case "string_pattern_mismatch" if places == ["iso"]:
            return "must be two capital letters"
        case "string_type" | "string_pattern_mismatch":
            return "must be text"
        case "date_type" | "date_from_datetime_inexact":
            return "must be a day, such as 2027-01-31"
        case "int_type":
            return "must be a whole number"
        case "string_too_long":
            return f"is longer than {context['max_length']} characters"
        case "greater_than_equal":
            return f"must be a whole number, {context['ge']} or more"
        case "literal_error":
            expected = context["expected"].replace(" or ", ", ").replace("'", "")
            return f"`{error['input']}` is none of {expected}"
        case "model_type" | "dict_type":
            return "must be a table"
        case "list_type":
            return "must be a list"
        case "too_short":
            return f"needs {context['min_length']} or more"
        case _:
            return str(error["msg"])
