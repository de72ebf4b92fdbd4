"""Residence permits and who may see them: the holder of the case, and the permit unit with which it is shared."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter import permit_entries as rules
from nrm.domain.shelter.cases import HOME_CITIZEN, Compartment
from nrm.domain.shelter.permit_entries import MarkKind, RecordedEntry
from nrm.domain.shelter.permits import DECISIONS, UNDECIDED, Ground, PermitEvent, PermitFacts, PermitStatus, has_gap
from nrm.domain.shelter.strikes import StrikeReason
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.cases import Case, Grant
from nrm.models.shelter.permits import PermitEntry as EntryRow
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.statements import built_once


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """When an entry was written, and by whom, if that was somebody of the asker's organisation."""

    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry of a permit as the asker sees it.

    `by` is only for the holder, because the shelter reveals where the person is. `counts`: it says how the permit
    stands; else it was struck, or the unit objected to it, or it waits: for a second member (`waits_second`; may the
    asker be that one: `may_second`), or until `objection_ends` for the unit. `struck_by`: who struck it, and `written`:
    when it was written down, if on a later day, and by whom; the unit reads no name of a shelter.
    """

    id: uuid.UUID
    event: PermitEvent
    on: date
    by: dict[str, str]
    language: str
    issued_from: date | None
    issued_until: date | None
    ground: Ground | None
    paper: bool
    counts: bool
    objected: bool
    struck: bool
    struck_on: date | None
    struck_why: StrikeReason | None
    struck_by: str
    written: RecordedLine | None
    strike_waits: bool
    waits_second: bool
    objection_ends: date | None
    may_second: bool
    may_answer: bool
    may_strike: bool
    may_replace: bool


@dataclass(frozen=True, slots=True)
class PermitView:
    """One person's permit. `needed`: False for a recorded home citizen; `events`: what can be recorded next,
    `on_paper` only from the unit's paper.
    """

    case_id: uuid.UUID
    pseudonym: str
    citizenship_class: str
    needed: bool
    facts: PermitFacts
    entries: tuple[EntryLine, ...]
    events: tuple[PermitEvent, ...]
    on_paper: frozenset[PermitEvent]
    due_on: date | None
    own: bool  # the asker's organisation holds the case
    unknown: bool  # it does, and the permit unit does not see that she applied
    present: tuple[date, date] | None  # the period that holds, or held last, where another one is yet to begin
    holds: bool  # that period holds today
    gap: bool  # between it and the next one there are days without a permit

    @property
    def status(self) -> PermitStatus:
        """Where it stands."""
        return self.facts.status

    def has_gap(self, event: PermitEvent, first: date | None) -> bool:
        """Whether a renewal with that first day would leave days without a permit."""
        return event is PermitEvent.RENEW and has_gap(self.facts.issued_until, first)

    @property
    def waits(self) -> bool:
        """Whether an entry has to be answered before another one can be written."""
        return any(not each.counts and not each.struck and not each.objected for each in self.entries)


@dataclass(frozen=True, slots=True)
class PermitLine:
    """One permit in a list."""

    case_id: uuid.UUID
    pseudonym: str
    status: PermitStatus
    issued_until: date | None
    day: date  # on which something is due, or the last day of the permit
    late: bool
    unknown: bool = False  # to the permit unit, of an application


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits at a desk, each list by day: papers to answer or to confirm, applications, permits by how soon they
    end (the country's days, the fewest first; 0: ended while the person is still here)."""

    papers: Sequence[PermitLine]
    applications: Sequence[PermitLine]
    ending: Sequence[tuple[int, Sequence[PermitLine]]]

    @property
    def waits(self) -> bool:
        """Whether there is anything."""
        return bool(self.papers or self.applications or self.ending)


def shared_case(case_id: uuid.UUID, permission: Permission, *, by: Actor) -> Case:
    """A case the actor's organisation holds, or of which it has the legal file, or whose person it hands on and still
    cares for; raises NotVisible.

    `permission`: without it there is nothing to see either. A grant that was ended is no longer there. The permit unit
    sees a person who applied, and nobody else.
    """
    return visible(select(Case).where(Case.id == case_id), permission, by=by)


def visible(found: Select[Case], permission: Permission, *, by: Actor) -> Case:
    """The case of a statement, under the rule of `shared_case`; raises NotVisible."""
    if by.organisation_id is None or not by.may(permission):
        raise NotVisible
    case = db.session.scalar(found.where(seen(by)).execution_options(populate_existing=True))
    if case is None:
        raise NotVisible
    return case


def seen(by: Actor) -> ColumnElement[bool]:
    """The condition of `shared_case`, for an actor of an organisation."""
    holds = and_(Case.holder_id == by.organisation_id, Case.status != "referred")
    moving = transfer_rows.hands_on(by.organisation_id) if by.kind in SHELTERS else false()
    return or_(holds, moving, and_(Case.status == "open", _legal_file(Case.id, by)))


