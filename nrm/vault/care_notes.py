"""Notes on the care of a person, and the entries of her plan: appended, never changed; under the key of the `care`
compartment. An entry of the plan says under `plan` what it is, and what strikes a note under `strikes` which one;
whoever has no key cannot tell either from a note."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from nrm.domain.accounts.accounts import Actor
from nrm.models.shelter.cases import CareNote
from nrm.vault import blobs
from nrm.vault.compartments import is_allowed, keys, own
from nrm.vault.keyrings import CannotOpen


def add(
    session: Session, case_id: uuid.UUID, note: dict[str, Any], *, by: Actor, note_id: uuid.UUID | None = None
) -> uuid.UUID:
    """Append a note under the key of the `care` compartment; returns its id, a random one where none is given."""
    row, compartment_key, shred_key = keys(session, case_id, "care", by=by)
    note_id = note_id or uuid.uuid4()
    sealed = blobs.seal_note(note, compartment_key, shred_key, case_id, row.epoch, note_id)
    session.add(CareNote(id=note_id, case_id=case_id, epoch=row.epoch, sealed_note=sealed))
    return note_id


def is_there(session: Session, case_id: uuid.UUID, note_id: uuid.UUID) -> bool:
    """Whether the case has a note of this id; it needs no key."""
    return bool(session.scalar(select(exists().where(CareNote.id == note_id, CareNote.case_id == case_id))))


def read(session: Session, case_id: uuid.UUID, *, by: Actor) -> list[dict[str, Any]]:
    """All notes with their ids, for an actor whose session has leave to read `care`; raises CannotOpen otherwise. Of
    what was struck the words are left out, and `struck` says who struck it, when and why."""
    return _notes(_read(session, case_id, by))


def _notes(found: list[tuple[uuid.UUID, dict[str, Any]]]) -> list[dict[str, Any]]:
    strikes = {note["strikes"]: note for _, note in found if "strikes" in note}
    notes = [{**note, "id": str(id_)} for id_, note in found if "plan" not in note and "strikes" not in note]
    return [{**note, "text": "", "struck": strikes[note["id"]]} if note["id"] in strikes else note for note in notes]


def read_plan(session: Session, case_id: uuid.UUID, *, by: Actor) -> list[dict[str, Any]]:
    """The entries of the plan with their ids, for an actor whose session has leave to read `care`; raises
    CannotOpen otherwise."""
    return [{**note, "id": str(id_)} for id_, note in _read(session, case_id, by) if "plan" in note]


def _read(session: Session, case_id: uuid.UUID, by: Actor) -> list[tuple[uuid.UUID, dict[str, Any]]]:
    if not is_allowed(session, case_id, "care", by=by):
        raise CannotOpen
    row, compartment_key, shred_key = keys(session, case_id, "care", by=by)
    notes = session.scalars(select(CareNote).where(CareNote.case_id == case_id)).all()
    return [(note.id, blobs.open_note(note, compartment_key, shred_key, row.epoch)) for note in notes]


def read_own(session: Session, case_id: uuid.UUID, *, by: Actor) -> list[dict[str, Any]]:
    """The notes that the actor's session has just written, without leave to read others; raises CannotOpen."""
    mine = [each.removeprefix("note ") for each in own(session, case_id, by=by) if each.startswith("note ")]
    if not mine:
        return []
    row, compartment_key, shred_key = keys(session, case_id, "care", by=by)
    wanted = CareNote.id.in_([uuid.UUID(each) for each in mine])
    notes = session.scalars(select(CareNote).where(CareNote.case_id == case_id, wanted)).all()
    return _notes([(note.id, blobs.open_note(note, compartment_key, shred_key, row.epoch)) for note in notes])


def move(session: Session, case_id: uuid.UUID, old: tuple[bytes, bytes], new: tuple[bytes, bytes], epoch: int) -> None:
    """Seal the notes again, under the keys of the next epoch."""
    for note in session.scalars(select(CareNote).where(CareNote.case_id == case_id)).all():
        value = blobs.open_note(note, *old, note.epoch)
        note.sealed_note = blobs.seal_note(value, *new, case_id, epoch, note.id)
        note.epoch = epoch
    session.flush()
