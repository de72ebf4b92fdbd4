"""Recording what happened to somebody's residence permit."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter import permits as rules
from nrm.domain.shelter.permits import Ground, Informing, PermitEvent, PermitRefusal, PermitRefused, PermitStatus
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.permits import Permit
from nrm.store import days
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.shelter import permits as store

_DECIDED = (PermitEvent.ISSUE, PermitEvent.RENEW, PermitEvent.REFUSE, PermitEvent.WITHDRAW, PermitEvent.EXPIRE)
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
) -> PermitStatus:
    """Record what happened `on` that day; returns where the permit stands now.

    `language`: in which the options were explained, by the actor's organisation. Raises NotPermitted, NotVisible,
    PermitRefused.
    """
    by.must(Permission.PERMIT_RECORD)
    try:
        with transaction() as session:
            case = store.shared_case(case_id, Permission.PERMIT_RECORD, by=by)
            permit = permit_rows.row(case_id, lock=True)
            before = permit_rows.as_facts(permit)
            informed = None
            if event is PermitEvent.INFORM:
                informed = Informing(on, str(by.organisation_id), language)
            after = rules.record(
                before,
                event,
                citizenship_class=case.citizenship_class,
                on=on,
                informed=informed,
                issued_from=issued_from,
                issued_until=issued_until,
                ground=ground,
            )
            rules.check_day(on, today=days.today(), last_step=_last_step(permit))
            if permit is None:
                permit = Permit(id=uuid.uuid4(), case_id=case_id, state=PermitStatus.NOT_INFORMED)
                session.add(permit)
            permit.state = str(after.status)
            permit.recorded_at = clock.now()
            if event is PermitEvent.INFORM:
                permit.informed_on, permit.informed_language = on, language
                permit.informed_by_id = by.organisation_id
            elif event is PermitEvent.APPLY:
                permit.applied_on = on
            if event in _DECIDED:
                permit.decided_on = on
            permit.issued_from, permit.issued_until = after.issued_from, after.issued_until
            permit.ground = str(after.ground or "")
            session.flush()
            _discharge(event, case_id, by)
            audit.append(session, audit.Event.PERMIT_RECORDED, by=by, case_id=case_id, permit_event=str(event))
            return after.status
    except IntegrityError:
        # Two people recorded the first step at the same moment; the other one was first.
        raise PermitRefused(PermitRefusal.STATE) from None


def _last_step(permit: Permit | None) -> date | None:
    known = [permit.informed_on, permit.applied_on, permit.decided_on] if permit is not None else []
    return max((day for day in known if day is not None), default=None)


def _discharge(event: PermitEvent, case_id: uuid.UUID, by: Actor) -> None:
    """Fulfil the obligation of the agreement that this event stands for."""
    kind = rules.DISCHARGES.get(event)
    if kind is not None:
        db.session.execute(
            update(Obligation)
            .where(Obligation.case_id == case_id, Obligation.kind == kind, Obligation.done_at.is_(None))
            .values(done_at=clock.now(), done_by_id=by.member_id)
        )


def expire(*, by: Actor) -> int:
    """Mark permits whose last day is over as expired; returns how many. For `tend`; raises NotVisible for a person."""
    if by != TEND:
        raise NotVisible
    with transaction() as session:
        today = days.today()
        over = (Permit.state == PermitStatus.ISSUED, Permit.issued_until < today)
        ended = session.execute(select(Permit.id, Permit.case_id).where(*over).with_for_update()).all()
        for permit_id, case_id in ended:
            hit = hit_one(
                session,
                update(Permit)
                .where(Permit.id == permit_id, *over)
                .values(state=str(PermitStatus.EXPIRED), decided_on=today, recorded_at=clock.now()),
            )
            if hit:
                event = str(PermitEvent.EXPIRE)
                audit.append(session, audit.Event.PERMIT_RECORDED, by=by, case_id=case_id, permit_event=event)
        return len(ended)
