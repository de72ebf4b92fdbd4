"""A country is a folder of data: places, organisations, lists, agreements, questionnaires, tables.

`load` reads it whole and refuses the first thing that is wrong with `FILE: KEY: reason`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nrm.countries import lists
from nrm.domain.accounts import OrganisationKind
from nrm.domain.cases import Compartment
from nrm.domain.documents import MalformedDocument, Table, Words
from nrm.domain.quarters import Quarter, UnreadableQuarter

FOLDER = Path(__file__).parent


class CountryError(ValueError):
    """A country folder that cannot be used; the text is `FILE: KEY: reason`."""


@dataclass(frozen=True, slots=True)
class CrossingPoint:
    """A place where people return; `other` stands for all that are not listed and has no region."""

    code: str
    names: Words
    group: str
    region: str | None
    neighbour: str | None


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation that an instance of the country starts with."""

    code: str
    kind: OrganisationKind
    names: Words
    region: str | None
    party: str | None
    on_call: str
    beds: tuple[str, ...] = ()
    crossing_point: str | None = None


@dataclass(frozen=True, slots=True)
class Emergency:
    """Telephones that stand on every page of an interview."""

    police: str
    ambulance: str
    helpline: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How long sealed things live. A compartment maps to years after closing, or None: as long as the court file."""

    years_after_closing: Mapping[Compartment, int | None]
    children_until_age: int
    draft_days: int
    draft_warning_days: int
    negative_screen_days: int
    notice_days: int
    answer_request_days: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """When quarterly reports begin, how long after the quarter they are released, and to whom."""

    first_quarter: Quarter
    release_after_days: int
    recipient: str


@dataclass(frozen=True, slots=True)
class Country:
    """Everything national. Mappings keep the order of the files."""

    code: str
    iso: str
    names: Words
    timezone: ZoneInfo
    languages: tuple[str, ...]
    emergency: Emergency
    regions: Mapping[str, Words]
    crossing_groups: Mapping[str, Words]
    crossing_points: Mapping[str, CrossingPoint]
    organisations: Mapping[str, Organisation]
    lists: Mapping[str, Mapping[str, Words]]
    retention: Retention
    calendar: Calendar

    def label(self, name: str, code: str, language: str) -> str:
        """The words of a code in the closed list `name`; KeyError for a code that is not in it."""
        return self.lists[name][code][language]

    def acting_as(self, party: str) -> tuple[Organisation, ...]:
        """The organisations that act as a party of the agreement; crossing points share one."""
        return tuple(each for each in self.organisations.values() if each.party == party)


def load(code: str, folder: Path | None = None) -> Country:
    """The country from `folder` (default: the one shipped under its code); raises CountryError."""
    place = folder if folder is not None else FOLDER / code
    file = place / "country.toml"
    if folder is None and (not code.isidentifier() or not file.is_file()):
        raise CountryError(f"{code}: country.toml: there is no such country")
    try:
        country = _read_country(Table(_toml(file)), code)
    except MalformedDocument as error:
        raise CountryError(f"{file.name}: {error}") from None
    return country


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CountryError(f"{file.name}: file: missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CountryError(f"{file.name}: file: is not TOML ({error})") from None


def _read_country(table: Table, code: str) -> Country:
    table.one_of("code", {code})
    table.languages = table.texts("languages")
    if not {"sq", "en"}.issubset(table.languages):
        table.wrong("languages", "must hold sq and en")
    iso = table.text("iso")
    if len(iso) != 2 or not iso.isupper():
        table.wrong("iso", "must be two capital letters")
    try:
        timezone = ZoneInfo(table.text("timezone"))
    except (ZoneInfoNotFoundError, ValueError):
        table.wrong("timezone", f"`{table.text('timezone')}` is not a time zone")
    regions = _words_by_code(table.table("region"))
    groups = _words_by_code(table.table("crossing_group"))
    points = _crossing_points(table.table("crossing_point"), regions, groups)
    organisations = _organisations(table, regions, points)
    country = Country(
        code=code,
        iso=iso,
        names=table.words("names"),
        timezone=timezone,
        languages=table.languages,
        emergency=_emergency(table.table("emergency")),
        regions=regions,
        crossing_groups=groups,
        crossing_points=points,
        organisations=organisations,
        lists=_lists(table.table("list")),
        retention=_retention(table.table("retention")),
        calendar=_calendar(table.table("calendar"), organisations),
    )
    table.close()
    return country


def _words_by_code(table: Table) -> Mapping[str, Words]:
    return MappingProxyType({code: table.words(code) for code in table.data})


def _emergency(table: Table) -> Emergency:
    read = Emergency(table.text("police"), table.text("ambulance"), table.text("helpline"))
    table.close()
    return read


def _crossing_points(
    table: Table, regions: Mapping[str, Words], groups: Mapping[str, Words]
) -> Mapping[str, CrossingPoint]:
    read: dict[str, CrossingPoint] = {}
    for code in table.data:
        point = table.table(code)
        if code != code.lower() or not code.isidentifier():
            point.wrong("", "a code has small letters, digits and _")
        read[code] = CrossingPoint(
            code=code,
            names=point.words("names"),
            group=point.one_of("group", groups),
            region=None if code == "other" else point.one_of("region", regions),
            neighbour=point.text("neighbour") if point.has("neighbour") else None,
        )
        point.close()
    if "other" not in read:
        table.wrong("other", "missing")
    return MappingProxyType(read)


def _organisations(
    table: Table, regions: Mapping[str, Words], points: Mapping[str, CrossingPoint]
) -> Mapping[str, Organisation]:
    read: dict[str, Organisation] = {}
    police = table.table("border_police")
    party, on_call = police.text("party"), police.text("on_call")
    police.close()
    for point in points.values():
        if point.region is not None:
            read[point.code.upper()] = Organisation(
                code=point.code.upper(),
                kind=OrganisationKind.BORDER_POLICE,
                names=point.names,
                region=point.region,
                party=party,
                on_call=on_call,
                crossing_point=point.code,
            )
    for entry in table.tables("organisation"):
        organisation = _organisation(entry, regions)
        if organisation.code in read:
            entry.wrong("code", f"`{organisation.code}` stands twice")
        read[organisation.code] = organisation
    return MappingProxyType(read)


def _organisation(entry: Table, regions: Mapping[str, Words]) -> Organisation:
    code = entry.text("code")
    if code != code.upper() or not code.isidentifier():
        entry.wrong("code", "has capital letters, digits and _")
    kind = OrganisationKind(entry.one_of("kind", set(OrganisationKind)))
    beds: tuple[str, ...] = ()
    if kind.takes_people_in:
        prefix = entry.text("bed_prefix")
        beds = tuple(f"{prefix}{number:02}" for number in range(1, entry.number("beds", least=1) + 1))
    elif entry.has("beds"):
        entry.wrong("beds", f"an organisation of kind {kind} has no beds")
    party = entry.text("party") if entry.has("party") else None
    if party is None and kind.holds_keys:
        entry.wrong("party", "missing")
    read = Organisation(
        code=code,
        kind=kind,
        names=entry.words("names"),
        region=entry.one_of("region", regions),
        party=party,
        on_call=entry.text("on_call") if kind.holds_keys else "",
        beds=beds,
    )
    entry.close()
    return read


def _retention(table: Table) -> Retention:
    years: dict[Compartment, int | None] = {}
    for compartment in Compartment:
        rule = table.table(compartment)
        if rule.has("as_long_as"):
            rule.one_of("as_long_as", {"court_file"})
            years[compartment] = None
        else:
            years[compartment] = rule.number("years_after_closing", least=1)
        rule.close()
    read = Retention(
        years_after_closing=MappingProxyType(years),
        children_until_age=table.number("children_until_age", least=18),
        draft_days=table.number("draft_days", least=1),
        draft_warning_days=table.number("draft_warning_days", least=1),
        negative_screen_days=table.number("negative_screen_days", least=1),
        notice_days=table.number("notice_days", least=1),
        answer_request_days=table.number("answer_request_days", least=1),
    )
    if read.draft_warning_days >= read.draft_days:
        table.wrong("draft_warning_days", "the warning must come before the end")
    table.close()
    return read


def _calendar(table: Table, organisations: Mapping[str, Organisation]) -> Calendar:
    try:
        first = Quarter.parse(table.text("first_quarter"))
    except UnreadableQuarter as error:
        table.wrong("first_quarter", str(error))
    read = Calendar(first, table.number("release_after_days", least=1), table.one_of("recipient", organisations))
    table.close()
    return read


def _lists(table: Table) -> Mapping[str, Mapping[str, Words]]:
    read: dict[str, Mapping[str, Words]] = {}
    for name, codes in lists.CODES.items():
        entries = table.table(name)
        for code in codes:
            if not entries.has(code):
                entries.wrong(code, "missing")
        for code in entries.data:
            if code not in codes:
                entries.wrong(code, "is not a code of this list")
        read[name] = _words_by_code(entries)
    table.close()
    return MappingProxyType(read)
