"""Who left the lists after the shelter, and how a follow-up stands in lists of cases: in clear are days and codes
(ADR 0210)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, func, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.support.follow_ups import END_IS_KEPT, UNSAFE_END_IS_SHOWN, Ended
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.rows import entries
from nrm.store.rows.shelter import data_requests as request_rows
from nrm.store.rows.support import follow_ups as rows
from nrm.store.support.follow_ups import CaseLine

_MOST, _OF_DESK = 200, 10
_LOOKED_THROUGH, _LOOKED_THROUGH_ELSE = 100_000, 5_000
"""So many of the newest entries of the audit chain tell who ended it: those of a month and more, where somebody was not
safe; else fewer, as it is looked up more often."""
_BY_SOMEBODY = AuditEntry.organisation_id != ""
"""And not by the clock."""


@dataclass(frozen=True, slots=True)
class EndedLine:
    """Somebody who left the list of those whom the house asks: on which day, why, and by whose press, where the newest
    entries of the audit chain tell it. `by_mistake`: by an admission that was struck since; `not_safe`: she was not
    safe then; `is_told`: it concerns the asker, who stayed in touch, was told of the danger, or leads the house, and
    did not end it; `passed_on_by`: the names of the organisation that passed it on, where no press of the house is
    told."""

    case_id: uuid.UUID
    pseudonym: str
    on: date
    why: Ended
    by_mistake: bool
    name: str
    not_safe: bool = False
    is_told: bool = False
    passed_on_by: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class EndedDeskLine:
    """Somebody whose follow-up ended while she was not safe: who ended it, and `told`, to whom she had said so."""

    pseudonym: str
    on: date
    holder: dict[str, str]
    telephone: str
    name: str
    told: str


@dataclass(frozen=True, slots=True)
class EndedChildLine:
    """A child with whom a house does not stay in touch any more, by its own word: who ended it (empty where the newest
    entries of the audit chain do not tell it), who had stayed in touch, and until when it can be taken back."""

    pseudonym: str
    on: date
    holder: dict[str, str]
    telephone: str
    name: str
    worker: str
    until: date


@dataclass(frozen=True, slots=True)
class Touch:
    """How the newest follow-up of a case stands: none of the days where it is not over."""

    ended_on: date | None
    not_safe: bool
    not_safe_at_end: bool


def ended_lately(*, by: Actor) -> list[EndedLine]:
    """Who left the list in the last 30 days before the last contact was made, who was not safe first, then the newest:
    one member ends it for an adult, and the others read it. Raises NotVisible."""
    early = FollowUp.ended_why.in_([Ended.NO_LONGER, Ended.CAME_BACK, Ended.LAPSED])
    return sorted(_ended(by, early), key=lambda line: not line.not_safe)


def ended_by_others(*, by: Actor) -> list[EndedLine]:
    """Of these, who was not safe, and whom it concerns that somebody else ended it. Raises NotVisible."""
    not_safe = exists().where(FollowUpDate.follow_up_id == FollowUp.id, rows.let_go())
    return [line for line in _ended(by, not_safe, FollowUp.ended_why == str(Ended.NO_LONGER)) if line.is_told]


def _ended(by: Actor, *which: ColumnElement[bool]) -> list[EndedLine]:
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    own = and_(FollowUp.organisation_id == by.organisation_id, Case.holder_id == by.organisation_id)
    found = db.session.execute(
        select(FollowUp, Case.pseudonym)
        .join(Case, Case.id == FollowUp.case_id)
        .where(own, rows.over_since(rows.shown_since()), *which)
        .order_by(FollowUp.ended_on.desc(), Case.pseudonym)
        .limit(_MOST)
    ).all()
    if not found:
        return []
    told = _told([each.id for each, _ in found if each.ended_why == Ended.NO_LONGER])
    who = _who_ended(_LOOKED_THROUGH if told else _LOOKED_THROUGH_ELSE, _of_house(by))
    passed_on = request_rows.passed_on([each.case_id for each, _ in found if each.ended_why == Ended.NO_LONGER])
    leads = by.may(Permission.TEAM_MANAGE)
    lines = []
    for each, code in found:
        on = each.ended_on or days.today()
        member_id, tellers = who.get((each.case_id, on)), told.get(each.id, set())
        mistake = each.ended_why == Ended.CAME_BACK and not rows.was_admitted_since(each)
        near = leads or by.member_id in {each.worker_id, *tellers}
        is_told = bool(tellers) and near and member_id != by.member_id
        why = Ended(each.ended_why)
        office = passed_on.get((each.case_id, on)) if why is Ended.NO_LONGER and member_id is None else None
        name = _name(member_id)
        lines.append(EndedLine(each.case_id, code, on, why, mistake, name, bool(tellers), is_told, office))
    return lines


def _of_house(by: Actor) -> ColumnElement[bool]:
    return AuditEntry.organisation_id == str(by.organisation_id)


def _told(follow_up_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID | None]]:
    """Follow-up -> to whom the person had said that she is not safe, of those that ended while she was not."""
    statement = select(FollowUpDate).where(FollowUpDate.follow_up_id.in_(follow_up_ids), rows.let_go())
    found: dict[uuid.UUID, set[uuid.UUID | None]] = {}
    for each in db.session.scalars(statement):
        found.setdefault(each.follow_up_id, set()).add(each.alarm_by_id)
    return found


def _who_ended(newest: int, *where: ColumnElement[bool]) -> dict[tuple[uuid.UUID, date], uuid.UUID | None]:
    """Case and day -> by whose press its follow-up ended then, as so many of the newest entries of the chain tell."""
    since = clock.now() - UNSAFE_END_IS_SHOWN - timedelta(days=1)
    told = entries.since(since, Event.FOLLOW_UP_ENDED, _BY_SOMEBODY, *where, newest=newest)
    return {(uuid.UUID(each.said["case_id"]), _day(each.at)): each.member_id for each in told}


def _day(at: datetime) -> date:
    return clock.day_of(at, country().timezone)


def _name(member_id: uuid.UUID | None) -> str:
    return db.session.get_one(Member, member_id).name if member_id is not None else ""


def who_ended(found: CaseLine) -> tuple[str, datetime] | None:
    """By whose press it ended, and when, where the newest entries of the chain tell it; None if it stands."""
    if found.ended_on is None:
        return None
    on, of_case = found.ended_on, AuditEntry.details.contains(str(found.case_id))
    since = clock.now() - (days.today() - on + timedelta(days=1))
    told = entries.since(since, Event.FOLLOW_UP_ENDED, of_case, _BY_SOMEBODY, newest=_LOOKED_THROUGH)
    return next(((_name(each.member_id), each.at) for each in told if _day(each.at) == on), None)


def not_safe_at_end(*, by: Actor) -> list[EndedDeskLine]:
    """Of whom a house ended it in the last 30 days while she was not safe, the newest first; for the duty desk alone.
    Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    teller = aliased(Member)
    statement = (
        select(FollowUp, Case.pseudonym, Organisation, func.max(teller.name))
        .join(Case, Case.id == FollowUp.case_id)
        .join(FollowUpDate, FollowUpDate.follow_up_id == FollowUp.id)
        .join(Organisation, Organisation.id == FollowUp.organisation_id)
        .join(teller, teller.id == FollowUpDate.alarm_by_id)
        .where(rows.let_go(), rows.over_since(rows.shown_since()), FollowUp.ended_why == str(Ended.NO_LONGER))
        .group_by(FollowUp.id, Case.id, Organisation.id)
        .order_by(FollowUp.ended_on.desc(), Case.pseudonym)
        .limit(_OF_DESK)
    )
    found = db.session.execute(statement).all()
    who = _who_ended(_LOOKED_THROUGH) if found else {}
    return [
        EndedDeskLine(
            code,
            each.ended_on or days.today(),
            house.names,
            names.number_of(house),
            _name(who.get((each.case_id, each.ended_on or days.today()))),
            told,
        )
        for each, code, house, told in found
    ]


