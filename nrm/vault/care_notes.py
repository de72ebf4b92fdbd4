"""Notes on the care of a person: appended, never changed; under the key of the `care` compartment."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm.domain.accounts.accounts import Actor
from nrm.models.shelter.cases import CareNote
from nrm.vault import blobs
from nrm.vault.compartments import is_allowed, keys, own
from nrm.vault.keyrings import CannotOpen


def add(session: Session, case_id: uuid.UUID, note: dict[str, Any], *, by: Actor) -> uuid.UUID:
    """Append a note under the key of the `care` compartment."""
    row, compartment_key, shred_key = keys(session, case_id, "care", by=by)
    note_id = uuid.uuid4()
    sealed = blobs.seal_note(note, compartment_key, shred_key, case_id, row.epoch, note_id)
    session.add(CareNote(id=note_id, case_id=case_id, epoch=row.epoch, sealed_note=sealed))
    return note_id


def read(session: Session, case_id: uuid.UUID, *, by: Actor) -> list[dict[str, Any]]:
    """All notes, for an actor whose session has leave to read `care`; raises CannotOpen otherwise."""
    if not is_allowed(session, case_id, "care", by=by):
        raise CannotOpen
    row, compartment_key, shred_key = keys(session, case_id, "care", by=by)
    notes = session.scalars(select(CareNote).where(CareNote.case_id == case_id)).all()
    return [blobs.open_note(note, compartment_key, shred_key, row.epoch) for note in notes]


def read_own(session: Session, case_id: uuid.UUID, *, by: Actor) -> list[dict[str, Any]]:
    """The notes that the actor's session has just written, without leave to read others; raises CannotOpen."""
    mine = [each.removeprefix("note ") for each in own(session, case_id, by=by) if each.startswith("note ")]
    if not mine:
        return []
    row, compartment_key, shred_key = keys(session, case_id, "care", by=by)
    wanted = CareNote.id.in_([uuid.UUID(each) for each in mine])
    notes = session.scalars(select(CareNote).where(CareNote.case_id == case_id, wanted)).all()
    return [blobs.open_note(note, compartment_key, shred_key, row.epoch) for note in notes]


def move(session: Session, case_id: uuid.UUID, old: tuple[bytes, bytes], new: tuple[bytes, bytes], epoch: int) -> None:
    """Seal the notes again, under the keys of the next epoch."""
    for note in session.scalars(select(CareNote).where(CareNote.case_id == case_id)).all():
        value = blobs.open_note(note, *old, note.epoch)
        note.sealed_note = blobs.seal_note(value, *new, case_id, epoch, note.id)
        note.epoch = epoch
    session.flush()
