"""Entries about hearings: appended, never changed; under the key of a case's `legal`, or of a witness's `witness`.

Whoever may write in that part reads them in lists: a court, a day, and closed codes. An opening of the part is not
recorded for that, because nothing of what stands in it is shown.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.cases import Compartment
from nrm.domain.support.witnesses import WITNESS
from nrm.models.support.hearings import HearingEntry, HearingStrike
from nrm.vault import blobs
from nrm.vault.compartments import keys

KEPT_IN = (str(Compartment.LEGAL), WITNESS)
"""The compartments with whose keys entries are sealed."""


def add(session: Session, entry: HearingEntry, value: dict[str, Any], *, by: Actor) -> None:
    """Seal the value into a new entry; raises CannotOpen without a key."""
    place, compartment = _place(entry)
    row, compartment_key, shred_key = keys(session, place, compartment, by=by)
    entry.epoch = row.epoch
    entry.sealed_entry = blobs.seal_entry(
        value, blobs.epoch_key(compartment_key, shred_key, place, compartment, row.epoch), _aad(entry)
    )
    session.add(entry)


def values(session: Session, entries: Sequence[HearingEntry], *, by: Actor) -> list[dict[str, Any]]:
    """What the entries say, all of one person; raises CannotOpen without a key, and for one that was moved by hand."""
    if not entries:
        return []
    place, compartment = _place(entries[0])
    row, compartment_key, shred_key = keys(session, place, compartment, by=by)
    key = blobs.epoch_key(compartment_key, shred_key, place, compartment, row.epoch)
    return [blobs.open_entry(each.sealed_entry, key, _aad(each), each.id) for each in entries]


def move(
    session: Session,
    place: uuid.UUID,
    compartment: str,
    old: tuple[bytes, bytes],
    new: tuple[bytes, bytes],
    epoch: int,
) -> None:
    """Seal the entries again, under the keys of the next epoch."""
    for entry in session.scalars(select(HearingEntry).where(_of(place, compartment))).all():
        before = blobs.epoch_key(*old, place, compartment, entry.epoch)
        value = blobs.open_entry(entry.sealed_entry, before, _aad(entry), entry.id)
        entry.epoch = epoch
        entry.sealed_entry = blobs.seal_entry(value, blobs.epoch_key(*new, place, compartment, epoch), _aad(entry))
    session.flush()


def forget(session: Session, place: uuid.UUID, compartment: str) -> None:
    """Delete the entries of a compartment that is destroyed."""
    mine = select(HearingEntry.id).where(_of(place, compartment))
    session.execute(delete(HearingStrike).where(HearingStrike.entry_id.in_(mine)))
    session.execute(delete(HearingEntry).where(_of(place, compartment), HearingEntry.hearing_id.is_not(None)))
    session.execute(delete(HearingEntry).where(_of(place, compartment)))


def _of(place: uuid.UUID, compartment: str) -> Any:
    return (HearingEntry.witness_id if compartment == WITNESS else HearingEntry.case_id) == place


def _place(entry: HearingEntry) -> tuple[uuid.UUID, str]:
    if entry.case_id is not None:
        return entry.case_id, str(Compartment.LEGAL)
    assert entry.witness_id is not None
    return entry.witness_id, WITNESS


def _aad(entry: HearingEntry) -> tuple[Any, ...]:
    """What an entry is bound to: nobody moves it to another person, hearing or kind."""
    place, compartment = _place(entry)
    return (place, compartment, entry.epoch, entry.id, entry.hearing_id or "", entry.kind)