def of_children(*, by: Actor) -> list[EndedChildLine]:
    """The children with whom a house ended staying in touch, for as long as that can be taken back, the newest first;
    who was not safe then stands in `not_safe_at_end`. For the duty desk alone (ADR 0253). Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    anew = aliased(FollowUp)
    stands = exists().where(anew.case_id == FollowUp.case_id, anew.ended_on.is_(None))
    not_safe = exists().where(FollowUpDate.follow_up_id == FollowUp.id, rows.let_go())
    statement = (
        select(FollowUp, Case.pseudonym, Organisation, Member.name)
        .join(Case, Case.id == FollowUp.case_id)
        .join(Organisation, Organisation.id == FollowUp.organisation_id)
        .join(Member, Member.id == FollowUp.worker_id)
        .where(rows.is_child(), rows.kept_end(rows.kept_since()), ~stands, ~not_safe)
        .order_by(FollowUp.ended_on.desc(), Case.pseudonym)
        .limit(_OF_DESK)
    )
    found = db.session.execute(statement).all()
    who = _who_ended(_LOOKED_THROUGH) if found else {}
    return [
        EndedChildLine(
            code,
            on,
            house.names,
            names.number_of(house),
            _name(who.get((each.case_id, on))),
            worker,
            on + END_IS_KEPT,
        )
        for each, code, house, worker in found
        if (on := each.ended_on) is not None
    ]


def of_cases(case_ids: Collection[uuid.UUID], *, by: Actor) -> dict[uuid.UUID, Touch]:
    """Case -> how staying in touch stands, of those with which the actor's organisation agreed it; for lists."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE) or not case_ids:
        return {}
    statement = (
        select(
            FollowUp.case_id,
            FollowUp.ended_on,
            func.max(case((rows.unsafe_now(), 1), else_=0)),
            func.max(case((rows.let_go(), 1), else_=0)),
        )
        .outerjoin(FollowUpDate, FollowUpDate.follow_up_id == FollowUp.id)
        .where(FollowUp.case_id.in_(case_ids), FollowUp.organisation_id == by.organisation_id)
        .group_by(FollowUp.id)
        # The newest last, which counts: as `rows.newest` has it.
        .order_by(FollowUp.ended_on.is_(None), FollowUp.ended_on, FollowUp.id.desc())
    )
    return {
        case_id: Touch(ended_on, bool(not_safe), bool(at_end))
        for case_id, ended_on, not_safe, at_end in db.session.execute(statement)
    }
