"""Steps of plans for the shelter that holds the case: whose, which are late; and which plans wait for a manager."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, exists, func, literal, literal_column, or_, select
from sqlalchemy.orm import aliased

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.key_workers import LEADING_ROLES, WORKING_ROLES
from nrm.domain.support.plans import StepEnd, late_since
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.cases import Case
from nrm.models.shelter.key_workers import KeyWorker
from nrm.models.shelter.stays import Stay
from nrm.models.support.plans import PlanLook, PlanStep, ServiceAnswer
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import stays

_MOST = 200
# Written out, so that the index of open steps is used.
_OPEN = PlanStep.outcome == literal_column("''")


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step. `own`: the asker's, or of a person for whom the asker answers; else it is shown because it is late.
    `owner`: the name, empty for somebody of the shelter where the person was before; `left`: whoever it is works in
    the house no more, so nobody else is reminded of it."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    due_on: date
    owner_id: uuid.UUID
    owner: str
    outcome: str
    over_on: date | None
    moved_on: date | None
    late: bool
    own: bool
    left: bool

    @property
    def undoable(self) -> bool:
        """Whether what was done with it can be taken back: on the day on which it was done."""
        today = days.today()
        ended = self.outcome in (StepEnd.DONE, StepEnd.DROPPED) and self.over_on == today
        return ended or (self.outcome == "" and self.moved_on == today)


@dataclass(frozen=True, slots=True)
class LookLine:
    """A plan that a manager has not confirmed as it is now."""

    case_id: uuid.UUID
    pseudonym: str
    waits_since: date


def of_case(case_id: uuid.UUID, *, by: Actor) -> list[StepLine]:
    """Every step of a case in the care of the asker's shelter, also of a closed one, by days; raises NotVisible."""
    stays.kept_case(case_id, by=by)
    return _lines(_steps(by, closed=True).where(PlanStep.case_id == case_id), by)


def due(*, by: Actor, until: date) -> list[StepLine]:
    """Open steps whose day comes by then: the asker's own, those of the people for whom the asker answers, and for a
    manager those that are late by the country's days, and at once whose owner works there no more (ADR 0213); empty for
    who has no shelter."""
    if not _has_shelter(by):
        return []
    seen = or_(and_(PlanStep.due_on <= until, _seen(by)), _nobodys(by))
    return _lines(_steps(by).where(_OPEN, seen), by)


def changed_today(*, by: Actor) -> list[StepLine]:
    """Steps that the asker sees and of which something was done today that can be taken back."""
    if not _has_shelter(by):
        return []
    today = days.today()
    changed = or_(PlanStep.over_on == today, and_(PlanStep.moved_on == today, _OPEN))
    wanted = (changed, PlanStep.outcome != StepEnd.STRUCK, _seen(by))
    return _lines(_steps(by).where(*wanted), by)


def of_day(day: date, *, by: Actor) -> list[StepLine]:
    """The open steps of that day of everybody in the asker's shelter; raises NotVisible."""
    stays.own_shelter_id(by)
    return _lines(_steps(by).where(_OPEN, PlanStep.due_on == day), by)


def to_confirm(*, by: Actor) -> list[LookLine]:
    """The plans that wait for the asker, who leads a shelter; empty for others."""
    if not _has_shelter(by) or not by.may(Permission.TEAM_MANAGE):
        return []
    statement = (
        select(PlanLook.case_id, Case.pseudonym, PlanLook.waits_since)
        .join(Case, Case.id == PlanLook.case_id)
        .where(*_held(by), PlanLook.waits_since.is_not(None))
        .order_by(PlanLook.waits_since, Case.pseudonym)
        .limit(_MOST)
    )
    return [LookLine(case_id, code, since) for case_id, code, since in db.session.execute(statement) if since]


def waits_since(case_id: uuid.UUID, *, by: Actor) -> date | None:
    """Since when the plan of a case in the care of the asker's shelter waits for a manager; raises NotVisible."""
    stays.cared_for(case_id, by=by)
    return db.session.scalar(select(PlanLook.waits_since).where(PlanLook.case_id == case_id))


