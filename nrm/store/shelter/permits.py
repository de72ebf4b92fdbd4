"""Residence permits and who may see them: the holder of the case, and the permit unit with which it is shared."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.permits import TRANSITIONS, PermitEvent, PermitStatus
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case, Grant
from nrm.models.shelter.permits import Permit
from nrm.store import days as calendar
from nrm.store.paging import PAGE
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.statements import built_once

EXPIRING_DAYS = 30


@dataclass(frozen=True, slots=True)
class PermitView:
    """One person's permit. `needed`: False if the person is recorded as Albanian; `events`: what can be recorded next.

    `informed_by` is only for the holder, because the shelter reveals where the person is.
    """

    case_id: uuid.UUID
    pseudonym: str
    citizenship_class: str
    needed: bool
    status: PermitStatus
    informed_on: date | None
    informed_by: dict[str, str]
    informed_language: str
    applied_on: date | None
    decided_on: date | None
    issued_from: date | None
    issued_until: date | None
    ground: str
    events: tuple[PermitEvent, ...]


@dataclass(frozen=True, slots=True)
class PermitLine:
    """One permit in a list."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    status: PermitStatus
    issued_until: date | None


def shared_case(case_id: uuid.UUID, permission: Permission, *, by: Actor) -> Case:
    """A case the actor's organisation holds, or of which it has the legal file; raises NotVisible.

    `permission`: without it there is nothing to see either. A grant that was ended is no longer there.
    """
    return visible(select(Case).where(Case.id == case_id), permission, by=by)


def visible(found: Select[Case], permission: Permission, *, by: Actor) -> Case:
    """The case of a statement, under the rule of `shared_case`; raises NotVisible."""
    if by.organisation_id is None or not by.may(permission):
        raise NotVisible
    holds = and_(Case.holder_id == by.organisation_id, Case.status != "referred")
    shared = and_(Case.status == "open", _legal_file(Case.id, by))
    case = db.session.scalar(found.where(or_(holds, shared)).execution_options(populate_existing=True))
    if case is None:
        raise NotVisible
    return case


def _legal_file(case_id: uuid.UUID | InstrumentedAttribute[uuid.UUID], by: Actor) -> ColumnElement[bool]:
    """Whether the actor's organisation has a live grant of the legal file."""
    return exists().where(
        Grant.case_id == case_id,
        Grant.compartment == Compartment.LEGAL,
        Grant.organisation_id == by.organisation_id,
    )


def of_case(case_id: uuid.UUID, *, by: Actor) -> PermitView:
    """One person's permit; raises NotVisible."""
    case = shared_case(case_id, Permission.PERMIT_RECORD, by=by)
    permit = permit_rows.row(case_id)
    status = PermitStatus(permit.state) if permit is not None else PermitStatus.NOT_INFORMED
    informer = None
    if permit is not None and permit.informed_by_id is not None and case.holder_id == by.organisation_id:
        informer = db.session.get(Organisation, permit.informed_by_id)
    needed = case.citizenship_class != "albanian"
    return PermitView(
        case_id=case.id,
        pseudonym=case.pseudonym,
        citizenship_class=case.citizenship_class,
        needed=needed,
        status=status,
        informed_on=permit.informed_on if permit else None,
        informed_by=informer.names if informer else {},
        informed_language=permit.informed_language if permit else "",
        applied_on=permit.applied_on if permit else None,
        decided_on=permit.decided_on if permit else None,
        issued_from=permit.issued_from if permit else None,
        issued_until=permit.issued_until if permit else None,
        ground=permit.ground if permit else "",
        events=tuple(event for before, event in TRANSITIONS if before is status and needed),
    )


def expiring(*, by: Actor, days: int = EXPIRING_DAYS) -> list[PermitLine]:
    """Issued permits that run out within `days` days or have run out, in cases the actor's organisation holds."""
    if not by.may(Permission.PERMIT_RECORD):
        return []
    rows = _expiring(by)(until=calendar.today() + timedelta(days=days))
    return [PermitLine(each[0], each[1], each[2], PermitStatus(each[3]), each[4]) for each in rows]


@built_once
def _expiring(by: Actor) -> Select[uuid.UUID, uuid.UUID, str, str, date | None]:
    return (
        select(Permit.id, Permit.case_id, Case.pseudonym, Permit.state, Permit.issued_until)
        .join(Case, Case.id == Permit.case_id)
        .where(
            Case.holder_id == by.organisation_id,
            Case.status == "open",
            Permit.state == PermitStatus.ISSUED,
            Permit.issued_until <= bindparam("until"),
        )
        .order_by(Permit.issued_until, Permit.id)
        .limit(PAGE)
    )
