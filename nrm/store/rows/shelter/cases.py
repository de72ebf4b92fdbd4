"""Which organisation is responsible for a case that was seen."""

from __future__ import annotations

import uuid

from sqlalchemy import func, select

from nrm.db import db
from nrm.models.shelter.cases import Case


def responsible_for(case_id: uuid.UUID) -> uuid.UUID | None:
    """The organisation that has the case: its holder, or before that its opener. For the record of an opening."""
    return db.session.scalar(select(func.coalesce(Case.holder_id, Case.opened_by_id)).where(Case.id == case_id))
