"""A desk says that it knows of somebody who is missing, left on her own or died; and that it does not after all."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter.absences import AbsenceRefusal, AbsenceRefused, Kind, Outcome
from nrm.models.shelter.absences import LeftAlone, Missing
from nrm.store import days
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.shelter import absences as store


def known(*, missing_id: uuid.UUID, by: Actor) -> None:
    """The duty desk, or for a child the child authority, says that it knows. A second time changes nothing.

    Raises NotPermitted, NotVisible.
    """
    who = _who_knows(by)
    with transaction() as session:
        alarm = store.row(missing_id, by=by)
        if _note_known(session, alarm, who):
            audit.append(session, audit.Event.MISSING_KNOWN, by=by, case_id=alarm.case_id, missing_id=alarm.id, who=who)


def take_back_known(*, missing_id: uuid.UUID, by: Actor) -> None:
    """The desk said by mistake that it knows; possible as long as the alarm stands, and of one that was struck as a
    mistake until the day after. A second time changes nothing.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`).
    """
    who = _who_knows(by)
    with transaction() as session:
        alarm = store.row(missing_id, by=by)
        known_on = alarm.authority_known_on if who == "authority" else alarm.desk_known_on
        if alarm.outcome and not (alarm.outcome == Outcome.MISTAKE and _is_lately(known_on)):
            raise AbsenceRefused(AbsenceRefusal.OVER)
        if _note_not_known(session, alarm, who):
            event = audit.Event.MISSING_NOT_KNOWN
            audit.append(session, event, by=by, case_id=alarm.case_id, missing_id=alarm.id, who=who)


def left_known(*, left_id: uuid.UUID, by: Actor) -> None:
    """The duty desk, or for a child that died the child authority, says that it knows. A second time changes nothing.

    Raises NotPermitted, NotVisible.
    """
    who = _who_knows(by)
    with transaction() as session:
        left = store.left_row(left_id, by=by)
        if _note_known(session, left, who):
            event = audit.Event.DEATH_KNOWN if left.kind == Kind.DIED else audit.Event.LEFT_ALONE_KNOWN
            audit.append(session, event, by=by, case_id=left.case_id, left_id=left.id)


def left_not_known(*, left_id: uuid.UUID, by: Actor) -> None:
    """The desk said by mistake that it knows, today or yesterday. A second time changes nothing.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`).
    """
    who = _who_knows(by)
    with transaction() as session:
        left = store.left_row(left_id, by=by)
        known_on = left.authority_known_on if who == "authority" else left.desk_known_on
        if not (left.authority_knows if who == "authority" else left.desk_knows):
            return
        if not _is_lately(known_on):
            raise AbsenceRefused(AbsenceRefusal.OVER)
        if _note_not_known(session, left, who):
            audit.append(session, audit.Event.LEFT_NOT_KNOWN, by=by, case_id=left.case_id, left_id=left.id)


def _who_knows(by: Actor) -> str:
    """For which of the two desks the actor says that it knows; raises NotPermitted, NotVisible."""
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    if by.kind is OrganisationKind.CHILD_PROTECTION:
        return "authority"
    if by.may(Permission.REFERRAL_DIRECT):
        return "desk"
    raise NotVisible


def _note_known(session: Session, row: Missing | LeftAlone, who: str) -> bool:
    """Note that `who` knows; returns whether that is news."""
    kind = type(row)
    column, day = _columns(kind, who)
    news = update(kind).where(kind.id == row.id, column.is_(False))
    return hit_one(session, news.values({column.key: True, day.key: days.today()}))


def _note_not_known(session: Session, row: Missing | LeftAlone, who: str) -> bool:
    """Note that `who` does not know after all; returns whether that is news."""
    kind = type(row)
    column, day = _columns(kind, who)
    news = update(kind).where(kind.id == row.id, column.is_(True))
    return hit_one(session, news.values({column.key: False, day.key: None}))


def _columns(kind: type[Missing | LeftAlone], who: str) -> tuple[Any, Any]:
    if who == "authority":
        return kind.authority_knows, kind.authority_known_on
    return kind.desk_knows, kind.desk_known_on


def _is_lately(known_on: date | None) -> bool:
    return known_on is not None and known_on >= absence_rows.ended_since()
