"""The steps of a witness in a case that was seen."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from nrm.db import db
from nrm.models.shelter.testimony import Testimony


def rows(case_id: uuid.UUID) -> list[Testimony]:
    """The steps of a case that was seen already, in order; for actions."""
    statement = select(Testimony).where(Testimony.case_id == case_id).order_by(Testimony.position)
    return list(db.session.scalars(statement))
