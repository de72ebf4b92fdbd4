"""Appointing a key worker or deputy and taking one off; after how long screens of a shelter cover (ADR 0072)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission, Role
from nrm.domain.accounts.alarms import AlarmKind
from nrm.domain.shelter.key_workers import (
    ALARM_HOURS,
    KeyWorkerRefusal,
    KeyWorkerRefused,
    Place,
    PlaceEnd,
    check_appointing,
    is_unusual,
)
from nrm.domain.shelter.shifts import COVER_MINUTES, COVER_MINUTES_SHARED
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.alarms import Alarm
from nrm.models.shelter.key_workers import KeyWorker
from nrm.steps.accounts import alarms
from nrm.steps.shelter import key_workers as steps
from nrm.store.rows.accounts import alarms as alarm_rows
from nrm.store.rows.shelter import key_workers as rows
from nrm.store.shelter import stays as stay_store
from nrm.vault import shifts as vault


def appoint(*, case_id: uuid.UUID, place: Place, member_id: uuid.UUID, by: Actor) -> None:
    """Make a member of the holder key worker or deputy. The manager decides; a worker takes a place that is free, for
    herself, and her colleagues are told when she takes many.

    Raises NotPermitted, NotVisible (another's case, a closed one, a member of another organisation), KeyWorkerRefused.
    """
    by.must(Permission.STAY_MANAGE)
    try:
        with transaction() as session:
            _appoint(session, case_id, place, member_id, by)
    except IntegrityError:  # a colleague took it at the same moment
        raise KeyWorkerRefused(KeyWorkerRefusal.TAKEN) from None


def _appoint(session: Session, case_id: uuid.UUID, place: Place, member_id: uuid.UUID, by: Actor) -> None:
    case = stay_store.held_case(case_id, by=by, lock=True)
    assert by.organisation_id is not None
    # Held until the end: the account ends before this or after it, and keeps no place.
    member = session.get(Member, member_id, with_for_update={"key_share": True}, populate_existing=True)
    if member is None or rows.member_of(member_id, by.organisation_id) is None:
        raise NotVisible
    there = [row for row in rows.standing(case_id, by.organisation_id) if _is_standing(session, row, by)]
    here = next((row for row in there if row.place == place), None)
    if here is not None and here.member_id == member_id:
        return
    check_appointing(
        leads=_leads(by),
        own=member_id == by.member_id,
        taken=here is not None,
        has_other_place=any(row.member_id == member_id for row in there),
        role=Role(member.role),
    )
    if here is not None:
        steps.end(session, here, PlaceEnd.REPLACED, by)
        session.flush()
    row = KeyWorker(
        id=uuid.uuid4(),
        case_id=case.id,
        organisation_id=by.organisation_id,
        member_id=member_id,
        place=str(place),
        set_by_id=by.member_id,
        begun_at=clock.now(),
        ended_why="",
    )
    row.mark = vault.key_worker_mark(row)
    session.add(row)
    session.flush()
    alarm = _alarm(session, by) if member_id == by.member_id else None
    audit.append(session, audit.Event.KEY_WORKER_SET, by=by, case_id=case_id, of_member_id=member_id, place=str(place))
    if alarm is not None:
        alarms.record(session, alarm, by=by)


def _is_standing(session: Session, row: KeyWorker, by: Actor) -> bool:
    """Whether the program wrote the row; one written by hand is taken away, so that it keeps nobody out."""
    if vault.is_genuine(row):
        return True
    steps.end(session, row, PlaceEnd.TAKEN_OFF, by)
    return False


def _leads(by: Actor) -> bool:
    assert by.organisation_id is not None
    return by.may(Permission.TEAM_MANAGE) or not rows.has_leader(by.organisation_id)


def _alarm(session: Session, by: Actor) -> Alarm | None:
    """Tell the colleagues when the actor took many people on by their own hand; None if they were told already."""
    assert by.organisation_id is not None
    assert by.member_id is not None
    lately, now, people = rows.by_own_hand(by.member_id, by.organisation_id)
    if not is_unusual(lately=len(lately), now=now, people=people):
        return None
    at, number = clock.now(), max(len(lately), now)
    known = alarm_rows.fresh_of(AlarmKind.PLACES, timedelta(hours=ALARM_HOURS), by.member_id)
    if known is not None:
        known.cases, known.last_at = max(known.cases, number), at
        session.flush()
        return None
    alarm = Alarm(
        id=uuid.uuid4(),
        member_id=by.member_id,
        organisation_id=by.organisation_id,
        kind=str(AlarmKind.PLACES),
        hours=ALARM_HOURS,
        cases=number,
        first_at=lately[0],
        last_at=at,
        raised_at=at,
    )
    session.add(alarm)
    session.flush()
    return alarm


def take_off(*, case_id: uuid.UUID, place: Place, by: Actor) -> None:
    """End a place, with nobody in it afterwards: the manager, or the member herself.

    Raises NotPermitted, NotVisible, KeyWorkerRefused.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        stay_store.held_case(case_id, by=by, lock=True)
        assert by.organisation_id is not None
        here = next((row for row in rows.standing(case_id, by.organisation_id) if row.place == place), None)
        if here is None:
            raise KeyWorkerRefused(KeyWorkerRefusal.NOBODY)
        if here.member_id != by.member_id and not _leads(by):
            raise KeyWorkerRefused(KeyWorkerRefusal.TAKEN)
        steps.end(session, here, PlaceEnd.TAKEN_OFF, by)


def end_without_case(*, by: Actor) -> int:
    """End the places in cases that were closed or went to another holder; returns how many. They opened nothing any
    more: this only puts it down."""
    found = [row.id for row in rows.without_their_case()]
    if not found:
        return 0
    with transaction() as session:
        for row in rows.without_their_case():
            steps.end(session, row, PlaceEnd.CASE, by)
    return len(found)


def set_cover(*, minutes: int, by: Actor) -> None:
    """After how many idle minutes screens of this shelter cover, for shifts that begin from now on: 5, or 2 where
    several people share a tablet. Raises NotPermitted, NotVisible, ValueError."""
    by.must(Permission.TEAM_MANAGE)
    if minutes not in (COVER_MINUTES, COVER_MINUTES_SHARED):
        raise ValueError(minutes)
    if by.organisation_id is None:
        raise NotVisible
    with transaction() as session:
        organisation = session.get_one(Organisation, by.organisation_id, with_for_update=True, populate_existing=True)
        organisation.cover_minutes = minutes
        audit.append(session, audit.Event.COVER_CHANGED, by=by, minutes=minutes)
