"""Reading an agreement from the tables of its TOML file, strictly.

Every error raises MalformedAgreement with `KEY: reason`; the caller adds the name of the file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, time, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nrm.domain import conditions
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreement_bounds import beyond
from nrm.domain.agreement.agreements import (
    FACTS,
    FLAG,
    MISSING,
    RECEIVER,
    SET,
    Agreement,
    Clause,
    Desk,
    Duty,
    Escalation,
    Party,
    PathStep,
    ReportingDuty,
    Target,
)
from nrm.domain.conditions import ALWAYS, Condition, MalformedCondition
from nrm.domain.documents import MalformedDocument, Table, said
from nrm.domain.durations import UnreadableDuration, check_period, parse_duration
from nrm.domain.shelter.cases import OF_IDENTIFICATION, Compartment
from nrm.domain.words import N_, NP_

GRANTED = frozenset(Compartment) - OF_IDENTIFICATION
"""The compartments that a clause can grant. Those of formal identification are read only with the person's consent."""


class MalformedAgreement(MalformedDocument):
    """A document that cannot be applied; the text is `KEY: reason`."""


def parse_agreement(data: Mapping[str, Any], languages: tuple[str, ...] = ()) -> Agreement:
    """Read the tables of an agreement's TOML file; raises MalformedAgreement.

    `languages`: those in which a new text is, and it is not larger than one may be; a text that was signed may be in
    fewer.
    """
    if languages:
        check_bounds(data)
    table = Table(data, error=MalformedAgreement, languages=languages)
    starts_on = _day(table, "from")
    ends_on = table.day("until", optional=True)
    if ends_on is not None and ends_on < starts_on:
        table.wrong("until", N_("lies before `from`"))
    entries = table.tables("party")
    codes = _party_codes(entries)
    facts = _facts(table.table("fact"), codes)
    parties = MappingProxyType({code: _party(entry, code, codes, facts) for code, entry in codes.items()})
    _check_members(codes, parties)
    read = Agreement(
        version=table.text("version"),
        title=table.words("title"),
        signed_on=_day(table, "signed_on"),
        starts_on=starts_on,
        ends_on=ends_on,
        timezone=_timezone(table),
        expires_within=duration_of(table, "referral_expires"),
        facts=facts,
        parties=parties,
        clauses=_clauses(table.tables("clause"), parties, facts),
        path=_path(table.tables("path"), parties),
        reporting=tuple(_reporting(entry, parties) for entry in table.tables("reporting")),
    )
    table.close()
    return read


def check_bounds(data: Mapping[str, Any]) -> None:
    """Raise MalformedAgreement for a text that is larger than one may be."""
    for fault in beyond(data):
        raise MalformedAgreement(fault)


def _day(table: Table, name: str) -> date:
    read = table.day(name)
    if read is None:
        table.wrong(name, NP_("a key of a file", "missing"))
    return read


