"""Requests of persons as rows: which exist and whose they are."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date

from sqlalchemy import exists, func, select

from nrm.db import db
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.data_requests import PersonRequest


def is_known(request_id: uuid.UUID) -> bool:
    """Whether the id is taken, by any organisation."""
    return db.session.get(PersonRequest, request_id) is not None


def case_of(pseudonym: str) -> uuid.UUID | None:
    """The case with this code, for the action that records a request; the actor must never learn it."""
    return db.session.scalar(select(Case.id).where(Case.pseudonym == pseudonym))


def others_wait(request: PersonRequest) -> bool:
    """Whether the same is asked of the case by another request that waits, too."""
    same = (PersonRequest.case_id == request.case_id, PersonRequest.kind == request.kind)
    waits = exists().where(*same, PersonRequest.id != request.id, PersonRequest.status == str(RequestStatus.OPEN))
    return bool(db.session.scalar(select(waits)))


def asked_no_follow_up(case_id: uuid.UUID) -> date | None:
    """The first day on which the person asked that nobody stays in touch any more, if it waits with the house."""
    waits = (PersonRequest.kind == str(RequestKind.NO_FOLLOW_UP), PersonRequest.status == str(RequestStatus.OPEN))
    return db.session.scalar(select(func.min(PersonRequest.asked_on)).where(PersonRequest.case_id == case_id, *waits))


def passed_on(case_ids: Collection[uuid.UUID]) -> dict[tuple[uuid.UUID, date], dict[str, str]]:
    """Case and day -> the names of the organisation that passed on what then was done: that nobody stays in touch any
    more. As long as the request is kept; of several the one that was asked first (ADR 0272)."""
    if not case_ids:
        return {}
    statement = (
        select(PersonRequest.case_id, PersonRequest.answered_on, Organisation.names)
        .join(Organisation, Organisation.id == PersonRequest.organisation_id)
        .where(
            PersonRequest.case_id.in_(case_ids),
            PersonRequest.kind == str(RequestKind.NO_FOLLOW_UP),
            PersonRequest.status == str(RequestStatus.PASSED_ON),
        )
        .order_by(PersonRequest.asked_on, PersonRequest.id)
    )
    found: dict[tuple[uuid.UUID, date], dict[str, str]] = {}
    for case_id, on, named in db.session.execute(statement):
        if case_id is not None and on is not None:
            found.setdefault((case_id, on), named)
    return found
