"""The looks of a formal identification, for actions."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import func, select

from nrm.db import db
from nrm.models.shelter.cases import Case
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.models.shelter.stays import Stay
from nrm.store.countries import country


def looks(identification: Identification) -> list[IdentificationLook]:
    """What was concluded so far, the first look first; for actions."""
    statement = select(IdentificationLook).where(IdentificationLook.identification_id == identification.id)
    return list(db.session.scalars(statement.order_by(IdentificationLook.position)))


def possible_since(case_id: uuid.UUID) -> date | None:
    """The first day in a shelter, from which the person is treated as a possible victim."""
    there = (Stay.case_id == case_id, Stay.taken_back_on.is_(None))
    return db.session.scalar(select(func.min(Stay.admitted_on)).where(*there))


def reflection_until(case: Case) -> date | None:
    """The last day of the reflection period; None where there is none, or it has not begun."""
    return country().reflection.until(case.citizenship_class, possible_since(case.id))
