"""What corrections struck, for whoever counts stays as they were known on a day."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import Connection, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from nrm.domain.shelter.corrections import Struck
from nrm.domain.shelter.stays import Period
from nrm.models.shelter.corrections import StayCorrection

_Earlier = aliased(StayCorrection)


def known_after(connection: Connection, day: date) -> dict[uuid.UUID, list[Struck]]:
    """Stay -> what its corrections struck that became known after that day, in their order."""
    columns = (
        StayCorrection.stay_id,
        StayCorrection.known_on,
        StayCorrection.was_admitted_on,
        StayCorrection.was_ended_on,
    )
    statement = select(*columns).where(StayCorrection.known_on > day)
    found: dict[uuid.UUID, list[Struck]] = {}
    for stay_id, known_on, admitted_on, ended_on in connection.execute(
        statement.order_by(StayCorrection.stay_id, StayCorrection.position)
    ):
        found.setdefault(stay_id, []).append(Struck(known_on, Period(admitted_on, ended_on)))
    return found


def stays_known_after(day: date) -> Select[uuid.UUID]:
    """The stays with a correction that became known after that day; a part of another statement."""
    return select(StayCorrection.stay_id).where(StayCorrection.known_on > day)


def touching(first: date, last: date) -> Select[uuid.UUID]:
    """The stays with a correction that became known after `last` that touched the days `first` to `last` before it; a
    part of another statement. A stay that became known late touches only the days in which it did."""
    earlier = exists().where(
        _Earlier.stay_id == StayCorrection.stay_id,
        _Earlier.known_on > last,
        _Earlier.position < StayCorrection.position,
    )
    touches = or_(StayCorrection.was_ended_on.is_(None), StayCorrection.was_ended_on >= first)
    wanted = and_(StayCorrection.known_on > last, StayCorrection.was_admitted_on <= last, touches, ~earlier)
    return select(StayCorrection.stay_id).where(wanted)
