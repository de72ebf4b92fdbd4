"""The list of what was erased. It is kept outside the databases, so that a restored backup does not bring it back.

One JSON object per line, appended and never changed: `case_id`, `compartment`, `erased_at`, and `mark`, a MAC under the
store key, so that nobody without the key files can cause more to be erased by writing into the list.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from nrm.db import db
from nrm.models.shelter.cases import Erasure
from nrm.vault import rows


class ForgedList(Exception):
    """A line of the list that this installation did not write; the argument is its number."""


@dataclass(frozen=True, slots=True)
class Erased:
    """One compartment of one case (or the draft it came from), and when it was erased."""

    case_id: uuid.UUID
    compartment: str
    erased_at: datetime


def read(path: Path) -> list[Erased]:
    """The entries of the list; an incomplete last line is ignored. Raises ForgedList, OSError."""
    found = []
    content = path.read_bytes()
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            found.append(_parsed(line))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            if number == content.count(b"\n") + 1:
                continue
            raise ForgedList(number) from None
    return found


def _parsed(line: bytes) -> Erased:
    data = json.loads(line)
    erased = Erased(uuid.UUID(data["case_id"]), data["compartment"], datetime.fromisoformat(data["erased_at"]))
    if data["mark"] != _mark(erased):
        raise ValueError
    return erased


def _mark(erased: Erased) -> str:
    return rows.erasure_mark(erased.case_id, erased.compartment, erased.erased_at).hex()


def complete(path: Path) -> int:
    """Append what is erased and not on the list yet, and flush it to the disk; returns how many.

    What this program did not erase is reported. Raises OSError, ForgedList.
    """
    found = db.session.scalars(select(Erasure)).all()
    recorded = [(Erased(row.case_id, row.compartment, row.erased_at), row) for row in found]
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        content = path.read_bytes()
        os.ftruncate(descriptor, content.rfind(b"\n") + 1)  # a line that was cut off is written again
        listed = {(each.case_id, each.compartment) for each in read(path)}
        missing = [
            each for each, row in recorded if (each.case_id, each.compartment) not in listed and rows.is_erasure(row)
        ]
        if missing:
            os.write(descriptor, b"".join(_erased_line(each) for each in missing))
            os.fsync(descriptor)
        return len(missing)
    finally:
        db.session.rollback()
        os.close(descriptor)


def _erased_line(erased: Erased) -> bytes:
    data = {
        "case_id": str(erased.case_id),
        "compartment": erased.compartment,
        "erased_at": erased.erased_at.isoformat(),
        "mark": _mark(erased),
    }
    return json.dumps(data).encode() + b"\n"
