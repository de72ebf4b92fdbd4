"""Reading `country.toml`: its shape by `files.py`, then every reference against what it refers to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nrm.countries import files, lists
from nrm.countries.country import (
    OTHER_POINT,
    Building,
    Calendar,
    Country,
    CrossingPoint,
    Days,
    Elsewhere,
    Emergency,
    ListedOrganisation,
    NextNumber,
    Retention,
    TrainingDesks,
)
from nrm.countries.former_words import Formerly
from nrm.domain.accounts.accounts import ROLES_OF, OrganisationKind, Role
from nrm.domain.accounts.alarms import Watch
from nrm.domain.documents import MalformedDocument, Words
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.domain.reports.counting import NOT_GRANTED
from nrm.domain.roles import KIND_OF_ROLE, MechanismRole
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.claims import NOT_STATED
from nrm.domain.shelter.consents import Validity
from nrm.domain.shelter.identifications import ReflectionPeriod
from nrm.domain.shelter.matching import MatchingRules
from nrm.domain.shelter.permit_entries import PermitPeriods
from nrm.domain.support.benefits import Limits
from nrm.domain.support.follow_ups import FollowUpRules

CHILD_WORD_HOURS = 72  # where the country does not say: a week-end
LONGEST_THINKING = 72  # hours, as in the text that is read out
FINDINGS_HOLD_DAYS = 90
PLAN_LATE_DAYS = 3


def read_country(data: Mapping[str, Any], code: str) -> Country:
    """The country of the file, without its agreements; raises MalformedDocument with `KEY: reason`."""
    read = files.parse(data)
    _one_of("code", read.code, {code})
    points = _crossing_points(read)
    organisations = _organisations(read, points)
    _check_periods(read)
    return Country(
        code=code,
        iso=read.iso,
        names=read.names,
        timezone=_timezone(read.timezone),
        currency=read.currency,
        languages=tuple(read.languages),
        emergency=Emergency(**_values(read.emergency)),
        regions=MappingProxyType(read.region),
        region_tiles=_region_tiles(read),
        crossing_groups=MappingProxyType(read.crossing_group),
        crossing_points=points,
        organisations=organisations,
        lists=_lists(read.list_),
        retention=_retention(read.retention),
        validity=Validity(**_values(read.consent)),
        reflection=ReflectionPeriod(
            read.reflection_period.days,
            frozenset(read.reflection_period.citizenship_classes),
            read.reflection_period.source,
        ),
        missing_days=read.missing.ended_after_days,
        away_nights_counted=read.away.nights_counted if read.away else 0,
        building=_building(read.building),
        findings_hold_days=read.child_gate.findings_hold_days if read.child_gate else FINDINGS_HOLD_DAYS,
        plan_late_days=read.plans.late_days if read.plans else PLAN_LATE_DAYS,
        benefit_limits=Limits(read.benefits.alone, read.benefits.together, read.benefits.number)
        if read.benefits
        else Limits(),
        matching=_matching(read.matching),
        complaints=Elsewhere(**_values(read.complaints)) if read.complaints else None,
        follow_up=_follow_up(read.follow_up),
        permits=_permits(read.permits),
        calendar=_calendar(read.calendar, organisations),
        courts=_courts(read.court),
        amount_bands=_amount_bands(read.compensation.band),
        watches=_watches(read.bulk_opening),
        roles=_roles(read.role, organisations),
        next_numbers=_next_numbers(read),
        formerly=_formerly(read.formerly),
        opened=_days("opened", read.opened, read),
        closed=_closed(read),
        training=_training(read, organisations),
    )


def _training(read: files.CountryFile, organisations: Mapping[str, ListedOrganisation]) -> tuple[TrainingDesks, ...]:
    """The desks of each trainee, by their organisations."""
    found = []
    for position, each in enumerate(read.training, start=1):
        key, post = f"training[{position}]", each.post.upper()
        _one_of(f"{key}.post", each.post, [code for code in read.crossing_point if code.upper() in organisations])
        _one_of(f"{key}.house", each.house, [code for code, of in organisations.items() if of.kind.takes_people_in])
        found.append(TrainingDesks(post, each.house))
    return tuple(found)


def _wrong(key: str, reason: str) -> NoReturn:
    raise MalformedDocument(f"{key}: {reason}")


def _one_of(key: str, value: str, codes: Collection[str]) -> None:
    if value not in codes:
        _wrong(key, f"`{value}` is none of {', '.join(sorted(codes))}")


def _values(part: files.Part) -> dict[str, Any]:
    """The values of a table by their keys, without the rule's origin."""
    return {name: getattr(part, name) for name in type(part).model_fields if name != "origin"}


