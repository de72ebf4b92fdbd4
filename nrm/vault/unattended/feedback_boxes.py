"""The box of a house: all answers of all quarters, which slips were used, and what the house wrote, under one seal.

Nobody holds a grant to it: the program opens it, as it opens what is held to be counted (`held_counts`). One half of
its key is made of the store key, which is in no database; the other is a shred key. So neither database shows an
answer, alone or with the other. Nothing in the row tells that something was put in: it has as many bytes as before, its
revision never changes, answers that are alike are one number, and everything in it is sorted.

Decided in ADR 0158.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from nrm import crypto
from nrm.db import hit_one
from nrm.domain.support.feedback import FEEDBACK
from nrm.models.shelter.cases import SealedCompartment
from nrm.prepared import AnySession, Row
from nrm.vault import blobs, grants, shredding
from nrm.vault.keyrings import CannotOpen
from nrm.vault.marks import config, report

STEP_BYTES = 32 * 1024
"""A box takes this many bytes, or so many times this: enough for some hundred slips."""
_REVISION = 1
_EMPTY: dict[str, Any] = {"answers": {}, "used": [], "notes": []}


@dataclass(frozen=True, slots=True, repr=False)
class Box:
    """What is in a box: `answers` {quarter: {combination: number}}, `used` marks of slips (hexadecimal), `notes`
    [[language, text]], the newest first. `repr` hides it."""

    answers: dict[str, dict[str, int]]
    used: list[str]
    notes: list[list[str]]
    _row: Row

    def value(self) -> dict[str, Any]:
        """Everything, sorted."""
        answers = {quarter: dict(sorted(self.answers[quarter].items())) for quarter in sorted(self.answers)}
        return {"answers": answers, "used": sorted(self.used), "notes": self.notes}


def make(session: Session, box_id: uuid.UUID) -> None:
    """A new box with nothing in it."""
    shred_key = crypto.new_key()
    place = {"case_id": box_id, "compartment": FEEDBACK, "epoch": 1}
    sealed = _sealed(_EMPTY, shred_key, box_id, 1)
    session.add(SealedCompartment(**place, revision=_REVISION, sealed_value=sealed))
    session.flush()
    shredding.store([{**place, "key": shred_key}])


def read(session: AnySession | Connection, box_id: uuid.UUID) -> Box:
    """What is in it now; raises CannotOpen, and that is reported."""
    place = (SealedCompartment.case_id == box_id, SealedCompartment.compartment == FEEDBACK)
    row = session.execute(select(SealedCompartment.__table__).where(*place)).first()
    shred_key = None if row is None else shredding.shred_key(box_id, FEEDBACK, row.epoch)
    if row is None or shred_key is None:
        report(FEEDBACK, box_id)
        raise CannotOpen
    value = blobs.open_value(row, _own_half(box_id), shred_key)
    return Box(value["answers"], value["used"], value["notes"], row)


def put(session: Session, box: Box) -> bool:
    """Seal the box as it is now in place of what was read; False if somebody was faster."""
    row = box._row
    shred_key = shredding.shred_key(row.case_id, FEEDBACK, row.epoch)
    if shred_key is None:
        raise CannotOpen
    return _replace(session, row, row.epoch, _sealed(box.value(), shred_key, row.case_id, row.epoch))


def put_under_new_key(session: Session, box: Box) -> bool:
    """As `put`; and what was in it before opens nowhere any more, once its key, which is listed, is destroyed."""
    row = box._row
    shred_key, epoch = crypto.new_key(), row.epoch + 1
    if not _replace(session, row, epoch, _sealed(box.value(), shred_key, row.case_id, epoch)):
        return False
    grants.end(session, row.case_id, FEEDBACK, row.epoch)
    shredding.store([{"case_id": row.case_id, "compartment": FEEDBACK, "epoch": epoch, "key": shred_key}])
    return True


def _replace(session: Session, row: Row, epoch: int, sealed: bytes) -> bool:
    return hit_one(
        session,
        update(SealedCompartment)
        .where(
            SealedCompartment.case_id == row.case_id,
            SealedCompartment.compartment == FEEDBACK,
            SealedCompartment.sealed_value == row.sealed_value,
        )
        .values(epoch=epoch, sealed_value=sealed)
        .execution_options(synchronize_session=False),
    )


def _sealed(value: dict[str, Any], shred_key: bytes, box_id: uuid.UUID, epoch: int) -> bytes:
    written = json.dumps({**value, "fill": ""}, separators=(",", ":"), ensure_ascii=False).encode()
    filled = {**value, "fill": "." * (-len(written) % STEP_BYTES)}
    return blobs.seal_value(filled, _own_half(box_id), shred_key, box_id, FEEDBACK, epoch, _REVISION)


def _own_half(box_id: uuid.UUID) -> bytes:
    return crypto.expand(config().secrets.store, crypto.ctx("feedback box", box_id))
