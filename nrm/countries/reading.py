"""Reading `country.toml`: every table strictly, every reference against what it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nrm.countries import lists
from nrm.countries.country import (
    PAGE_LANGUAGES,
    Building,
    Calendar,
    Country,
    CrossingPoint,
    Emergency,
    ListedOrganisation,
    NextNumber,
    Retention,
)
from nrm.countries.former_words import Formerly
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.accounts.alarms import Watch
from nrm.domain.documents import Table, Words
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.domain.reports.counting import NOT_GRANTED
from nrm.domain.roles import KIND_OF_ROLE, MechanismRole
from nrm.domain.shelter.cases import CITIZENSHIP_CLASSES, Compartment
from nrm.domain.shelter.claims import NOT_STATED
from nrm.domain.shelter.consents import Validity
from nrm.domain.shelter.identifications import ReflectionPeriod
from nrm.domain.shelter.permit_entries import PermitPeriods

LONGEST_THINKING = 72  # hours, as in the text that is read out


def read_country(table: Table, code: str) -> Country:
    """The country of the file, without its agreements; raises MalformedDocument with `KEY: reason`."""
    table.one_of("code", {code})
    table.languages = table.texts("languages")
    if not set(PAGE_LANGUAGES).issubset(table.languages):
        table.wrong("languages", f"must hold {' and '.join(PAGE_LANGUAGES)}: pages are in these")
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
        currency=table.words("currency"),
        languages=table.languages,
        emergency=_emergency(table.table("emergency")),
        regions=regions,
        region_tiles=_region_tiles(table.table("region_tile"), regions),
        crossing_groups=groups,
        crossing_points=points,
        organisations=organisations,
        lists=_lists(table.table("list")),
        retention=_retention(table.table("retention")),
        validity=_validity(table.table("consent")),
        reflection=_reflection(table.table("reflection_period")),
        missing_days=_missing_days(table.table("missing")),
        away_nights_counted=_away_nights(table.table("away") if "away" in table.data else None),
        building=_building(table.table("building")),
        findings_hold_days=_findings_hold_days(table.table("child_gate") if "child_gate" in table.data else None),
        permits=_permits(table.table("permits") if "permits" in table.data else None),
        calendar=_calendar(table.table("calendar"), organisations),
        amount_bands=_amount_bands(table.table("compensation")),
        watches=_watches(table.tables("bulk_opening")),
        roles=_roles(table.table("role"), organisations),
        next_numbers=_next_numbers(table.tables("next_number"), regions),
        formerly=_formerly(table.table("formerly") if "formerly" in table.data else None),
    )
    table.close()
    return country


def _roles(table: Table, organisations: Mapping[str, ListedOrganisation]) -> Mapping[MechanismRole, str]:
    read: dict[MechanismRole, str] = {}
    for role, kind in KIND_OF_ROLE.items():
        read[role] = table.one_of(role, organisations)
        if organisations[read[role]].kind is not kind:
            table.wrong(role, f"`{read[role]}` is not of kind {kind}")
    table.close()
    return MappingProxyType(read)


def _formerly(table: Table | None) -> Formerly:
    """Older codes of facts; a country without older texts has none."""
    if table is None:
        return MappingProxyType({})
    read: dict[str, Mapping[str, str]] = {}
    for fact in table.data:
        older = table.table(fact)
        if fact not in lists.OF_THE_MECHANISM:
            older.wrong("", f"is none of {', '.join(lists.OF_THE_MECHANISM)}")
        read[fact] = {code: older.one_of(code, lists.OF_THE_MECHANISM[fact]) for code in older.data}
    return MappingProxyType(read)


def _words_by_code(table: Table) -> Mapping[str, Words]:
    return MappingProxyType({code: table.words(code) for code in table.data})


def _region_tiles(table: Table, regions: Mapping[str, Words]) -> Mapping[str, tuple[int, int]]:
    """Each region once, at a place of its own."""
    read: dict[str, tuple[int, int]] = {}
    for code in regions:
        place = table.table(code)
        read[code] = (place.number("column"), place.number("row"))
        place.close()
        if list(read.values()).count(read[code]) > 1:
            place.wrong("", "another region has this place")
    table.close()
    return MappingProxyType(read)


def _emergency(table: Table) -> Emergency:
    read = Emergency(*(table.text(name) for name in ("police", "ambulance", "helpline", "children")))
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
) -> Mapping[str, ListedOrganisation]:
    read: dict[str, ListedOrganisation] = {}
    police = table.table("border_police")
    party, on_call = police.text("party"), police.text("on_call")
    police.close()
    for point in points.values():
        if point.region is not None:
            read[point.code.upper()] = ListedOrganisation(
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
        if organisation.kind.takes_people_in:
            same = [each.code for each in read.values() if each.party == organisation.party]
            if same:
                entry.wrong("party", f"`{organisation.party}` is {same[0]} already: who receives people is one party")
        read[organisation.code] = organisation
    return MappingProxyType(read)


def _organisation(entry: Table, regions: Mapping[str, Words]) -> ListedOrganisation:
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
    # The investigating police are no party: no clause asks or tells them; only the person's consent lets them read.
    if party is None and kind.holds_keys and kind is not OrganisationKind.POLICE:
        entry.wrong("party", "missing")
    read = ListedOrganisation(
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
        group_hours=table.number("group_hours", least=1),
        hold_hours=table.number("hold_hours", least=1),
        refused_minutes=table.number("refused_minutes", least=1),
        thinking_hours=table.number("thinking_hours", least=1),
        negative_screen_days=table.number("negative_screen_days", least=1),
        notice_days=table.number("notice_days", least=1),
        answer_request_days=table.number("answer_request_days", least=1),
    )
    if read.draft_warning_days >= read.draft_days:
        table.wrong("draft_warning_days", "the warning must come before the end")
    if read.thinking_hours > LONGEST_THINKING:
        table.wrong("thinking_hours", f"at most {LONGEST_THINKING}: that is what the person is told")
    table.close()
    return read


def _validity(table: Table) -> Validity:
    table.one_of("origin", {"agreement", "proposal"})
    read = Validity(
        services_days=table.number("services_days", least=1),
        sharing_days=table.number("sharing_days", least=1),
        ask_again_days=table.number("ask_again_days", least=1),
    )
    if read.ask_again_days >= min(read.services_days, read.sharing_days):
        table.wrong("ask_again_days", "the holder must be told before the end and after the beginning")
    table.close()
    return read


def _reflection(table: Table) -> ReflectionPeriod:
    table.one_of("origin", {"agreement", "proposal"})
    read = ReflectionPeriod(
        days=table.number("days", least=1),
        citizenship_classes=frozenset(table.texts("citizenship_classes", codes=set(CITIZENSHIP_CLASSES))),
        source=table.text("source"),
    )
    table.close()
    return read


def _missing_days(table: Table) -> int:
    table.one_of("origin", {"agreement", "proposal"})
    days = table.number("ended_after_days", least=1)
    table.close()
    return days


def _away_nights(table: Table | None) -> int:
    """How many nights of an absence count; all of a country that says nothing are as missing: none."""
    if table is None:
        return 0
    table.one_of("origin", {"agreement", "proposal"})
    nights = table.number("nights_counted", least=0)
    table.close()
    return nights


def _building(table: Table) -> Building:
    table.one_of("origin", {"agreement", "proposal"})
    for_whom = table.table("for_whom")
    for code in for_whom.data:
        if code != code.lower() or not code.isidentifier():
            for_whom.wrong(code, "a code has small letters, digits and _")
    if not for_whom.data:
        for_whom.wrong("", "one at least is needed; the first is for everybody")
    read = Building(
        for_whom=_words_by_code(for_whom),
        first_unit=table.text("first_unit"),
        kept_days=table.number("kept_days", least=1),
        kept_without_hour_days=table.number("kept_without_hour_days", least=1),
        kept_overdue_days=table.number("kept_overdue_days"),
        extra_place_days=table.number("extra_place_days", least=1),
        missing_place_hours=table.number("missing_place_hours"),
    )
    table.close()
    return read


FINDINGS_HOLD_DAYS = 90


def _findings_hold_days(table: Table | None) -> int:
    """The days for which findings on a child hold; a default if the country gives none."""
    if table is None:
        return FINDINGS_HOLD_DAYS
    table.one_of("origin", {"agreement", "proposal"})
    days = table.number("findings_hold_days", least=1)
    table.close()
    return days


def _permits(table: Table | None) -> PermitPeriods:
    """The periods of residence permits; defaults if the country gives none."""
    if table is None:
        return PermitPeriods()
    table.one_of("origin", {"agreement", "proposal"})
    ending = table.value("ending_days")
    numbers = isinstance(ending, list) and ending and all(type(each) is int and each > 0 for each in ending)
    if not numbers or sorted(set(ending), reverse=True) != ending:
        table.wrong("ending_days", "must be numbers of days, the greatest first")
    read = PermitPeriods(
        appeal_days=table.number("appeal_days", least=1),
        objection_working_days=table.number("objection_working_days", least=1),
        decision_days=table.number("decision_days", least=1),
        ending_days=tuple(ending),
    )
    table.close()
    return read


def _amount_bands(table: Table) -> Mapping[str, Words]:
    table.one_of("origin", {"agreement", "proposal"})
    bands = table.table("band")
    for code in bands.data:
        if code in (NOT_STATED, NOT_GRANTED) or code != code.lower() or not code.isidentifier():
            bands.wrong(code, "a code has small letters, digits and _, and is none of none, not_stated")
    if len(bands.data) < 2:
        bands.wrong("", "two bands or more are needed")
    table.close()
    return _words_by_code(bands)


def _next_numbers(entries: list[Table], regions: Mapping[str, Words]) -> tuple[NextNumber, ...]:
    read: list[NextNumber] = []
    for entry in entries:
        number = NextNumber(
            kind=OrganisationKind(entry.one_of("kind", set(OrganisationKind))),
            names=entry.words("names"),
            region=entry.one_of("region", regions) if entry.has("region") else None,
            telephone=entry.text("telephone"),
        )
        if any(other.kind is number.kind and other.region is None for other in read) and number.region is not None:
            entry.wrong("region", "the numbers of regions stand before those of the whole country")
        read.append(number)
        entry.close()
    return tuple(read)


def _watches(entries: list[Table]) -> tuple[Watch, ...]:
    read: dict[int, Watch] = {}
    for entry in entries:
        watch = Watch(hours=entry.number("hours", least=1), cases=entry.number("cases", least=2))
        if watch.hours in read:
            entry.wrong("hours", f"`{watch.hours}` stands twice")
        read[watch.hours] = watch
        entry.close()
    return tuple(read.values())


def _calendar(table: Table, organisations: Mapping[str, ListedOrganisation]) -> Calendar:
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
