"""The permit of a case that was seen."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from nrm.db import db
from nrm.domain.shelter.permits import Ground, Informing, PermitFacts, PermitStatus
from nrm.models.shelter.permits import Permit


def row(case_id: uuid.UUID, *, lock: bool = False) -> Permit | None:
    """The permit of a case that was seen already. `lock`: for actions."""
    statement = select(Permit).where(Permit.case_id == case_id).execution_options(populate_existing=True)
    return db.session.scalar(statement.with_for_update() if lock else statement)


def has_applied(case_id: uuid.UUID) -> bool:
    """Whether the person ever applied and did not take it back; of a case that was seen already."""
    permit = row(case_id)
    return permit is not None and permit.applied_on is not None and permit.state != PermitStatus.WITHDRAWN


def facts(case_id: uuid.UUID) -> PermitFacts:
    """What the rules look at, of a case that was seen already."""
    return as_facts(row(case_id))


def as_facts(permit: Permit | None) -> PermitFacts:
    """A row as the rules see it; no row: not informed."""
    if permit is None:
        return PermitFacts()
    informed = None
    if permit.informed_on is not None:
        informed = Informing(permit.informed_on, str(permit.informed_by_id or ""), permit.informed_language)
    ground = Ground(permit.ground) if permit.ground else None
    return PermitFacts(PermitStatus(permit.state), informed, permit.issued_from, permit.issued_until, ground)
