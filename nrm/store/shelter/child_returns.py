"""Children whose return is asked for: for the Responsible Authority and child protection alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.child_returns import KEPT_MONTHS, MONTHS, State, due, is_late, month_after
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.child_returns import ChildReturn, ChildReturnOutcome, ChildReturnStep
from nrm.store import days

_MOST = 100


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """One return. The days are None once it is long over."""

    id: uuid.UUID
    country: str
    asked: str
    state: State
    quarter_on: date
    received_on: date | None
    due_on: date | None
    finding: str
    assessments: tuple[str, ...]
    guardian: str
    escort: str
    late: bool
    direction: str
    sex: str
    returned_month: date | None


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step that was taken."""

    step: str
    happened_on: date
    taker: dict[str, str]


def row(return_id: uuid.UUID, *, by: Actor, lock: bool = False) -> ChildReturn:
    """One return; raises NotVisible."""
    _must_read(by)
    statement = select(ChildReturn).where(ChildReturn.id == return_id).execution_options(populate_existing=True)
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotVisible
    return found


def one(return_id: uuid.UUID, *, by: Actor) -> ReturnLine:
    """One return, for a page; raises NotVisible."""
    return _return_line(row(return_id, by=by))


def returns(*, by: Actor, open_only: bool = False) -> list[ReturnLine]:
    """Open returns, the first due first; then those that are over, the latest quarter first."""
    _must_read(by)
    statement = select(ChildReturn).order_by(
        ChildReturn.due_on.is_(None), ChildReturn.due_on, ChildReturn.quarter_on.desc(), ChildReturn.id
    )
    if open_only:
        over = [str(state) for state in State if state.is_over]
        statement = statement.where(ChildReturn.state.not_in(over))
    return [_return_line(each) for each in db.session.scalars(statement.limit(_MOST))]


def steps(return_id: uuid.UUID, *, by: Actor) -> list[StepLine]:
    """The steps in their order."""
    row(return_id, by=by)
    statement = (
        select(ChildReturnStep, Organisation)
        .join(Organisation, Organisation.id == ChildReturnStep.organisation_id)
        .where(ChildReturnStep.return_id == return_id)
        .order_by(ChildReturnStep.position)
    )
    return [StepLine(step.step, step.happened_on, taker.names) for step, taker in db.session.execute(statement)]


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """What was entered on a returned child: after how many months, and by whom."""

    months: int
    outcome: str
    quarter_on: date
    taker: dict[str, str]


@dataclass(frozen=True, slots=True)
class DueLine:
    """An outcome that is owed now. `late`: its month is over."""

    id: uuid.UUID
    country: str
    returned_month: date
    months: int
    due_month: date
    late: bool


def outcomes(return_id: uuid.UUID, *, by: Actor) -> list[OutcomeLine]:
    """Everything entered on a returned child, in the order of recording; raises NotVisible."""
    row(return_id, by=by)
    statement = (
        select(ChildReturnOutcome, Organisation)
        .join(Organisation, Organisation.id == ChildReturnOutcome.organisation_id)
        .where(ChildReturnOutcome.return_id == return_id)
        .order_by(ChildReturnOutcome.position)
    )
    found = db.session.execute(statement)
    return [OutcomeLine(each.months, each.outcome, each.quarter_on, taker.names) for each, taker in found]


def outcomes_due(*, by: Actor) -> list[DueLine]:
    """The outcomes that child protection owes, the oldest first; empty for every other desk."""
    if not by.may(Permission.CHILD_RETURN_ANSWER):
        return []
    today = days.today()
    statement = (
        select(ChildReturn.id, ChildReturn.country, ChildReturn.returned_month, ChildReturnOutcome.months)
        .outerjoin(ChildReturnOutcome, ChildReturnOutcome.return_id == ChildReturn.id)
        .where(
            ChildReturn.returned_month <= month_after(today.replace(day=1), -MONTHS[0]),
            ChildReturn.returned_month > month_after(today.replace(day=1), -KEPT_MONTHS),
        )
    )
    known: dict[tuple[uuid.UUID, str, date], set[int]] = {}
    for return_id, iso, month, months in db.session.execute(statement):
        if month is not None:
            known.setdefault((return_id, iso, month), set()).update(() if months is None else (months,))
    found = [
        DueLine(return_id, iso, month, months, due_month, today >= month_after(due_month, 1))
        for (return_id, iso, month), told in known.items()
        for months, due_month in due(month, told, today)
    ]
    return sorted(found, key=lambda line: (line.due_month, line.id))


def _must_read(by: Actor) -> None:
    if not by.may(Permission.CHILD_RETURN_READ):
        raise NotVisible


def _return_line(found: ChildReturn) -> ReturnLine:
    state = State(found.state)
    return ReturnLine(
        found.id,
        found.country,
        found.asked,
        state,
        found.quarter_on,
        found.received_on,
        found.due_on,
        found.finding,
        tuple(found.assessments),
        found.guardian,
        found.escort,
        is_late(state, found.due_on, days.today()),
        found.direction,
        found.sex,
        found.returned_month,
    )
