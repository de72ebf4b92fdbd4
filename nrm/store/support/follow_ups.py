"""Follow-ups: for the holder of a case, open or closed, and of a child that needs help now for the duty desk.

In clear is that it was agreed, on which days somebody asks, and how a contact stands; who reads more opens it first.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.support.follow_ups import (
    EARLY,
    END_IS_KEPT,
    SAFE_IS_SHOWN,
    Acts,
    Ended,
    FollowUpRefusal,
    Result,
    Stand,
    Stands,
    is_late,
    is_tried_again,
    why_not_ended,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.rows.shelter import data_requests as request_rows
from nrm.store.rows.shelter import key_workers as key_worker_rows
from nrm.store.rows.support import follow_ups as rows
from nrm.store.shelter import cases
from nrm.store.statements import built_once

_MOST = 200
_AHEAD = timedelta(days=30)
_NO_LONGER = str(Ended.NO_LONGER)


@dataclass(frozen=True, slots=True)
class Said:
    """Who said it, and when; `what`: what the house does, none where the person is safe."""

    name: str
    at: datetime
    what: Acts | None = None


@dataclass(frozen=True, slots=True)
class ContactLine:
    """One contact of a case. `late`: the manager is told of it; `alarm`: somebody must act; `given_up`: as often as the
    country says, nobody reached the person, and the house has not said yet what it does; `since_on`: since when;
    `acted`: what the house says that it does; `safe`: who recorded last that the person is safe; `unsafe_at_end`: the
    person was not safe when all of it ended. `again`: not reached, it is tried again."""

    months: int
    due_on: date
    next_on: date
    tries: int
    state: Stand
    outcome: str
    late: bool
    alarm: bool
    given_up: bool
    since_on: date | None
    acted: Said | None = None
    safe: Said | None = None
    unsafe_at_end: bool = False
    again: bool = False

    def why_not(self, today: date) -> FollowUpRefusal | None:
        """Why nothing can be entered about it today, whatever it is; None if something can."""
        if self.state is Stand.ENDED:
            return FollowUpRefusal.ENDED
        return FollowUpRefusal.NOT_YET if today < self.due_on - EARLY else None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """The follow-up of a case. `is_kept`: what is sealed of it is there still; `worker`: who stays in touch; `may_act`:
    the asker may say that the house acts. `why_not_ended`: why the asker cannot end it now; `wish_on`: when the person
    asked, while she was not safe, that nobody stays in touch any more. `lives_here`: the person is in a shelter now, so
    that nobody asks; `is_back`: admitted again since it began, and not by mistake; `stands_as`: as
    `rows.follow_ups.stands_as`; `kept_until`: it ended because the person does not want it any more, and until that day
    this can be taken back; `passed_on_by`: the names of the organisation that passed that on, if one did;
    `may_be_of_another`: the reader wrote the alarm down, and can say that it was another person's."""

    case_id: uuid.UUID
    agreed_month: date
    begins_on: date | None
    ended_on: date | None
    ended_why: str
    is_kept: bool
    worker_id: uuid.UUID
    worker: str
    contacts: tuple[ContactLine, ...]
    may_act: bool
    why_not_ended: FollowUpRefusal | None
    wish_on: date | None
    lives_here: bool
    is_back: bool
    stands_as: str
    kept_until: date | None = None
    passed_on_by: dict[str, str] | None = None
    may_be_of_another: bool = False

    @property
    def may_be_ended(self) -> bool:
        """Whether there is something to end: it stands, the person is not safe still, or her wish waits."""
        return self.ended_on is None or self.alarms or self.wish_on is not None

    @property
    def unsafe_at_end(self) -> bool:
        """Whether the person was not safe when it ended."""
        return any(each.unsafe_at_end for each in self.contacts)

    @property
    def next(self) -> ContactLine | None:
        """The contact whose turn it is."""
        return next((each for each in self.contacts if each.state is Stand.OPEN), None)

    @property
    def may_alarm(self) -> bool:
        """Whether it can be written down that the person is not safe, whatever contact is due: also of what ended, as
        long as that can be taken back."""
        finished = self.ended_why == Ended.FINISHED and self.is_kept
        return bool(self.contacts) and (self.ended_on is None or finished or self.kept_until is not None)

    @property
    def may_be_corrected(self) -> bool:
        """Whether what was entered of its contacts can be corrected still: it is not over but by the last one."""
        return self.is_kept and self.ended_why in ("", Ended.FINISHED)

    @property
    def waits_for_mistake(self) -> bool:
        """Whether it ended with the word that the person is safe, and is kept while that can be taken back."""
        return self.ended_why == Ended.CAME_BACK and self.is_kept

    def may_be_told(self, today: date) -> bool:
        """Whether the next contact can be entered today: nobody asks who lives in a shelter."""
        return not self.lives_here and self.next is not None and self.next.why_not(today) is None

    @property
    def ended_by_mistake(self) -> bool:
        """Whether an admission ended it that was struck since."""
        return self.ended_why == Ended.CAME_BACK and not self.is_back

    @property
    def is_gone(self) -> bool:
        """Whether the person ended it, for good: nothing of it is kept but codes of benefits."""
        return self.ended_why == Ended.NO_LONGER and self.kept_until is None

    @property
    def alarms(self) -> bool:
        """Whether somebody must act."""
        return any(each.alarm for each in self.contacts)

    @property
    def waiting(self) -> tuple[ContactLine, ...]:
        """The contacts of which the house has not said yet that it acts."""
        return tuple(each for each in self.contacts if each.acted is None and (each.alarm or each.given_up))

    @property
    def acted(self) -> tuple[ContactLine, ...]:
        """The contacts of which the house said what it does."""
        return tuple(each for each in self.contacts if each.acted is not None and not each.unsafe_at_end)

    @property
    def safe(self) -> Said | None:
        """Who recorded last that the person is safe."""
        return max((each.safe for each in self.contacts if each.safe), key=lambda each: each.at, default=None)


