"""What the rows in clear still say of somebody of whom nothing is kept under seal any more (ADR 0242).

Once everything of a closed case was erased but a witness's legal file: no minute stands anywhere, no month of birth,
and nobody who answered for the person. Once no report can count the person any more: the particulars go, and of days
only the quarter is kept. Nothing here needs a key.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, false, func, or_, select
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import db, rows_hit
from nrm.domain.quarters import Quarter
from nrm.domain.shelter import retention as rules
from nrm.domain.shelter.ages import Kind
from nrm.domain.shelter.cases import NOT_COLLECTED, Compartment
from nrm.models.interviews.interviews import Interview
from nrm.models.shelter.absences import LeftAlone, Missing
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import Case, Erasure, SealedCompartment
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.key_workers import KeyWorker
from nrm.models.shelter.places import Occupancy
from nrm.models.shelter.planned_ends import PlannedEnd
from nrm.models.shelter.stays import Stay
from nrm.steps.referrals import obligations
from nrm.store import days
from nrm.store.countries import country

_OF_A_PERSON = (Compartment.IDENTITY, Compartment.HAND_OVER, Compartment.STORY, Compartment.CARE)
_DAY = timedelta(days=1)
_DAYS = re.compile(r"\d{4}-\d\d-\d\d")


def nothing_kept() -> tuple[ColumnElement[bool], ...]:
    """That a case is closed, something of the person was erased, and at most a legal file is kept under seal."""
    sealed = (SealedCompartment.case_id == Case.id, SealedCompartment.compartment != Compartment.LEGAL)
    gone = (Erasure.case_id == Case.id, Erasure.compartment.in_([str(each) for each in _OF_A_PERSON]))
    return Case.status == "closed", ~exists().where(*sealed), exists().where(*gone)


def forget(session: Session, case_id: uuid.UUID) -> bool:
    """Keep of the case in clear only what something still needs; nothing unless nothing of the person is sealed any
    more. Whether a row was changed."""
    case = session.scalar(
        select(Case).where(Case.id == case_id, *nothing_kept()).execution_options(populate_existing=True)
    )
    if case is None:
        return False
    session.flush()
    changed = _no_minute(session, case)
    if _is_counted(session, case):
        changed |= _no_particulars(session, case)
    return changed


def due(most: int) -> list[uuid.UUID]:
    """The cases of which `forget` has something to change; at most so many."""
    answered = exists().where(KeyWorker.case_id == Case.id, KeyWorker.ended_at < _looked_at_until())
    planned = exists().where(Stay.case_id == Case.id, PlannedEnd.stay_id == Stay.id)
    kept = or_(Case.age_band != NOT_COLLECTED, planned)
    closed, longest = days.span().closed, _longest_window()
    counted = rules.counted_until(closed, longest) if closed is not None else None
    old = and_(Case.closed_month <= counted, kept) if counted is not None else false()
    found = db.session.execute(
        select(Case.id, Interview.started_at, or_(Case.adult_month.is_not(None), answered, old))
        .outerjoin(Interview, Interview.id == Case.id)
        .where(*nothing_kept())
        .order_by(Case.id)
    )
    return [id_ for id_, at, more in found if more or (at is not None and at != _day_begins(at))][:most]


def _no_minute(session: Session, case: Case) -> bool:
    obligations.coarsen(session, case.id)
    changed = False
    interview = session.get(Interview, case.id)
    if interview is not None and interview.started_at != (day := _day_begins(interview.started_at)):
        interview.started_at, changed = day, True
    if case.adult_month is not None:
        case.adult_month, changed = None, True
    months = delete(CaseAge).where(CaseAge.case_id == case.id, CaseAge.kind == str(Kind.MONTH))
    over = delete(KeyWorker).where(KeyWorker.case_id == case.id, KeyWorker.ended_at < _looked_at_until())
    return _gone(session, months, over) or changed


def _is_counted(session: Session, case: Case) -> bool:
    """Whether no report that is still to come can count the person."""
    closed = days.span().closed
    if closed is None:
        return False
    of_stays = select(func.max(Stay.known_on), func.max(Stay.end_known_on), func.max(Stay.ended_on))
    corrected = select(func.max(StayCorrection.known_on)).join(Stay, Stay.id == StayCorrection.stay_id)
    shut = select(func.max(Closing.closed_on)).where(Closing.case_id == case.id)
    last = [
        case.closed_month,
        *session.execute(of_stays.where(Stay.case_id == case.id)).one(),
        session.scalar(corrected.where(Stay.case_id == case.id)),
        session.scalar(shut),
    ]
    counted = rules.counted_until(closed, _longest_window())
    return max(each for each in last if each is not None) <= counted


def _longest_window() -> int:
    """In quarters, of all reports."""
    return max((max(each.windows) for each in country().tables.values()), default=1)


def _looked_at_until() -> datetime:
    return clock.now() - timedelta(days=rules.LOOKED_AT_DAYS)


def _no_particulars(session: Session, case: Case) -> bool:
    stays = session.scalars(select(Stay).where(Stay.case_id == case.id)).all()
    ids = [each.id for each in stays]
    changed = _gone(
        session,
        *(delete(model).where(model.stay_id.in_(ids)) for model in (Occupancy, PlannedEnd, Away)),
    )
    facts = {"statistics": case.facts.get("statistics", "")}
    plain = (NOT_COLLECTED, NOT_COLLECTED, NOT_COLLECTED)
    if (case.facts, case.age_band, case.citizenship, case.exploited_in) != (facts, *plain):
        case.facts, changed = facts, True
        case.age_band = case.citizenship = case.exploited_in = NOT_COLLECTED
    changed |= _only_quarters(session, _rows(session, case, ids))
    for stay in stays:
        # These two lie before the end of the stay, and within one quarter with it no more.
        end = _quarter(stay.ended_on) if stay.ended_on is not None else None
        for name in ("reflected_until", "appeal_until"):
            day = getattr(stay, name)
            if end is not None and day is not None and day >= end:
                setattr(stay, name, end - _DAY)
    session.flush()
    return changed | _only_quarters(session, stays)


def _rows(session: Session, case: Case, stays: Collection[uuid.UUID]) -> list[Any]:
    found: list[Any] = []
    for model in (LeftAlone, Missing, Closing, CaseAge):
        found += session.scalars(select(model).where(model.case_id == case.id)).all()
    return found + list(session.scalars(select(StayCorrection).where(StayCorrection.stay_id.in_(stays))))


def _only_quarters(session: Session, rows: Iterable[Any]) -> bool:
    """Each day of these rows becomes the first one of its quarter; whether any did."""
    changed = False
    for row in rows:
        for column in row.__table__.c:
            day = getattr(row, column.key)
            # The last days of two periods have to lie before the quarter in which the stay ended.
            kept = column.key in ("reflected_until", "appeal_until")
            if isinstance(day, date) and not isinstance(day, datetime) and not kept and day != _quarter(day):
                setattr(row, column.key, _quarter(day))
                changed = True
        if isinstance(row, StayCorrection) and row.was != (was := {name: _told(row.was[name]) for name in row.was}):
            row.was, changed = was, True
    session.flush()
    return changed


def _quarter(day: date) -> date:
    return Quarter.of(day).start


def _told(value: Any) -> Any:
    """A day that a correction struck becomes the first one of its quarter; a code or an id stays."""
    if not isinstance(value, str) or not _DAYS.fullmatch(value):
        return value
    return _quarter(date.fromisoformat(value)).isoformat()


def _gone(session: Session, *statements: Any) -> bool:
    return sum(rows_hit(session, each) for each in statements) > 0


def _day_begins(at: datetime) -> datetime:
    zone = country().timezone
    return datetime.combine(clock.day_of(at, zone), time.min, tzinfo=zone)
