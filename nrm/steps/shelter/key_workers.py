"""Ending the place of a key worker or deputy, inside the transaction of an action.

Decided in ADR 0072.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.key_workers import PlaceEnd
from nrm.models.shelter.key_workers import KeyWorker
from nrm.vault import shifts as vault


def end(session: Session, row: KeyWorker, why: PlaceEnd, by: Actor) -> None:
    """End one place; a row that was written by hand is taken away instead, because nobody was ever appointed by it."""
    if not vault.is_genuine(row):
        session.delete(row)
        session.flush()
        return
    row.ended_at, row.ended_why, row.ended_by_id = clock.now(), str(why), by.member_id
    row.mark = vault.key_worker_mark(row)
    audit.append(
        session, audit.Event.KEY_WORKER_ENDED, by=by, case_id=row.case_id, of_member_id=row.member_id, place=row.place
    )


def end_of_member(session: Session, member_id: uuid.UUID, by: Actor) -> None:
    """End all places of a member whose account ends; the manager then sees people without a key worker."""
    standing = select(KeyWorker).where(KeyWorker.member_id == member_id, KeyWorker.ended_at.is_(None))
    for row in session.scalars(standing.order_by(KeyWorker.id).with_for_update()).all():
        end(session, row, PlaceEnd.ACCOUNT, by)
