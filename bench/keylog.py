"""What the key log costs: a request, a sign-in, an acceptance; starting anew with 10,000 entries (ADR 0098)."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nrm.actions.accounts import accounts
from nrm.actions.referrals import referrals
from nrm.db import db, disconnect
from nrm.domain.accounts.accounts import OrganisationKind, Role
from nrm.domain.accounts.key_log_entries import EntryKind, NewName
from nrm.vault import grants
from nrm.vault.keylog import belief, entries, files, log
from tests import factories, keylogs
from tests import factories_referrals as people

ENTRIES, ROUNDS, ACCEPTED = 10_000, 500, 6
COUNTED = ((log, "state"), (belief, "keyring_of"), (grants.log, "must_be_trusted"), (log, "must_be_whole"))


def main() -> None:
    """Print processor time, and what of an act the log takes."""
    message, key = bytes(300), Ed25519PrivateKey.generate()
    signature, public = key.sign(message), key.public_key()
    anchor = _each(lambda: public.verify(signature, message))
    print(f"Ed25519, one signature verified          {anchor:9.1f} us   anchor")
    with tempfile.TemporaryDirectory() as folder:
        _cold(Path(folder), anchor)
        instance = Path(folder) / "instance"
        factories.build_instance(instance)
        with factories.open_instance(instance).app_context():
            took = _each(lambda: log.state(db.session))
            print(f"the state, nothing new (each request)    {took:9.1f} us   {took / anchor:7.1f} x")
            took = _each(lambda: log.must_be_whole(db.session()))
            print(f"no entry is missing (each sealing)       {took:9.1f} us   {took / anchor:7.1f} x")
            _part("sign-in", lambda: accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD), 20)
            _acceptances()
            disconnect()


def _acceptances() -> None:
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = [people.sent(rinas, party="NRC") for _ in range(ACCEPTED + 1)]
    beds = [people.bed("NRC", number) for number in range(1, ACCEPTED + 2)]
    db.session.rollback()
    waiting = list(zip(sent, beds, strict=True))

    def accept() -> None:
        each, bed = waiting.pop()
        referrals.accept(referral_id=each.referral_id, place_id=bed, by=nrc)

    _part("acceptance", accept, ACCEPTED)


def _part(name: str, act: Callable[[], Any], times: int) -> None:
    """The processor time of an act, and of that what is spent inside the log."""
    act()
    inside, depth = 0.0, 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            nonlocal inside, depth
            depth += 1
            began = time.process_time()
            try:
                return real(*given, **named)
            finally:
                depth -= 1
                if not depth:
                    inside += time.process_time() - began

        return timed

    with ExitStack() as stack:
        for module, function in COUNTED:
            stack.enter_context(mock.patch.object(module, function, counted(getattr(module, function))))
        started = time.process_time()
        for _ in range(times):
            act()
        took = time.process_time() - started
    milliseconds, share = took / times * 1e3, inside / took * 100
    print(f"{name:<40} {milliseconds:9.1f} ms   of it the log {inside / times * 1e3:.2f} ms, {share:.1f} %")


def _cold(folder: Path, anchor: float) -> None:
    kept = keylogs.Log()
    authority, shelter = kept.begin()
    kept.found([authority[0], shelter[0]], "NRC", OrganisationKind.NGO_SHELTER, party="NRC")
    worker = next(each for each in shelter if each.person.role == Role.CASE_WORKER)
    going = entries.Replay(kept.instance, kept.state)
    while len(kept.signed) < ENTRIES:
        if len(kept.signed) % 20:
            made = _entry(kept, going, EntryKind.RENAMED, NewName(worker.id, uuid.uuid4().bytes * 2), worker)
        else:  # as often somebody joins
            new = keylogs.holder(kept.instance, worker.person.organisation_id, Role.CASE_WORKER)
            made = _entry(kept, going, EntryKind.JOINED, new.person, worker)
        going.take(made)
        kept.signed.append(made)
    started = time.process_time()
    state = entries.replay(kept.instance, kept.signed)
    took = time.process_time() - started
    print(f"{ENTRIES:,} entries from nothing            {took:9.2f} s    {took * 1e6 / ENTRIES / anchor:7.1f} x each")
    files.store_state(folder / files.STATE, state, bytes(32))
    started = time.process_time()
    files.load_state(folder / files.STATE, bytes(32))
    took = time.process_time() - started
    size = (folder / files.STATE).stat().st_size / 1e6
    print(f"the same from the file                   {took * 1e3:9.1f} ms   {size:.1f} MB")


def _entry(kept: keylogs.Log, going: entries.Replay, kind: EntryKind, body: Any, by: keylogs.Holder) -> entries.Signed:
    state = going.state
    content = entries.body_bytes(body, state.at)
    signature = entries.crypto.sign(
        by.signing, entries.message(kept.instance, state.number + 1, state.digest, kind, content)
    )
    return entries.Signed(state.number + 1, str(kind), content, by.id, signature)


def _each(do: Callable[[], object]) -> float:
    do()
    started = time.process_time()
    for _ in range(ROUNDS):
        do()
    return (time.process_time() - started) / ROUNDS * 1e6
