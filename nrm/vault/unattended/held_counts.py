"""What will be counted of an interview whose hold ends, sealed until then so that `tend` opens it without a person.

It lies in the compartment `count` of the interview, to which nobody holds a grant. One half of its key is made of the
store key, which is in no database; the other is a shred key. So neither database shows, alone or with the other, what
is known of a person who said no; and it ends with its shred key. Its epoch is another at each hold of an interview:
the key of an earlier hold may still stand on the destruction list.

Decided in ADR 0057.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import crypto
from nrm.models.shelter.cases import SealedCompartment
from nrm.vault import blobs, epochs, shredding
from nrm.vault.marks import config

COUNT = "count"


def seal(session: Session, interview_id: uuid.UUID, epoch: int, value: dict[str, Any]) -> None:
    """Seal it; `epoch`: higher than at any earlier hold of the interview."""
    shred_key = crypto.new_key()
    sealed = blobs.seal_value(value, _own_half(interview_id), shred_key, interview_id, COUNT, epoch, 1)
    place = {"case_id": interview_id, "compartment": COUNT, "epoch": epoch}
    session.add(SealedCompartment(**place, revision=1, sealed_value=sealed))
    session.flush()
    shredding.store([{**place, "key": shred_key}])


def read(session: Session, interview_id: uuid.UUID) -> dict[str, Any] | None:
    """What was sealed; None, and reported, if it does not open: then nothing is counted."""
    place = (SealedCompartment.case_id == interview_id, SealedCompartment.compartment == COUNT)
    row = session.execute(select(SealedCompartment.__table__).where(*place)).first()
    shred_key = None if row is None else shredding.shred_key(interview_id, COUNT, row.epoch)
    if row is None or shred_key is None:
        return None
    try:
        return blobs.open_value(row, _own_half(interview_id), shred_key)
    except crypto.CannotOpen:
        return None


def forget(session: Session, interview_id: uuid.UUID) -> None:
    """End it; its shred key is listed for destruction."""
    epochs.shred(session, interview_id, [COUNT])


def _own_half(interview_id: uuid.UUID) -> bytes:
    return crypto.expand(config().secrets.store, crypto.ctx("held count", interview_id))
