"""The mark of a complaint's row: over how it stands, and over the key under which its words lie now.

Each step of the desk gives the words a new key, and the old one is destroyed: an earlier row, earlier words, or both,
put back, do not fit any more. Decided in ADR 0193 and 0195.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm.domain.support.complaints import COMPLAINT
from nrm.models.shelter.cases import SealedCompartment
from nrm.models.support.complaints import Complaint
from nrm.vault import shredding
from nrm.vault.marks import is_right_row_mac, report, row_mac


def mark(row: Complaint, epoch: int) -> bytes:
    """The MAC of whether, when and by whom it was dealt with, and for whom it is not, beside words of this epoch."""
    return row_mac(*_parts(row, epoch))


def is_sound(row: Any, epoch: int | None) -> bool:
    """Whether this program wrote the row as it is now, beside these words, and the key of these was not destroyed;
    otherwise it is reported, and the complaint was not dealt with."""
    if epoch is None or not is_right_row_mac(row.mark, *_parts(row, epoch)):
        return False
    if shredding.shred_key(row.id, COMPLAINT, epoch) is None:
        report(f"earlier {COMPLAINT}", row.id)
        return False
    return True


def move(session: Session, complaint_id: uuid.UUID, old: int, new: int) -> None:
    """The words got another key: a row that was right stays so."""
    row = session.get(Complaint, complaint_id)
    if row is not None and is_right_row_mac(row.mark, *_parts(row, old)):
        row.mark = mark(row, new)


def epoch_of(session: Session, complaint_id: uuid.UUID) -> int | None:
    """Under which key its words lie; None where they are gone."""
    place = (SealedCompartment.case_id == complaint_id, SealedCompartment.compartment == COMPLAINT)
    return session.scalar(select(SealedCompartment.epoch).where(*place))


def _parts(row: Any, epoch: int) -> tuple[Any, ...]:
    dealt = (row.dealt_on.isoformat() if row.dealt_on else "", row.dealt_by_id or "")
    return ("complaint", row.id, *dealt, int(row.without_house), row.not_for or b"", epoch)
