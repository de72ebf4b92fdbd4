"""Beginning and moving a stay inside the transaction of an action."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.absences import Outcome
from nrm.domain.shelter.away import Over
from nrm.domain.shelter.planned_ends import Why
from nrm.domain.shelter.stays import (
    HOME,
    Destination,
    ExitReason,
    ImpossibleStay,
    Period,
    StayRefusal,
    check_admission,
    check_dates,
    check_no_overlap,
    earliest_admission,
)
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.planned_ends import PlannedEnd
from nrm.models.shelter.stays import Bed, Stay
from nrm.steps.shelter.leaving import end_away
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.shelter import stays as store


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
    today = days.today()
    check_dates(admitted_on, today=today, anticipated_end_on=anticipated_end_on)
    sent_on = clock.day_of(referral.sent_at, country().timezone) if referral is not None else None
    check_admission(admitted_on, earliest=earliest_admission(case.source, case.registered_month, sent_on))
    period = Period(admitted_on)
    others = stay_rows.periods_of(case.id)
    if any(other.exited_on is None for other in others):
        raise ImpossibleStay(StayRefusal.ALREADY_THERE)
    check_no_overlap(period, others)
    take(session, bed_id, case.id, period, by)
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
    plan(session, stay.id, anticipated_end_on, Why.ADMISSION, by)
    audit.append(session, audit.Event.STAY_BEGUN, by=by, case_id=case.id, stay_id=stay.id, bed_id=bed_id)
    return stay.id


def plan(session: Session, stay_id: uuid.UUID, planned_on: date, why: Why, by: Actor) -> None:
    """Append until when a stay is planned, and why, to its history."""
    number = select(func.count()).select_from(PlannedEnd).where(PlannedEnd.stay_id == stay_id)
    session.add(
        PlannedEnd(
            id=uuid.uuid4(),
            stay_id=stay_id,
            position=(session.scalar(number) or 0) + 1,
            planned_on=planned_on,
            why=str(why),
            entered_on=days.today(),
            entered_by_id=by.member_id,
        )
    )


def take(
    session: Session, bed_id: uuid.UUID, case_id: uuid.UUID, period: Period, by: Actor, *, but: uuid.UUID | None = None
) -> None:
    """Lock the bed, and check that this person can have it from the first day of the period on."""
    bed = store.bed(bed_id, by=by)
    if bed.out_of_use:
        raise ImpossibleStay(StayRefusal.BED_OUT_OF_USE)
    if stay_rows.is_kept_for_another(bed_id, case_id, bed.organisation_id):
        raise ImpossibleStay(StayRefusal.BED_TAKEN)
    check_no_overlap(period, stay_rows.periods_in(bed_id, but=but), StayRefusal.BED_TAKEN)
    # On PostgreSQL the row lock ends with the transaction; a transaction that waited for it sees the new stay.
    hit = hit_one(session, update(Bed).where(Bed.id == bed_id, Bed.out_of_use.is_(False)).values(out_of_use=False))
    if not hit:
        raise ImpossibleStay(StayRefusal.BED_OUT_OF_USE)


def move_on(session: Session, case_id: uuid.UUID, by: Actor, *, only: uuid.UUID | None = None) -> None:
    """The person left for another shelter that accepted them: their open stay elsewhere ends today, if there is one.

    In the caller's transaction. `only`: the stay in this shelter; else in any but the actor's own. An open alarm that
    the person is missing ends.
    """
    session.execute(
        update(Missing)
        .where(Missing.case_id == case_id, Missing.outcome == "")
        .values(outcome=str(Outcome.FOUND), over_on=days.today(), since_at=None)
    )
    wanted = Stay.organisation_id == only if only is not None else Stay.organisation_id != by.organisation_id
    stay = session.scalar(select(Stay).where(Stay.case_id == case_id, Stay.ended_on.is_(None), wanted))
    if stay is None:
        return
    today = days.today()
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
    end_away(session, stay.id, max(today, stay.admitted_on), Over.LEFT)
    if hit:  # else the shelter ended it in the same instant, and said why
        audit.append(
            session,
            audit.Event.STAY_ENDED,
            by=by,
            case_id=case_id,
            stay_id=stay.id,
            exit_reason=str(ExitReason.TRANSFERRED),
        )
