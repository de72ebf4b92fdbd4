"""Appending what a correction strikes, inside the transaction of an action."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.shelter.corrections import Kind, Why
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.stays import Stay
from nrm.store import days


def append(session: Session, stay: Stay, kind: Kind, why: Why, by: Actor, *, was: Mapping[str, object]) -> None:
    """Keep what stands, with all that is struck of it, before the row says anything else. The stay is locked."""
    if by.member_id is None:
        raise NotVisible
    number = select(func.count()).select_from(StayCorrection).where(StayCorrection.stay_id == stay.id)
    session.add(
        StayCorrection(
            id=uuid.uuid4(),
            stay_id=stay.id,
            position=(session.scalar(number) or 0) + 1,
            kind=str(kind),
            why=str(why),
            known_on=days.today(),
            corrected_by_id=by.member_id,
            was_admitted_on=stay.admitted_on,
            was_ended_on=stay.ended_on,
            was={name: None if value is None else str(value) for name, value in was.items()},
        )
    )
    session.flush()
    audit.append(
        session,
        audit.Event.STAY_CORRECTED,
        by=by,
        case_id=stay.case_id,
        stay_id=stay.id,
        kind=str(kind),
        why=str(why),
    )
