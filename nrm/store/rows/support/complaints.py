"""Complaints, for actions that have decided who may ask."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select

from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.models.accounts.accounts import Organisation
from nrm.models.support.complaints import Complaint


def number_waiting() -> int:
    """How many from the page that is of no house were not dealt with."""
    waiting = select(func.count()).select_from(Complaint).where(Complaint.dealt_on.is_(None), Complaint.without_house)
    return db.session.scalar(waiting) or 0


def dealt_before(day: date, limit: int) -> Sequence[uuid.UUID]:
    """Those that were dealt with before that day."""
    return db.session.scalars(select(Complaint.id).where(Complaint.dealt_on < day).limit(limit)).all()


def authorities() -> set[uuid.UUID]:
    """The Responsible Authority, as who takes part."""
    statement = select(Organisation.id).where(
        Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY, Organisation.enabled.is_(True)
    )
    return set(db.session.scalars(statement))
