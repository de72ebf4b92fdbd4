"""Recording a step of a witness and striking one, inside the transaction of an action that let nobody else do it."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import (
    ENDS,
    IllegalStep,
    Reason,
    StepRefusal,
    WitnessStatus,
    check_day,
    check_track,
    reason_of,
    step,
)
from nrm.domain.support.threats import is_told
from nrm.models.shelter.cases import Case
from nrm.models.shelter.testimony import Step
from nrm.steps.support import threats
from nrm.store import days
from nrm.store.rows.reports import reports as report_rows
from nrm.store.rows.shelter.testimony import Track

_RECORDED = {"case_id": audit.Event.TESTIMONY_RECORDED, "witness_id": audit.Event.WITNESS_RECORDED}
_STRUCK = {"case_id": audit.Event.TESTIMONY_STRUCK, "witness_id": audit.Event.WITNESS_STRUCK}


def record(
    session: Session,
    track: Track,
    person_id: uuid.UUID,
    status: WitnessStatus,
    happened_on: date,
    reason: Reason | None,
    *,
    by: Actor,
) -> None:
    """Add a step; a threat as its reason is told at once. Raises IllegalStep."""
    before = track.rows(person_id)
    step([WitnessStatus(each.status) for each in before], status, reason)
    check_day(happened_on, today=days.today(), last_step=before[-1].happened_on if before else None)
    _add(session, track, person_id, status, happened_on, reason, by)


def strike(
    session: Session,
    track: Track,
    person_id: uuid.UUID,
    step_id: uuid.UUID,
    reason: StrikeReason,
    happened_on: date | None,
    *,
    by: Actor,
) -> None:
    """Strike a step; with `happened_on`, add the same step on that day instead of it.

    Raises IllegalStep (`struck`; `later_steps`: one that follows would stand on nothing).
    """
    standing = track.rows(person_id)
    wrong = next((each for each in standing if each.id == step_id), None)
    if wrong is None:
        raise IllegalStep(StepRefusal.STRUCK)
    status, why = _said(wrong)
    stay = [(each.happened_on, each.position, *_said(each)) for each in standing if each is not wrong]
    if happened_on is not None:
        check_day(happened_on, today=days.today(), last_step=None)
        stay.append((happened_on, track.last_position(person_id) + 1, status, why))
    check_track((each[2], each[3]) for each in sorted(stay, key=lambda each: each[:2]))
    session.add(
        track.strike(
            step_id=step_id,
            reason=str(reason),
            organisation_id=by.organisation_id,
            member_id=by.member_id,
            struck_at=clock.now(),
        )
    )
    whose = track.whose.key
    said = {"status": str(status), "why": str(reason), "told_id": _told(session, track, person_id)}
    audit.append(session, _STRUCK[whose], by=by, **{whose: person_id}, **said)
    if happened_on is not None:
        _add(session, track, person_id, status, happened_on, why, by)


def _said(row: Step) -> tuple[WitnessStatus, Reason | None]:
    status = WitnessStatus(row.status)
    return status, reason_of(status, row.reason)


def _add(
    session: Session,
    track: Track,
    person_id: uuid.UUID,
    status: WitnessStatus,
    happened_on: date,
    reason: Reason | None,
    by: Actor,
) -> None:
    happened = Quarter.of(happened_on)
    counted = report_rows.first_open(happened)
    step_id, whose = uuid.uuid4(), {track.whose.key: person_id}
    session.add(
        track.step(
            id=step_id,
            **whose,
            position=track.last_position(person_id) + 1,
            status=str(status),
            reason=str(reason or ""),
            happened_on=happened_on,
            counts_on=counted.start if counted != happened else None,
        )
    )
    session.flush()
    if is_told(reason):
        threats.tell(session, by, **whose, step_id=step_id)
    told = _told(session, track, person_id) if status in ENDS else None
    audit.append(session, _RECORDED[track.whose.key], by=by, **whose, status=str(status), told_id=told)


def _told(session: Session, track: Track, person_id: uuid.UUID) -> uuid.UUID | None:
    """The shelter of the person of a case: what takes a witness away is read there, and by the prosecution."""
    return session.get_one(Case, person_id).holder_id if track.whose.key == "case_id" else None
