"""Announcing a hearing of a witness, what the court ordered, calling it off, and correcting: entries are struck.

Everything is sealed; the announcement of a hearing at once, so that no list of days and courts lies in the clear.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.hearings import (
    LATEST_DAYS,
    CalledOff,
    Hearing,
    HearingEntryKind,
    HearingRefusal,
    HearingRefused,
    Measure,
    check_announced,
    measures_of,
)
from nrm.models.shelter.cases import Case
from nrm.models.support.hearings import HearingEntry, HearingStrike, KeptHearing
from nrm.models.support.witnesses import Witness
from nrm.steps.shelter import cases as case_steps
from nrm.steps.support import hearings as steps
from nrm.steps.support import kept_hearings as kept_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.support import hearings as rows
from nrm.store.support import hearings as store
from nrm.store.support.hearings import Person
from nrm.vault import hearings as vault
from nrm.vault import shredding
from nrm.vault.keyrings import CannotOpen

__all__ = ["CannotOpen", "announce", "call_off", "forget_kept", "forget_kept_long_ago", "order", "strike"]


def announce(*, person: Person, hearing: Hearing, by: Actor) -> uuid.UUID:
    """Enter a hearing; returns its id. Raises NotPermitted, NotVisible, CannotOpen, CaseRefused, HearingRefused."""
    by.must(Permission.TESTIMONY_RECORD)
    check_announced(hearing, courts=country().courts, today=days.today())
    with transaction() as session:
        _hold(session, person, by)
        for each in steps.of(person, by=by):
            if each.takes_place and (each.hearing.court, each.hearing.on) == (hearing.court, hearing.on):
                raise HearingRefused(HearingRefusal.TWICE)
        return _add(session, person, HearingEntryKind.ANNOUNCED, hearing.value, None, by)


def order(*, hearing_id: uuid.UUID, measures: Collection[Measure], by: Actor) -> None:
    """Enter what the court ordered to protect the witness; no measure: it ordered none. Raises as `announce`."""
    _enter(hearing_id, HearingEntryKind.ORDERED, {"ordered": [str(each) for each in measures_of(measures)]}, by)


def call_off(*, hearing_id: uuid.UUID, why: CalledOff, words: str = "", by: Actor) -> None:
    """Enter that there is no hearing on that day; `words`: which other reason there is. Raises as `announce`."""
    said = {"words": words} if words else {}
    _enter(hearing_id, HearingEntryKind.CALLED_OFF, {"why": str(why), **said}, by)


def strike(*, entry_id: uuid.UUID, reason: StrikeReason, by: Actor) -> None:
    """Strike an entry; with an announcement, the hearing. A shelter strikes nothing that the prosecution entered.

    Raises NotPermitted, NotVisible, CannotOpen, HearingRefused (`state`, `not_yours`)."""
    by.must(Permission.TESTIMONY_RECORD)
    try:
        with transaction() as session:
            person, view = steps.one(entry_id, by=by)
            if not view.entry(entry_id).may_be_struck(by=by):
                raise HearingRefused(HearingRefusal.NOT_YOURS)
            if session.get(HearingStrike, entry_id, populate_existing=True) is not None:
                raise HearingRefused(HearingRefusal.STATE)
            session.add(
                HearingStrike(
                    entry_id=entry_id,
                    reason=str(reason),
                    organisation_id=by.organisation_id,
                    member_id=by.member_id,
                    struck_at=clock.now(),
                )
            )
            session.flush()
            audit.append(session, audit.Event.HEARING_STRUCK, by=by, **_whose(person), told_id=_told(session, person))
    except IntegrityError:
        raise HearingRefused(HearingRefusal.STATE) from None


def forget_kept(*, kept_id: uuid.UUID, by: Actor) -> None:
    """A hearing that is kept of a case which the prosecution reads no more is over, or does not take place: it is
    destroyed. Raises NotPermitted, NotVisible."""
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        kept = store.kept_row(kept_id, by=by)
        case_id = kept.case_id
        kept_steps.destroy(session, [kept_id])
        audit.append(session, audit.Event.HEARING_FORGOTTEN, by=by, case_id=case_id)
    shredding.work_off()


def forget_kept_long_ago() -> int:
    """Destroy what was kept so long ago that no hearing of then can lie ahead; how many."""
    with transaction() as session:
        long_ago = days.today() - timedelta(days=LATEST_DAYS)
        gone = session.scalars(select(KeptHearing.id).where(KeptHearing.kept_on < long_ago)).all()
        kept_steps.destroy(session, gone)
    return len(gone)


def _enter(hearing_id: uuid.UUID, kind: HearingEntryKind, value: dict[str, Any], by: Actor) -> None:
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        person, entry = store.of_entry(hearing_id, by=by)
        _hold(session, person, by)
        standing = rows.standing(hearing_id)
        if entry.hearing_id is not None or HearingEntryKind.ANNOUNCED not in standing:
            raise HearingRefused(HearingRefusal.STATE)
        if kind in standing or HearingEntryKind.CALLED_OFF in standing:
            raise HearingRefused(HearingRefusal.STATE)
        _add(session, person, kind, value, hearing_id, by)


def _hold(session: Session, person: Person, by: Actor) -> None:
    """Look again whether the actor may, and let two people who enter something of one person wait for each other.

    A case of which nobody wrote anything legal yet gets that part, if its shelter enters the hearing.
    """
    if person.case_id is None:
        store.of_witness(person.id, by=by)
        session.get_one(Witness, person.id, populate_existing=True, with_for_update=True)
        return
    store.of_case(person.case_id, by=by)
    session.get_one(Case, person.case_id, populate_existing=True, with_for_update=True)
    if by.kind is not OrganisationKind.PROSECUTION:
        case_steps.check_cared_for(person.case_id, by)
        case_steps.begin(session, person.case_id, Compartment.LEGAL, by)


def _add(
    session: Session,
    person: Person,
    kind: HearingEntryKind,
    value: dict[str, Any],
    hearing_id: uuid.UUID | None,
    by: Actor,
) -> uuid.UUID:
    entry = HearingEntry(
        id=uuid.uuid4(),
        hearing_id=hearing_id,
        case_id=person.case_id,
        witness_id=person.witness_id,
        kind=str(kind),
        entered_on=days.today(),
    )
    vault.add(session, entry, {**value, "by": str(by.organisation_id), "member": str(by.member_id)}, by=by)
    session.flush()
    told = _told(session, person) if kind is HearingEntryKind.CALLED_OFF else None
    audit.append(session, audit.Event.HEARING_RECORDED, by=by, kind=str(kind), **_whose(person), told_id=told)
    return entry.id


def _told(session: Session, person: Person) -> uuid.UUID | None:
    """The shelter that brings the person there: it reads on its home page that a hearing was taken away."""
    return session.get_one(Case, person.case_id).holder_id if person.case_id is not None else None


def _whose(person: Person) -> dict[str, uuid.UUID]:
    return {"case_id": person.id} if person.has_case else {"witness_id": person.id}