@dataclass(frozen=True, slots=True)
class HouseLine:
    """A contact that the house owes now or soon, an alarm, or one that was given up because nobody reached the person;
    `since_on`: since when that. `mine`: the asker stays in touch, or somebody who works here no more; `may_act`: the
    asker may say that the house acts; `acted`: what it says that it does about the alarm; `is_open`: still to be
    made."""

    case_id: uuid.UUID
    pseudonym: str
    months: int
    due_on: date
    next_on: date
    tries: int
    late: bool
    alarm: bool
    given_up: bool
    since_on: date | None
    worker: str
    mine: bool
    may_act: bool
    is_closed: bool
    acted: Said | None = None
    is_open: bool = False

    def is_due(self, today: date) -> bool:
        """Whether the contact itself is to be made now, alarm or not."""
        return self.is_open and self.next_on <= today


@dataclass(frozen=True, slots=True)
class DeskLine:
    """A child who is not safe, or needs help now: which house acts. `acted`: what it says that it does; `safe`: the
    child was not safe, and the house recorded lately that it is; `is_child`: it is or may be a child, else nobody of
    the house reads it but who stays in touch."""

    case_id: uuid.UUID
    pseudonym: str
    since_on: date | None
    holder: dict[str, str]
    telephone: str
    acted: Said | None = None
    safe: Said | None = None
    is_child: bool = True


def why_stands(case_id: uuid.UUID, *, by: Actor) -> Stands | None:
    """Why an alarm of which the asker says that it was another person's stands. Raises NotVisible."""
    found = rows.newest(case_id) if of_case(case_id, by=by) is not None else None
    return rows.why_stands(found, by.member_id) if found is not None else None


def entered_last(case_id: uuid.UUID, months: int, *, by: Actor) -> tuple[datetime, Result] | None:
    """When, and what, was entered last of a contact: what is struck where it was another person's. Raises
    NotVisible."""
    return rows.entered_last(case_id, months) if of_case(case_id, by=by) is not None else None


