"""Recording what a victim-witness did in the proceedings."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.exc import IntegrityError

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.testimony import IllegalStep, StepRefusal, WithdrawalReason, WitnessStatus, check_day, step
from nrm.models.shelter.testimony import Testimony
from nrm.store import days
from nrm.store.rows.shelter import testimony as rows
from nrm.store.shelter import permits


def record(
    *,
    case_id: uuid.UUID,
    status: WitnessStatus,
    happened_on: date,
    by: Actor,
    reason: WithdrawalReason | None = None,
) -> None:
    """Add a step. Raises NotPermitted, NotVisible, IllegalStep."""
    by.must(Permission.TESTIMONY_RECORD)
    try:
        with transaction() as session:
            permits.shared_case(case_id, Permission.TESTIMONY_RECORD, by=by)
            before = rows.rows(case_id)
            last = before[-1] if before else None
            step(WitnessStatus(last.status) if last else WitnessStatus.NOT_A_WITNESS, status, reason)
            check_day(happened_on, today=days.today(), last_step=last.happened_on if last else None)
            session.add(
                Testimony(
                    id=uuid.uuid4(),
                    case_id=case_id,
                    position=last.position + 1 if last else 1,
                    status=str(status),
                    reason=str(reason or ""),
                    happened_on=happened_on,
                )
            )
            session.flush()
            audit.append(session, audit.Event.TESTIMONY_RECORDED, by=by, case_id=case_id, status=str(status))
    except IntegrityError:
        # Two people added a step at the same moment: the step that the second one saw is no longer the last.
        raise IllegalStep(StepRefusal.STATE) from None
