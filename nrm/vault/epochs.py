"""New epochs of a case's compartments, and their end.

A new epoch is a new CK and SK: destroying the old SK ends what every old grant could open, old backups included.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import CursorResult, delete, update
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.domain.accounts import Actor
from nrm.models.cases import CareNote, Erasure, SealedCompartment
from nrm.vault import blobs, care_notes, grants, shredding
from nrm.vault.compartments import StaleRevision, keys, sealed_of


def rotate(session: Session, case_id: uuid.UUID, keep: Mapping[str, Collection[uuid.UUID]], *, by: Actor) -> None:
    """A new epoch of the named compartments, for exactly the organisations in `keep` (compartment -> holders).

    The actor must be able to open each: by a live grant, or as the party of the open referral (that is accepting).
    All other grants and all pending grants end; the old shred keys and all release keys are listed for destruction.
    """
    shred_keys = []
    for compartment, holders in keep.items():
        row, compartment_key, shred_key = keys(session, case_id, compartment, by=by, releasing=True)
        value = blobs.open_value(row, compartment_key, shred_key)
        old_epoch, epoch, revision = row.epoch, row.epoch + 1, row.revision + 1
        new_compartment_key, new_shred_key = crypto.new_key(), crypto.new_key()
        place = {"case_id": case_id, "compartment": compartment}
        shred_keys.append({**place, "epoch": epoch, "key": new_shred_key})
        sealed = blobs.seal_value(value, new_compartment_key, new_shred_key, case_id, compartment, epoch, revision)
        hit = session.execute(
            update(SealedCompartment)
            .where(
                SealedCompartment.case_id == case_id,
                SealedCompartment.compartment == compartment,
                SealedCompartment.epoch == row.epoch,
                SealedCompartment.revision == row.revision,
            )
            .values(epoch=epoch, revision=revision, sealed_value=sealed)
        )
        if cast("CursorResult[object]", hit).rowcount != 1:
            raise StaleRevision
        grants.end(session, case_id, compartment, old_epoch)
        grants.grant(session, new_compartment_key, case_id, compartment, epoch, grants.recipients(session, holders))
        if compartment == "care":
            care_notes.move(session, case_id, (compartment_key, shred_key), (new_compartment_key, new_shred_key), epoch)
    shredding.store(shred_keys)


def shred(session: Session, case_id: uuid.UUID, compartments: Collection[str]) -> None:
    """End every access to these compartments of the case for good; the rows go, the keys are listed."""
    for row in sealed_of(session, case_id):
        if row.compartment in compartments:
            grants.end(session, case_id, row.compartment, row.epoch)
            session.execute(
                delete(SealedCompartment).where(
                    SealedCompartment.case_id == case_id, SealedCompartment.compartment == row.compartment
                )
            )
            if row.compartment == "care":
                session.execute(delete(CareNote).where(CareNote.case_id == case_id))


def erase(session: Session, case_id: uuid.UUID, compartments: Collection[str], *, at: datetime | None = None) -> None:
    """`shred`, and remember it: what is erased stays erased when a backup from before is restored."""
    shred(session, case_id, compartments)
    for compartment in sorted(compartments):
        if session.get(Erasure, (case_id, compartment)) is None:
            session.add(Erasure(case_id=case_id, compartment=compartment, erased_at=at or clock.now()))
