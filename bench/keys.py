"""Signing in, against Argon2id alone; moving grants to a new keyring and sealing again, against HPKE alone."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy import Engine, event

from config import load_config
from nrm import create_app
from nrm.actions.accounts import accounts, sealing_again
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.vault import compartments, grants
from nrm.vault.grants import grant
from tests import factories

GRANTS, COMPARTMENTS, SIGN_INS = 10_000, 1_000, 10
MOVING, SEALING = "vatra.case_worker", "iom.case_worker"
MEMORY_KIB, PASSES = 64 * 1024, 3


def main() -> None:
    """Print the ratios to the anchors, and how many statements and commits each took."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        factories.build_instance(instance)
        # As it is served: synchronous=FULL. Passwords of the instance are cheap, but for the one made here.
        with create_app(factories.cheap_config({**os.environ, "NRM_DIR": str(instance)})).app_context():
            _moving()
            _sealing_again()
            disconnect()
        with create_app(load_config({**os.environ, "NRM_DIR": str(instance)})).app_context():
            _signing_in()
            disconnect()


def _moving() -> None:
    anchor = _open_and_seal()
    print(f"HPKE open and seal of 32 bytes           {anchor * 1e6:9.1f} us   anchor")
    by = factories.actor(MOVING)
    _granted(by)
    sealing_again.renew_keyring(by=by)
    with _counted() as counts:
        started = time.perf_counter()
        moved = sealing_again.move_grants(by=by)
        took = time.perf_counter() - started
    assert moved.done
    assert moved.moved == GRANTS
    each = took / GRANTS
    _print(f"move {GRANTS:,} grants to a new keyring", each, anchor, counts)


def _sealing_again() -> None:
    by = factories.actor(SEALING)
    with transaction() as session:
        for _ in range(COMPARTMENTS):
            compartments.create(session, uuid.uuid4(), {"story": {"story": "x" * 2000}}, [_own(by)])
    sealing_again.renew_keyring(by=by)
    sealing_again.move_grants(by=by)
    anchor = _open_and_seal()
    with _counted() as counts:
        started = time.perf_counter()
        done = sealing_again.seal_again(by=by)
        took = time.perf_counter() - started
    assert done.sealed == COMPARTMENTS
    each = took / COMPARTMENTS
    _print(f"seal {COMPARTMENTS:,} compartments again", each, anchor, counts)


def _signing_in() -> None:
    argon = time.perf_counter()
    for _ in range(SIGN_INS):
        Argon2id(salt=bytes(16), length=32, iterations=PASSES, lanes=1, memory_cost=MEMORY_KIB).derive(b"x" * 20)
    anchor = (time.perf_counter() - argon) / SIGN_INS
    print(f"Argon2id, 64 MiB, 3 passes               {anchor * 1e3:9.1f} ms   anchor")
    started = time.perf_counter()
    for _ in range(SIGN_INS):
        # The cost is the same for a wrong password, and the people of this instance have cheap ones.
        try:
            accounts.sign_in(login=f"nobody.{uuid.uuid4().hex[:8]}", password=factories.PASSWORD)
        except accounts.SignInRefused:
            continue
        raise AssertionError
    each = (time.perf_counter() - started) / SIGN_INS
    print(f"sign in, refused, recorded               {each * 1e3:9.1f} ms   {each / anchor:7.2f} x")


def _own(by: Actor) -> uuid.UUID:
    assert by.organisation_id is not None
    return by.organisation_id


def _granted(by: Actor) -> None:
    with transaction() as session:
        to = grants.recipients(session, [_own(by)])
        for _ in range(GRANTS):
            grant(session, os.urandom(32), uuid.uuid4(), "story", 1, to)


def _open_and_seal(rounds: int = 2000) -> float:
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    private = X25519PrivateKey.generate()
    public, info = private.public_key(), bytes(120)
    sealed = suite.encrypt(bytes(32), public, info)
    started = time.perf_counter()
    for _ in range(rounds):
        suite.decrypt(sealed, private, info)
        suite.encrypt(bytes(32), public, info)
    return (time.perf_counter() - started) / rounds


@contextmanager
def _counted() -> Iterator[dict[str, int]]:
    counts = {"statements": 0, "commits": 0}

    def statement(*_: Any) -> None:
        counts["statements"] += 1

    def commit(_: Any) -> None:
        counts["commits"] += 1

    db.session.rollback()
    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    try:
        yield counts
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
        event.remove(Engine, "commit", commit)


def _print(what: str, each: float, anchor: float, counts: dict[str, int]) -> None:
    took = f"{counts['statements']:,} statements, {counts['commits']} commits"
    print(f"{what:40} {each * 1e6:9.1f} us   {each / anchor:7.1f} x each ({took})")
