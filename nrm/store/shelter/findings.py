"""What child protection found of a child's risk, security and family: for itself, the holder and the duty desk."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter.cases import UNFINISHED
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import current, safe_since, safe_until, shut_by
from nrm.domain.shelter.permits import GateRefusal
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case
from nrm.store.countries import country
from nrm.store.rows.shelter import findings as rows
from nrm.store.shelter import cases
from nrm.store.shelter.cases import CaseRelation
from nrm.store.shelter.child_returns import ReturnLine

FindingLine = rows.FindingLine

STEPS = tuple(f"assess_{kind}" for kind in Assessment)
"""The steps of the agreement that a finding fulfils."""


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
    last = current(rows.entries(case_id))
    since, until = safe_since(last), safe_until(last, country().findings_hold_days)
    if until is not None and until < clock.today(country().timezone):
        return Gate(rows.lines(case_id), None, GateRefusal.ASSESSED_TOO_OLD, may_record)
    return Gate(rows.lines(case_id), since, shut_by(last), may_record)


def lines(subject: Case | ReturnLine) -> tuple[FindingLine, ...]:
    """The last finding of each kind, of a case (`to_assess`) or of a return that was read before."""
    return rows.lines(subject.id)