def _timezone(table: Table) -> ZoneInfo:
    name = table.text("timezone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        table.wrong("timezone", N_("`%(name)s` is not a time zone", name=name))


def duration_of(table: Table, name: str) -> timedelta:
    """An ISO 8601 duration; raises the document's error."""
    try:
        return parse_duration(table.text(name))
    except UnreadableDuration as error:
        table.wrong(name, said(error))


def _within(table: Table) -> timedelta | None:
    return duration_of(table, "within") if table.has("within") else None


def _party_codes(entries: list[Table]) -> dict[str, Table]:
    codes: dict[str, Table] = {}
    for entry in entries:
        code = entry.text("code")
        if code != code.upper() or not code.isidentifier():
            entry.wrong("code", N_("has capital letters, digits and _"))
        if code in codes:
            entry.wrong("code", N_("`%(code)s` stands twice", code=code))
        codes[code] = entry
    return codes


def _facts(table: Table, parties: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """The codes of each fact; `values = "parties"` stands for the codes of all parties."""
    read: dict[str, tuple[str, ...]] = {}
    for name, shape in FACTS.items():
        fact = table.table(name)
        if shape == FLAG:
            if fact.value("values") != [True, False]:
                fact.wrong("values", N_("must be [true, false]"))
            read[name] = ()
        elif fact.value("values") == "parties":
            read[name] = tuple(parties)
        else:
            read[name] = fact.texts("values")
            if not read[name]:
                fact.wrong("values", N_("is empty"))
        fact.close()
    for name in table.data:
        if name not in FACTS:
            table.wrong(name, N_("is not a routing fact"))
    return MappingProxyType(read)


def condition_of(table: Table, name: str, facts: Mapping[str, tuple[str, ...]]) -> Condition:
    """Read a condition and check it against the facts and codes of the agreement."""
    try:
        condition = conditions.parse(table.value(name))
    except MalformedCondition as error:
        table.wrong(name, said(error))
    for comparison in condition.comparisons():
        fact, operator, operand = comparison.name, comparison.operator, comparison.operand
        if fact not in facts:
            table.wrong(name, N_("`%(fact)s` is not a declared fact", fact=fact))
        if (operator == "has") != (FACTS[fact] == SET) or operator == "lt":
            table.wrong(name, N_("`%(operator)s` does not fit the fact `%(fact)s`", operator=operator, fact=fact))
        if FACTS[fact] == FLAG:
            if operator != "eq" or not isinstance(operand, bool):
                table.wrong(name, N_("`%(fact)s` is compared with true or false", fact=fact))
            continue
        for code in sorted(operand) if isinstance(operand, frozenset) else [operand]:
            if code not in facts[fact]:
                table.wrong(name, N_("`%(code)s` is not a value of `%(fact)s`", code=code, fact=fact))
    return condition


def _party(entry: Table, code: str, codes: Collection[str], facts: Mapping[str, tuple[str, ...]]) -> Party:
    kind = OrganisationKind(entry.one_of("kind", set(OrganisationKind)))
    competence: Condition | None = None
    if entry.has("competence"):
        everyone = entry.value("competence") == "everyone"
        competence = ALWAYS if everyone else condition_of(entry, "competence", facts)
    signed_on, joined_on, until = (entry.day(name, optional=True) for name in ("signed_on", "from", "until"))
    if joined_on is not None and signed_on is not None and joined_on < signed_on:
        entry.wrong("from", N_("a party joins on the day it signs or later"))
    begins = joined_on or signed_on
    if until is not None and (begins is None or until < begins):
        entry.wrong("until", N_("lies before the party joined"))
    members = entry.texts("members", codes=codes, optional=True)
    if (kind is OrganisationKind.COALITION) != bool(members):
        entry.wrong("members", N_("a coalition, and nothing else, is made of members"))
    if kind is OrganisationKind.COALITION and competence is not None:
        entry.wrong("competence", N_("a coalition receives nobody itself; its members do"))
    read = Party(
        code=code,
        kind=kind,
        names=entry.words("names"),
        signed_on=signed_on,
        joined_on=joined_on,
        until=until,
        desk=_desk(entry.table("desk")),
        on_call=entry.text("on_call"),
        regions=entry.texts("regions", codes=facts["avoid_regions"], optional=True),
        languages=entry.texts("languages", optional=True),
        competence=competence,
        members=members,
        place=entry.number("place", default=0),
        receives=entry.words("receives") if entry.has("receives") else None,
    )
    entry.close()
    return read


def _check_members(entries: Mapping[str, Table], parties: Mapping[str, Party]) -> None:
    for code, party in parties.items():
        for member in party.members:
            if parties[member].kind is OrganisationKind.COALITION:
                entries[code].wrong("members", N_("`%(member)s` is a coalition itself", member=member))


def _desk(table: Table) -> Desk:
    read: list[time] = []
    for name in ("opens", "closes"):
        try:
            read.append(time.fromisoformat(table.text(name)))
        except ValueError:
            table.wrong(name, N_("`%(value)s` is not a time such as 08:00", value=table.text(name)))
    if read[0] > read[1]:
        table.wrong("closes", N_("lies before `opens`"))
    telephone = table.text("telephone") if table.has("telephone") else ""
    desk = Desk(read[0], read[1], table.flag("weekends"), telephone)
    table.close()
    return desk


def _clauses(
    entries: list[Table], parties: Mapping[str, Party], facts: Mapping[str, tuple[str, ...]]
) -> tuple[Clause, ...]:
    clauses = tuple(_clause(entry, parties, facts) for entry in entries)
    places: dict[str, Table] = {}
    for entry, clause in zip(entries, clauses, strict=True):
        if clause.number in places:
            entry.wrong("number", N_("`%(code)s` stands twice", code=clause.number))
        places[clause.number] = entry
    overrides = {clause.number: clause.overrides for clause in clauses}
    for clause in clauses:
        for number in clause.overrides:
            if number not in places:
                places[clause.number].wrong("overrides", N_("there is no clause `%(number)s`", number=number))
            if _reaches(number, clause.number, overrides):
                places[clause.number].wrong(
                    "overrides",
                    N_("`%(number)s` and `%(other)s` override each other", number=clause.number, other=number),
                )
    return clauses


def _reaches(start: str, goal: str, overrides: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether `goal` is found by following overrides from `start`."""
    waiting, seen = [start], set[str]()
    while waiting:
        number = waiting.pop()
        if number == goal:
            return True
        if number not in seen:
            seen.add(number)
            waiting.extend(overrides.get(number, ()))
    return False


def _clause(entry: Table, parties: Mapping[str, Party], facts: Mapping[str, tuple[str, ...]]) -> Clause:
    refer_to = _targets(entry, "refer_to", parties)
    must, ends = entry.flag("must", False), entry.flag("ends", False)
    if must and not refer_to:
        entry.wrong("must", N_("says nothing without `refer_to`"))
    if ends and refer_to:
        entry.wrong("ends", N_("a clause that ends the way refers to nobody"))
    then = _targets(entry, "then", parties)
    if then and not must:
        entry.wrong("then", N_("follows a must; who may be asked stands in `refer_to`"))
    on = entry.one_of("on", {MISSING}) if entry.has("on") else ""
    read = Clause(
        number=entry.text("number"),
        text=entry.words("text"),
        origin="agreement" if entry.one_of("origin", {"agreement", "proposal"}) == "agreement" else "proposal",
        when=condition_of(entry, "when", facts) if entry.has("when") else ALWAYS,
        refer_to=refer_to,
        must=must,
        forbid=_targets(entry, "forbid", parties),
        duties=_duties(entry, parties, on=on),
        overrides=entry.texts("overrides", optional=True),
        ends=ends,
        then=then,
        on=on,
    )
    if on and (read.refer_to or read.forbid or read.ends or read.overrides):
        entry.wrong("on", N_("a clause of an event says who is told and what is done, and sends nobody anywhere"))
    if not (read.refer_to or read.forbid or read.duties or read.ends):
        entry.wrong("", N_("nothing follows from this clause"))
    entry.close()
    return read


def _targets(entry: Table, name: str, parties: Mapping[str, Party]) -> tuple[Target, ...]:
    """Party codes, kinds, or `COALITION/MEMBER`."""
    return tuple(_target(entry, name, item, parties) for item in entry.texts(name, optional=True))


def _target(entry: Table, name: str, item: str, parties: Mapping[str, Party]) -> Target:
    coalition, slash, member = item.partition("/")
    if slash:
        if coalition not in parties or member not in parties[coalition].members:
            entry.wrong(name, N_("`%(item)s` is not a coalition and its member", item=item))
        return Target(party=member, coalition=coalition)
    if item in parties:
        if parties[item].kind is OrganisationKind.COALITION:
            entry.wrong(
                name,
                N_(
                    "`%(item)s` is a coalition; name its member as in `%(item)s/%(member)s`",
                    item=item,
                    member=parties[item].members[0],
                ),
            )
        return Target(party=item)
    if item in set(OrganisationKind) and item != OrganisationKind.COALITION:
        return Target(kind=OrganisationKind(item))
    return entry.wrong(name, N_("`%(item)s` is neither a party nor a kind of party", item=item))


def _duties(entry: Table, parties: Mapping[str, Party], *, on: str) -> tuple[Duty, ...]:
    """Of an event, kinds of organisations that are no party can be told, too."""
    read: list[Duty] = []
    told = {*parties, *(OrganisationKind if on else ())}
    for duty in entry.tables("notify", optional=True):
        grant = tuple(Compartment(code) for code in duty.texts("grant", codes=GRANTED, optional=True))
        read.append(Duty("notify", duty.one_of("party", told), duration_of(duty, "within"), grant=grant))
        duty.close()
    for name in ("require", "deadline"):
        for duty in entry.tables(name, optional=True):
            step = duty.text("step")
            if step == "notify":
                duty.wrong("step", N_("to tell a party is written as `notify`"))
            party = duty.one_of("party", {*parties, RECEIVER})
            if name == "require":
                read.append(Duty(step, party, _within(duty), before=duty.text("before")))
            else:
                read.append(Duty(step, party, duration_of(duty, "within")))
            duty.close()
    return tuple(read)


def _path(entries: list[Table], parties: Mapping[str, Party]) -> tuple[PathStep, ...]:
    path = tuple(_path_step(entry, parties) for entry in entries)
    for position, (entry, step) in enumerate(zip(entries, path, strict=True)):
        if any(step.step == other.step for other in path[:position]):
            entry.wrong("step", N_("`%(code)s` stands twice", code=step.step))
    return path


def _path_step(entry: Table, parties: Mapping[str, Party]) -> PathStep:
    escalation: list[Escalation] = []
    for rung in entry.tables("escalation", optional=True):
        to = rung.one_of("to", {"next_number", "duty_officer", "emergency_bed"})
        keeper = rung.one_of("party", parties) if to == "emergency_bed" else None
        escalation.append(Escalation(duration_of(rung, "after"), to, keeper))
        if len(escalation) > 1 and escalation[-1].after <= escalation[-2].after:
            rung.wrong("after", N_("must be later than the rung before"))
        rung.close()
    read = PathStep(
        step=entry.text("step"),
        names=entry.words("names"),
        responsible=entry.one_of("responsible", {*parties, RECEIVER}),
        within=duration_of(entry, "within"),
        escalation=tuple(escalation),
    )
    entry.close()
    return read


def _reporting(entry: Table, parties: Mapping[str, Party]) -> ReportingDuty:
    try:
        every = check_period(entry.text("every"))
    except UnreadableDuration as error:
        entry.wrong("every", said(error))
    read = ReportingDuty(
        who=entry.texts("who", codes=parties),
        through=entry.one_of("through", parties) if entry.has("through") else None,
        to=entry.text("to"),
        every=every,
        text=entry.words("text"),
    )
    entry.close()
    return read
