"""Rows of family notices, for actions."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import exists, select

from nrm.audit import Event
from nrm.db import db
from nrm.models.interviews.family_notices import FamilyNotice
from nrm.store.rows import entries
from nrm.store.rows.referrals.obligations import TELEPHONE


def is_known(family_id: uuid.UUID) -> bool:
    """Whether a notice with that id exists at any post."""
    return bool(db.session.scalar(select(exists().where(FamilyNotice.id == family_id))))


def telephoned_since(member_id: uuid.UUID | None, since: datetime) -> list[uuid.UUID]:
    """The notices of which the member wrote down since then that the desk was told by telephone."""
    said = entries.since(since, Event.FAMILY_NOTICE_ANSWERED, entries.by(member_id))
    found = (uuid.UUID(str(each.said["family_id"])) for each in said if each.said.get("how") == TELEPHONE)
    return list(dict.fromkeys(found))


def is_open_again(family_id: uuid.UUID, member_id: uuid.UUID | None, since: datetime) -> bool:
    """Whether the member said since then that the desk has not seen it."""
    about = (entries.by(member_id), entries.about(family_id))
    return any(entries.since(since, Event.FAMILY_NOTICE_OPEN_AGAIN, *about))
