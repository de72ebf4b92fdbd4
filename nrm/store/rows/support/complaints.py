"""Complaints, for actions that have decided who may ask."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import and_, func, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import PERMISSIONS, OrganisationKind, Permission
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.support.complaints import COMPLAINT
from nrm.domain.support.complaints_about import Called
from nrm.models.accounts.accounts import KeyEvent, Member, Organisation
from nrm.models.shelter.cases import SealedCompartment
from nrm.models.support.complaints import Complaint
from nrm.store.rows.accounts import suspensions
from nrm.vault.unattended import complaint_marks


def number_waiting() -> int:
    """How many from the page that is of no house were not dealt with."""
    waiting = select(func.count()).select_from(Complaint).where(Complaint.dealt_on.is_(None), Complaint.without_house)
    return db.session.scalar(waiting) or 0


def dealt_before(day: date, limit: int) -> Sequence[uuid.UUID]:
    """Those that were dealt with before that day. None whose row this program did not write: by that somebody could
    have it destroyed."""
    words = and_(SealedCompartment.case_id == Complaint.id, SealedCompartment.compartment == COMPLAINT)
    with_epoch = select(Complaint.__table__, SealedCompartment.epoch).join(SealedCompartment, words)
    found = db.session.execute(with_epoch.where(Complaint.dealt_on < day)).all()
    return [each.id for each in found if complaint_marks.is_sound(each, each.epoch)][:limit]


def authorities() -> set[uuid.UUID]:
    """The Responsible Authority, as who takes part."""
    statement = select(Organisation.id).where(
        Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY, Organisation.enabled.is_(True)
    )
    return set(db.session.scalars(statement))


def readers(
    organisation_id: uuid.UUID, permission: Permission = Permission.COMPLAINT_READ, *, now: bool = True
) -> set[uuid.UUID]:
    """Who of the office has this permission; `now`: without who is suspended."""
    roles = [str(role) for role, allowed in PERMISSIONS.items() if permission in allowed]
    there = select(Member.id).where(
        Member.organisation_id == organisation_id, Member.status == "active", Member.role.in_(roles)
    )
    if now:
        there = there.where(~suspensions.is_suspended(Member.id, clock.now()))
    return set(db.session.scalars(there))


def of_office(organisation_id: uuid.UUID) -> list[tuple[uuid.UUID, Called]]:
    """Who works at the office, with every name they had there."""
    before: dict[uuid.UUID | None, list[str]] = {}
    renamed = select(KeyEvent.member_id, KeyEvent.before).where(
        KeyEvent.organisation_id == organisation_id, KeyEvent.event == str(KeyHappening.RENAMED)
    )
    for member_id, name in db.session.execute(renamed):
        before.setdefault(member_id, []).append(name or "")
    there = select(Member.id, Member.name, Member.login).where(
        Member.organisation_id == organisation_id, Member.status.in_(("active", "waiting"))
    )
    rows = db.session.execute(there).all()
    return [(row.id, Called((row.name, *before.get(row.id, ())), row.login)) for row in rows]
