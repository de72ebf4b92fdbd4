"""Admitting somebody, changing place or planned end, letting them go."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.away import Over
from nrm.domain.shelter.planned_ends import PlanWhy
from nrm.domain.shelter.stays import (
    Destination,
    ExitReason,
    ImpossibleStay,
    StayOver,
    StayRefusal,
    check_dates,
)
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import arrivals as arrival_steps
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import places as place_steps
from nrm.steps.shelter import stays as steps
from nrm.steps.shelter.arrivals import Admission, Told
from nrm.steps.shelter.leaving import Exit, end_away, let_out
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.store import days
from nrm.store.rows.shelter import away as away_rows
from nrm.store.shelter import stays as store


def admit(
    *,
    case_id: uuid.UUID,
    place_id: uuid.UUID | None,
    admitted_on: date,
    anticipated_end_on: date,
    with_stay_id: uuid.UUID | None = None,
    told: Told | None = None,
    by: Actor,
) -> uuid.UUID:
    """Give a person who has arrived a place in one's own shelter; returns the stay.

    `with_stay_id`, without a place: a child under three sleeps with its mother, whose stay it is. `told`: what is
    sealed with the care. Raises NotPermitted, NotVisible (another's case or place), ImpossibleStay, and for what was
    told CannotOpen, CaseRefused. If two people want one place, the second gets `place_taken`.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case_steps.check_not_parked(case_id)
        admission = Admission(place_id, with_stay_id, admitted_on, anticipated_end_on)
        stay_id = arrival_steps.admit(session, case_id, admission, by)
        if told is not None:
            arrival_steps.seal(session, case_id, told, by)
        return stay_id


def change(
    *,
    stay_id: uuid.UUID,
    place_id: uuid.UUID | None,
    anticipated_end_on: date,
    with_stay_id: uuid.UUID | None = None,
    why: PlanWhy = PlanWhy.OTHER,
    by: Actor,
) -> None:
    """Another place in the same shelter from today on, another planned end, or both. Past nights stay where they were.
    `why`: of another planned end.

    `with_stay_id`, without a place: as in `admit`. Raises NotPermitted, NotVisible, StayOver, ImpossibleStay.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case_id = store.stay(stay_id, by=by).case_id
        case = session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
        stay = store.row(stay_id, by=by)
        if stay.ended_on is not None:
            raise StayOver
        today = days.today()
        check_dates(stay.admitted_on, today=today, anticipated_end_on=anticipated_end_on)
        if anticipated_end_on != stay.anticipated_end_on:
            steps.plan(session, stay.id, anticipated_end_on, why, by)
        stay.anticipated_end_on = anticipated_end_on
        session.flush()
        now = place_steps.open_row(session, stay.id)
        if now is None or (now.place_id, now.with_stay_id) != (place_id, with_stay_id):
            if place_id is None:
                if with_stay_id is None:
                    raise ImpossibleStay(StayRefusal.PLACE_NOT_THERE)
                place_steps.check_mother(with_stay_id, case, by)
            place_steps.move(session, stay, place_id=place_id, with_stay_id=with_stay_id, on=today, by=by)
        audit.append(session, audit.Event.STAY_CHANGED, by=by, case_id=stay.case_id, stay_id=stay.id, place_id=place_id)


def end(
    *,
    stay_id: uuid.UUID,
    ended_on: date,
    exit_reason: ExitReason,
    destination: Destination,
    where: str = "",
    household: uuid.UUID | None = None,
    by: Actor,
) -> uuid.UUID:
    """End the stay: the person left; returns the case. The place is free at once.

    `where`: the country of the destination, unless the destination implies it: `home`, ISO 3166 alpha-2, or `unknown`.
    People who are missing or left on their own are recorded in `absences`.

    Raises NotPermitted, NotVisible, StayOver, ImpossibleStay, and permits.GateClosed in two cases. A person who is not
    recorded as a citizen of the country cannot leave for another one before the options of the residence permit were
    explained. A child can leave, except for another shelter, only to the `household` of the best-interest decision.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        # The case is locked before its stay, as when a hand-over ends the stay; a finding waits for this lock.
        case_id = store.stay(stay_id, by=by).case_id
        case = session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
        stay = store.row(stay_id, by=by)
        if stay.ended_on is not None:
            raise StayOver
        exit_ = Exit(ended_on, exit_reason, destination, where, household)
        _update(session, stay.id, **let_out(case, stay.admitted_on, exit_, by))
        expected = away_rows.expected(stay.id)
        told = {"expected": expected.isoformat()} if expected is not None else _struck(stay.id, case.id)
        end_away(session, stay.id, ended_on, Over.LEFT)
        place_steps.end(session, stay.id, ended_on, by)
        follow_up_steps.begin(session, case.id, ended_on)
        audit.append(
            session,
            audit.Event.STAY_ENDED,
            by=by,
            case_id=case.id,
            stay_id=stay.id,
            exit_reason=str(exit_reason),
            **told,
            **_found(stay.id, case.id, by),
        )
        return case.id


def _struck(stay_id: uuid.UUID, case_id: uuid.UUID) -> dict[str, str]:
    """What the chain says of an end that follows on days away which were struck when the person was late."""
    struck = away_rows.struck_late(stay_id, case_id)
    if struck is None:
        return {}
    return {
        "struck": struck.expected_on.isoformat(),
        "struck_by": str(struck.member_id),
        "struck_on": struck.on.isoformat(),
        "struck_why": struck.why,
    }


def _found(stay_id: uuid.UUID, case_id: uuid.UUID, by: Actor) -> dict[str, str]:
    """What the chain says of an end by who alone said that the person, who was missing, was found (ADR 0271)."""
    found = away_rows.found_by(by.member_id, stay_id, case_id)
    return {} if found is None else {"missed": found.since_on.isoformat(), "found_on": found.on.isoformat()}


def check_end(*, stay_id: uuid.UUID, exit_: Exit, by: Actor) -> None:
    """Whether `end` would end the stay like this now: raises what it raises, and changes nothing."""
    by.must(Permission.STAY_MANAGE)
    stay = store.stay(stay_id, by=by)
    if stay.ended_on is not None:
        raise StayOver
    let_out(db.session.get_one(Case, stay.case_id), stay.admitted_on, exit_, by)


def _update(session: Session, stay_id: uuid.UUID, **values: object) -> None:
    """Change an open stay; raises StayOver when somebody ended it meanwhile."""
    hit = hit_one(session, update(Stay).where(Stay.id == stay_id, Stay.ended_on.is_(None)).values(**values))
    if not hit:
        raise StayOver
