"""What one hand did lately to a permit that was given: struck it, or recorded for the unit that it was withdrawn. For
whoever holds the case, and for the others of the organisation of whoever did it. No press takes a line away (ADR 0263).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.domain.shelter.away import TOLD_FOR
from nrm.domain.shelter.permit_entries import MarkKind
from nrm.domain.shelter.permits import GIVEN, PermitEvent
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.permits import PermitEntry, PermitMark
from nrm.store.countries import country
from nrm.store.shelter import permits

_MOST = 50
_Strike = aliased(PermitMark)
_Doer, _Whose = aliased(Member), aliased(Organisation)


@dataclass(frozen=True, slots=True)
class PermitTold:
    """Who (`name`, of `office`) did it, on which day (`on`). `until`: the last day of the permit that was struck; else
    it was recorded as withdrawn on `withdrawn_on`."""

    case_id: uuid.UUID
    pseudonym: str
    name: str
    office: Mapping[str, str]
    on: date
    until: date | None
    withdrawn_on: date | None


def number(by: Actor) -> ColumnElement[int]:
    """How many lines `lines` has, as a column of another statement with the value of `moment`."""
    if not _reads(by):
        return literal(0)
    since = bindparam("permits_told_since", type_=PermitMark.marked_at.type)
    return _found(select(func.count()), since).where(_for(by)).scalar_subquery()


def moment(by: Actor) -> dict[str, datetime]:
    """The value that `number` needs."""
    return {"permits_told_since": clock.now() - TOLD_FOR} if _reads(by) else {}


def lines(*, by: Actor) -> list[PermitTold]:
    """What was done in the last seven days, the last first; empty for an actor who reads of no permit."""
    return _lines(_for(by)) if _reads(by) else []


def of_case(case_id: uuid.UUID, *, by: Actor) -> list[PermitTold]:
    """The same of one person, whoever did it; empty for an actor who may not see the permit."""
    return _lines(Case.id == case_id, permits.seen(by)) if _reads(by) else []


def _reads(by: Actor) -> bool:
    return by.organisation_id is not None and by.may(Permission.PERMIT_RECORD)


def _for(by: Actor) -> ColumnElement[bool]:
    """What the actor reads: a shelter of its own people, the unit of what its members did; nobody of themselves."""
    others = _Doer.id != by.member_id
    if by.kind is OrganisationKind.TRP_UNIT:
        return and_(others, _Doer.organisation_id == by.organisation_id, permits.seen(by))
    return and_(others, Case.holder_id == by.organisation_id, Case.status != "referred")


def _found(what: Select[*tuple[Any, ...]], since: Any) -> Select[*tuple[Any, ...]]:
    """Permits that were struck lately, and withdrawals by the unit that stand, each with who did it."""
    struck = and_(PermitEntry.event.in_([str(each) for each in sorted(GIVEN)]), _Strike.marked_at > since)
    withdrawn = and_(
        PermitEntry.event == str(PermitEvent.WITHDRAW),
        PermitEntry.recorded_at > since,
        _Strike.id.is_(None),
        _Whose.kind == str(OrganisationKind.TRP_UNIT),
    )
    return (
        what.select_from(PermitEntry)
        .join(Case, Case.id == PermitEntry.case_id)
        .outerjoin(_Strike, and_(_Strike.entry_id == PermitEntry.id, _Strike.kind == str(MarkKind.STRUCK)))
        .join(_Doer, _Doer.id == func.coalesce(_Strike.member_id, PermitEntry.member_id))
        .join(_Whose, _Whose.id == _Doer.organisation_id)
        .where(or_(struck, withdrawn))
    )


def _lines(*which: ColumnElement[bool]) -> list[PermitTold]:
    at = func.coalesce(_Strike.marked_at, PermitEntry.recorded_at, type_=PermitMark.marked_at.type)
    found = select(Case.id, Case.pseudonym, _Doer.name, _Whose, at, PermitEntry.issued_until, PermitEntry.happened_on)
    rows = db.session.execute(
        _found(found, clock.now() - TOLD_FOR).where(*which).order_by(at.desc(), Case.pseudonym).limit(_MOST)
    )
    zone = country().timezone
    return [
        PermitTold(case_id, code, name, whose.names, clock.day_of(when, zone), until, None if until else day)
        for case_id, code, name, whose, when, until, day in rows
    ]
