"""Whether an alarm stands or stood in a case that was seen, and the nights it takes away."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from nrm import clock
from nrm.db import db
from nrm.domain.shelter.stays import Period
from nrm.models.shelter.absences import Missing
from nrm.store.countries import country


def ended_since() -> date:
    """The first day whose ended alarms are still shown on the desks (the hour is deleted when an alarm ends)."""
    return clock.today(country().timezone) - timedelta(days=1)


def stands(case_id: uuid.UUID) -> Missing | None:
    """The open alarm of a case; the caller has checked that the actor sees the case."""
    statement = select(Missing).where(Missing.case_id == case_id, Missing.outcome == "")
    return db.session.scalar(statement.execution_options(populate_existing=True))


def was_not_found(case_id: uuid.UUID) -> bool:
    """Whether the last alarm of the case ended without the person."""
    statement = select(Missing.outcome).where(Missing.case_id == case_id).order_by(Missing.since_on.desc()).limit(1)
    return db.session.scalar(statement) == "not_found"


def was_missing(stay_id: ColumnElement[uuid.UUID] | InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    """Whether somebody was ever missing from a stay; a part of another statement."""
    return exists().where(Missing.stay_id == stay_id)


def gaps(stay_ids: Collection[uuid.UUID] | None = None) -> dict[uuid.UUID, list[Period]]:
    """Stay -> the days on which the person was missing: from the day she was missed to the day she came back (or None).

    Without ids: of every stay.
    """
    if stay_ids is not None and not stay_ids:
        return {}
    statement = select(Missing.stay_id, Missing.since_on, Missing.over_on)
    if stay_ids is not None:
        statement = statement.where(Missing.stay_id.in_(stay_ids))
    found: dict[uuid.UUID, list[Period]] = {}
    for stay_id, since_on, over_on in db.session.execute(statement.order_by(Missing.since_on)):
        if stay_id is not None:
            found.setdefault(stay_id, []).append(Period(since_on, over_on))
    return found
