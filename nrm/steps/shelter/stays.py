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
from nrm.domain.shelter.places import Span
from nrm.domain.shelter.planned_ends import PlanWhy
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
from nrm.domain.support.early_nights import counts_from
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.planned_ends import PlannedEnd
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import missing_told as told_steps
from nrm.steps.shelter import places as place_steps
from nrm.steps.shelter.leaving import end_away
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.shelter import stays as stay_rows


def earliest_day(session: Session, case: Case, referral: Referral | None) -> date:
    """The first day on which the person can have been admitted. Of a referral only the quarter is kept once the person
    has arrived; the interview keeps its day, and nobody sleeps in a shelter before it who was sent there after it."""
    if referral is None:
        return earliest_admission(case.source, case.registered_month, None)
    began_at = session.scalar(select(Interview.started_at).where(Interview.id == case.id))
    sent_at = referral.sent_at if began_at is None else max(referral.sent_at, began_at)
    return earliest_admission(case.source, case.registered_month, clock.day_of(sent_at, country().timezone))


def begin(
    session: Session,
    case: Case,
    referral: Referral | None,
    place_id: uuid.UUID | None,
    admitted_on: date,
    anticipated_end_on: date,
    by: Actor,
    *,
    with_stay_id: uuid.UUID | None = None,
    age: int | None = None,
) -> uuid.UUID:
    """The common part of the admission of a referred person and of a person whose case the shelter opens itself.

    In the caller's transaction, with the case locked. `with_stay_id`: a child under three sleeps with its mother, whose
    stay it is, and has no place; `age`: in years, if known. Raises NotVisible, ImpossibleStay.
    """
    assert by.organisation_id is not None
    today = days.today()
    check_dates(admitted_on, today=today, anticipated_end_on=anticipated_end_on)
    check_admission(admitted_on, earliest=earliest_day(session, case, referral))
    period = Period(admitted_on)
    others = stay_rows.periods_of(case.id)
    if any(other.exited_on is None for other in others):
        raise ImpossibleStay(StayRefusal.ALREADY_THERE)
    check_no_overlap(period, others)
    if place_id is None:
        if with_stay_id is None:
            raise ImpossibleStay(StayRefusal.PLACE_NOT_THERE)
        place_steps.check_mother(with_stay_id, case, by, age=age)
    first = counts_from(admitted_on, today, referred=referral is not None)
    stay = Stay(
        id=uuid.uuid4(),
        case_id=case.id,
        organisation_id=by.organisation_id,
        referral_id=referral.id if referral is not None else None,
        admitted_on=admitted_on,
        known_on=today,
        anticipated_end_on=anticipated_end_on,
        counts_from=first,
        early_by_id=by.member_id if first is not None else None,
    )
    if place_id is not None:  # before the stay is written: who is second waits for the place, and then sees it taken
        place_steps.check_free(
            place_id, Span(admitted_on), by, for_code=case.pseudonym, planned_end_on=anticipated_end_on
        )
    session.add(stay)
    session.flush()
    plan(session, stay.id, anticipated_end_on, PlanWhy.ADMISSION, by)
    follow_up_steps.came_back(session, case.id, by)  # its keys are destroyed by the next `tend` at the latest
    place_steps.begin(session, stay, place_id=place_id, with_stay_id=with_stay_id, from_on=admitted_on, by=by)
    audit.append(session, audit.Event.STAY_BEGUN, by=by, case_id=case.id, stay_id=stay.id, place_id=place_id)
    return stay.id


def plan(session: Session, stay_id: uuid.UUID, planned_on: date, why: PlanWhy, by: Actor) -> None:
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


def move_on(session: Session, case_id: uuid.UUID, by: Actor, *, only: uuid.UUID | None = None) -> None:
    """The person left for another shelter that accepted them: their open stay elsewhere ends today, if there is one.

    In the caller's transaction. `only`: the stay in this shelter; else in any but the actor's own. An open alarm that
    the person is missing ends, and what was told of it. Call `erasures.carry_out` after the transaction.
    """
    alarm_id = session.scalar(select(Missing.id).where(Missing.case_id == case_id, Missing.outcome == ""))
    session.execute(
        update(Missing)
        .where(Missing.case_id == case_id, Missing.outcome == "")
        .values(outcome=str(Outcome.FOUND), over_on=days.today(), since_at=None)
    )
    told_steps.end(session, case_id, by)
    if alarm_id is not None:
        audit.append(session, audit.Event.MISSING_FOUND, by=by, case_id=case_id, missing_id=alarm_id)
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
        place_steps.end(session, stay.id, max(today, stay.admitted_on), by)
        audit.append(
            session,
            audit.Event.STAY_ENDED,
            by=by,
            case_id=case_id,
            stay_id=stay.id,
            exit_reason=str(ExitReason.TRANSFERRED),
        )
