"""People who are not counted any more, and whose particulars wait for another member: for their house alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.consents import Narrowing, Topic, UncountedRefusal
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent
from nrm.store.rows.accounts import occasions

_WAITS = (Consent.topic == str(Topic.STATISTICS), Consent.narrowing == str(Narrowing.WAITS), Consent.ended != "")


@dataclass(frozen=True, slots=True)
class UncountedLine:
    """One person. `on`, `by`: when it was written down, and by whom; `why_not`: why the asker decides nothing about it,
    None if they may."""

    case_id: uuid.UUID
    pseudonym: str
    on: date
    by: str
    why_not: UncountedRefusal | None


def waiting(*, by: Actor) -> list[UncountedLine]:
    """Those of the actor's house, the oldest first; none for who opens no cases."""
    if by.organisation_id is None or not by.may(Permission.CASE_OPEN):
        return []
    statement = _lines().where(Case.holder_id == by.organisation_id).order_by(Consent.ended_on, Case.pseudonym)
    return [_line(each, by) for each in db.session.execute(statement)]


def to_decide(*, by: Actor) -> list[UncountedLine]:
    """Those of which the actor may decide."""
    return [each for each in waiting(by=by) if each.why_not is None]


def of_case(case_id: uuid.UUID, *, by: Actor) -> UncountedLine | None:
    """What waits of a case that the actor's house holds, else None. Raises NotPermitted."""
    by.must(Permission.CASE_OPEN)
    statement = _lines().where(Case.id == case_id, Case.holder_id == by.organisation_id)
    found = db.session.execute(statement).first()
    return _line(found, by) if found is not None else None


def row(case_id: uuid.UUID, *, by: Actor) -> Case:
    """The case, locked. Raises NotPermitted, NotVisible."""
    by.must(Permission.CASE_OPEN)
    statement = select(Case).where(Case.id == case_id, Case.holder_id == by.organisation_id).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(Case.id, Case.pseudonym, Consent.ended_on, Member.id.label("member_id"), Member.name)
        .join(Consent, Consent.case_id == Case.id)
        .join(Member, Member.id == Consent.ended_by_id)
        .where(*_WAITS)
    )


def _line(found: Any, by: Actor) -> UncountedLine:
    assert by.member_id is not None
    own = by.member_id == found.member_id or not occasions.has_seen_beside(by.member_id, found.member_id)
    return UncountedLine(found.id, found.pseudonym, found.ended_on, found.name, UncountedRefusal.OWN if own else None)


def number_waiting(by: Actor) -> ColumnElement[int]:
    """How many wait in the actor's house; a column of another statement."""
    if by.organisation_id is None or not by.may(Permission.CASE_OPEN):
        return literal(0)
    counted = select(func.count()).select_from(Consent).join(Case, Case.id == Consent.case_id)
    return counted.where(*_WAITS, Case.holder_id == by.organisation_id).scalar_subquery()
