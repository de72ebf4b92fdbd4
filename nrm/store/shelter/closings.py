"""Closing and opening again, for the holder of a case: what is still open, what is kept, the history, the list."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter import claims as claim_rules
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.closings import SETTLED, Owed, Reminder, ReopenRefusal, ReopenRefused
from nrm.domain.shelter.data_requests import RequestStatus
from nrm.domain.shelter.identifications import State
from nrm.domain.shelter.permits import UNDECIDED, PermitStatus
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.consents import Consent
from nrm.models.shelter.data_requests import PersonRequest
from nrm.models.shelter.identifications import Identification
from nrm.store import days
from nrm.store.paging import PAGE, Page, day_place_after, page
from nrm.store.referrals import obligations
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.shelter import closings as rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.shelter import cases, claims

_UNDECIDED = tuple(str(each) for each in (State.ASKED, State.FIRST_LOOK, State.DIFFERING, State.APPEALED))


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept under seal of a case, each with the first day on which it is erased once the case is closed (None:
    not by time alone), and what was destroyed."""

    periods: tuple[tuple[Compartment, date | None], ...]
    erased: tuple[Compartment, ...]


@dataclass(frozen=True, slots=True)
class ClosingLine:
    """One closing and, if the case was opened again, that: who by their sign-in names."""

    way: str
    closed_on: date
    closed_by: str
    follow_up: str
    documents: str
    debts: str
    reopened_on: date | None
    reopened_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClosedLine:
    """A closed case in the list of who held it last."""

    id: uuid.UUID
    pseudonym: str
    age_class: str
    gender: str
    closed_month: date
    follow_up: str
    documents: str


def held(case_id: uuid.UUID, *, by: Actor) -> Case:
    """The case, open or closed, of the organisation that holds it or held it last; raises NotVisible for others."""
    found = cases.row(case_id, by=by)
    if found.holder_id != by.organisation_id or found.status == "referred":
        raise NotVisible
    return found


def reminders(case_id: uuid.UUID, *, by: Actor) -> dict[Reminder, list[str]]:
    """What is still open in a case: reminder -> the kinds of what is owed, or nothing more. Raises NotVisible."""
    held(case_id, by=by)
    return dict(_reminders(case_id, by))


def _reminders(case_id: uuid.UUID, by: Actor) -> Iterator[tuple[Reminder, list[str]]]:
    owed = [line.kind for line in obligations.of_case(case_id, by=by) if line.own and line.done_at is None]
    if owed:
        yield Reminder.OWED, owed
    today, permit = days.today(), permit_rows.facts(case_id)
    if permit.status in UNDECIDED:
        yield Reminder.PERMIT_UNDECIDED, []
    if permit.status is PermitStatus.ISSUED and permit.issued_until is not None and permit.issued_until >= today:
        yield Reminder.PERMIT_RUNS, []
    running = exists().where(Identification.case_id == case_id, Identification.state.in_(_UNDECIDED))
    asked = exists().where(PersonRequest.case_id == case_id, PersonRequest.status == str(RequestStatus.OPEN))
    due = exists().where(Consent.case_id == case_id, Consent.ended_on.is_(None), Consent.due_on <= today)
    for reminder, there in (
        (Reminder.IDENTIFICATION, running),
        (Reminder.REQUEST, asked),
        (Reminder.CONSENT, due),
    ):
        if db.session.scalar(select(there)):
            yield reminder, []
    if any(each.standing.outcome == claim_rules.Outcome.PENDING for each in claims.of_case(case_id, by=by)):
        yield Reminder.CLAIM, []
    if by.organisation_id is not None and not member_rows.may_accept(by.organisation_id):
        yield Reminder.KEY_HOLDERS, []


def kept(case_id: uuid.UUID, *, by: Actor) -> Kept:
    """What is kept of a case and until when: of an open one as if it were closed today. Raises NotVisible."""
    case = held(case_id, by=by)
    month = case.closed_month or days.today().replace(day=1)
    there = set(db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)))
    erased = set(rows.erased(case_id)) - there
    return Kept(
        tuple((each, rows.ends_on(case, each, closed_month=month)) for each in Compartment if each in there),
        tuple(each for each in Compartment if each in erased),
    )


