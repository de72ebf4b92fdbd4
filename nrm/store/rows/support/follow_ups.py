"""Follow-ups of a case that was seen, and those that time has to do something with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Date, Select, and_, bindparam, exists, func, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.support.benefits import State, answer_since
from nrm.domain.support.follow_ups import (
    END_IS_KEPT,
    FOLLOW_UP,
    FOLLOW_UP_CODES,
    KEPT_FOR_BENEFITS,
    LAPSES_AFTER,
    TOLD_OF_ANOTHER_WITHIN,
    UNSAFE_END_IS_SHOWN,
    Ended,
    Result,
    Stand,
    Stands,
)
from nrm.models.audit import AuditEntry
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.shelter.stays import Stay
from nrm.models.support.benefits import Benefit
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows import entries
from nrm.store.rows.shelter import key_workers as key_worker_rows
from nrm.store.rows.support.benefits import is_open


def standing(case_id: uuid.UUID, *, lock: bool = False) -> FollowUp | None:
    """The agreement that is not over."""
    statement = select(FollowUp).where(FollowUp.case_id == case_id, FollowUp.ended_on.is_(None))
    statement = statement.execution_options(populate_existing=True)
    return db.session.scalar(statement.with_for_update() if lock else statement)


def newest(case_id: uuid.UUID) -> FollowUp | None:
    """The agreement that is not over, else the one that was over last."""
    statement = select(FollowUp).where(FollowUp.case_id == case_id)
    statement = statement.order_by(FollowUp.ended_on.is_not(None), FollowUp.ended_on.desc(), FollowUp.id).limit(1)
    return db.session.scalar(statement.execution_options(populate_existing=True))


def unsafe(case_id: uuid.UUID) -> list[FollowUpDate]:
    """The contacts of a case at which the person said that she is not safe, or needs help now, and that nobody
    settled."""
    mine = FollowUpDate.follow_up_id.in_(select(FollowUp.id).where(FollowUp.case_id == case_id))
    statement = select(FollowUpDate).where(mine, unsafe_now()).order_by(FollowUpDate.months)
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def over_but_unsafe(case_id: uuid.UUID) -> FollowUp | None:
    """An agreement that is over, and whose person is not safe still."""
    mine = exists().where(FollowUpDate.follow_up_id == FollowUp.id, unsafe_now())
    statement = select(FollowUp).where(FollowUp.case_id == case_id, FollowUp.ended_on.is_not(None), mine)
    statement = statement.order_by(FollowUp.ended_on.desc(), FollowUp.id).limit(1)
    return db.session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def raised_at(case_id: uuid.UUID) -> tuple[int, uuid.UUID | None] | None:
    """At which contact, and to whom, the person said last that she is not safe, as the audit chain tells; None where it
    was said between two contacts, or since then that "safe" was a mistake."""
    which = AuditEntry.event.in_([str(each) for each in (*_ALARMS, Event.FOLLOW_UP_CONTACT)])
    found, before = None, None
    for event, each in entries.any_since(entries.EVER, which, entries.about(case_id), newest=_LOOKED_THROUGH):
        if event in _ALARMS:
            found = None
        elif before == Event.FOLLOW_UP_NOT_SAFE and each.said["result"] != Result.OTHER_PERSON:  # written in one act
            found = each.said["months"], each.member_id
        before = event
    return found


def told_of_another(found: FollowUp, member_id: uuid.UUID | None) -> FollowUpDate | None:
    """The contact whose alarm a member of the shelter that asks can say was another person's (ADR 0273); None where
    somebody else said it, too, or acts on it, or it is older, of a child, or in a shelter without a manager."""
    standing = [each for each in dates_of(found.id) if each.alarm_on is not None and each.alarm_by_id is not None]
    if len(standing) != 1 or standing[0].alarm_by_id != member_id or standing[0].acted_at is not None:
        return None
    return standing[0] if is_led(found) and _told_alone(found.case_id) == member_id else None


def why_stands(found: FollowUp, member_id: uuid.UUID | None) -> Stands | None:
    """Why an alarm of which this member says that it was another person's stands; None where none does."""
    standing = [each for each in dates_of(found.id) if each.alarm_on is not None and each.alarm_by_id is not None]
    if not standing:
        return None
    if not is_led(found):
        return Stands.CHILD if is_of_child(found.id) else Stands.NO_MANAGER
    if any(each.acted_at is not None for each in standing):
        return Stands.ACTED
    if any(each.alarm_by_id != member_id for each in standing):
        return Stands.COLLEAGUE
    said = _said_since_safe(found.case_id)
    if len(standing) == 1 and len(said) == 2 and raised_at(found.case_id) is not None:
        return Stands.CONTACT
    if len(standing) > 1 or len(said) > 1:
        return Stands.AGAIN
    return Stands.BETWEEN if told_of_another(found, member_id) is not None else Stands.LATE


