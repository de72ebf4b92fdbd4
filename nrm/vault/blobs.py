"""Sealing one compartment's value, or one note, under the key that is made of the epoch's two halves."""

from __future__ import annotations

import json
import uuid
from typing import Any

from nrm import crypto
from nrm.models.shelter.cases import CareNote
from nrm.prepared import Row
from nrm.vault.marks import report

_TEXT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def epoch_key(compartment_key: bytes, shred_key: bytes, case_id: uuid.UUID, compartment: str, epoch: int) -> bytes:
    """The key of an epoch (EK), made of both halves: with only one of them nobody can make it."""
    return crypto.combine(shred_key, compartment_key, crypto.ctx("ek", case_id, compartment, epoch))


def seal_value(
    value: dict[str, Any],
    compartment_key: bytes,
    shred_key: bytes,
    case_id: uuid.UUID,
    compartment: str,
    epoch: int,
    revision: int,
) -> bytes:
    """Seal the value of a compartment: padded, and bound to its place and revision."""
    key = epoch_key(compartment_key, shred_key, case_id, compartment, epoch)
    return seal_under(key, value, case_id, compartment, epoch, revision)


def seal_under(
    key: bytes, value: dict[str, Any], case_id: uuid.UUID, compartment: str, epoch: int, revision: int
) -> bytes:
    """`seal_value` with the epoch's key already made."""
    plain = crypto.pad(_TEXT.encode(value).encode())
    return crypto.seal(key, plain, crypto.ctx("blob", case_id, compartment, epoch, revision))


def open_value(row: Row, compartment_key: bytes, shred_key: bytes) -> dict[str, Any]:
    """The value of a row of `sealed_compartments`; raises CannotOpen."""
    return open_under(epoch_key(compartment_key, shred_key, row.case_id, row.compartment, row.epoch), row)


def open_under(key: bytes, row: Row) -> dict[str, Any]:
    """`open_value` with the epoch's key already made; raises CannotOpen."""
    aad = crypto.ctx("blob", row.case_id, row.compartment, row.epoch, row.revision)
    try:
        value: dict[str, Any] = json.loads(crypto.unpad(crypto.unseal(key, row.sealed_value, aad)))
    except crypto.CannotOpen:
        report(row.compartment, row.case_id)
        raise
    return value


def seal_note(
    note: dict[str, Any], compartment_key: bytes, shred_key: bytes, case_id: uuid.UUID, epoch: int, note_id: uuid.UUID
) -> bytes:
    """A sealed note; its place is the `care` compartment's."""
    key = epoch_key(compartment_key, shred_key, case_id, "care", epoch)
    plain = crypto.pad(_TEXT.encode(note).encode())
    return crypto.seal(key, plain, crypto.ctx("note", case_id, epoch, note_id))


def open_note(note: CareNote, compartment_key: bytes, shred_key: bytes, epoch: int) -> dict[str, Any]:
    """The note of a row of `care_notes`; raises CannotOpen."""
    key = epoch_key(compartment_key, shred_key, note.case_id, "care", epoch)
    try:
        plain = crypto.unseal(key, note.sealed_note, crypto.ctx("note", note.case_id, epoch, note.id))
    except crypto.CannotOpen:
        report("note", note.id)
        raise
    value: dict[str, Any] = json.loads(crypto.unpad(plain))
    return value


def seal_entry(value: dict[str, Any], key: bytes, context: tuple[crypto.Part, ...]) -> bytes:
    """A sealed entry about a hearing, under the key of an epoch; `context`: what it is bound to."""
    return crypto.seal(key, crypto.pad(_TEXT.encode(value).encode()), crypto.ctx("hearing", *context))


def open_entry(sealed: bytes, key: bytes, context: tuple[crypto.Part, ...], whose: uuid.UUID) -> dict[str, Any]:
    """The entry; raises CannotOpen."""
    try:
        value: dict[str, Any] = json.loads(crypto.unpad(crypto.unseal(key, sealed, crypto.ctx("hearing", *context))))
    except crypto.CannotOpen:
        report("hearing entry", whose)
        raise
    return value
