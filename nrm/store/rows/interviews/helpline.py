"""Calls to the help line as rows: which exist and which are old."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from nrm.db import db
from nrm.domain.shelter.cases import Compartment
from nrm.models.interviews.helpline import HelplineCall
from nrm.models.shelter.cases import Erasure


def is_known(call_id: uuid.UUID) -> bool:
    """Whether the id is taken."""
    return db.session.scalar(select(HelplineCall.id).where(HelplineCall.id == call_id)) is not None


def is_note_gone(call_id: uuid.UUID) -> bool:
    """Whether a note of this call was destroyed: nothing is sealed under its number any more."""
    return db.session.get(Erasure, (call_id, str(Compartment.IDENTITY))) is not None


def old(day: date, limit: int) -> Sequence[HelplineCall]:
    """Calls on `day` or before whose day is still kept; for `tend`."""
    statement = select(HelplineCall).where(HelplineCall.called_on.is_not(None), HelplineCall.called_on <= day)
    return db.session.scalars(statement.limit(limit)).all()
