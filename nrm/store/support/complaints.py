"""Complaints, for the desk of the Responsible Authority and nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, literal, select

from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, OrganisationKind, Permission
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.support.complaints import Complaint, ComplaintTaken
from nrm.store import names
from nrm.vault import rows as marked

_MOST = 2000
_LINES = (
    select(Complaint.id, Complaint.dealt_on, Member.name)
    .outerjoin(ComplaintTaken, ComplaintTaken.complaint_id == Complaint.id)
    .outerjoin(Member, Member.id == ComplaintTaken.member_id)
)


@dataclass(frozen=True, slots=True)
class ComplaintLine:
    """One complaint, without a word of it; `taken_by`: the name of who deals with it, empty for nobody."""

    id: uuid.UUID
    dealt_on: date | None
    taken_by: str = ""


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
    return [ComplaintLine(each.id, each.dealt_on, each.name or "") for each in found]


def line(complaint_id: uuid.UUID, *, by: Actor) -> ComplaintLine:
    """One of `lines`; raises NotVisible."""
    _desk(by)
    found = db.session.execute(_LINES.where(Complaint.id == complaint_id)).first()
    if found is None:
        raise NotVisible
    return ComplaintLine(found.id, found.dealt_on, found.name or "")


def number_waiting(by: Actor) -> ColumnElement[int]:
    """How many wait for the desk, also those that the asker does not read, as a column of another statement; 0 for
    everybody else."""
    if not _is_of_desk(by):
        return literal(0)
    return select(func.count()).select_from(Complaint).where(Complaint.dealt_on.is_(None)).scalar_subquery()


def number_for(*, by: Actor) -> int:
    """How many wait for a reader of the desk, without those that name the actor: in one statement, for a home page.
    Raises NotVisible."""
    _desk(by)
    waiting = select(Complaint.id, Complaint.not_for).where(Complaint.dealt_on.is_(None)).limit(_MOST)
    mine = by.member_id
    return sum(
        mine is None or not marked.is_not_for(each.not_for, each.id, mine) for each in db.session.execute(waiting)
    )


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
