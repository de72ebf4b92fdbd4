"""The list of what was erased. It is kept outside the databases, so that a restored backup does not bring it back.

One JSON object per line, appended and never changed: `case_id`, `compartment`, `erased_at`, and `mark`, a MAC under the
store key, so that nobody without the key files can cause more to be erased by writing into the list.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from nrm import crypto
from nrm.db import db
from nrm.models.shelter.cases import Erasure
from nrm.prepared import Prepared
from nrm.vault import rows

_RECORDED = Prepared(select(Erasure.case_id, Erasure.compartment, Erasure.erased_at, Erasure.mark))


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
    return _entries(path.read_bytes())


def _entries(content: bytes, after: int = 0) -> list[Erased]:
    """The entries of a list, or of its end after so many lines."""
    found = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            found.append(_parsed(line))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            if number == content.count(b"\n") + 1:
                continue
            raise ForgedList(after + number) from None
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
    recorded = _RECORDED.all(db.session, {})
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        os.ftruncate(descriptor, len(whole))  # a line that was cut off is written again
        listed = _listed(path, whole)
        missing = [
            Erased(row.case_id, row.compartment, row.erased_at)
            for row in recorded
            if (row.case_id, row.compartment) not in listed and rows.is_erasure(row)
        ]
        if missing:
            os.write(descriptor, b"".join(_erased_line(each) for each in missing))
            os.fsync(descriptor)
        return len(missing)
    finally:
        db.session.rollback()
        os.close(descriptor)


def _listed(path: Path, content: bytes) -> Set[tuple[uuid.UUID, str]]:
    """What stands on a list; the lines at its beginning that were found right before, and have not changed, are taken
    as they were: a list is long after some years, and it is read with every case that is closed. Raises ForgedList."""
    known: dict[Path, tuple[int, bytes, Set[tuple[uuid.UUID, str]]]]
    known = current_app.extensions.setdefault("nrm.lists_of_erased", {})
    size, digest, listed = known.get(path, (0, crypto.digest(b""), frozenset()))
    if crypto.digest(content[:size]) != digest:
        size, listed = 0, frozenset()
    if size < len(content):
        added = _entries(content[size:], after=content.count(b"\n", 0, size))
        listed = listed | {(each.case_id, each.compartment) for each in added}
        known[path] = len(content), crypto.digest(content), listed
    return listed


def _erased_line(erased: Erased) -> bytes:
    data = {
        "case_id": str(erased.case_id),
        "compartment": erased.compartment,
        "erased_at": erased.erased_at.isoformat(),
        "mark": _mark(erased),
    }
    return json.dumps(data).encode() + b"\n"
