"""Whether something is owed in a case, for steps that saw the case."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

from sqlalchemy import exists, func, select

from nrm.db import db
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Obligation

_NEWEST_ENTRIES = 5_000


def known_since(obligation_id: uuid.UUID, member_id: uuid.UUID | None, since: datetime) -> bool:
    """Whether the member said since then that the desk knows; the caller has checked what is owed."""
    newest = select(func.max(AuditEntry.id)).scalar_subquery()
    statement = select(AuditEntry.details, AuditEntry.at).where(
        AuditEntry.id > newest - _NEWEST_ENTRIES,
        AuditEntry.event == "obligation_acknowledged",
        AuditEntry.member_id == str(member_id),
    )
    return any(
        datetime.fromisoformat(at) > since
        and (said := json.loads(details))["obligation_id"] == str(obligation_id)
        and said["how"] == "system"
        for details, at in db.session.execute(statement)
    )


def is_owed(case_id: uuid.UUID, kind: str) -> bool:
    """Whether this is owed still in a case that was seen already."""
    owed = exists().where(Obligation.case_id == case_id, Obligation.kind == kind, Obligation.done_at.is_(None))
    return bool(db.session.scalar(select(owed)))
