"""Whether something is owed in a case, for steps that saw the case."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, select

from nrm.db import db
from nrm.models.referrals.referrals import Obligation


def is_owed(case_id: uuid.UUID, kind: str) -> bool:
    """Whether this is owed still in a case that was seen already."""
    owed = exists().where(Obligation.case_id == case_id, Obligation.kind == kind, Obligation.done_at.is_(None))
    return bool(db.session.scalar(select(owed)))
