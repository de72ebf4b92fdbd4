"""Opening for a shift, ending it, and what is written down before a page shows anything (ADR 0073)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.shifts import SHIFT, ShiftKind, ShiftRefusal, ShiftRefused
from nrm.models.accounts.accounts import MemberSession, Organisation
from nrm.models.shelter.cases import Reading
from nrm.models.shelter.key_workers import Shift, ShiftPage
from nrm.steps.shelter import shifts as steps
from nrm.store.rows.shelter import key_workers as rows
from nrm.vault import compartments, members
from nrm.vault import shifts as vault


@dataclass(frozen=True, slots=True)
class Begun:
    """What a shift opens: of how many people now, and until when; idle minutes until the session covers itself."""

    people: int
    until: datetime
    covers_after: int


def begin(*, kind: ShiftKind, by: Actor) -> Begun:
    """Open for a shift: of one's own people, or of everybody in the building. Recorded once, for as long as the session
    lasts; from now on the session covers itself. A second time it changes nothing.

    Raises NotPermitted, NotVisible (no shelter), ShiftRefused, CannotOpen.
    """
    by.must(Permission.CASE_OPEN)
    if by.organisation_id is None or by.kind is None or not by.kind.takes_people_in:
        raise NotVisible
    if not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    if by.keys is None:
        raise members.CannotOpen
    with transaction() as session:
        own = session.get(MemberSession, by.session_id, with_for_update=True, populate_existing=True)
        if own is None or own.sealed_keys is None or not members.is_session(own, own.digest, by.organisation_id):
            raise members.CannotOpen
        now = clock.now()
        if now >= own.expires_at:
            raise ShiftRefused(ShiftRefusal.OVER)
        people = rows.number_of_people(kind, by.member_id, by.organisation_id)
        if not people and kind is ShiftKind.PEOPLE:
            raise ShiftRefused(ShiftRefusal.NOBODY)
        if own.covers_after is None:
            own.covers_after = session.get_one(Organisation, by.organisation_id).cover_minutes
            members.mark_session(own, by.organisation_id)
        there = rows.shift_of(own.digest, kind)
        if there is None or not vault.is_genuine(there, shift=True):
            _add(session, kind, people, now, own, by)
        return Begun(people, own.expires_at, own.covers_after)


def _add(session: Session, kind: ShiftKind, people: int, now: datetime, own: MemberSession, by: Actor) -> None:
    shift = Shift(
        id=uuid.uuid4(),
        session_digest=own.digest,
        member_id=by.member_id,
        organisation_id=by.organisation_id,
        kind=str(kind),
        people=people,
        begun_at=now,
        until_at=own.expires_at,
    )
    shift.mark = vault.shift_mark(shift)
    session.add(shift)
    session.add(
        Reading(
            case_id=shift.id,
            compartment=SHIFT,
            purpose=str(kind),
            member_id=by.member_id,
            organisation_id=by.organisation_id,
            holder_id=by.organisation_id,
            opened_at=now,
        )
    )
    session.flush()
    audit.append(session, audit.Event.SHIFT_BEGUN, by=by, shift_id=shift.id, kind=str(kind), people=people)


def end(*, by: Actor) -> bool:
    """End the shifts of the session: nothing is open by them any more, and it ends after idle minutes as others do.

    Returns whether there was one.
    """
    with transaction() as session:
        own = session.get(MemberSession, by.session_id, with_for_update=True, populate_existing=True)
        if own is None or by.organisation_id is None or not members.is_session(own, own.digest, by.organisation_id):
            return False
        own.covers_after = None
        members.mark_session(own, by.organisation_id)
        return steps.end_of_session(session, own.digest, by) > 0


def look(*, case_id: uuid.UUID, by: Actor) -> None:
    """Write down that a page of this person is looked at now, before it shows anything.

    For a shift: one page more of this case. For what was opened with a purpose: its quarter of an hour begins again.
    Does nothing for who has nothing of the case open; whether somebody sees the case is asked elsewhere.
    """
    covering = vault.covering(db.session(), case_id, by=by)
    slides = compartments.slides(db.session(), case_id, by=by)
    if not covering and not slides:
        return
    with transaction() as session:
        for shift in vault.covering(session, case_id, by=by):
            _count_page(session, shift.id, case_id, by)
        compartments.slide(session, case_id, by=by)


def look_at_list(*, case_ids: Collection[uuid.UUID], by: Actor) -> set[uuid.UUID]:
    """Write down that a list shows something of these people, before it does: one page more of each whom a shift of the
    session covers; returns those. What was opened with a purpose for one person is no leave for a list."""
    covered = {case_id for case_id in case_ids if vault.covering(db.session(), case_id, by=by)}
    if not covered:
        return set()
    with transaction() as session:
        for case_id in sorted(covered, key=str):
            for shift in vault.covering(session, case_id, by=by):
                _count_page(session, shift.id, case_id, by)
    return covered


def _count_page(session: Session, shift_id: uuid.UUID, case_id: uuid.UUID, by: Actor) -> None:
    now = clock.now()
    page = session.get(ShiftPage, (shift_id, case_id), with_for_update=True, populate_existing=True)
    if page is not None:
        page.pages, page.last_at = page.pages + 1, max(now, page.last_at)
        return
    session.add(ShiftPage(shift_id=shift_id, case_id=case_id, pages=1, first_at=now, last_at=now))
    audit.append(session, audit.Event.SHIFT_LOOKED, by=by, shift_id=shift_id, case_id=case_id)
