"""Sealing and opening a compartment of 2 KB, against AES-256-GCM alone on the same bytes."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nrm import create_app
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.store import names as organisation_names
from nrm.vault import compartments as vault
from tests import factories

VALUE = {"story": "x" * 2000}
ROUNDS = 300


def main() -> None:
    """Print microseconds and the ratio to the anchor."""
    key, nonce, plain = AESGCM.generate_key(256), bytes(12), b"x" * 2048
    anchor = _each(lambda: AESGCM(key).encrypt(nonce, plain, b""))
    print(f"AES-256-GCM of 2 KB                      {anchor:9.1f} us   anchor")
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        factories.build_instance(instance)
        # As it is served: synchronous=FULL.
        app = create_app(factories.cheap_config({**os.environ, "NRM_DIR": str(instance)}))
        with app.app_context():
            _vault(anchor)
            disconnect()


def _vault(anchor: float) -> None:
    by = factories.actor("rinas.border_officer")
    codes = ("RINAS", "RA", "NRC", "VATRA", "IOM")
    ids = [organisation_names.organisation_by_code(code).id for code in codes]
    for holders in (1, 3, 5):
        took = _each(lambda count=holders: _seal(ids[:count]))  # type: ignore[misc]
        print(f"seal 2 KB to {holders} organisation(s), committed {took:9.1f} us   {took / anchor:7.0f} x")
    case_id = _seal(ids[:1])
    with transaction() as session:
        vault.allow(session, case_id, "story", "bench", by=by)
    took = _each(lambda: _open(case_id, by))
    print(f"open 2 KB, with SQL                      {took:9.1f} us   {took / anchor:7.0f} x")


def _seal(holders: list[uuid.UUID]) -> uuid.UUID:
    case_id = uuid.uuid4()
    with transaction() as session:
        vault.create(session, case_id, {"story": VALUE}, holders)
    return case_id


def _open(case_id: uuid.UUID, by: Actor) -> None:
    vault.read(db.session(), case_id, "story", by=by)
    db.session.rollback()


def _each(do: Callable[[], object]) -> float:
    do()
    started = time.perf_counter()
    for _ in range(ROUNDS):
        do()
    return (time.perf_counter() - started) / ROUNDS * 1e6
