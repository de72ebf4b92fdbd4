"""What child protection found of a child's risk, security and family: for itself, the holder and the duty desk."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, func, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.cases import UNFINISHED
from nrm.domain.child_returns import Assessment
from nrm.domain.findings import Entry, Found, current, safe_since, safe_until, shut_by
from nrm.domain.findings import begun_on as first_day
from nrm.domain.permits import ChildFacts, GateRefusal
from nrm.models.accounts import Organisation
from nrm.models.cases import Case
from nrm.models.findings import ChildFinding
from nrm.models.interviews import Interview
from nrm.models.referrals import Obligation
from nrm.models.stays import Stay
from nrm.store import cases
from nrm.store.cases import CaseRelation
from nrm.store.countries import country

STEPS = tuple(f"assess_{kind}" for kind in Assessment)
"""The steps of the agreement that a finding fulfils."""


@dataclass(frozen=True, slots=True)
class FindingLine:
    """The last finding of one kind; `assessor` is empty where only "done" was known."""

    kind: Assessment
    found: Found
    on: date
    assessor: str
    organisation: dict[str, str]


@dataclass(frozen=True, slots=True)
class Gate:
    """The child gate on the case page: the last findings, whether they open the gate, who may record."""

    lines: tuple[FindingLine, ...]
    open_since: date | None  # None, too, once the findings are too old
    shut_by: GateRefusal
    may_record: bool


def to_assess(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Case:
    """A case of a child in hand that the actor's child protection service assesses; raises NotVisible."""
    if by.kind is not OrganisationKind.CHILD_PROTECTION or not by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        raise NotVisible
    party = select(Organisation.party).where(Organisation.id == by.organisation_id).scalar_subquery()
    asked = exists().where(Obligation.case_id == Case.id, Obligation.kind.in_(STEPS), Obligation.party == party)
    statement = select(Case).where(Case.id == case_id, Case.status.in_(UNFINISHED), Case.age_class != "adult", asked)
    if lock:
        statement = statement.with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


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
    admitted = db.session.scalar(select(func.min(Stay.admitted_on)).where(Stay.case_id == case.id))
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
    return {"sq": organisation.name_sq, "en": organisation.name_en} if organisation is not None else {}


def of_case(case_id: uuid.UUID, *, by: Actor) -> Gate | None:
    """The gate of a child's case, for the holder, the duty desk and the assessing service; None for an adult's case.

    Raises NotVisible.
    """
    relation = cases.visible(case_id, by=by)
    may_record = True
    try:
        to_assess(case_id, by=by)
    except NotVisible:
        may_record = False
    if relation not in (CaseRelation.HOLDER, CaseRelation.DUTY_OFFICER) and not may_record:
        raise NotVisible
    if db.session.scalar(select(Case.age_class).where(Case.id == case_id)) == "adult":
        return None
    last = current(entries(case_id))
    since, until = safe_since(last), safe_until(last, country().findings_hold_days)
    if until is not None and until < clock.today(country().timezone):
        return Gate(lines(case_id), None, GateRefusal.ASSESSED_TOO_OLD, may_record)
    return Gate(lines(case_id), since, shut_by(last), may_record)