def entered_last(case_id: uuid.UUID, months: int) -> tuple[datetime, Result] | None:
    """When, and what, was entered last of a contact and was not struck since, as the audit chain tells."""
    there = entered(case_id, months)
    return there[-1] if there else None


def entered(case_id: uuid.UUID, months: int) -> list[tuple[datetime, Result]]:
    """When, and what, was entered of a contact and was not struck since, the first first, as the audit chain tells."""
    there: list[tuple[datetime, Result]] = []
    of_case = entries.about(case_id)
    for each in entries.since(entries.EVER, Event.FOLLOW_UP_CONTACT, of_case, newest=_LOOKED_THROUGH):
        if each.said["months"] != months:
            continue
        if each.said["result"] == Result.OTHER_PERSON:
            del there[-1:]
        else:
            there.append((each.at, Result(each.said["result"])))
    return there


def _told_alone(case_id: uuid.UUID) -> uuid.UUID | None:
    """Who wrote down, a day ago at most and between two contacts, that the person is not safe, where nobody said so
    beside that, before it or since; None for everything else."""
    said = _said_since_safe(case_id)
    return said[0] if len(said) == 1 else None


def _said_since_safe(case_id: uuid.UUID) -> list[uuid.UUID | None]:
    """Who said that the person is not safe since the last alarm was over; None: at a contact, or over a day ago."""
    over = (Event.FOLLOW_UP_SAFE, Event.FOLLOW_UP_NOT_THIS_PERSON)
    which = AuditEntry.event.in_([str(each) for each in (*_ALARMS, *over, Event.FOLLOW_UP_CONTACT)])
    said: list[uuid.UUID | None] = []
    before = None
    for event, each in entries.any_since(entries.EVER, which, entries.about(case_id), newest=_LOOKED_THROUGH):
        if event in over:
            said = []
        elif event == Event.FOLLOW_UP_NOT_SAFE:
            said.append(each.member_id if each.at > clock.now() - TOLD_OF_ANOTHER_WITHIN else None)
        elif event in _ALARMS or (before == Event.FOLLOW_UP_NOT_SAFE and each.said["result"] != Result.OTHER_PERSON):
            said.append(None)  # the second: a contact, written in one act
        before = event
    return said


_ALARMS = (str(Event.FOLLOW_UP_NOT_SAFE), str(Event.FOLLOW_UP_SAFE_TAKEN_BACK))
_LOOKED_THROUGH = 200_000


def missed_before(case_id: uuid.UUID, months: int) -> date | None:
    """On which day it was tried before the last time, as the audit chain tells; None for never."""
    of_case = entries.about(case_id)
    told = entries.since(entries.EVER, Event.FOLLOW_UP_CONTACT, of_case, newest=_LOOKED_THROUGH)
    tried: list[date] = []
    for each in told:
        if each.said["months"] != months:
            continue
        on = clock.day_of(each.at, country().timezone)
        if each.said["result"] == Result.OTHER_PERSON:
            del tried[-1:]
        elif not tried or tried[-1] != on:
            tried.append(on)
    return tried[-2] if len(tried) > 1 else None


def is_of_child(follow_up_id: uuid.UUID) -> bool:
    """As `is_child`, of one agreement."""
    statement = select(FollowUp.id).join(Case, Case.id == FollowUp.case_id)
    return db.session.scalar(statement.where(FollowUp.id == follow_up_id, is_child())) is not None


def is_led(follow_up: FollowUp) -> bool:
    """Whether it is an adult's and its shelter has a manager, who reads what colleagues take back."""
    return key_worker_rows.has_leader(follow_up.organisation_id) and not is_of_child(follow_up.id)


def unsafe_now() -> ColumnElement[bool]:
    """Whether the person said at a contact that she is not safe, or needs help now, and nobody settled it."""
    return and_(FollowUpDate.alarm_on.is_not(None), FollowUpDate.alarm_by_id.is_not(None))