def of_case(case_id: uuid.UUID, *, by: Actor) -> CaseLine | None:
    """The follow-up of a case that the actor's organisation holds, the one that was over last if none stands. Raises
    NotVisible."""
    case = cases.row(case_id, by=by)
    if case.holder_id != by.organisation_id or case.status == "referred":
        raise NotVisible
    found = rows.newest(case_id)
    if found is None or found.organisation_id != by.organisation_id:
        return None
    rules, today = country().follow_up, days.today()
    worker = db.session.get_one(Member, found.worker_id)
    lives_here = rows.lives_in_a_shelter(case_id)
    there, may_act = rows.dates_of(found.id), _may_act(by)
    last_made = max((each.months for each in there if each.state != Stand.OPEN), default=0)
    contacts = tuple(
        ContactLine(
            each.months,
            each.due_on,
            each.next_on,
            each.tries,
            Stand(each.state),
            each.outcome,
            each.state == Stand.OPEN and not lives_here and is_late(each.next_on, rules, today),
            each.alarm_on is not None and each.alarm_by_id is not None,
            each.alarm_on is not None and each.alarm_by_id is None,
            each.alarm_on,
            _said(each.acted_by_id, each.acted_at, each.acted_what),
            _said(each.safe_by_id, each.safe_at),
            each.alarm_on is None and each.alarm_by_id is not None,
            _is_tried_again(each, ended=found.ended_on is not None, last_made=last_made),
        )
        for each in there
    )
    unsafe = [each for each in there if each.alarm_on is not None and each.alarm_by_id is not None]
    return CaseLine(
        case_id,
        found.agreed_month,
        found.begins_on,
        found.ended_on,
        found.ended_why,
        rows.is_sealed(found.id),
        found.worker_id,
        worker.name,
        contacts,
        may_act,
        why_not_ended(
            alarm=bool(unsafe),
            acted=all(each.acted_at is not None for each in unsafe),
            adult=case.age_class == "adult",
            leads=may_act,
        ),
        request_rows.asked_no_follow_up(case_id),
        lives_here,
        rows.was_admitted_since(found),
        rows.stands_as(found.id),
        found.ended_on + END_IS_KEPT if found.ended_on is not None and rows.end_is_kept(found) else None,
        request_rows.passed_on([case_id]).get((case_id, found.ended_on))
        if found.ended_on is not None and found.ended_why == _NO_LONGER
        else None,
        bool(unsafe) and rows.told_of_another(found, by.member_id) is not None,
    )


def _is_tried_again(each: FollowUpDate, *, ended: bool, last_made: int) -> bool:
    """Whether another try follows, if she was not reached. The tries of one day are one."""
    rules = country().follow_up
    if each.state == Stand.OPEN:
        tried_today = each.tries > 0 and each.next_on == days.today() + timedelta(days=rules.again_days)
        return each.tries + (not tried_today) < rules.tries
    return is_tried_again(ended=ended, later_settled=each.months < last_made) and each.tries < rules.tries


def _said(member_id: uuid.UUID | None, at: datetime | None, what: str = "") -> Said | None:
    if member_id is None or at is None:
        return None
    return Said(db.session.get_one(Member, member_id).name, at, Acts(what) if what else None)


def _may_act(by: Actor) -> bool:
    """A manager may, and where there is none everybody who works with stays."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return False
    return by.may(Permission.TEAM_MANAGE) or not key_worker_rows.has_leader(by.organisation_id)


def of_house(*, by: Actor) -> list[HouseLine]:
    """Every contact that the actor's shelter owes now or in the next 30 days, and its alarms, these first. Raises
    NotVisible."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    today = days.today()
    found = _of_house(by)(until=today + _AHEAD).all()
    rules, may_act = country().follow_up, _may_act(by)
    return [
        HouseLine(
            case_id=row.case_id,
            pseudonym=row.pseudonym,
            months=row.months,
            due_on=row.due_on,
            next_on=row.next_on,
            tries=row.tries,
            late=row.state == Stand.OPEN and is_late(row.next_on, rules, today),
            alarm=row.alarm_on is not None and row.alarm_by_id is not None,
            given_up=row.alarm_on is not None and row.alarm_by_id is None,
            since_on=row.alarm_on,
            worker=row.name,
            mine=row.worker_id == by.member_id or row.member_status != "active",
            may_act=may_act,
            is_closed=row.status == "closed",
            acted=_said(row.acted_by_id, row.acted_at, row.acted_what),
            is_open=row.state == Stand.OPEN,
        )
        for row in found
    ]


@built_once
def _of_house(by: Actor) -> Select[*tuple[Any, ...]]:
    first = (
        select(func.min(FollowUpDate.months))
        .where(FollowUpDate.follow_up_id == FollowUp.id, FollowUpDate.state == str(Stand.OPEN))
        .correlate(FollowUp)
        .scalar_subquery()
    )
    turn = and_(
        FollowUp.ended_on.is_(None), FollowUpDate.months == first, FollowUpDate.next_on <= bindparam("until"), _away()
    )
    return (
        select(
            FollowUp.case_id,
            FollowUp.worker_id,
            Case.pseudonym,
            Case.status,
            FollowUpDate.months,
            FollowUpDate.due_on,
            FollowUpDate.next_on,
            FollowUpDate.tries,
            FollowUpDate.state,
            FollowUpDate.alarm_on,
            FollowUpDate.alarm_by_id,
            FollowUpDate.acted_by_id,
            FollowUpDate.acted_at,
            FollowUpDate.acted_what,
            Member.name,
            Member.status.label("member_status"),
        )
        .join(FollowUpDate, FollowUpDate.follow_up_id == FollowUp.id)
        .join(Case, Case.id == FollowUp.case_id)
        .join(Member, Member.id == FollowUp.worker_id)
        .where(_own(by), or_(FollowUpDate.alarm_on.is_not(None), turn))
        .order_by(
            FollowUpDate.alarm_by_id.is_(None),
            FollowUpDate.acted_at.is_not(None),
            FollowUpDate.alarm_on.is_(None),
            FollowUpDate.next_on,
            FollowUpDate.id,
        )
        .limit(_MOST)
    )


