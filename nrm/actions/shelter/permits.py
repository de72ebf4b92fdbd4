"""Recording what happened to somebody's residence permit, and correcting it: entries are added, never changed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter import permit_entries as entry_rules
from nrm.domain.shelter import permits as rules
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.permit_entries import MarkKind, RecordedEntry
from nrm.domain.shelter.permits import Ground, Informing, PermitEvent, PermitRefusal, PermitRefused, PermitStatus
from nrm.domain.shelter.strikes import StrikeReason
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.permits import PermitEntry as EntryRow
from nrm.models.shelter.permits import PermitMark
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.reports import reports as report_rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.shelter import permits as store
from nrm.vault import compartments as vault

TEND = Actor.system("tend")


def record(
    *,
    case_id: uuid.UUID,
    event: PermitEvent,
    on: date,
    by: Actor,
    language: str = "",
    issued_from: date | None = None,
    issued_until: date | None = None,
    ground: Ground | None = None,
    number: str = "",
    paper: bool = False,
) -> PermitStatus:
    """Record what happened `on` that day; returns where the permit stands now.

    `language`: in which the options were explained, by the actor's organisation. `number`: of the application or the
    permit; it is sealed in the legal file. `paper`: the holder enters what the unit decided, from its paper; it waits
    for a second member. Raises NotPermitted, NotVisible, PermitRefused, CannotOpen.
    """
    by.must(Permission.PERMIT_RECORD)
    try:
        with transaction() as session:
            case = _locked(session, case_id, by)
            known = permit_rows.entries(case_id)
            entry = _entry(known, event, on, by, language, issued_from, issued_until, ground, paper=paper)
            entry_rules.check_new(
                entry,
                known,
                country().permits,
                citizenship_class=case.citizenship_class,
                today=days.today(),
                numbered=bool(number),
                unit_reads=permit_rows.unit_reads(case_id),
            )
            _write(session, case_id, entry, number, by)
            return _settled(session, case_id, by)
    except IntegrityError:
        # Two people recorded a step at the same moment; the other one was first.
        raise PermitRefused(PermitRefusal.STATE) from None


def second(*, entry_id: uuid.UUID, by: Actor) -> PermitStatus:
    """A second member of the organisation confirms an entry, or that it is struck, whichever waits for it.

    Raises NotPermitted, NotVisible, PermitRefused (`nothing_waits`, `same_member`, `later_steps`).
    """
    by.must(Permission.PERMIT_RECORD)
    with _marking(entry_id, by) as (session, case_id, entry, known):
        strikes = entry.strike_waits
        first = entry.mark(MarkKind.STRUCK) if strikes else None
        kind = MarkKind.STRIKE_SECONDED if strikes else MarkKind.SECONDED
        if (not strikes and not entry.needs_second) or entry.struck or entry.mark(kind) is not None:
            raise PermitRefused(PermitRefusal.NOTHING_WAITS)
        if by.member_id == (first.by if first else entry.by):
            raise PermitRefused(PermitRefusal.SAME_MEMBER)
        if strikes:
            _check_strike(entry, known, None, case_id, by, again=True)
        _mark(session, case_id, entry, kind, by)
        return _settled(session, case_id, by)


def answer_paper(*, entry_id: uuid.UUID, confirmed: bool, by: Actor) -> PermitStatus:
    """The unit says whether a paper that a holder entered is its own.

    Raises NotPermitted, NotVisible, PermitRefused (`nothing_waits`).
    """
    by.must(Permission.PERMIT_RECORD)
    if by.kind is not OrganisationKind.TRP_UNIT:
        raise NotVisible
    with _marking(entry_id, by) as (session, case_id, entry, _):
        answered = entry.mark(MarkKind.CONFIRMED) or entry.mark(MarkKind.OBJECTED)
        if not entry.paper or entry.struck or answered or entry.mark(MarkKind.SECONDED) is None:
            raise PermitRefused(PermitRefusal.NOTHING_WAITS)
        if entry.counts(country().permits, today=days.today()) and not confirmed:
            raise PermitRefused(PermitRefusal.NOTHING_WAITS)  # too late to object: it is struck by its holder
        _mark(session, case_id, entry, MarkKind.CONFIRMED if confirmed else MarkKind.OBJECTED, by)
        return _settled(session, case_id, by)


def strike(
    *,
    entry_id: uuid.UUID,
    reason: StrikeReason,
    by: Actor,
    on: date | None = None,
    language: str = "",
    issued_from: date | None = None,
    issued_until: date | None = None,
    ground: Ground | None = None,
    number: str = "",
) -> PermitStatus:
    """Strike an entry; with `on`, write the same step as it was instead of it, with what is given here.

    That an application or appeal is struck waits for a second member, because it opens the way home; until then it
    counts beside what is written instead. Raises NotPermitted, NotVisible, PermitRefused, CannotOpen.
    """
    by.must(Permission.PERMIT_RECORD)
    with _marking(entry_id, by) as (session, case_id, entry, known):
        instead = None
        if on is not None:
            if entry.paper or entry.needs_second:
                raise PermitRefused(PermitRefusal.STATE)  # two members enter it anew
            words = language or (entry.informed.language if entry.informed else "")
            instead = _entry(
                known,
                entry.event,
                on,
                by,
                words,
                issued_from or entry.issued_from,
                issued_until or entry.issued_until,
                ground or entry.ground,
                paper=False,
            )
        _check_strike(entry, known, instead, case_id, by)
        _mark(session, case_id, entry, MarkKind.STRUCK, by, reason)
        if instead is not None:
            _write(session, case_id, instead, number, by, instead_of=entry)
        return _settled(session, case_id, by)


def _locked(session: Session, case_id: uuid.UUID, by: Actor) -> Case:
    """The case, if the actor may record in it, locked: entries and the end of a stay wait for each other."""
    store.shared_case(case_id, Permission.PERMIT_RECORD, by=by)
    session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
    return store.shared_case(case_id, Permission.PERMIT_RECORD, by=by)


@contextmanager
def _marking(entry_id: uuid.UUID, by: Actor) -> Iterator[tuple[Session, uuid.UUID, RecordedEntry, list[RecordedEntry]]]:
    """A transaction for a mark on an entry that the actor can see; gives (session, case, entry, all entries).

    Raises NotVisible, PermitRefused.
    """
    try:
        with transaction() as session:
            case_id = store.case_of(entry_id, by=by)
            _locked(session, case_id, by)
            known = permit_rows.entries(case_id)
            entry = next(each for each in known if each.id == entry_id)
            yield session, case_id, entry, known
    except IntegrityError:
        raise PermitRefused(PermitRefusal.STATE) from None  # somebody else said the same meanwhile


def _entry(
    known: Sequence[RecordedEntry],
    event: PermitEvent,
    on: date,
    by: Actor,
    language: str,
    issued_from: date | None,
    issued_until: date | None,
    ground: Ground | None,
    *,
    paper: bool,
) -> RecordedEntry:
    given = event in rules.GIVEN
    return RecordedEntry(
        id=uuid.uuid4(),
        number=max((each.number for each in known), default=0) + 1,
        event=event,
        on=on,
        by=by.member_id,
        by_unit=by.kind is OrganisationKind.TRP_UNIT,
        informed=Informing(on, str(by.organisation_id), language) if event is PermitEvent.INFORM else None,
        issued_from=issued_from if given else None,
        issued_until=issued_until if given else None,
        ground=ground if given else None,
        paper=paper,
    )


def _check_strike(
    entry: RecordedEntry,
    known: Sequence[RecordedEntry],
    instead: RecordedEntry | None,
    case_id: uuid.UUID,
    by: Actor,
    *,
    again: bool = False,
) -> None:
    """`again`: it was struck already, and a second member is about to agree."""
    without_strike = replace(entry, marks=tuple(each for each in entry.marks if each.kind is not MarkKind.STRUCK))
    entry_rules.check_strike(
        without_strike if again else entry,
        known,
        instead,
        country().permits,
        today=days.today(),
        by_unit=by.kind is OrganisationKind.TRP_UNIT,
        unit_reads=permit_rows.unit_reads(case_id),
    )


def _write(
    session: Session,
    case_id: uuid.UUID,
    entry: RecordedEntry,
    number: str,
    by: Actor,
    *,
    instead_of: RecordedEntry | None = None,
) -> None:
    """Add the entry, seal its number, and take over who told the person where only the day was wrong."""
    told = session.get_one(EntryRow, instead_of.id).organisation_id if instead_of is not None else None
    happened = Quarter.of(entry.on)
    counted = report_rows.first_open(happened)
    session.add(
        EntryRow(
            id=entry.id,
            case_id=case_id,
            position=entry.number,
            event=str(entry.event),
            happened_on=entry.on,
            counts_on=entry.on if counted == happened else counted.start,
            language=entry.informed.language if entry.informed else "",
            issued_from=entry.issued_from,
            issued_until=entry.issued_until,
            ground=str(entry.ground or ""),
            paper=entry.paper,
            organisation_id=(told if entry.event is PermitEvent.INFORM else None) or by.organisation_id,
            member_id=by.member_id,
            recorded_at=clock.now(),
        )
    )
    session.flush()
    if number:
        _seal_number(session, case_id, entry.id, number, by)
    audit.append(session, audit.Event.PERMIT_RECORDED, by=by, case_id=case_id, permit_event=str(entry.event))


def _seal_number(session: Session, case_id: uuid.UUID, entry_id: object, number: str, by: Actor) -> None:
    """Keep the number in the legal file, which is begun where there is none."""
    asked = exists().where(Referral.case_id == case_id, Referral.status == ReferralStatus.SENT)
    if Compartment.LEGAL not in vault.compartments_of(session, case_id):
        if session.scalar(select(asked)):
            raise PermitRefused(PermitRefusal.SEALED_NOW)
        case_steps.begin(session, case_id, Compartment.LEGAL, by)
    vault.merge(session, case_id, Compartment.LEGAL, {entry_rules.number_key(entry_id): number}, by=by)


def _mark(
    session: Session,
    case_id: uuid.UUID,
    entry: RecordedEntry,
    kind: MarkKind,
    by: Actor,
    reason: StrikeReason | None = None,
) -> None:
    session.add(
        PermitMark(
            id=uuid.uuid4(),
            entry_id=entry.id,
            kind=str(kind),
            reason=str(reason or ""),
            organisation_id=by.organisation_id,
            member_id=by.member_id,
            marked_at=clock.now(),
        )
    )
    session.flush()
    audit.append(
        session,
        audit.Event.PERMIT_MARKED,
        by=by,
        case_id=case_id,
        permit_event=str(entry.event),
        mark=str(kind),
    )


def _settled(session: Session, case_id: uuid.UUID, by: Actor) -> PermitStatus:
    """Fulfil what the agreement asks for where an entry counts, ask for it again where one was struck; returns where
    the permit stands."""
    known = permit_rows.entries(case_id)
    reads = permit_rows.unit_reads(case_id)
    counting = [each for each in known if each.counts(country().permits, today=days.today(), unit_reads=reads)]
    for kind in set(rules.DISCHARGES.values()):
        owed = update(Obligation).where(Obligation.case_id == case_id, Obligation.kind == kind)
        if any(rules.DISCHARGES.get(each.event) == kind for each in counting):
            session.execute(
                owed.where(Obligation.done_at.is_(None)).values(done_at=clock.now(), done_by_id=by.member_id)
            )
        elif any(rules.DISCHARGES.get(each.event) == kind and each.struck for each in known):
            session.execute(owed.values(done_at=None, done_by_id=None))
    return entry_rules.stand(known, country().permits, today=days.today(), unit_reads=reads).status


_OWED = (
    select(Obligation.case_id)
    .join(EntryRow, EntryRow.case_id == Obligation.case_id)
    .where(Obligation.kind == rules.DISCHARGES[PermitEvent.ISSUE], Obligation.done_at.is_(None), EntryRow.paper)
    .distinct()
)


def settle_papers(*, by: Actor) -> int:
    """What the unit owes is done where its paper counts because it did not object; returns how many. For `tend`."""
    if by != TEND:
        raise NotVisible
    with transaction() as session:
        found = session.scalars(_OWED).all()
        for case_id in found:
            _settled(session, case_id, by)
        return len(found) - (len(session.scalars(_OWED).all()) if found else 0)
