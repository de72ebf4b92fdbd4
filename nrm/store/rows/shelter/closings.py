"""Closings of a case that was seen, and how long it is kept."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import func, or_, select

from nrm.db import db
from nrm.domain.shelter import retention
from nrm.domain.shelter.cases import SUPPLEMENT, Compartment
from nrm.domain.shelter.closings import ReopenReason, ReopenRefusal, ReopenRefused
from nrm.domain.shelter.closings import check_reopening as check_reopening_of
from nrm.models.shelter.cases import Case, Erasure, SealedCompartment
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.countries import country


def standing(case_id: uuid.UUID) -> Closing | None:
    """The closing that was not taken back."""
    statement = select(Closing).where(Closing.case_id == case_id, Closing.reopened_on.is_(None))
    return db.session.scalar(statement.execution_options(populate_existing=True))


def check_reopening(case: Case) -> Closing:
    """The closing that opening this case again would end; raises ReopenRefused."""
    found = standing(case.id)
    if found is None or case.closed_month is None:
        raise ReopenRefused(ReopenRefusal.NOT_CLOSED)
    periods = [ends_on(case, each) for each in Compartment]
    kept = select(SealedCompartment.compartment).where(SealedCompartment.case_id == case.id)
    check_reopening_of(
        case.status,
        by_her_wish=found.by_her_wish,
        kept=db.session.scalars(kept).all(),
        erased=erased(case.id),
        until=max((each for each in periods if each is not None), default=date.max),
        today=days.today(),
    )
    return found


def ends_on(case: Case, compartment: str, *, closed_month: date | None = None) -> date | None:
    """The first day on which a compartment of a closed case is erased; None: not by time alone.

    `closed_month`: for a case that is open still, as if it were closed in that month.
    """
    month = closed_month or case.closed_month
    assert month is not None
    rules = country().retention
    # A supplement contains the same things as the story, and is kept no longer.
    told = Compartment.STORY if compartment == SUPPLEMENT else Compartment(compartment)
    return retention.ends_on(
        rules.years_after_closing[told],
        closed_month=month,
        registered_month=case.registered_month,
        age_class=case.age_class,
        age_band=case.age_band,
        children_until_age=rules.children_until_age,
    )


def erased(case_id: uuid.UUID) -> list[str]:
    """The compartments of the case whose keys were destroyed for good."""
    return list(db.session.scalars(select(Erasure.compartment).where(Erasure.case_id == case_id)))


def reopened_for(stay: Stay) -> Closing | None:
    """The closing of which the case was opened again because the person came back, if no other stay was entered since:
    it holds again once this stay turns out to be about somebody else."""
    last = select(Closing).where(Closing.case_id == stay.case_id, Closing.reopened_on.is_not(None))
    found = db.session.scalar(last.order_by(Closing.reopened_on.desc(), Closing.closed_on.desc()).limit(1))
    if found is None or found.reopened_on is None or found.reason != ReopenReason.CAME_BACK:
        return None
    later = (Stay.case_id == stay.case_id, Stay.id != stay.id, Stay.known_on >= found.reopened_on)
    is_only = db.session.scalar(select(Stay.id).where(*later, Stay.taken_back_on.is_(None)).limit(1)) is None
    return found if is_only and stay.known_on >= found.reopened_on else None


def came_back(case_id: uuid.UUID) -> bool:
    """Whether the case was opened again because the person came back, and no stay began or ended since."""
    since = db.session.scalar(
        select(func.max(Closing.reopened_on)).where(
            Closing.case_id == case_id, Closing.reason == str(ReopenReason.CAME_BACK)
        )
    )
    if since is None:
        return False
    later = or_(Stay.admitted_on >= since, Stay.ended_on > since)
    return db.session.scalar(select(Stay.id).where(Stay.case_id == case_id, later).limit(1)) is None