def step(plan_step_id: uuid.UUID, *, by: Actor) -> StepLine:
    """One step in the asker's shelter; raises NotVisible."""
    stays.own_shelter_id(by)
    for line in _lines(_steps(by).where(PlanStep.id == plan_step_id), by):
        return line
    raise NotVisible


def row(plan_step_id: uuid.UUID, *, by: Actor) -> PlanStep:
    """The step itself, for actions; raises NotVisible."""
    stays.own_shelter_id(by)
    held = exists().where(Case.id == PlanStep.case_id, *_held(by))
    statement = select(PlanStep).where(PlanStep.id == plan_step_id, held).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def owners(*, by: Actor) -> list[tuple[uuid.UUID, str]]:
    """(id, name) of whoever of the asker's shelter can be the owner of a step, the asker first; raises NotVisible."""
    own = stays.own_shelter_id(by)
    statement = select(Member.id, Member.name).where(
        Member.organisation_id == own, Member.status == "active", Member.role.in_(WORKING_ROLES)
    )
    found = [(row_.id, row_.name) for row_ in db.session.execute(statement.order_by(Member.name, Member.id))]
    return sorted(found, key=lambda each: each[0] != by.member_id)


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """A person who was in the shelter in a quarter, and the services that were answered; None: no answer yet."""

    case_id: uuid.UUID
    pseudonym: str
    services: tuple[str, ...] | None


def received(quarter: Quarter, *, by: Actor) -> list[ReceivedLine]:
    """Everybody whose case the asker's shelter holds and who was there in the quarter; raises NotVisible."""
    own = stays.own_shelter_id(by)
    there = exists().where(
        Stay.case_id == Case.id,
        Stay.organisation_id == own,
        Stay.admitted_on <= quarter.end,
        or_(Stay.ended_on.is_(None), Stay.ended_on > quarter.start),
    )
    answer = and_(ServiceAnswer.case_id == Case.id, ServiceAnswer.quarter_on == quarter.start)
    statement = (
        select(Case.id, Case.pseudonym, ServiceAnswer.services)
        .outerjoin(ServiceAnswer, answer)
        .where(Case.holder_id == by.organisation_id, Case.status == "open", there)
        .order_by(Case.pseudonym)
    )
    return [
        ReceivedLine(case_id, code, tuple(services) if services is not None else None)
        for case_id, code, services in db.session.execute(statement)
    ]


def answered(case_id: uuid.UUID, *, by: Actor) -> dict[Quarter, tuple[str, ...]]:
    """What was answered of the services of a person whom the asker's shelter holds; raises NotVisible."""
    stays.held_case(case_id, by=by)
    statement = select(ServiceAnswer.quarter_on, ServiceAnswer.services).where(ServiceAnswer.case_id == case_id)
    return {Quarter.of(on): tuple(services) for on, services in db.session.execute(statement)}


def number_due(by: Actor) -> ColumnElement[int]:
    """How many steps of the asker's shelter are open, and due on the parameter `today` or of an owner who works there
    no more; a part of another statement."""
    if not _has_shelter(by):
        return literal(0)
    counted = select(func.count()).select_from(PlanStep).join(Case, Case.id == PlanStep.case_id)
    counted = counted.join(Member, Member.id == PlanStep.owner_id)
    due_now = or_(PlanStep.due_on <= bindparam("today", type_=Date()), _left(by))
    return counted.where(*_held(by), _OPEN, due_now).scalar_subquery()


def number_later(by: Actor) -> ColumnElement[int]:
    """How many open steps that the asker sees have a day after the parameter `today` and are not among the `due` of
    that day; a part of another statement."""
    if not _has_shelter(by):
        return literal(0)
    counted = select(func.count()).select_from(PlanStep).join(Case, Case.id == PlanStep.case_id)
    counted = counted.join(Member, Member.id == PlanStep.owner_id)
    later = PlanStep.due_on > bindparam("today", type_=Date())
    return counted.where(*_held(by), _OPEN, later, _mine(by), ~_nobodys(by)).scalar_subquery()


