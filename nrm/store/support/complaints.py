"""Complaints, for the desk of the Responsible Authority and nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, literal, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.models.support.complaints import Complaint

_MOST = 200


@dataclass(frozen=True, slots=True)
class ComplaintLine:
    """One complaint, without a word of it."""

    id: uuid.UUID
    dealt_on: date | None


def row(complaint_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Complaint:
    """One complaint; raises NotVisible."""
    _desk(by)
    statement = select(Complaint).where(Complaint.id == complaint_id).execution_options(populate_existing=True)
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotVisible
    return found


def lines(*, by: Actor) -> Sequence[ComplaintLine]:
    """Those that wait; then those that were dealt with, the newest first. Raises NotVisible."""
    _desk(by)
    order = (Complaint.dealt_on.is_not(None), Complaint.dealt_on.desc(), Complaint.id)
    found = db.session.execute(select(Complaint.id, Complaint.dealt_on).order_by(*order).limit(_MOST))
    return [ComplaintLine(each.id, each.dealt_on) for each in found]


def number_waiting(by: Actor) -> ColumnElement[int]:
    """How many wait for the desk, as a column of another statement; 0 for everybody else."""
    if not by.may(Permission.COMPLAINT_READ):
        return literal(0)
    return select(func.count()).select_from(Complaint).where(Complaint.dealt_on.is_(None)).scalar_subquery()


def _desk(by: Actor) -> None:
    if by.kind is not OrganisationKind.RESPONSIBLE_AUTHORITY or not by.may(Permission.COMPLAINT_READ):
        raise NotVisible
