"""Complaints, for the desk of the Responsible Authority and nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, and_, cast, exists, literal, select, union

from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.support.complaints import COMPLAINT
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.cases import Grant, SealedCompartment
from nrm.models.support.complaints import Complaint, ComplaintTaken
from nrm.store import names
from nrm.vault import rows as marked
from nrm.vault import sweeping
from nrm.vault.marks import report
from nrm.vault.unattended import complaint_marks

_MOST = 2000
_LINES = (
    select(
        Complaint.__table__,
        ComplaintTaken.member_id,
        ComplaintTaken.mark.label("taken_mark"),
        Member.name,
        SealedCompartment.epoch,
    )
    .outerjoin(
        SealedCompartment,
        and_(SealedCompartment.case_id == Complaint.id, SealedCompartment.compartment == COMPLAINT),
    )
    .outerjoin(ComplaintTaken, ComplaintTaken.complaint_id == Complaint.id)
    .outerjoin(Member, Member.id == ComplaintTaken.member_id)
)


@dataclass(frozen=True, slots=True)
class ComplaintLine:
    """One complaint, without a word of it; `taken_by`: the name of who deals with it, empty for nobody; `changed`: this
    program did not write its row as it is now, so that it counts as not dealt with; `not_for`: marks of those whom it
    names, empty where nothing tells."""

    id: uuid.UUID
    dealt_on: date | None
    taken_by: str = ""
    changed: bool = False
    not_for: bytes = b""


def row(complaint_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Complaint:
    """One complaint; raises NotVisible."""
    _desk(by)
    statement = select(Complaint).where(Complaint.id == complaint_id).execution_options(populate_existing=True)
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotVisible
    return found


def lines(*, by: Actor) -> Sequence[ComplaintLine]:
    """Those that wait, first those from the page of a house; then those that were dealt with, the newest first. Raises
    NotVisible."""
    _desk(by)
    order = (Complaint.dealt_on.is_not(None), Complaint.dealt_on.desc(), Complaint.without_house, Complaint.id)
    found = db.session.execute(_LINES.order_by(*order).limit(_MOST))
    return [_line(each) for each in found]


def _line(row: Row[Any]) -> ComplaintLine:
    is_taken = row.member_id is not None and marked.is_taken(row.taken_mark, row.id, row.member_id)
    taken_by = row.name or "" if is_taken else ""
    if not complaint_marks.is_sound(row, row.epoch):
        return ComplaintLine(row.id, None, taken_by, changed=True)
    return ComplaintLine(row.id, row.dealt_on, taken_by, not_for=row.not_for or b"")


def line(complaint_id: uuid.UUID, *, by: Actor) -> ComplaintLine:
    """One of `lines`; raises NotVisible."""
    _desk(by)
    found = db.session.execute(_LINES.where(Complaint.id == complaint_id)).first()
    if found is None:
        raise NotVisible
    return _line(found)


def without_row(*, by: Actor) -> Sequence[uuid.UUID]:
    """Complaints whose row is gone while their sealed part, a grant to it or half of their key is there: no act of the
    program leaves one so. Each is reported. Raises NotVisible."""
    _desk(by)
    sealed = select(SealedCompartment.case_id).where(SealedCompartment.compartment == COMPLAINT)
    granted = select(Grant.case_id).where(Grant.organisation_id == by.organisation_id, Grant.compartment == COMPLAINT)
    there = union(sealed, granted).subquery()
    left = select(there.c.case_id).where(there.c.case_id.not_in(select(Complaint.id))).order_by(there.c.case_id)
    found = [*db.session.scalars(left.limit(_MOST)), *_of_keys_alone()]
    found = sorted(set(found))
    for each in found:
        report("absence of the row of the complaint", each)
    return found


def _of_keys_alone() -> set[uuid.UUID]:
    """Complaints without a row whose key is left in the second database: who writes the main one alone deletes none."""
    left = sweeping.left_of(COMPLAINT)
    if not left:
        return left
    return left.difference(db.session.scalars(select(Complaint.id).where(Complaint.id.in_(left))))


def is_missed(*, by: Actor) -> bool:
    """Whether the key of some complaint is left without it: then there is something to look at for the desk, also where
    the main database has nothing of any."""
    return _is_of_desk(by) and sweeping.is_left(COMPLAINT)


def number_there(by: Actor) -> ColumnElement[int]:
    """More than 0 where there is something of a complaint for the desk to look at, whatever its row says, as a column
    of another statement; 0 for everybody else."""
    if not _is_of_desk(by):
        return literal(0)
    rows = exists(select(Complaint.id))
    sealed = exists().where(SealedCompartment.compartment == COMPLAINT)
    granted = exists().where(Grant.organisation_id == by.organisation_id, Grant.compartment == COMPLAINT)
    return cast(rows, Integer) + cast(sealed, Integer) + cast(granted, Integer)


def houses(*, by: Actor) -> Sequence[Organisation]:
    """The shelters about which somebody may complain, for the desk that types it. Raises NotVisible."""
    _desk(by)
    return [each for each in names.organisations_by_id().values() if each.kind in SHELTERS]


def _desk(by: Actor) -> None:
    if not _is_of_desk(by):
        raise NotVisible


def _is_of_desk(by: Actor) -> bool:
    may = by.may(Permission.COMPLAINT_READ) or by.may(Permission.COMPLAINT_STAND_IN)
    return by.kind is OrganisationKind.RESPONSIBLE_AUTHORITY and may