def _by_code(part: Any) -> Iterator[tuple[str, Any]]:
    """(code, value) of a table that has a value for each of some codes."""
    for name, field in type(part).model_fields.items():
        if field.alias is not None:
            yield field.alias, getattr(part, name)


def _check_code(key: str, code: str, taken: Collection[str] = ()) -> None:
    if code != code.lower() or not code.isidentifier() or code in taken:
        none = f", and is none of {', '.join(sorted(taken))}" if taken else ""
        _wrong(key, f"a code has small letters, digits and _{none}")


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        _wrong("timezone", f"`{name}` is not a time zone")


def _region_tiles(read: files.CountryFile) -> Mapping[str, tuple[int, int]]:
    """Each region once, at a place of its own."""
    places: dict[str, tuple[int, int]] = {}
    for code, tile in read.region_tile.items():
        _one_of("region_tile", code, read.region)
        if (tile.column, tile.row) in places.values():
            _wrong(f"region_tile.{code}", "another region has this place")
        places[code] = (tile.column, tile.row)
    for code in read.region:
        if code not in places:
            _wrong(f"region_tile.{code}", "missing")
    return MappingProxyType(places)


def _crossing_points(read: files.CountryFile) -> Mapping[str, CrossingPoint]:
    points: dict[str, CrossingPoint] = {}
    for code, point in read.crossing_point.items():
        key = f"crossing_point.{code}"
        _check_code(key, code)
        _one_of(f"{key}.group", point.group, read.crossing_group)
        if code != "other":
            if point.region is None:
                _wrong(f"{key}.region", "missing")
            _one_of(f"{key}.region", point.region, read.region)
        points[code] = CrossingPoint(
            code, point.names, point.group, None if code == "other" else point.region, point.neighbour
        )
    if "other" not in points:
        _wrong("crossing_point.other", "missing")
    return MappingProxyType(points)


def _organisations(read: files.CountryFile, points: Mapping[str, CrossingPoint]) -> Mapping[str, ListedOrganisation]:
    found = {
        point.code.upper(): ListedOrganisation(
            code=point.code.upper(),
            kind=OrganisationKind.BORDER_POLICE,
            names=point.names,
            region=point.region,
            party=read.border_police.party,
            on_call=read.border_police.on_call,
            crossing_point=point.code,
        )
        for point in points.values()
        if point.region is not None
    }
    for position, entry in enumerate(read.organisation, start=1):
        key = f"organisation[{position}]"
        organisation = _organisation(key, entry, read.region)
        if organisation.code in found:
            _wrong(f"{key}.code", f"`{organisation.code}` stands twice")
        if organisation.kind.takes_people_in:
            same = [each.code for each in found.values() if each.party == organisation.party]
            if same:
                _wrong(f"{key}.party", f"`{organisation.party}` is {same[0]} already: who receives people is one party")
        found[organisation.code] = organisation
    return MappingProxyType(found)


