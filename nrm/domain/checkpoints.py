"""Checkpoints of the audit chain: a small file, kept elsewhere, that states the newest entry of the chain (ADR 0010).

The chain has no key, so a person who can write its whole table can compute it again or cut off its end. A checkpoint
that was made before shows that.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime

KIND = "nrm audit checkpoint"
END = "end.json"
"""The checkpoint of the last minute: written over and over, so that little of the chain's end is not covered."""
LARGEST_FILE = 4096
_HASH_BYTES, _SIGNATURE_BYTES, _KEY_BYTES = 32, 64, 32


class NoCheckpoint(ValueError):
    """The bytes are not a checkpoint; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The statement that, at that time, the entry with this number had this hash in this instance."""

    instance_id: uuid.UUID
    entry: int
    hash: bytes
    at: datetime

    @property
    def parts(self) -> tuple[uuid.UUID, int, bytes, str]:
        """What is signed."""
        return self.instance_id, self.entry, self.hash, self.at.isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with the server's Ed25519 signature and the public key it claims."""

    checkpoint: Checkpoint
    public_key: bytes
    signature: bytes


def written(signed: SignedCheckpoint) -> str:
    """The content of the file: one JSON object, one value per line."""
    instance_id, entry, hash_, at = signed.checkpoint.parts
    value = {
        "kind": KIND,
        "instance": str(instance_id),
        "entry": entry,
        "hash": hash_.hex(),
        "at": at,
        "public_key": signed.public_key.hex(),
        "signature": signed.signature.hex(),
    }
    return json.dumps(value, indent=1) + "\n"


def read(content: bytes) -> SignedCheckpoint:
    """Read what `written` wrote; raises NoCheckpoint. The signature is not checked here."""
    if len(content) > LARGEST_FILE:
        raise NoCheckpoint("it is too long")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise NoCheckpoint("it is not JSON") from None
    if not isinstance(value, dict) or value.get("kind") != KIND:
        raise NoCheckpoint(f'its "kind" is not "{KIND}"')
    entry = value.get("entry")
    if type(entry) is not int or not 0 < entry < 2**63:
        raise NoCheckpoint('its "entry" is not a number of an entry')
    try:
        instance_id, at = uuid.UUID(_text(value, "instance")), datetime.fromisoformat(_text(value, "at"))
    except ValueError:
        raise NoCheckpoint('its "instance" or "at" cannot be read') from None
    if at.tzinfo is None:
        raise NoCheckpoint('its "at" has no time zone')
    checkpoint = Checkpoint(instance_id, entry, _bytes(value, "hash", _HASH_BYTES), at)
    signature, public_key = _bytes(value, "signature", _SIGNATURE_BYTES), _bytes(value, "public_key", _KEY_BYTES)
    return SignedCheckpoint(checkpoint, public_key, signature)


def _text(value: dict[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _bytes(value: dict[str, object], key: str, length: int) -> bytes:
    try:
        found = bytes.fromhex(_text(value, key))
    except ValueError:
        found = b""
    if len(found) != length:
        raise NoCheckpoint(f'its "{key}" is not {length} bytes in hexadecimal digits')
    return found
