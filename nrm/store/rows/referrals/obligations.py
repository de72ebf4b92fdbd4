"""Whether something is owed in a case, for steps that saw the case."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import exists, select

from nrm.db import db
from nrm.models.referrals.referrals import Obligation
from nrm.store.rows import entries


def known_since(obligation_id: uuid.UUID, member_id: uuid.UUID | None, since: datetime) -> bool:
    """Whether the member said since then that the desk knows; the caller has checked what is owed."""
    done = entries.since(since, "obligation_acknowledged", entries.by(member_id))
    said = {"obligation_id": str(obligation_id), "how": "system"}
    return any(said.items() <= each.said.items() for each in done)


def is_owed(case_id: uuid.UUID, kind: str) -> bool:
    """Whether this is owed still in a case that was seen already."""
    owed = exists().where(Obligation.case_id == case_id, Obligation.kind == kind, Obligation.done_at.is_(None))
    return bool(db.session.scalar(select(owed)))
