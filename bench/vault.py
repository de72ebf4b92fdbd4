"""The vault against the raw primitives of `cryptography`, and an opened compartment against an empty page."""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from flask import Flask

from config import Config, load_config
from nrm import create_app
from nrm.actions.accounts import accounts
from nrm.actions.shelter import cases
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import SignInRefused
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.store import names as organisation_names
from nrm.vault import compartments as vault
from nrm.web import access
from tests import factories, factories_referrals
from tests.conftest import Person

ROUNDS = 400
AT_ONCE = 50
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def main() -> None:
    """Print each measurement next to its anchor of this run."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        environment = {**os.environ, "NRM_DIR": str(instance)}
        factories.build_instance(instance)
        app = create_app(factories.cheap_config(environment))
        with app.app_context():
            case_id = _case()
            _sealing()
            disconnect()
        _page(app, case_id)
        _signing_in(load_config(environment))


def _median(do: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Microseconds of one, the median of many."""
    do()
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        do()
        took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1e6


def _say(what: str, took: float, anchor: float | None = None) -> None:
    print(f"{what:<55}{took:10.1f} us   {'anchor' if anchor is None else f'{took / anchor:.2f} x'}", flush=True)


def _sealing() -> None:
    codes = ("RINAS", "RA", "NRC", "VATRA", "IOM")
    ids = [organisation_names.organisation_by_code(code).id for code in codes]
    public, plain = X25519PrivateKey.generate().public_key(), b"x" * 2048

    def raw(holders: int) -> None:
        key = AESGCM.generate_key(256)
        AESGCM(key).encrypt(os.urandom(12), plain, b"")
        for _ in range(holders):
            _SUITE.encrypt(key, public, b"")

    def sealed(holders: int) -> None:
        with transaction() as session:
            vault.create(session, uuid.uuid4(), {"story": {"story": "x" * 2000}}, ids[:holders])

    for holders in (1, 3, 5):
        anchor = _median(lambda holders=holders: raw(holders))  # type: ignore[misc]
        _say(f"HPKE to {holders} and AES-256-GCM of 2 KB, alone", anchor)
        _say(f"sealing 2 KB to {holders}, both databases committed", _median(lambda n=holders: sealed(n)), anchor)  # type: ignore[misc]


def _case() -> uuid.UUID:
    sent = factories_referrals.sent(factories.actor("rinas.border_officer"))
    return sent.case_id


def _page(app: Flask, case_id: uuid.UUID) -> None:
    """A trivial page with and without opening a compartment: session, access and headers are in both."""

    @access.signed_in
    def empty() -> str:
        return "nothing"

    @access.signed_in
    def opened() -> str:
        return str(vault.read(db.session, case_id, "story", by=access.actor()).revision)

    app.add_url_rule("/bench/empty", view_func=empty)
    app.add_url_rule("/bench/opened", view_func=opened)
    person = Person(app.test_client(), "rinas.border_officer")
    with app.app_context():
        cookie = person.client.get_cookie("nrm")
        assert cookie is not None
        found = accounts.resume(cookie.value)
        assert isinstance(found, accounts.SignedIn)
        cases.open_compartment(case_id=case_id, compartment=Compartment.STORY, purpose=Purpose.ANSWER, by=found.actor)
        disconnect()
    # By turns and in processor time, so that a neighbour on the machine disturbs little, and both alike.
    took: dict[str, list[float]] = {"empty": [], "opened": []}
    for _ in range(ROUNDS):
        for name, times in took.items():
            begun = time.thread_time()
            answer = person.client.get(f"/bench/{name}")
            times.append(time.thread_time() - begun)
            assert answer.status_code == 200
    anchor, open_ = (statistics.median(times) * 1e6 for times in took.values())
    _say("a trivial page of a signed-in member", anchor)
    _say("the same, which opens one compartment", open_, anchor)
    print(f"{'':<55}target 1.50 x   {'ok' if open_ / anchor <= 1.5 else 'short'}")


def _signing_in(config: Config) -> None:
    app = create_app(config)
    kib, passes = app.extensions["nrm.config"].argon2_kib, app.extensions["nrm.config"].argon2_passes

    def raw() -> None:
        Argon2id(salt=bytes(16), length=32, iterations=passes, lanes=1, memory_cost=kib, secret=bytes(32)).derive(b"x")

    anchor = _median(raw, 10)
    _say(f"Argon2id, {kib // 1024} MiB, {passes} passes, alone", anchor)
    with app.app_context():
        _say("refusing a sign-in", _median(lambda: _refused(0), 5), anchor)

    def one(number: int) -> None:
        with app.app_context():
            _refused(number)
            db.session.remove()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(AT_ONCE)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = (time.perf_counter() - begun) * 1e6
    _say(f"{AT_ONCE} at once, against {AT_ONCE} / 2 of Argon2id", took, anchor * AT_ONCE / 2)
    with app.app_context():
        disconnect()


def _refused(number: int) -> None:
    with suppress(SignInRefused, TooSoon):
        accounts.sign_in(login=f"nobody.{number}", password="not the right one at all")
