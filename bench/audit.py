"""Verifying the audit chain, against SHA-256 alone over the same bytes."""

from __future__ import annotations

import hashlib
import resource
import tempfile
import time
import uuid

from sqlalchemy import Engine, Table, create_engine
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor
from nrm.models.audit import AuditEntry

ENTRIES = 100_000
_BYTES = 32 + 330  # the hash before, and an entry as it is hashed


def main() -> None:
    """Print entries a second, the ratio to the anchor, and how far memory grew."""
    message = bytes(_BYTES)
    started = time.perf_counter()
    for _ in range(ENTRIES):
        hashlib.sha256(message).digest()
    anchor = time.perf_counter() - started
    print(f"SHA-256 of {_BYTES} bytes                  {ENTRIES / anchor:12,.0f} a second   anchor")
    table = AuditEntry.__table__
    assert isinstance(table, Table)
    with tempfile.TemporaryDirectory() as place:
        engine = create_engine(f"sqlite:///{place}/audit.sqlite")
        table.create(engine)
        _measure(engine, anchor)
        engine.dispose()


def _measure(engine: Engine, anchor: float) -> None:
    with Session(engine) as session, session.begin():
        started = time.perf_counter()
        for _ in range(ENTRIES):
            _append(session)
        took = time.perf_counter() - started
        print(f"append, in an open transaction           {ENTRIES / took:12,.0f} a second   1/{took / anchor:.1f}")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        assert list(audit.verify(session)) == []
        took = time.perf_counter() - started
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"verify {ENTRIES:,} entries                   {ENTRIES / took:12,.0f} a second   1/{took / anchor:.1f}")
        print(f"memory that verifying took               {grown:12.1f} MB")


def _append(session: Session) -> None:
    place = {"case_id": uuid.UUID(int=7), "compartment": "identity", "purpose": "care"}
    audit.append(session, audit.Event.COMPARTMENT_OPENED, by=Actor.system("bench"), **place)  # type: ignore[arg-type]
