"""Covering a session: its key is deleted from the server until the password brings it back (ADR 0073)."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.shifts import WRONG_PROOFS
from nrm.models.accounts.accounts import MemberSession
from nrm.steps.shelter import shifts as shift_steps
from nrm.vault import members as vault


def lock(session: Session, digest: bytes, organisation_id: uuid.UUID, *, mark: bytes | None = None) -> bool:
    """Take the key out of the session; a session row that this program did not write as it is now ends instead.

    `mark`: lock it only if its row is still the one with that mark. Returns whether it is locked now.
    """
    row = session.get(MemberSession, digest, with_for_update=True, populate_existing=True)
    if row is None or (mark is not None and row.mark != mark):
        return False
    genuine = vault.is_session(row, digest, organisation_id)
    row.locked, row.sealed_keys, row.seen_at = genuine, None, clock.now()
    if genuine:
        vault.mark_session(row, organisation_id)
    return genuine


def cover(session: Session, digest: bytes, mark: bytes, by: Actor) -> None:
    """Cover a session that was idle, unless something was done in it in the same moment."""
    if by.organisation_id is not None and lock(session, digest, by.organisation_id, mark=mark):
        audit.append(session, audit.Event.SESSION_LOCKED, by=by)


def count_wrong(session: Session, digest: bytes, by: Actor) -> None:
    """A wrong password for a covered session; the third one ends it, and its shifts."""
    row = session.get(MemberSession, digest, with_for_update=True, populate_existing=True)
    if row is None or not row.locked or by.organisation_id is None:
        return
    if not vault.is_session(row, digest, by.organisation_id):
        return
    row.wrong_proofs += 1
    row.locked = row.wrong_proofs < WRONG_PROOFS
    vault.mark_session(row, by.organisation_id)
    if not row.locked:
        shift_steps.end_of_session(session, digest, by)