def why_not(case_id: uuid.UUID, *, by: Actor) -> ReopenRefusal | None:
    """Why the case cannot be opened again, or None if it can. Raises NotVisible."""
    try:
        rows.check_reopening(held(case_id, by=by))
    except ReopenRefused as error:
        return error.reason
    return None


def history(case_id: uuid.UUID, *, by: Actor) -> list[ClosingLine]:
    """Every closing of the case, the last first; empty for a reader who does not hold it."""
    case = cases.row(case_id, by=by)
    if case.holder_id != by.organisation_id:
        return []
    closer, reopener = aliased(Member), aliased(Member)
    statement = (
        select(Closing, closer.name, reopener.name)
        .outerjoin(closer, closer.id == Closing.closed_by_id)
        .outerjoin(reopener, reopener.id == Closing.reopened_by_id)
        .where(Closing.case_id == case_id)
        .order_by(Closing.reopened_on.is_not(None), Closing.closed_on.desc(), Closing.reopened_on.desc())
        .execution_options(populate_existing=True)
    )
    return [
        ClosingLine(
            way=each.way,
            closed_on=each.closed_on,
            closed_by=closed_by or "",
            follow_up=each.follow_up,
            documents=each.documents,
            debts=each.debts,
            reopened_on=each.reopened_on,
            reopened_by=reopened_by or "",
            reason=each.reason,
        )
        for each, closed_by, reopened_by in db.session.execute(statement)
    ]


def closed(*, by: Actor, after: str = "", size: int = PAGE) -> Page[ClosedLine]:
    """The closed cases that the actor's organisation held last, the last month first. Raises NotPermitted."""
    by.must(Permission.CASE_READ)
    statement = (
        select(Case, Closing.follow_up, Closing.documents)
        .join(Closing, (Closing.case_id == Case.id) & Closing.reopened_on.is_(None))
        .where(Case.holder_id == by.organisation_id, Case.status == "closed")
    )
    place = day_place_after(after)
    if place is not None:
        month, id_ = place
        statement = statement.where((Case.closed_month < month) | ((Case.closed_month == month) & (Case.id > id_)))
    statement = statement.order_by(Case.closed_month.desc(), Case.id).limit(size + 1)
    lines = [
        ClosedLine(case.id, case.pseudonym, case.age_class, case.gender, case.closed_month, follow_up, documents)
        for case, follow_up, documents in db.session.execute(statement)
        if case.closed_month is not None
    ]
    return page(lines, lambda line: (line.closed_month, line.id), size)


@dataclass(frozen=True, slots=True)
class OwedLine:
    """A closed case of which something is open still between the organisation and the person."""

    case_id: uuid.UUID
    pseudonym: str
    owed: Owed


def owed(*, by: Actor) -> list[OwedLine]:
    """The closed cases of the actor's organisation whose documents nobody gave back yet, or with money or things that
    nobody settled, the first closed first."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return []
    is_open = {Owed.DOCUMENTS: Closing.documents, Owed.DEBTS: Closing.debts}
    statement = (
        select(Case.id, Case.pseudonym, Closing.documents, Closing.debts)
        .join(Closing, (Closing.case_id == Case.id) & Closing.reopened_on.is_(None))
        .where(Case.holder_id == by.organisation_id, Case.status == "closed")
        .where(or_(*(column == SETTLED[each][0] for each, column in is_open.items())))
        .order_by(Closing.closed_on, Case.pseudonym)
        .limit(PAGE)
    )
    return [
        OwedLine(case_id, code, each)
        for case_id, code, *stands in db.session.execute(statement)
        for each, value in zip(is_open, stands, strict=True)
        if value == SETTLED[each][0]
    ]


def by_month(lines: list[ClosedLine]) -> list[tuple[date, list[ClosedLine]]]:
    """The lines of a list under their months."""
    return [(month, list(each)) for month, each in groupby(lines, key=lambda line: line.closed_month)]