def let_go() -> ColumnElement[bool]:
    """Whether it ended while the person was not safe: the alarm is on no list, and nobody recorded that she is safe."""
    return and_(FollowUpDate.alarm_on.is_(None), FollowUpDate.alarm_by_id.is_not(None))


def shown_since() -> date:
    """Who ended a follow-up on this day or later is named."""
    return days.today() - UNSAFE_END_IS_SHOWN


def over_since(day: date | BindParameter[Any]) -> ColumnElement[bool]:
    """Whether it is over since that day, or a later one."""
    return FollowUp.ended_on >= day


def kept_end(since: date | BindParameter[Any]) -> ColumnElement[bool]:
    """Whether it ended on that day or later because the person does not want it any more: until the end is
    destroyed (`kept_since`) it can be taken back."""
    return and_(over_since(since), FollowUp.ended_why == str(Ended.NO_LONGER))


def is_child() -> ColumnElement[bool]:
    """Whether the person counts as a child, or did since it was agreed: no change of an age takes anybody off a list
    of children (ADR 0216)."""
    since = CaseAge.recorded_on >= FollowUp.agreed_month
    was = exists().where(CaseAge.case_id == Case.id, CaseAge.was.in_(("child", "unsure")), since)
    return or_(Case.age_class != "adult", was.correlate(Case, FollowUp))


def was_admitted_since(found: FollowUp, *, lives_here: bool = False) -> bool:
    """Whether the person was admitted to a shelter after this agreement had begun, and it was not by mistake;
    `lives_here`: and has not left since."""
    if found.begins_on is None:
        return False
    since = and_(Stay.case_id == found.case_id, Stay.taken_back_on.is_(None), Stay.admitted_on >= found.begins_on)
    open_ = and_(since, Stay.ended_on.is_(None)) if lives_here else since
    return bool(db.session.scalar(select(exists().where(open_))))


