"""Marking a person's request as answered, inside the transaction of the action that answered it."""

from __future__ import annotations

import uuid

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.models.shelter.data_requests import PersonRequest
from nrm.store import days


def answer_by_doing(session: Session, case_id: uuid.UUID, kind: RequestKind, status: RequestStatus, by: Actor) -> None:
    """Mark the person's request as answered, in the transaction that does what was asked."""
    hit = session.execute(
        update(PersonRequest)
        .where(
            PersonRequest.case_id == case_id,
            PersonRequest.kind == kind,
            PersonRequest.status == RequestStatus.OPEN,
        )
        .values(status=str(status), answered_on=days.today())
        .returning(PersonRequest.id)
        .execution_options(synchronize_session=False)
    )
    for request_id in hit.scalars().all():
        audit.append(session, audit.Event.REQUEST_ANSWERED, by=by, request_id=request_id, answer=str(status))
