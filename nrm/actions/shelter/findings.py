"""Child protection records its findings on a child: risk, security, family."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.child_returns import Assessment, ReturnRefusal, ReturnRefused, State
from nrm.domain.shelter.findings import Entry, FindingRefusal, FindingRefused, Found, check_entry
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.findings import ChildFinding
from nrm.steps.referrals import obligations as obligation_steps
from nrm.store import days
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.shelter import child_returns
from nrm.store.shelter import findings as store


def record(*, case_id: uuid.UUID, found: Mapping[Assessment, Found], on: date, assessor: str, by: Actor) -> None:
    """Record findings in a case, by the service that is asked for them. Decided ones leave its list of tasks.

    Raises NotPermitted, NotVisible, FindingRefused (`state`: for who was a moment too late).
    """
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    try:
        with transaction() as session:
            case = store.to_assess(case_id, by=by, lock=True)
            _add(session, case_id, found, on, assessor, by, begun=finding_rows.begun_on(case))
            for kind, each in found.items():
                _owed(session, case_id, kind, each, by)
            _audit_findings(session, case_id, found, by)
    except IntegrityError:
        raise FindingRefused(FindingRefusal.STATE) from None


def record_of_return(
    *, return_id: uuid.UUID, found: Mapping[Assessment, Found], on: date, assessor: str, by: Actor
) -> None:
    """As `record`, for a child whose return another country asks for, until the return is over.

    Raises NotPermitted, NotVisible, FindingRefused, ReturnRefused (`step`).
    """
    by.must(Permission.CHILD_RETURN_ANSWER)
    try:
        with transaction() as session:
            row = child_returns.row(return_id, by=by, lock=True)
            if State(row.state).is_over:
                raise ReturnRefused(ReturnRefusal.STEP)
            _add(session, return_id, found, on, assessor, by, begun=row.received_on or row.quarter_on)
            _audit_findings(session, return_id, found, by)
    except IntegrityError:
        raise FindingRefused(FindingRefusal.STATE) from None


def _add(
    session: Session,
    subject_id: uuid.UUID,
    found: Mapping[Assessment, Found],
    on: date,
    assessor: str,
    by: Actor,
    *,
    begun: date,
) -> None:
    if by.member_id is None:
        raise NotVisible
    if not found:
        raise FindingRefused(FindingRefusal.FOUND)
    earlier, positions = finding_rows.entries(subject_id), finding_rows.positions(subject_id)
    for kind, each in found.items():
        check_entry(Entry(kind, each, on), earlier, assessor=assessor, today=days.today(), begun=begun)
        session.add(
            ChildFinding(
                subject_id=subject_id,
                kind=str(kind),
                position=positions[str(kind)] + 1,
                found=str(each),
                found_on=on,
                assessor=assessor,
                organisation_id=by.organisation_id,
                member_id=by.member_id,
            )
        )
    session.flush()


def _owed(session: Session, case_id: uuid.UUID, kind: Assessment, found: Found, by: Actor) -> None:
    """Update the obligation of the agreement: a decision fulfils it; it is owed again when the finding is unclear."""
    wanted = (Obligation.case_id == case_id, Obligation.kind == f"assess_{kind}")
    if not found.is_decided:
        session.execute(update(Obligation).where(*wanted).values(done_at=None, done_by_id=None))
        return
    for step in session.scalars(select(Obligation).where(*wanted, Obligation.done_at.is_(None))).all():
        obligation_steps.fulfil(session, step, clock.now(), "system", by)


def _audit_findings(session: Session, subject_id: uuid.UUID, found: Mapping[Assessment, Found], by: Actor) -> None:
    for kind, each in sorted(found.items()):
        audit.append(
            session, audit.Event.CHILD_FINDING_RECORDED, by=by, subject_id=subject_id, kind=str(kind), found=str(each)
        )
