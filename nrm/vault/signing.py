"""The server's own keys: sign releases and checkpoints of the audit chain, seal what only the server must read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nrm import crypto
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.checkpoints import Checkpoint, SignedCheckpoint
from nrm.vault.keylog import log, people
from nrm.vault.marks import config, report
from nrm.vault.members import known_signing_key, signing_key


def sign_release(message: bytes) -> bytes:
    """The server's Ed25519 signature over a release."""
    return crypto.sign(config().secrets.release, message)


def release_public_key() -> bytes:
    """The public half, for anyone who checks a release."""
    return crypto.verifying_key_of(config().secrets.release)


def sign_as(by: Actor, message: bytes) -> tuple[bytes, bytes]:
    """(signature, public key): a person's own Ed25519 signature. Raises CannotOpen without their key."""
    private, public = signing_key(by)
    return crypto.sign(private, message), public


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who signed something: the keys that were theirs at that moment, their role, the code of the office."""

    keys: Collection[bytes]
    role: Role
    office: str


def signer_then(member_id: uuid.UUID, at: datetime) -> Signer | None:
    """Who signed at that moment, by the key log; None for whom it does not have."""
    state = log.last_state(db.session)
    known = state.members.get(member_id)
    if known is None:
        return None
    code = state.organisations[known.organisation_id].code
    return Signer(people.keys_then(state, member_id, at), Role(known.role), code)


def owner_then(public: bytes, at: datetime) -> Signer | None:
    """`signer_then` of whose key it is or was, by the key log; None for a key that it does not have."""
    owner = log.last_state(db.session).owners.get(public)
    return signer_then(owner, at) if owner is not None else None


def is_key_outside(member_id: uuid.UUID, public: bytes) -> bool:
    """Of somebody whom the key log does not have, whether this program made the key for them in their organisation."""
    outside = member_id not in log.last_state(db.session).members
    return outside and known_signing_key(member_id) == public


def keys_of_roles(roles: Collection[Role]) -> list[tuple[bytes, Role, str]]:
    """(key, role, code of the office) of everybody whom the key log has in these roles, also of those who left, and of
    every key that they had."""
    state = log.last_state(db.session)
    return [
        (period.signing, Role(each.role), state.organisations[each.organisation_id].code)
        for each in state.members.values()
        if Role(each.role) in roles
        for period in state.keys[each.id]
    ]


def is_signed(signature: bytes, message: bytes, key: bytes | None = None) -> bool:
    """Whether the holder of this Ed25519 key signed it; without a key, whether the server did."""
    return crypto.signed(release_public_key() if key is None else key, signature, message)


def sign_checkpoint(checkpoint: Checkpoint) -> SignedCheckpoint:
    """Sign the checkpoint with the audit key: another key pair than that of releases, from the same key file."""
    signature = crypto.sign(_audit_key(), _checkpoint_message(checkpoint))
    return SignedCheckpoint(checkpoint, crypto.verifying_key_of(_audit_key()), signature)


def is_checkpoint_signed(signed: SignedCheckpoint) -> bool:
    """Whether this server signed it; the public key in the file itself is not trusted."""
    ours = crypto.verifying_key_of(_audit_key())
    message = _checkpoint_message(signed.checkpoint)
    return crypto.same(ours, signed.public_key) and crypto.signed(ours, signed.signature, message)


def _audit_key() -> bytes:
    return crypto.expand(config().secrets.release, crypto.ctx("audit"))


def _checkpoint_message(checkpoint: Checkpoint) -> bytes:
    return crypto.ctx("checkpoint", *checkpoint.parts)


def seal_memory(value: dict[str, Any], *context: str) -> bytes:
    """What the next quarter must know, sealed with the store key."""
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return crypto.seal(config().secrets.store, plain, crypto.ctx("memory", *context))


def open_memory(sealed: bytes, *context: str) -> dict[str, Any]:
    """The value of `seal_memory`; raises CannotOpen."""
    try:
        plain = crypto.unseal(config().secrets.store, sealed, crypto.ctx("memory", *context))
    except crypto.CannotOpen:
        report("memory", " ".join(context))
        raise
    value: dict[str, Any] = json.loads(plain)
    return value


def secret_seed() -> bytes:
    """256 secret bits for one rounding."""
    return crypto.new_key()


def repeatable_seed(*context: str) -> bytes:
    """256 secret bits that are the same for the same question, so that repeated answers have the same noise."""
    return crypto.expand(config().secrets.store, crypto.ctx("seed", *context))
