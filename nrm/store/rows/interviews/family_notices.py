"""Rows of family notices, for actions."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, select

from nrm.db import db
from nrm.models.interviews.family_notices import FamilyNotice


def is_known(family_id: uuid.UUID) -> bool:
    """Whether a notice with that id exists at any post."""
    return bool(db.session.scalar(select(exists().where(FamilyNotice.id == family_id))))
