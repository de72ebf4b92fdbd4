"""Recording what a victim-witness did in the proceedings, and correcting it: steps are struck, never changed."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import (
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
from nrm.models.shelter.testimony import Testimony, TestimonyStrike
from nrm.steps.support import threats as threat_steps
from nrm.store import days
from nrm.store.rows.reports import reports as report_rows
from nrm.store.rows.shelter import testimony as rows
from nrm.store.shelter import permits
from nrm.store.shelter import testimony as store


def record(
    *,
    case_id: uuid.UUID,
    status: WitnessStatus,
    happened_on: date,
    by: Actor,
    reason: Reason | None = None,
) -> None:
    """Add a step; a threat as its reason is told to the holder and the duty desk at once.

    Raises NotPermitted, NotVisible, IllegalStep.
    """
    by.must(Permission.TESTIMONY_RECORD)
    try:
        with transaction() as session:
            permits.shared_case(case_id, Permission.TESTIMONY_RECORD, by=by)
            _lock(session, case_id)
            before = rows.rows(case_id)
            last = before[-1] if before else None
            step([WitnessStatus(each.status) for each in before], status, reason)
            check_day(happened_on, today=days.today(), last_step=last.happened_on if last else None)
            _add(session, case_id, status, happened_on, reason, by)
    except IntegrityError:
        # Two people added a step at the same moment: the step that the second one saw is no longer the last.
        raise IllegalStep(StepRefusal.STATE) from None


def strike(*, step_id: uuid.UUID, reason: StrikeReason, by: Actor, happened_on: date | None = None) -> None:
    """Strike a step; with `happened_on`, add the same step on that day instead of it.

    Raises NotPermitted, NotVisible, IllegalStep (`struck`; `later_steps`: one that follows would stand on nothing).
    """
    by.must(Permission.TESTIMONY_RECORD)
    try:
        with transaction() as session:
            case_id = store.case_of(step_id, by=by)
            _lock(session, case_id)
            standing = rows.rows(case_id)
            wrong = next((each for each in standing if each.id == step_id), None)
            if wrong is None:
                raise IllegalStep(StepRefusal.STRUCK)
            status, why = _said(wrong)
            stay = [(each.happened_on, each.position, *_said(each)) for each in standing if each is not wrong]
            if happened_on is not None:
                check_day(happened_on, today=days.today(), last_step=None)
                stay.append((happened_on, rows.last_position(case_id) + 1, status, why))
            check_track((each[2], each[3]) for each in sorted(stay, key=lambda each: each[:2]))
            session.add(
                TestimonyStrike(
                    step_id=step_id,
                    reason=str(reason),
                    organisation_id=by.organisation_id,
                    member_id=by.member_id,
                    struck_at=clock.now(),
                )
            )
            audit.append(session, audit.Event.TESTIMONY_STRUCK, by=by, case_id=case_id, status=str(status))
            if happened_on is not None:
                _add(session, case_id, status, happened_on, why, by)
    except IntegrityError:
        raise IllegalStep(StepRefusal.STATE) from None


def _lock(session: Session, case_id: uuid.UUID) -> None:
    """Let two people who record and strike steps of one case wait for each other."""
    session.get_one(Case, case_id, populate_existing=True, with_for_update=True)


def _said(row: Testimony) -> tuple[WitnessStatus, Reason | None]:
    status = WitnessStatus(row.status)
    return status, reason_of(status, row.reason)


def _add(
    session: Session,
    case_id: uuid.UUID,
    status: WitnessStatus,
    happened_on: date,
    reason: Reason | None,
    by: Actor,
) -> None:
    happened = Quarter.of(happened_on)
    counted = report_rows.first_open(happened)
    step_id = uuid.uuid4()
    session.add(
        Testimony(
            id=step_id,
            case_id=case_id,
            position=rows.last_position(case_id) + 1,
            status=str(status),
            reason=str(reason or ""),
            happened_on=happened_on,
            counts_on=counted.start if counted != happened else None,
        )
    )
    session.flush()
    if is_told(reason):
        threat_steps.tell(session, by, case_id=case_id, step_id=step_id)
    audit.append(session, audit.Event.TESTIMONY_RECORDED, by=by, case_id=case_id, status=str(status))
