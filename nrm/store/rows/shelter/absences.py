"""Whether an alarm stands or stood in a case that was seen, and the nights it takes away."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, CompoundSelect, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.referrals.children_along import CHILDREN_ALONG
from nrm.domain.shelter.absences import Outcome
from nrm.domain.shelter.away import not_counted
from nrm.domain.shelter.stays import Period, Source
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Occupancy
from nrm.models.shelter.stays import Stay
from nrm.store.countries import country
from nrm.store.rows import entries


def ended_since() -> date:
    """The first day whose ended alarms are still shown on the desks (the hour is deleted when an alarm ends)."""
    return clock.today(country().timezone) - timedelta(days=1)


def struck_since() -> date:
    """The first day whose mistakes are still shown to who was told of a person under seal."""
    return clock.today(country().timezone) - timedelta(days=7)


def stands(case_id: uuid.UUID) -> Missing | None:
    """The open alarm of a case; the caller has checked that the actor sees the case."""
    statement = select(Missing).where(Missing.case_id == case_id, Missing.outcome == "")
    return db.session.scalar(statement.execution_options(populate_existing=True))


def recorded_by(left_id: uuid.UUID) -> uuid.UUID | None:
    """Who recorded that somebody left or died, as the audit chain tells, whatever the row says; None for nobody. The
    whole chain is looked through: two members do this once. The caller has checked what it is about."""
    of_record = AuditEntry.details.contains(str(left_id))
    for event in (Event.LEFT_ALONE_RECORDED, Event.DEATH_RECORDED):
        for each in entries.since(entries.EVER, event, of_record, newest=entries.WHOLE):
            return each.member_id
    return None


def was_not_found(case_id: uuid.UUID) -> bool:
    """Whether the last alarm of the case ended without the person, who has not come to any shelter since."""
    true = (Missing.case_id == case_id, _was_true())
    statement = select(Missing).where(*true).order_by(Missing.since_on.desc()).limit(1)
    last = db.session.scalar(statement)
    if last is None or last.outcome != "not_found" or last.over_on is None:
        return False
    began = select(Stay.id).where(Stay.case_id == case_id, Stay.taken_back_on.is_(None))
    since = began.where(Stay.admitted_on >= last.since_on, Stay.id.is_distinct_from(last.stay_id))
    handed_on = select(func.max(Referral.sent_at)).where(Referral.case_id == case_id, Referral.status == "arrived")
    sent_at = db.session.scalar(handed_on)
    came = sent_at is not None and clock.day_of(sent_at, country().timezone) >= last.over_on
    return not came and db.session.scalar(since.limit(1)) is None


def _was_true() -> ColumnElement[bool]:
    """The condition for alarms that were not struck: the others are kept, and take nothing away."""
    return Missing.outcome != Outcome.MISTAKE


def was_absent(stay_id: ColumnElement[uuid.UUID] | InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    """Whether somebody was ever missing, or away, from a stay; a part of another statement."""
    return or_(exists().where(Missing.stay_id == stay_id, _was_true()), exists().where(Away.stay_id == stay_id))


def child_there(
    of_stay: InstrumentedAttribute[uuid.UUID] | InstrumentedAttribute[uuid.UUID | None],
) -> ColumnElement[bool]:
    """Whether a child that is or was with the person of a stay in one place has an open stay, and no own alarm; a part
    of another statement."""
    own = aliased(Missing)
    with_whom, theirs = aliased(Occupancy), aliased(Stay)
    return exists().where(
        with_whom.with_stay_id == of_stay,
        with_whom.struck_on.is_(None),
        theirs.id == with_whom.stay_id,
        theirs.ended_on.is_(None),
        ~exists().where(own.case_id == theirs.case_id, own.outcome == ""),
    )


def children_there(
    of_stay: InstrumentedAttribute[uuid.UUID] | InstrumentedAttribute[uuid.UUID | None],
) -> ColumnElement[bool]:
    """Whether children were announced with the person of a stay, and a child who came along with somebody since has an
    open stay in that shelter, and no own alarm: whose child it is stands under seal. A part of another statement."""
    own, hers, theirs, child = aliased(Missing), aliased(Stay), aliased(Stay), aliased(Case)
    return exists().where(
        hers.id == of_stay,
        exists().where(Obligation.case_id == hers.case_id, Obligation.kind == CHILDREN_ALONG),
        theirs.organisation_id == hers.organisation_id,
        theirs.admitted_on >= hers.admitted_on,
        theirs.ended_on.is_(None),
        child.id == theirs.case_id,
        child.source == Source.WITH_A_VICTIM,
        ~exists().where(own.case_id == theirs.case_id, own.outcome == ""),
    )


def gaps(stay_ids: Collection[uuid.UUID] | None = None) -> dict[uuid.UUID, list[Period]]:
    """Stay -> the days whose nights are not counted: from the day on which the person was missed to the day she came
    back (or None), and those of being away after as many nights as the country counts.

    Without ids: of every stay.
    """
    if stay_ids is not None and not stay_ids:
        return {}
    missed = select(Missing.stay_id, Missing.since_on, Missing.over_on).where(_was_true())
    were_away = select(Away.stay_id, Away.since_on, Away.over_on).where(Away.outcome != "struck")
    if stay_ids is not None:
        missed, were_away = missed.where(Missing.stay_id.in_(stay_ids)), were_away.where(Away.stay_id.in_(stay_ids))
    found: dict[uuid.UUID, list[Period]] = {}
    for stay_id, since_on, over_on in db.session.execute(missed):
        if stay_id is not None:
            found.setdefault(stay_id, []).append(Period(since_on, over_on))
    for stay_id, since_on, over_on in db.session.execute(were_away):
        gap = not_counted(Period(since_on, over_on), country().away_nights_counted)
        found.setdefault(stay_id, []).append(gap)
    return {stay_id: sorted(each, key=lambda gap: gap.admitted_on) for stay_id, each in found.items()}


def interrupted() -> CompoundSelect[uuid.UUID | None]:
    """The ids of the stays of which `gaps` tells something; a part of another statement."""
    return select(Missing.stay_id).union(select(Away.stay_id))


@dataclass(frozen=True, slots=True)
class Absent:
    """Since when somebody is missing from a stay, or away and until when; None where she is not."""

    missing_since: date | None = None
    missing_at: datetime | None = None
    away_id: uuid.UUID | None = None
    away_since: date | None = None
    expected_on: date | None = None


def absent_now(stay_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Absent]:
    """Who of these stays is missing or away; the others are not in it."""
    if not stay_ids:
        return {}
    missed = select(Missing.stay_id, Missing.since_on, Missing.since_at)
    missing = {
        row.stay_id: (row.since_on, row.since_at)
        for row in db.session.execute(missed.where(Missing.stay_id.in_(stay_ids), Missing.outcome == ""))
    }
    were_away = select(Away.stay_id, Away.id, Away.since_on, Away.expected_on)
    away = {
        row.stay_id: (row.id, row.since_on, row.expected_on)
        for row in db.session.execute(were_away.where(Away.stay_id.in_(stay_ids), Away.outcome == ""))
    }
    nobody = (None, None, None)
    found = missing.keys() | away.keys()
    return {each: Absent(*missing.get(each, (None, None)), *away.get(each, nobody)) for each in found}
