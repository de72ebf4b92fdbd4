"""Who answers for whom, as rows, for steps and actions that decided who may ask."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.shelter.key_workers import ALARM_HOURS, LEADING_ROLES
from nrm.domain.shelter.shifts import ShiftKind
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.cases import Case
from nrm.models.shelter.key_workers import KeyWorker, Shift, ShiftPage
from nrm.models.shelter.stays import Stay
from nrm.store.rows.accounts import suspensions
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.vault import shifts as vault


def has_leader(organisation_id: uuid.UUID) -> bool:
    """Whether somebody of the organisation decides about the places of others; where nobody does, everybody may."""
    leads = exists().where(
        Member.organisation_id == organisation_id, Member.status == "active", Member.role.in_(LEADING_ROLES)
    )
    return db.session.scalar(select(leads)) is True


def leader_at(organisation_id: Any, now: Any) -> ColumnElement[bool]:
    """Whether somebody who decides about others works in the organisation of a query now: none who is suspended."""
    leader = aliased(Member)
    leads = (leader.organisation_id == organisation_id, leader.status == "active", leader.role.in_(LEADING_ROLES))
    return exists().where(*leads, ~suspensions.is_suspended(leader.id, now)).correlate_except(leader)


def standing(case_id: uuid.UUID, organisation_id: uuid.UUID) -> list[KeyWorker]:
    """The rows of a case at its holder that have not ended, locked; also those that somebody wrote by hand."""
    statement = select(KeyWorker).where(
        KeyWorker.case_id == case_id, KeyWorker.organisation_id == organisation_id, KeyWorker.ended_at.is_(None)
    )
    return list(db.session.scalars(statement.with_for_update().execution_options(populate_existing=True)))


def member_of(member_id: uuid.UUID, organisation_id: uuid.UUID) -> Member | None:
    """An active member of the organisation."""
    return db.session.scalar(
        select(Member).where(
            Member.id == member_id, Member.organisation_id == organisation_id, Member.status == "active"
        )
    )


def by_own_hand(member_id: uuid.UUID, organisation_id: uuid.UUID) -> tuple[list[datetime], int, int]:
    """When the member appointed themselves within the last day, for how many cases they have a place by their own hand,
    and how many open cases the organisation has."""
    since = clock.now() - timedelta(hours=ALARM_HOURS)
    own = (
        KeyWorker.member_id == member_id,
        KeyWorker.set_by_id == member_id,
        KeyWorker.organisation_id == organisation_id,
    )
    rows = db.session.execute(
        select(KeyWorker.case_id, KeyWorker.begun_at, KeyWorker.ended_at).where(
            *own, or_(KeyWorker.begun_at > since, KeyWorker.ended_at.is_(None))
        )
    ).all()
    lately = {row.case_id: row.begun_at for row in rows if row.begun_at > since}
    people = db.session.scalar(
        select(func.count()).select_from(Case).where(Case.holder_id == organisation_id, Case.status == "open")
    )
    return sorted(lately.values()), len({row.case_id for row in rows if row.ended_at is None}), people or 0


def without_their_case() -> list[KeyWorker]:
    """Places that still stand though the case was closed or is another holder's; for the system."""
    elsewhere = or_(Case.holder_id.is_(None), Case.holder_id != KeyWorker.organisation_id, Case.status != "open")
    statement = select(KeyWorker).join(Case, Case.id == KeyWorker.case_id)
    return list(db.session.scalars(statement.where(KeyWorker.ended_at.is_(None), elsewhere)))


def number_of_people(kind: ShiftKind, member_id: uuid.UUID | None, organisation_id: uuid.UUID) -> int:
    """How many people a shift of that kind opens for the member now."""
    held = (Case.holder_id == organisation_id, Case.status == "open")
    if kind is ShiftKind.DUTY:
        stays = select(func.count()).select_from(Stay).join(Case, Case.id == Stay.case_id)
        cared_for = or_(Case.holder_id == organisation_id, transfer_rows.hands_on(organisation_id))
        held = (cared_for, Case.status == "open")
        return (
            db.session.scalar(stays.where(*held, Stay.organisation_id == organisation_id, Stay.ended_on.is_(None))) or 0
        )
    rows = db.session.scalars(
        select(KeyWorker)
        .join(Case, Case.id == KeyWorker.case_id)
        .where(
            *held,
            KeyWorker.organisation_id == organisation_id,
            KeyWorker.member_id == member_id,
            KeyWorker.ended_at.is_(None),
        )
    )
    return sum(map(vault.is_genuine, rows))


def shift_of(session_digest: bytes, kind: ShiftKind) -> Shift | None:
    """The shift of that kind that the session has now."""
    return db.session.scalar(
        select(Shift).where(
            Shift.session_digest == session_digest,
            Shift.kind == str(kind),
            Shift.ended_at.is_(None),
            Shift.until_at > clock.now(),
        )
    )


def pages_of(shift_ids: Sequence[uuid.UUID], case_id: uuid.UUID | None = None) -> dict[uuid.UUID, tuple[int, int]]:
    """Shift -> (of how many people, how many pages were looked at), of one case if named."""
    if not shift_ids:
        return {}
    statement = select(ShiftPage.shift_id, func.count(), func.sum(ShiftPage.pages)).where(
        ShiftPage.shift_id.in_(shift_ids)
    )
    if case_id is not None:
        statement = statement.where(ShiftPage.case_id == case_id)
    return {row[0]: (row[1], row[2]) for row in db.session.execute(statement.group_by(ShiftPage.shift_id))}
