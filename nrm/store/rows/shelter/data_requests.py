"""Requests of persons as rows: which exist and whose they are."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from nrm.db import db
from nrm.models.shelter.cases import Case
from nrm.models.shelter.data_requests import PersonRequest


def is_known(request_id: uuid.UUID) -> bool:
    """Whether the id is taken, by any organisation."""
    return db.session.get(PersonRequest, request_id) is not None


def case_of(pseudonym: str) -> uuid.UUID | None:
    """The case with this code, for the action that records a request; the actor must never learn it."""
    return db.session.scalar(select(Case.id).where(Case.pseudonym == pseudonym))
