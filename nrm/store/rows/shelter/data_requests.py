"""Requests of persons as rows: which exist and whose they are."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import func, select

from nrm.db import db
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.models.shelter.cases import Case
from nrm.models.shelter.data_requests import PersonRequest


def is_known(request_id: uuid.UUID) -> bool:
    """Whether the id is taken, by any organisation."""
    return db.session.get(PersonRequest, request_id) is not None


def case_of(pseudonym: str) -> uuid.UUID | None:
    """The case with this code, for the action that records a request; the actor must never learn it."""
    return db.session.scalar(select(Case.id).where(Case.pseudonym == pseudonym))


def asked_no_follow_up(case_id: uuid.UUID) -> date | None:
    """The first day on which the person asked that nobody stays in touch any more, if it waits with the house."""
    waits = (PersonRequest.kind == str(RequestKind.NO_FOLLOW_UP), PersonRequest.status == str(RequestStatus.OPEN))
    return db.session.scalar(select(func.min(PersonRequest.asked_on)).where(PersonRequest.case_id == case_id, *waits))
