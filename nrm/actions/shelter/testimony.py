"""Recording what a victim-witness did in the proceedings, and correcting it: steps are struck, never changed."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import IllegalStep, Reason, StepRefusal, WitnessStatus
from nrm.models.shelter.cases import Case
from nrm.steps.shelter import testimony as steps
from nrm.store.rows.shelter.testimony import OF_CASES
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
            steps.record(session, OF_CASES, case_id, status, happened_on, reason, by=by)
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
            steps.strike(session, OF_CASES, case_id, step_id, reason, happened_on, by=by)
    except IntegrityError:
        raise IllegalStep(StepRefusal.STATE) from None


def _lock(session: Session, case_id: uuid.UUID) -> None:
    """Let two people who record and strike steps of one case wait for each other."""
    session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
