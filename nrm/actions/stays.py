"""Admitting somebody, changing bed or planned end, letting them go; beds out of use and back."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one, transaction
from nrm.domain.absences import BY_ANOTHER_PAGE, Outcome
from nrm.domain.accounts import Actor, Permission
from nrm.domain.permits import check_household, check_leaving
from nrm.domain.stays import (
    HOME,
    BedInUse,
    Destination,
    ExitReason,
    ImpossibleStay,
    Period,
    StayOver,
    StayRefusal,
    check_admission,
    check_country,
    check_dates,
    check_exit,
    check_no_overlap,
    country_of,
    earliest_admission,
)
from nrm.models.absences import Missing
from nrm.models.cases import Case
from nrm.models.referrals import Referral
from nrm.models.stays import Bed, Stay
from nrm.store import absences, findings, identifications, permits
from nrm.store import stays as store
from nrm.store.countries import country


def admit(
    *, case_id: uuid.UUID, bed_id: uuid.UUID, admitted_on: date, anticipated_end_on: date, by: Actor
) -> uuid.UUID:
    """Put a person who has arrived into a bed of one's own shelter; returns the stay.

    Raises NotPermitted, NotVisible (another's case or bed), ImpossibleStay. If two people want one bed, the second
    gets `bed_taken`.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case = store.held_case(case_id, by=by, lock=True)
        assert by.organisation_id is not None
        referral, arrived = store.arrival_of(case_id, by.organisation_id)
        if not arrived:
            raise ImpossibleStay(StayRefusal.NOT_ARRIVED)
        return begin(session, case, referral, bed_id, admitted_on, anticipated_end_on, by)


def begin(
    session: Session,
    case: Case,
    referral: Referral | None,
    bed_id: uuid.UUID,
    admitted_on: date,
    anticipated_end_on: date,
    by: Actor,
) -> uuid.UUID:
    """The common part of the admission of a referred person and of a person whose case the shelter opens itself.

    In the caller's transaction, with the case locked. Raises NotVisible, ImpossibleStay.
    """
    assert by.organisation_id is not None
    today = store.today()
    check_dates(admitted_on, today=today, anticipated_end_on=anticipated_end_on)
    sent_on = clock.day_of(referral.sent_at, country().timezone) if referral is not None else None
    check_admission(admitted_on, earliest=earliest_admission(case.source, case.registered_month, sent_on))
    period = Period(admitted_on)
    others = store.periods_of(case.id)
    if any(other.exited_on is None for other in others):
        raise ImpossibleStay(StayRefusal.ALREADY_THERE)
    check_no_overlap(period, others)
    _take(session, bed_id, case.id, period, by)
    stay = Stay(
        id=uuid.uuid4(),
        case_id=case.id,
        organisation_id=by.organisation_id,
        bed_id=bed_id,
        referral_id=referral.id if referral is not None else None,
        admitted_on=admitted_on,
        known_on=today,
        anticipated_end_on=anticipated_end_on,
    )
    session.add(stay)
    session.flush()
    audit.append(session, audit.Event.STAY_BEGUN, by=by, case_id=case.id, stay_id=stay.id, bed_id=bed_id)
    return stay.id


def _take(
    session: Session, bed_id: uuid.UUID, case_id: uuid.UUID, period: Period, by: Actor, *, but: uuid.UUID | None = None
) -> None:
    """Lock the bed, and check that this person can have it from the first day of the period on."""
    bed = store.bed(bed_id, by=by)
    if bed.out_of_use:
        raise ImpossibleStay(StayRefusal.BED_OUT_OF_USE)
    if store.is_kept_for_another(bed_id, case_id, bed.organisation_id):
        raise ImpossibleStay(StayRefusal.BED_TAKEN)
    check_no_overlap(period, store.periods_in(bed_id, but=but), StayRefusal.BED_TAKEN)
    # On PostgreSQL the row lock ends with the transaction; a transaction that waited for it sees the new stay.
    hit = hit_one(session, update(Bed).where(Bed.id == bed_id, Bed.out_of_use.is_(False)).values(out_of_use=False))
    if not hit:
        raise ImpossibleStay(StayRefusal.BED_OUT_OF_USE)


def change(*, stay_id: uuid.UUID, bed_id: uuid.UUID, anticipated_end_on: date, by: Actor) -> None:
    """Another bed in the same shelter, another planned end, or both.

    Raises NotPermitted, NotVisible, StayOver, ImpossibleStay.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        stay = store.row(stay_id, by=by)
        if stay.ended_on is not None:
            raise StayOver
        today = store.today()
        check_dates(stay.admitted_on, today=today, anticipated_end_on=anticipated_end_on)
        if bed_id != stay.bed_id:
            _take(session, bed_id, stay.case_id, Period(today), by, but=stay.id)
        _update(session, stay.id, bed_id=bed_id, anticipated_end_on=anticipated_end_on)
        audit.append(session, audit.Event.STAY_CHANGED, by=by, case_id=stay.case_id, stay_id=stay.id, bed_id=bed_id)


def end(
    *,
    stay_id: uuid.UUID,
    ended_on: date,
    exit_reason: ExitReason,
    destination: Destination,
    where: str = "",
    same_household: bool = False,
    by: Actor,
) -> uuid.UUID:
    """End the stay: the person left; returns the case. The bed is free at once.

    `where`: the country of the destination, unless the destination implies it: `home`, ISO 3166 alpha-2, or `unknown`.
    People who are missing or left on their own are recorded in `absences`.

    Raises NotPermitted, NotVisible, StayOver, ImpossibleStay, and permits.GateClosed in two cases. A person who is not
    recorded as Albanian cannot leave for another country before the options of the residence permit were explained. A
    child can leave, except for another shelter, only after risk, security and family were found safe for the household
    that it goes to (`same_household`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        # The case is locked before its stay, as when a hand-over ends the stay; a finding waits for this lock.
        case_id = store.stay(stay_id, by=by).case_id
        case = session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
        stay = store.row(stay_id, by=by)
        if stay.ended_on is not None:
            raise StayOver
        today = store.today()
        check_dates(stay.admitted_on, today=today, exited_on=ended_on)
        if exit_reason in BY_ANOTHER_PAGE:
            raise ImpossibleStay(BY_ANOTHER_PAGE[exit_reason])
        if absences.stands(case_id) is not None:
            raise ImpossibleStay(StayRefusal.MISSING_STANDS)
        check_exit(exit_reason, destination)
        check_country(destination, where)
        permit = permits.facts(case.id)
        reflects_until = identifications.reflection_until(case)
        child = findings.child_facts(case, handed_over=case.holder_id != by.organisation_id)
        repatriation, child_gate = check_leaving(
            exit_reason,
            destination,
            child=child,
            citizenship_class=case.citizenship_class,
            permit=permit,
            on=ended_on,
            country=where,
            reflection_until=reflects_until,
        )
        check_household(child_gate, same_household=same_household)
        _update(
            session,
            stay.id,
            ended_on=ended_on,
            end_known_on=today,
            exit_reason=str(exit_reason),
            destination=str(destination),
            destination_country=country_of(destination, where, case.citizenship),
            repatriation_gate=repatriation,
            informed_on=permit.informed.on if repatriation == "informed" and permit.informed else None,
            permit_state=str(permit.status) if repatriation == "informed" else "",
            child_gate=child_gate,
            safe_on=child.safe_since if child_gate == "assessed" else None,
            reflected_until=reflects_until if repatriation == "informed" else None,
        )
        audit.append(
            session, audit.Event.STAY_ENDED, by=by, case_id=case.id, stay_id=stay.id, exit_reason=str(exit_reason)
        )
        return case.id


def move_on(session: Session, case_id: uuid.UUID, by: Actor, *, only: uuid.UUID | None = None) -> None:
    """The person left for another shelter that accepted them: their open stay elsewhere ends today, if there is one.

    In the caller's transaction. `only`: the stay in this shelter; else in any but the actor's own. An open alarm that
    the person is missing ends.
    """
    session.execute(
        update(Missing)
        .where(Missing.case_id == case_id, Missing.outcome == "")
        .values(outcome=str(Outcome.FOUND), over_on=store.today(), since_at=None)
    )
    wanted = Stay.organisation_id == only if only is not None else Stay.organisation_id != by.organisation_id
    stay = session.scalar(select(Stay).where(Stay.case_id == case_id, Stay.ended_on.is_(None), wanted))
    if stay is None:
        return
    today = store.today()
    hit = hit_one(
        session,
        update(Stay)
        .where(Stay.id == stay.id, Stay.ended_on.is_(None))
        .values(
            ended_on=max(today, stay.admitted_on),
            end_known_on=max(today, stay.admitted_on),
            exit_reason=str(ExitReason.TRANSFERRED),
            destination=str(Destination.OTHER_SHELTER),
            destination_country=HOME,
            repatriation_gate="home",
            child_gate="handed_over",
        )
        .execution_options(synchronize_session=False),
    )
    if hit:  # else the shelter ended it in the same instant, and said why
        audit.append(
            session,
            audit.Event.STAY_ENDED,
            by=by,
            case_id=case_id,
            stay_id=stay.id,
            exit_reason=str(ExitReason.TRANSFERRED),
        )


def take_out_of_use(*, bed_id: uuid.UUID, by: Actor) -> None:
    """Take the bed out of use until it is put back. Raises NotPermitted, NotVisible, BedInUse."""
    by.must(Permission.BED_MANAGE)
    with transaction() as session:
        bed = store.bed(bed_id, by=by)
        line = next(line for line in store.beds(by=by) if line.id == bed.id)
        if line.stay is not None or line.kept_for:
            raise BedInUse
        _set_out_of_use(session, bed_id, True, by)


def put_back(*, bed_id: uuid.UUID, by: Actor) -> None:
    """The bed can be used again. Raises NotPermitted, NotVisible, BedInUse (a closed bed is reopened, not put back)."""
    by.must(Permission.BED_MANAGE)
    with transaction() as session:
        if store.bed(bed_id, by=by).closed_from is not None:
            raise BedInUse
        _set_out_of_use(session, bed_id, False, by)


def _set_out_of_use(session: Session, bed_id: uuid.UUID, out: bool, by: Actor) -> None:
    hit = hit_one(session, update(Bed).where(Bed.id == bed_id, Bed.out_of_use.is_(not out)).values(out_of_use=out))
    if hit:  # else it was so already
        audit.append(session, audit.Event.BED_CHANGED, by=by, bed_id=bed_id, out_of_use=int(out))


def _update(session: Session, stay_id: uuid.UUID, **values: object) -> None:
    """Change an open stay; raises StayOver when somebody ended it meanwhile."""
    hit = hit_one(session, update(Stay).where(Stay.id == stay_id, Stay.ended_on.is_(None)).values(**values))
    if not hit:
        raise StayOver