def _legal_file(case_id: uuid.UUID | InstrumentedAttribute[uuid.UUID], by: Actor) -> ColumnElement[bool]:
    """Whether the actor's organisation has a live grant of the legal file."""
    granted = exists().where(
        Grant.case_id == case_id,
        Grant.compartment == Compartment.LEGAL,
        Grant.organisation_id == by.organisation_id,
    )
    return and_(granted, permit_rows.asked_for(case_id)) if by.kind is OrganisationKind.TRP_UNIT else granted


def of_case(case_id: uuid.UUID, *, by: Actor) -> PermitView:
    """One person's permit; raises NotVisible."""
    case = shared_case(case_id, Permission.PERMIT_RECORD, by=by)
    known = permit_rows.entries(case_id)
    reads = permit_rows.unit_reads(case_id)
    facts = rules.stand(known, country().permits, today=calendar.today(), unit_reads=reads)
    needed = case.citizenship_class != HOME_CITIZEN
    own = case.holder_id == by.organisation_id
    is_unit = by.kind is OrganisationKind.TRP_UNIT
    present = facts.present(calendar.today())
    events = rules.choices(facts, by_unit=is_unit) if needed else ()
    return PermitView(
        case_id=case.id,
        pseudonym=case.pseudonym,
        citizenship_class=case.citizenship_class,
        needed=needed,
        facts=facts,
        entries=tuple(_lines(known, reads, by, own=own)),
        events=events,
        on_paper=frozenset() if is_unit else frozenset(events) & DECISIONS,
        due_on=rules.due_on(facts, known, country().permits),
        own=own,
        unknown=own and not reads and facts.status in UNDECIDED,
        present=present,
        holds=present is not None and calendar.today() <= present[1],
        gap=present is not None and facts.ends_on(calendar.today()) != facts.issued_until,
    )


