"""Complaints about people who work in the mechanism: taken from anybody, opened and dealt with at one desk (ADR 0158).

Whoever complains has no account, no number and no session. The audit chain has no entry of it: its hour would lead to
who stood at the tablet. What the desk does is recorded.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.cases import Purpose
from nrm.domain.support.complaints import (
    COMPLAINT,
    KEPT_FOR,
    LONGEST,
    LONGEST_REACH,
    MOST_WAITING,
    AlreadySo,
    CannotTake,
)
from nrm.models.shelter.cases import Reading
from nrm.models.support.complaints import Complaint
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store import days, names
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.support import complaints as rows
from nrm.store.support import complaints as store
from nrm.vault import compartments as vault
from nrm.vault import epochs, keyrings

CannotOpen = keyrings.CannotOpen
_BATCH = 200


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """One complaint as the desk sees it. `on`, `house`: None where it does not open; `words`: (what happened, how the
    person can be reached) for a session that opened it, else None. `repr` hides it."""

    id: uuid.UUID
    dealt_on: date | None
    on: date | None
    house: str | None
    words: tuple[str, str] | None = None


def complain(*, text: str, reach: str, house_id: uuid.UUID | None) -> None:
    """Seal what somebody wrote to the Responsible Authority alone. `house_id`: from which house's page. Raises
    CannotTake."""
    try:
        with transaction() as session:
            holders = rows.authorities() & account_rows.with_keyring()
            if not holders or rows.number_waiting() >= MOST_WAITING:
                raise CannotTake
            complaint = Complaint(id=uuid.uuid4(), dealt_on=None, dealt_by_id=None)
            session.add(complaint)
            session.flush()
            house = names.organisation(house_id).code if house_id is not None else ""
            value = {"text": text[:LONGEST], "reach": reach[:LONGEST_REACH], "house": house}
            vault.create(session, complaint.id, {COMPLAINT: {**value, "on": days.today().isoformat()}}, holders)
    except (keyrings.HoldsNoKeys, CannotOpen):
        raise CannotTake from None


def heard(*, by: Actor) -> Sequence[Heard]:
    """Every complaint with its day and its house, the oldest that waits first, without a word of it. Raises
    NotPermitted, NotVisible."""
    by.must(Permission.COMPLAINT_READ)
    found = [_heard(line, by) for line in store.lines(by=by)]
    return sorted(found, key=lambda each: (each.dealt_on is not None, each.on or date.max, each.id))


def one(*, complaint_id: uuid.UUID, by: Actor) -> Heard:
    """One complaint; its words for a session that opened it. Raises NotPermitted, NotVisible."""
    by.must(Permission.COMPLAINT_READ)
    row = store.row(complaint_id, by=by)
    line = _heard(store.ComplaintLine(row.id, row.dealt_on), by)
    try:
        value = vault.read(db.session(), complaint_id, COMPLAINT, by=by).value
    except CannotOpen:
        return line
    return Heard(line.id, line.dealt_on, line.on, line.house, (value["text"], value["reach"]))


def _heard(line: store.ComplaintLine, by: Actor) -> Heard:
    value = vault.glance(db.session(), line.id, COMPLAINT, by=by)
    if value is None:
        return Heard(line.id, line.dealt_on, None, None)
    return Heard(line.id, line.dealt_on, date.fromisoformat(value["on"]), value["house"])


def open_words(*, complaint_id: uuid.UUID, purpose: Purpose, by: Actor) -> None:
    """Let the actor's session read it for a quarter of an hour; recorded first. Raises NotPermitted, NotVisible,
    CannotOpen."""
    by.must(Permission.COMPLAINT_READ)
    with transaction() as session:
        store.row(complaint_id, by=by)
        session.add(
            Reading(
                case_id=complaint_id,
                compartment=COMPLAINT,
                purpose=purpose,
                member_id=by.member_id,
                organisation_id=by.organisation_id,
                holder_id=by.organisation_id,
                opened_at=clock.now(),
            )
        )
        vault.allow(session, complaint_id, COMPLAINT, purpose, by=by)


def deal(*, complaint_id: uuid.UUID, by: Actor) -> None:
    """Mark it as dealt with; a year later it is destroyed. Raises NotPermitted, NotVisible, AlreadySo."""
    _mark(complaint_id, days.today(), by, audit.Event.COMPLAINT_DEALT)


def take_up(*, complaint_id: uuid.UUID, by: Actor) -> None:
    """It is not dealt with after all. Raises NotPermitted, NotVisible, AlreadySo."""
    _mark(complaint_id, None, by, audit.Event.COMPLAINT_TAKEN_UP)


def _mark(complaint_id: uuid.UUID, day: date | None, by: Actor, event: audit.Event) -> None:
    by.must(Permission.COMPLAINT_READ)
    with transaction() as session:
        row = store.row(complaint_id, by=by, lock=True)
        if (row.dealt_on is None) == (day is None):
            raise AlreadySo
        row.dealt_on, row.dealt_by_id = day, by.member_id if day is not None else None
        audit.append(session, event, by=by, complaint_id=complaint_id)


def forget(*, by: Actor) -> int:
    """Destroy what was dealt with a year ago; returns how many."""
    over = rows.dealt_before(days.today() - KEPT_FOR, _BATCH)
    db.session.rollback()
    if not over:
        return 0
    with transaction() as session:
        for each in over:
            epochs.erase(session, each, [COMPLAINT])
            session.execute(delete(Complaint).where(Complaint.id == each))
            audit.append(session, audit.Event.COMPLAINT_FORGOTTEN, by=by, complaint_id=each)
    erasure_steps.carry_out()
    return len(over)