def _organisation(key: str, entry: files.Organisation, regions: Collection[str]) -> ListedOrganisation:
    if entry.code != entry.code.upper() or not entry.code.isidentifier():
        _wrong(f"{key}.code", "has capital letters, digits and _")
    kind = OrganisationKind(entry.kind)
    # The investigating police are no party: no clause asks or tells them; only the person's consent lets them read.
    needed = {
        "bed_prefix": kind.takes_people_in,
        "beds": kind.takes_people_in,
        "party": kind.holds_keys and kind is not OrganisationKind.POLICE,
        "on_call": kind.holds_keys,
    }
    for name, is_needed in needed.items():
        if is_needed and getattr(entry, name) is None:
            _wrong(f"{key}.{name}", "missing")
        # Nobody is handed over to who needs no number; with one they are called (ADR 0250).
        if not is_needed and name in ("bed_prefix", "beds") and getattr(entry, name) is not None:
            _wrong(f"{key}.{name}", f"an organisation of kind {kind} has no beds")
    if entry.face_to_face and kind is not OrganisationKind.HELPLINE:
        _wrong(f"{key}.face_to_face", f"said only of a {OrganisationKind.HELPLINE}: all others meet people")
    _one_of(f"{key}.region", entry.region, regions)
    for role in entry.roles or ():
        _one_of(f"{key}.roles", role, sorted(ROLES_OF[kind]))
    return ListedOrganisation(
        code=entry.code,
        kind=kind,
        names=entry.names,
        region=entry.region,
        party=entry.party,
        on_call=entry.on_call or "",
        beds=tuple(f"{entry.bed_prefix}{number:02}" for number in range(1, (entry.beds or 0) + 1)),
        roles=frozenset(map(Role, entry.roles)) if entry.roles is not None else None,
        face_to_face=entry.face_to_face,
    )


def _check_periods(read: files.CountryFile) -> None:
    """Warnings come before what they warn of."""
    kept: Any = read.retention
    if kept.draft_warning_days >= kept.draft_days:
        _wrong("retention.draft_warning_days", "the warning must come before the end")
    if kept.child_word_hours is not None and kept.child_word_hours < kept.hold_hours:
        _wrong("retention.child_word_hours", "not below `hold_hours`: it is held longer, not shorter")
    if kept.thinking_hours > LONGEST_THINKING:
        _wrong("retention.thinking_hours", f"at most {LONGEST_THINKING}: that is what the person is told")
    if read.consent.ask_again_days >= min(read.consent.services_days, read.consent.sharing_days):
        _wrong("consent.ask_again_days", "the holder must be told before the end and after the beginning")


def _retention(read: Any) -> Retention:
    years: dict[Compartment, int | None] = {}
    for code, rule in _by_code(read):
        if (rule.years_after_closing is None) == (rule.as_long_as is None):
            _wrong(f"retention.{code}.years_after_closing", "missing, or say `as_long_as` alone")
        years[Compartment(code)] = rule.years_after_closing
    periods = {name: getattr(read, name) for name in files.Periods.model_fields}
    if read.child_word_hours is None:
        periods["child_word_hours"] = max(CHILD_WORD_HOURS, read.hold_hours)
    return Retention(years_after_closing=MappingProxyType(years), **periods)


def _building(read: files.Building) -> Building:
    for code in read.for_whom:
        _check_code(f"building.for_whom.{code}", code)
    return Building(**_values(read))


def _follow_up(read: files.FollowUp | None) -> FollowUpRules:
    """After how many months people are asked how they are; defaults if the country gives none."""
    if read is None:
        return FollowUpRules()
    if sorted(set(read.months)) != read.months:
        _wrong("follow_up.months", "each once, the first first")
    return FollowUpRules(**{**_values(read), "months": tuple(read.months)})


def _matching(read: files.Matching | None) -> MatchingRules:
    """The days of a check whether somebody was here before; defaults if the country gives none."""
    if read is None:
        return MatchingRules()
    if read.check_days <= read.answer_days:
        _wrong("matching.check_days", "a check is under way longer than the other side has to answer")
    return MatchingRules(**_values(read))


def _permits(read: files.Permits | None) -> PermitPeriods:
    """The periods of residence permits; defaults if the country gives none."""
    if read is None:
        return PermitPeriods()
    if sorted(set(read.ending_days), reverse=True) != read.ending_days:
        _wrong("permits.ending_days", "must be numbers of days, the greatest first")
    return PermitPeriods(**{**_values(read), "ending_days": tuple(read.ending_days)})


