"""Who left the lists after the shelter, and how a follow-up stands in lists of cases: in clear are days and codes
(ADR 0210)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.support.follow_ups import UNSAFE_END_IS_SHOWN, Ended
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.rows import entries
from nrm.store.rows.support import follow_ups as rows
from nrm.store.support.follow_ups import CaseLine

_MOST, _OF_DESK = 200, 10
_LOOKED_THROUGH = 100_000
"""So many of the newest entries of the audit chain tell who ended it: those of a month and more."""
_BY_SOMEBODY = AuditEntry.organisation_id != ""
"""And not by the clock."""


@dataclass(frozen=True, slots=True)
class EndedLine:
    """Somebody who left the list of those whom the house asks: on which day, why, and by whose press, where the newest
    entries of the audit chain tell it. `by_mistake`: by an admission that was struck since; `not_safe`: she was not
    safe then; `is_told`: it concerns the asker, who stayed in touch, was told of the danger, or leads the house, and
    did not end it."""

    case_id: uuid.UUID
    pseudonym: str
    on: date
    why: Ended
    by_mistake: bool
    name: str
    not_safe: bool = False
    is_told: bool = False


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
class Touch:
    """How the newest follow-up of a case stands: none of the days where it is not over."""

    ended_on: date | None
    not_safe: bool
    not_safe_at_end: bool


def ended_lately(*, by: Actor) -> list[EndedLine]:
    """Who left the list in the last 30 days before the last contact was made, who was not safe first, then the newest:
    one member ends it for an adult, and the others read it. Raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    early = FollowUp.ended_why.in_([Ended.NO_LONGER, Ended.CAME_BACK, Ended.LAPSED])
    own = and_(FollowUp.organisation_id == by.organisation_id, Case.holder_id == by.organisation_id)
    over = select(FollowUp.id).where(
        FollowUp.organisation_id == by.organisation_id, rows.over_since(rows.shown_since())
    )
    raised = select(FollowUpDate).where(FollowUpDate.follow_up_id.in_(over), rows.let_go())
    unsafe = {each.follow_up_id: each.alarm_by_id for each in db.session.scalars(raised)}
    found = db.session.execute(
        select(FollowUp, Case.pseudonym)
        .join(Case, Case.id == FollowUp.case_id)
        .where(own, early, rows.over_since(rows.shown_since()))
        .order_by(FollowUp.ended_on.desc(), Case.pseudonym)
        .limit(_MOST)
    ).all()
    mine = AuditEntry.organisation_id == str(by.organisation_id)
    who = _who_ended(mine) if found else {}
    lines = []
    for each, code in found:
        member_id = who.get((each.case_id, each.ended_on or days.today()))
        not_safe = each.id in unsafe and each.ended_why == Ended.NO_LONGER
        near = by.member_id in (each.worker_id, unsafe.get(each.id)) or by.may(Permission.TEAM_MANAGE)
        lines.append(
            EndedLine(
                each.case_id,
                code,
                each.ended_on or days.today(),
                Ended(each.ended_why),
                each.ended_why == Ended.CAME_BACK and not rows.was_admitted_since(each),
                _name(member_id),
                not_safe,
                near and member_id != by.member_id,
            )
        )
    return sorted(lines, key=lambda line: not line.not_safe)


def _who_ended(*where: ColumnElement[bool]) -> dict[tuple[uuid.UUID, date], uuid.UUID | None]:
    """Case and day -> by whose press its follow-up ended then, as the chain tells of the last month."""
    since = clock.now() - UNSAFE_END_IS_SHOWN - timedelta(days=1)
    told = entries.since(since, Event.FOLLOW_UP_ENDED, _BY_SOMEBODY, *where, newest=_LOOKED_THROUGH)
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
    who = _who_ended() if found else {}
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