def ids_of(case_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """Every agreement of the case, also those that are over."""
    return db.session.scalars(select(FollowUp.id).where(FollowUp.case_id == case_id)).all()


def dates_of(follow_up_id: uuid.UUID) -> list[FollowUpDate]:
    """The contacts of an agreement, the first due first."""
    statement = select(FollowUpDate).where(FollowUpDate.follow_up_id == follow_up_id).order_by(FollowUpDate.months)
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def lives_in_a_shelter(case_id: uuid.UUID) -> bool:
    """Whether a stay of the person goes on, in whichever shelter."""
    return bool(db.session.scalar(select(exists().where(Stay.case_id == case_id, Stay.ended_on.is_(None)))))


def last_end(case_id: uuid.UUID) -> date | None:
    """The day on which the last stay of the person ended; None while she is in a shelter, or never was."""
    if lives_in_a_shelter(case_id):
        return None
    return db.session.scalar(
        select(func.max(Stay.ended_on)).where(Stay.case_id == case_id, Stay.taken_back_on.is_(None))
    )


def not_begun(limit: int) -> Sequence[uuid.UUID]:
    """The cases of agreements that have not begun although the person's stay is over; for the system."""
    return db.session.scalars(_not_begun(limit)).all()


@cache
def _not_begun(limit: int) -> Select[uuid.UUID]:
    here = exists().where(Stay.case_id == FollowUp.case_id, Stay.ended_on.is_(None))
    was = exists().where(Stay.case_id == FollowUp.case_id, Stay.ended_on.is_not(None))
    statement = select(FollowUp.case_id).where(FollowUp.ended_on.is_(None), FollowUp.begins_on.is_(None), ~here, was)
    return statement.limit(limit)


def lapsed(today: date, limit: int) -> Sequence[uuid.UUID]:
    """The cases of agreements whose last day is long over, and that nobody finished; for the system. Who is not safe
    is found by what is sealed: no time ends that."""
    return db.session.scalars(_lapsed(limit), {"last_day": today - LAPSES_AFTER}).all()


@cache
def _lapsed(limit: int) -> Select[uuid.UUID]:
    last = (
        select(func.max(FollowUpDate.due_on)).where(FollowUpDate.follow_up_id == FollowUp.id).correlate(FollowUp)
    ).scalar_subquery()
    statement = select(FollowUp.case_id).where(FollowUp.ended_on.is_(None), last <= bindparam("last_day", type_=Date()))
    statement = statement.where(~exists().where(FollowUpDate.follow_up_id == FollowUp.id, unsafe_now()))
    return statement.limit(limit)


def finished(before: date, today: date, limit: int) -> Sequence[tuple[uuid.UUID, str]]:
    """What is sealed of agreements that were over on that day or before: agreement and compartment; for the system.
    While a benefit of their house waits they are kept, for so long at most: whose it is may lie in one of them. Of who
    came back, and of who wants no contact any more, it is kept while the press can be taken back; after that of the
    latter the codes of benefits alone, while the payment desk owes an answer about one of the house, or the house has
    not read it, for so long at most. Of who is not safe nothing is over."""
    waits = exists().where(Benefit.organisation_id == FollowUp.organisation_id, Benefit.state == str(State.ASKED))
    owed = exists().where(Benefit.organisation_id == FollowUp.organisation_id, is_open(answer_since(today)))
    ended = and_(
        FollowUp.ended_why.in_((str(Ended.FINISHED), str(Ended.LAPSED))),
        FollowUp.ended_on <= before,
        or_(~waits, FollowUp.ended_on <= before - KEPT_FOR_BENEFITS),
    )
    settled = FollowUp.ended_on < today - END_IS_KEPT  # the press cannot be taken back any more
    back = and_(FollowUp.ended_why == str(Ended.CAME_BACK), settled)
    no_longer = and_(FollowUp.ended_why == str(Ended.NO_LONGER), settled)
    codes = or_(~owed, FollowUp.ended_on <= today - KEPT_FOR_BENEFITS)
    unsafe = exists().where(FollowUpDate.follow_up_id == FollowUp.id, unsafe_now())
    over = or_(
        and_(or_(ended, back), ~unsafe), and_(no_longer, or_(SealedCompartment.compartment != FOLLOW_UP_CODES, codes))
    )
    statement = select(FollowUp.id, SealedCompartment.compartment)
    statement = statement.join(SealedCompartment, SealedCompartment.case_id == FollowUp.id).where(over).limit(limit)
    return [(follow_up_id, compartment) for follow_up_id, compartment in db.session.execute(statement)]


def sealed_of(follow_up_id: uuid.UUID) -> Sequence[str]:
    """What is there of what was agreed and told: all of it, or codes of benefits alone, or both; all of it first."""
    statement = select(SealedCompartment.compartment).where(SealedCompartment.case_id == follow_up_id)
    return db.session.scalars(statement.order_by(SealedCompartment.compartment)).all()


def is_sealed(follow_up_id: uuid.UUID) -> bool:
    """Whether what was agreed and told, or of it the codes of benefits, is there still."""
    return bool(sealed_of(follow_up_id))


def sealed_as(follow_up_id: uuid.UUID) -> str:
    """Where what was agreed and told lies; once it is destroyed, where the codes of benefits lie."""
    return next(iter(sealed_of(follow_up_id)), FOLLOW_UP)


def end_is_kept(found: FollowUp) -> bool:
    """Whether it ended because the person does not want it any more, and that can be taken back still: all that is
    sealed of it is there (ADR 0215)."""
    if found.ended_why != Ended.NO_LONGER or found.ended_on is None or found.ended_on < kept_since():
        return False
    return FOLLOW_UP in sealed_of(found.id)


def kept_since() -> date:
    """What ended on this day or later, because the person does not want it any more, can be taken back."""
    return days.today() - END_IS_KEPT


def stands_as(follow_up_id: uuid.UUID) -> str:
    """What a page of an alarm was shown with, as a form carries it: the revision of what is sealed, and each alarm."""
    mine = (SealedCompartment.case_id == follow_up_id, SealedCompartment.compartment == sealed_as(follow_up_id))
    sealed = select(SealedCompartment.revision).where(*mine)
    waiting = [each for each in dates_of(follow_up_id) if each.alarm_on is not None]
    alarms = (f"{each.months}-{each.alarm_on:%y%m%d}-{each.acted_what}" for each in waiting)
    return " ".join((str(db.session.scalar(sealed) or 0), *alarms))


def has_open(follow_up_id: uuid.UUID) -> bool:
    """Whether a contact is still to be made."""
    open_ = exists().where(FollowUpDate.follow_up_id == follow_up_id, FollowUpDate.state == str(Stand.OPEN))
    return bool(db.session.scalar(select(open_)))