def _calendar(read: files.Calendar, organisations: Mapping[str, ListedOrganisation]) -> Calendar:
    try:
        first = Quarter.parse(read.first_quarter)
    except UnreadableQuarter as error:
        _wrong("calendar.first_quarter", str(error))
    _one_of("calendar.recipient", read.recipient, organisations)
    return Calendar(first, read.release_after_days, read.recipient)


def _courts(courts: Mapping[str, Words]) -> Mapping[str, Words]:
    for code in courts:
        _check_code(f"court.{code}", code)
    return MappingProxyType(dict(courts))


def _amount_bands(bands: Mapping[str, Words]) -> Mapping[str, Words]:
    for code in bands:
        _check_code(f"compensation.band.{code}", code, (NOT_STATED, NOT_GRANTED))
    return MappingProxyType(bands)


def _watches(entries: Collection[files.Watch]) -> tuple[Watch, ...]:
    hours = [each.hours for each in entries]
    for position, each in enumerate(hours, start=1):
        if each in hours[: position - 1]:
            _wrong(f"bulk_opening[{position}].hours", f"`{each}` stands twice")
    return tuple(Watch(each.hours, each.cases) for each in entries)


def _roles(read: Any, organisations: Mapping[str, ListedOrganisation]) -> Mapping[MechanismRole, str]:
    for role, code in _by_code(read):
        _one_of(f"role.{role}", code, organisations)
        kind = KIND_OF_ROLE[MechanismRole(role)]
        if organisations[code].kind is not kind:
            _wrong(f"role.{role}", f"`{code}` is not of kind {kind}")
    return MappingProxyType({MechanismRole(role): code for role, code in _by_code(read)})


def _next_numbers(read: files.CountryFile) -> tuple[NextNumber, ...]:
    numbers: list[NextNumber] = []
    for position, entry in enumerate(read.next_number, start=1):
        key = f"next_number[{position}].region"
        if entry.region is not None:
            _one_of(key, entry.region, read.region)
            if any(each.kind == entry.kind and each.region is None for each in numbers):
                _wrong(key, "the numbers of regions stand before those of the whole country")
        numbers.append(NextNumber(OrganisationKind(entry.kind), entry.names, entry.region, entry.telephone))
    return tuple(numbers)


def _lists(read: Any) -> Mapping[str, Mapping[str, Words]]:
    return MappingProxyType({name: MappingProxyType(dict(_by_code(codes))) for name, codes in _by_code(read)})


def _days(key: str, days: files.Days, read: files.CountryFile) -> Days:
    """The days of crossing points and regions; `other` is no place that opens or closes."""
    for kind, codes in (("crossing_point", {*read.crossing_point} - {OTHER_POINT}), ("region", {*read.region})):
        for code in getattr(days, kind):
            _one_of(f"{key}.{kind}", code, codes)
    return MappingProxyType({"crossing_point": days.crossing_point, "region": days.region})


def _closed(read: files.CountryFile) -> Days:
    """The days on which places close: after they opened, and a region not before what lies in it."""
    closed = _days("closed", read.closed, read)
    for kind, days in closed.items():
        for code, day in days.items():
            if (opened := getattr(read.opened, kind).get(code)) is not None and opened >= day:
                _wrong(f"closed.{kind}.{code}", f"lies before its opening on {opened}")
    for code, point in read.crossing_point.items():
        gone, until = closed["region"].get(point.region or ""), closed["crossing_point"].get(code)
        if gone is not None and (until is None or until > gone):
            _wrong(f"closed.region.{point.region}", f"crossing point {code} lies in it: close that too, or move it")
    for entry in read.organisation:
        if entry.region in closed["region"]:
            _wrong(f"closed.region.{entry.region}", f"{entry.code} is in it: give it another region")
    return closed


def _formerly(read: Any) -> Formerly:
    """Older codes of facts; a country without older texts has none."""
    given = {fact: codes for fact, codes in _by_code(read) if codes} if read is not None else {}
    for fact, older in given.items():
        for code, now in older.items():
            if now not in lists.OF_THE_MECHANISM[fact]:
                known = ", ".join(lists.OF_THE_MECHANISM[fact])
                _wrong(f"formerly.{fact}.{code}", f"`{now}` is none of {known}")
    return MappingProxyType(given)