def is_unknown(case_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether she applied and the permit unit does not see it; False for who does not hold the case."""
    if not by.may(Permission.PERMIT_RECORD):
        return False
    try:
        return of_case(case_id, by=by).unknown
    except NotVisible:
        return False


def recorded(permit: PermitView, event: PermitEvent, *, by: Actor) -> RecordedLine | None:
    """Who recorded that step last of a permit that was seen, and when; None where nobody did, or it was struck. Raises
    NotPermitted."""
    by.must(Permission.PERMIT_RECORD)
    entry = next((each for each in reversed(permit.entries) if each.event is event and not each.struck), None)
    if entry is None:
        return None
    found = select(EntryRow.recorded_at, Member.name, Member.organisation_id)
    row = db.session.execute(found.outerjoin(Member, Member.id == EntryRow.member_id).where(EntryRow.id == entry.id))
    at, name, organisation_id = row.one()
    return RecordedLine(at, name if organisation_id == by.organisation_id else "") if at is not None else None


def _lines(known: Sequence[RecordedEntry], reads: bool, by: Actor, *, own: bool) -> Iterator[EntryLine]:
    wrote = _who_wrote([each.id for each in known])
    marked = {mark.by for each in known if (mark := each.mark(MarkKind.STRUCK)) is not None}
    people = _names(marked | {each.by for each in known if _is_late(wrote.get(each.id), each)}, by, own=own)
    periods, today = country().permits, calendar.today()
    is_unit = by.kind is OrganisationKind.TRP_UNIT
    for each in rules.in_order(known):
        struck = each.mark(MarkKind.STRUCK)
        seconded = each.mark(MarkKind.SECONDED) is not None
        counts = each.counts(periods, today=today, unit_reads=reads)
        objected = each.mark(MarkKind.OBJECTED) is not None
        waits_second = not each.struck and each.needs_second and not seconded
        first = struck.by if struck is not None and each.strike_waits else each.by
        whose = rules.may_strike(each, by_unit=is_unit)
        entry_id = each.id
        assert isinstance(entry_id, uuid.UUID)
        late = wrote[entry_id][1] if _is_late(wrote.get(entry_id), each) else None
        yield EntryLine(
            id=entry_id,
            event=each.event,
            on=each.on,
            by=wrote[entry_id][0] if own and entry_id in wrote else {},
            language=each.informed.language if each.informed else "",
            issued_from=each.issued_from,
            issued_until=each.issued_until,
            ground=each.ground,
            paper=each.paper,
            counts=counts,
            objected=objected and not each.struck,
            struck=each.struck,
            struck_on=struck.on if struck else None,
            struck_why=struck.reason if struck else None,
            struck_by=people.get(struck.by, "") if struck else "",
            written=RecordedLine(late, people.get(each.by, "")) if late else None,
            strike_waits=each.strike_waits,
            waits_second=waits_second,
            objection_ends=each.objection_ends(periods) if each.paper and not counts and not each.struck else None,
            may_second=(waits_second or each.strike_waits) and whose and first != by.member_id,
            may_answer=is_unit and each.paper and seconded and not counts and not objected and not each.struck,
            may_strike=whose and struck is None,
            may_replace=whose and struck is None and not each.needs_second,
        )


def _who_wrote(entry_ids: Sequence[object]) -> dict[object, tuple[dict[str, str], datetime | None]]:
    """Entry -> of which organisation, and when."""
    found = db.session.execute(
        select(EntryRow.id, Organisation, EntryRow.recorded_at)
        .join(Organisation, Organisation.id == EntryRow.organisation_id)
        .where(EntryRow.id.in_(entry_ids))
    )
    return {entry_id: (organisation.names, at) for entry_id, organisation, at in found}


def _names(member_ids: Collection[object], by: Actor, *, own: bool) -> dict[object, str]:
    """The names of members that the asker may read: of its own organisation, and for the holder those of the unit."""
    seen = Member.organisation_id == by.organisation_id
    if own:
        seen = or_(seen, Organisation.kind == OrganisationKind.TRP_UNIT)
    found = select(Member.id, Member.name).join(Organisation, Organisation.id == Member.organisation_id)
    wanted = [each for each in member_ids if each is not None]
    return {row[0]: row[1] for row in db.session.execute(found.where(Member.id.in_(wanted), seen))} if wanted else {}


def _is_late(wrote: tuple[dict[str, str], datetime | None] | None, entry: RecordedEntry) -> bool:
    """Whether an entry was written down on another day than the one on which it happened."""
    return wrote is not None and wrote[1] is not None and clock.day_of(wrote[1], country().timezone) != entry.on


def entry(entry_id: uuid.UUID, *, by: Actor) -> tuple[PermitView, EntryLine]:
    """One entry with the permit it belongs to; raises NotVisible."""
    permit = of_case(case_of(entry_id, by=by), by=by)
    return permit, next(each for each in permit.entries if each.id == entry_id)


def case_of(entry_id: uuid.UUID, *, by: Actor) -> uuid.UUID:
    """The case of an entry, under the rule of `shared_case`; raises NotVisible."""
    found = select(Case).join(EntryRow, EntryRow.case_id == Case.id).where(EntryRow.id == entry_id)
    return visible(found, Permission.PERMIT_RECORD, by=by).id


def desk(*, by: Actor) -> Desk:
    """What waits at the actor's desk: the permit unit's, or of the people whom a shelter holds; raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.PERMIT_RECORD):
        raise NotVisible
    found = _at_desk(by)().all()
    codes = {case_id: pseudonym for case_id, pseudonym, _ in found}
    reading = {case_id for case_id, _, reads in found if reads}
    is_unit = by.kind is OrganisationKind.TRP_UNIT
    papers: list[PermitLine] = []
    applications: list[PermitLine] = []
    ends: dict[int, list[PermitLine]] = {}
    periods, today = country().permits, calendar.today()
    for case_id, known in permit_rows.entries_of(codes).items():
        reads = case_id in reading
        facts = rules.stand(known, periods, today=today, unit_reads=reads)

        def line(day: date, case_id: uuid.UUID = case_id, facts: PermitFacts = facts) -> PermitLine:
            return PermitLine(case_id, codes[case_id], facts.status, facts.issued_until, day, day < today)

        for each in known:
            if day := _waits_on(each, reads, is_unit=is_unit):
                papers.append(line(day))
        if due := rules.due_on(facts, known, periods):
            applications.append(replace(line(due), unknown=not reads))
        within = rules.ending(facts, periods, today=today)
        if within is not None and (end := facts.ends_on(today)) is not None:
            ends.setdefault(within, []).append(line(end))
    in_days = [(within, _by_day(ends[within])) for within in sorted(ends)]
    return Desk(_by_day(papers), _by_day(applications), in_days)


@built_once
def _at_desk(by: Actor) -> Select[uuid.UUID, str, bool]:
    asked = exists().where(EntryRow.case_id == Case.id)
    seen = select(Case.id, Case.pseudonym, permit_rows.is_read_by_unit(Case.id)).where(asked, Case.status == "open")
    if by.kind is OrganisationKind.TRP_UNIT:
        return seen.where(_legal_file(Case.id, by))
    return seen.where(Case.holder_id == by.organisation_id)


def _waits_on(entry: RecordedEntry, reads: bool, *, is_unit: bool) -> date | None:
    """The day by which somebody at this desk must say something of an entry; None if nobody must."""
    periods, today = country().permits, calendar.today()
    if entry.strike_waits:
        return entry.on if entry.by_unit is is_unit else None
    if not entry.waits(periods, today=today, unit_reads=reads):
        return None
    ends = entry.objection_ends(periods)
    if is_unit:
        return ends if entry.paper else None
    return None if ends else entry.on


def _by_day(lines: list[PermitLine]) -> list[PermitLine]:
    return sorted(lines, key=lambda each: (each.day, each.pseudonym))