def _own(by: Actor) -> ColumnElement[bool]:
    return and_(FollowUp.organisation_id == by.organisation_id, Case.holder_id == by.organisation_id)


def _away() -> ColumnElement[bool]:
    """She is not in a shelter."""
    return ~exists().where(Stay.case_id == FollowUp.case_id, Stay.ended_on.is_(None))


def children(*, by: Actor) -> list[DeskLine]:
    """Children, and who may be one, who said at a contact that they are not safe or need help now, and adults who said
    so to a house in which no manager works now (ADR 0215); for the duty desk alone: first those for
    whom nobody acts yet, last those whom the house recorded as safe within a week. Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    statement = (
        select(Case.id, Case.pseudonym, FollowUpDate, Organisation, rows.is_child())
        .join(FollowUp, FollowUp.case_id == Case.id)
        .join(FollowUpDate, FollowUpDate.follow_up_id == FollowUp.id)
        .join(Organisation, Organisation.id == FollowUp.organisation_id)
        .where(_is_for_desk(literal(clock.now() - SAFE_IS_SHOWN), literal(clock.now())))
        .order_by(
            FollowUpDate.alarm_on.is_(None),
            FollowUpDate.acted_at.is_not(None),
            FollowUpDate.alarm_on,
            FollowUpDate.id,
        )
        .limit(_MOST)
        .execution_options(populate_existing=True)
    )
    return [
        DeskLine(
            case_id,
            code,
            each.alarm_on,
            house.names,
            names.number_of(house),
            _said(each.acted_by_id, each.acted_at, each.acted_what),
            _said(each.safe_by_id, each.safe_at) if each.alarm_on is None else None,
            child,
        )
        for case_id, code, each, house, child in db.session.execute(statement)
    ]


def _is_for_desk(since: ColumnElement[Any], now: ColumnElement[Any]) -> ColumnElement[bool]:
    """Every alarm of a child, also one that is settled since; of an adult what stands where no manager reads it."""
    child = rows.is_child()
    of_child = and_(child, or_(rows.unsafe_now(), FollowUpDate.safe_at > since))
    return or_(of_child, and_(~child, rows.unsafe_now(), ~key_worker_rows.leader_at(FollowUp.organisation_id, now)))


def number_due(by: Actor) -> ColumnElement[int]:
    """How many contacts and alarms the actor's shelter has now, and for the duty desk how many alarms it reads; and
    how many ended lately while the person was not safe, and for who works with stays, and of children for the duty
    desk, how many ends can be taken back. A column of another statement. The caller gives `follow_up_until`,
    `follow_up_safe_since`, `follow_up_over_since`, `follow_up_kept_since` and `follow_up_now`."""
    counted = (
        select(func.count())
        .select_from(FollowUpDate)
        .join(FollowUp, FollowUp.id == FollowUpDate.follow_up_id)
        .join(Case, Case.id == FollowUp.case_id)
    )
    over = and_(rows.let_go(), rows.over_since(bindparam("follow_up_over_since")), FollowUp.ended_why == _NO_LONGER)
    if by.may(Permission.REFERRAL_DIRECT):
        alarm = _is_for_desk(bindparam("follow_up_safe_since"), bindparam("follow_up_now"))
        of_child = and_(rows.is_child(), rows.kept_end(bindparam("follow_up_kept_since")))
        return counted.where(or_(alarm, over, of_child)).scalar_subquery()
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    due = and_(FollowUpDate.state == str(Stand.OPEN), FollowUpDate.next_on <= bindparam("follow_up_until"))
    kept = rows.kept_end(bindparam("follow_up_kept_since"))
    ended = select(func.count()).select_from(FollowUp).join(Case, Case.id == FollowUp.case_id).where(_own(by), kept)
    there = counted.where(_own(by), or_(FollowUpDate.alarm_on.is_not(None), due, over))
    return there.scalar_subquery() + ended.scalar_subquery()