def number_to_confirm(by: Actor) -> ColumnElement[int]:
    """How many lines `to_confirm` has; a part of another statement."""
    if not _has_shelter(by) or not by.may(Permission.TEAM_MANAGE):
        return literal(0)
    counted = select(func.count()).select_from(PlanLook).join(Case, Case.id == PlanLook.case_id)
    return counted.where(*_held(by), PlanLook.waits_since.is_not(None)).scalar_subquery()


def _has_shelter(by: Actor) -> bool:
    return (
        by.organisation_id is not None
        and by.kind is not None
        and by.kind.takes_people_in
        and by.may(Permission.STAY_MANAGE)
    )


def _held(by: Actor, *, closed: bool = False) -> tuple[ColumnElement[bool], ...]:
    """Of cases in hand whose person is in the care of the asker's shelter; `closed`: of closed ones, too."""
    return (stays.cares_for(by=by), *(() if closed else (Case.status == "open",)))


def _mine(by: Actor) -> ColumnElement[bool]:
    answers = exists().where(
        KeyWorker.case_id == PlanStep.case_id,
        KeyWorker.organisation_id == by.organisation_id,
        KeyWorker.member_id == by.member_id,
        KeyWorker.ended_at.is_(None),
    )
    return or_(PlanStep.owner_id == by.member_id, answers)


def _left(by: Actor) -> ColumnElement[bool]:
    """Whether the owner of a step works in the asker's shelter no more: nobody else would be reminded of it."""
    there = and_(Member.organisation_id == by.organisation_id, Member.status != "disabled")
    return ~and_(there, Member.role.in_(WORKING_ROLES))


def _nobodys(by: Actor) -> ColumnElement[bool]:
    """Whether the asker sees to it that somebody takes over what a colleague left: who leads the shelter, or everybody
    where nobody does."""
    if by.may(Permission.TEAM_MANAGE):
        return _left(by)
    leader = aliased(Member)
    leads = (leader.organisation_id == by.organisation_id, leader.status == "active", leader.role.in_(LEADING_ROLES))
    return and_(_left(by), or_(_mine(by), ~exists().where(*leads)))


def _seen(by: Actor) -> ColumnElement[bool]:
    if not by.may(Permission.TEAM_MANAGE):
        return _mine(by)
    return or_(_mine(by), PlanStep.due_on <= late_since(days.today(), country().plan_late_days))


def _steps(by: Actor, *, closed: bool = False) -> Select[*tuple[Any, ...]]:
    return (
        select(PlanStep, Case.pseudonym, Member.name, Member.organisation_id, _mine(by), _left(by))
        .join(Case, Case.id == PlanStep.case_id)
        .join(Member, Member.id == PlanStep.owner_id)
        .where(*_held(by, closed=closed))
        .order_by(PlanStep.due_on, Case.pseudonym, PlanStep.id)
        .limit(_MOST)
        .execution_options(populate_existing=True)
    )


def _lines(statement: Select[*tuple[Any, ...]], by: Actor) -> list[StepLine]:
    today, rows = days.today(), db.session.execute(statement)
    return [
        StepLine(
            id=found.id,
            case_id=found.case_id,
            pseudonym=pseudonym,
            due_on=found.due_on,
            owner_id=found.owner_id,
            owner=owner if works_at == by.organisation_id else "",
            outcome=found.outcome,
            over_on=found.over_on,
            moved_on=found.moved_on,
            late=found.outcome == "" and found.due_on < today,
            own=bool(own),
            left=found.outcome == "" and bool(left),
        )
        for found, pseudonym, owner, works_at, own, left in rows
    ]


def codes(lines: Sequence[StepLine]) -> set[uuid.UUID]:
    """The cases of these steps."""
    return {each.case_id for each in lines}
