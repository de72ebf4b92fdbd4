"""What was found of a child in a case or return that was seen."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from nrm import clock
from nrm.db import db
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import Entry, Found, current, safe_since, safe_until, shut_by
from nrm.domain.shelter.findings import begun_on as first_day
from nrm.domain.shelter.permits import ChildFacts
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildFinding
from nrm.models.shelter.stays import Stay
from nrm.store.countries import country


@dataclass(frozen=True, slots=True)
class FindingLine:
    """The last finding of one kind; `assessor` is empty where only "done" was known."""

    kind: Assessment
    found: Found
    on: date
    assessor: str
    organisation: dict[str, str]


def entries(subject_id: uuid.UUID) -> list[Entry]:
    """Everything found of a case or return that was seen already, in the order in which it was recorded."""
    statement = (
        select(ChildFinding.kind, ChildFinding.found, ChildFinding.found_on)
        .where(ChildFinding.subject_id == subject_id)
        .order_by(ChildFinding.position)
    )
    return [Entry(Assessment(kind), Found(found), on) for kind, found, on in db.session.execute(statement)]


def positions(subject_id: uuid.UUID) -> Counter[str]:
    """How many findings of each kind there are."""
    return Counter(str(each.kind) for each in entries(subject_id))


def child_facts(case: Case, *, handed_over: bool = False) -> ChildFacts:
    """What the child gate looks at in a case that was seen already."""
    last = current(entries(case.id))
    until = safe_until(last, country().findings_hold_days)
    return ChildFacts(case.age_class, safe_since(last), shut_by(last), handed_over, until)


def begun_on(case: Case) -> date:
    """The first day of which something can be found of the person of a case that was seen already."""
    started = db.session.scalar(select(Interview.started_at).where(Interview.id == case.id))
    there = (Stay.case_id == case.id, Stay.taken_back_on.is_(None))
    admitted = db.session.scalar(select(func.min(Stay.admitted_on)).where(*there))
    interviewed = clock.day_of(started, country().timezone) if started is not None else None
    return first_day(case.registered_month, interviewed_on=interviewed, admitted_on=admitted)


def lines(subject_id: uuid.UUID) -> tuple[FindingLine, ...]:
    """The last finding of each kind, of a case or return that was seen already."""
    statement = (
        select(ChildFinding, Organisation)
        .outerjoin(Organisation, Organisation.id == ChildFinding.organisation_id)
        .where(ChildFinding.subject_id == subject_id)
        .order_by(ChildFinding.position)
    )
    last = {found.kind: (found, who) for found, who in db.session.execute(statement)}
    return tuple(
        FindingLine(kind, Found(found.found), found.found_on, found.assessor, _names(who))
        for kind in Assessment
        if kind in last
        for found, who in [last[kind]]
    )


def _names(organisation: Organisation | None) -> dict[str, str]:
    return organisation.names if organisation is not None else {}
