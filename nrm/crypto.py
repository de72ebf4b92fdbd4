"""Sealing and opening bytes. Knows no table, no Flask and no configuration.

Formats (the first byte names the suite; an unknown one does not open):

    AEAD   0x01 | 12 random bytes | AES-256-GCM ciphertext and tag
    HPKE   0x01 | RFC 9180 base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM
    stream chunks of 64 KiB, each AES-256-GCM with a tag; the nonce is the chunk's number and whether it is the last

0x02 is reserved for the hybrid of ML-KEM-768 and X25519.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import uuid
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

KEY_BYTES = 32
SUITE = b"\x01"
CHUNK_BYTES = 64 * 1024
_NONCE_BYTES = 12
_TAG_BYTES = 16
_BLOCK = 256
_HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
# Argon2id with more than one lane deadlocks when two threads derive at once, and each
# derivation holds its memory: two at a time keeps a flood of sign-ins bounded.
_DERIVING = threading.BoundedSemaphore(2)

Part = bytes | str | int | uuid.UUID


class CannotOpen(Exception):
    """A sealed value does not open. There is one message, whatever the cause."""

    def __init__(self) -> None:
        super().__init__("cannot be opened")


def ctx(*parts: Part) -> bytes:
    """The context of a key or a ciphertext: injective over its parts.

    Text counts as UTF-8, a UUID as its 16 bytes, a whole number as 8 bytes big-endian.
    """
    context = [b"nrm\x01"]
    for part in parts:
        if isinstance(part, str):
            encoded = part.encode()
        elif isinstance(part, uuid.UUID):
            encoded = part.bytes
        elif isinstance(part, int):
            encoded = part.to_bytes(8, "big")
        else:
            encoded = part
        context += (len(encoded).to_bytes(4, "big"), encoded)
    return b"".join(context)


def new_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AEAD under a 32-byte key."""
    nonce = os.urandom(_NONCE_BYTES)
    return SUITE + nonce + AESGCM(key).encrypt(nonce, plaintext, aad)


def unseal(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext of `seal`; raises CannotOpen."""
    if sealed[:1] != SUITE:
        raise CannotOpen
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], aad)
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def seal_stream(key: bytes, pieces: Iterable[bytes], aad: bytes) -> Iterator[bytes]:
    """Seal something too large for the memory, chunk by chunk; `key` must seal this one stream and nothing else.

    STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015): a chunk that is changed, moved, left out or added does not open.
    """
    cipher, number, rest = AESGCM(key), 0, bytearray()
    for piece in pieces:
        rest += piece
        while len(rest) > CHUNK_BYTES:
            yield cipher.encrypt(_place(number, last=False), bytes(rest[:CHUNK_BYTES]), aad)
            del rest[:CHUNK_BYTES]
            number += 1
    yield cipher.encrypt(_place(number, last=True), bytes(rest), aad)


def open_stream(key: bytes, sealed: BinaryIO, aad: bytes) -> Iterator[bytes]:
    """The plaintext of `seal_stream`, chunk by chunk; raises CannotOpen at the first changed chunk."""
    cipher, number = AESGCM(key), 0
    chunk = sealed.read(CHUNK_BYTES + _TAG_BYTES)
    while chunk or not number:
        following = sealed.read(CHUNK_BYTES + _TAG_BYTES)
        try:
            yield cipher.decrypt(_place(number, last=not following), chunk, aad)
        except (InvalidTag, ValueError):
            raise CannotOpen from None
        chunk, number = following, number + 1


def _place(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NONCE_BYTES - 1, "big") + bytes([last])


def wrap(public_key: bytes, plaintext: bytes, info: bytes) -> bytes:
    """HPKE to a raw X25519 public key."""
    return SUITE + _HPKE.encrypt(plaintext, X25519PublicKey.from_public_bytes(public_key), info)


def unwrap(private_key: bytes, wrapped: bytes, info: bytes) -> bytes:
    """The plaintext of `wrap`; raises CannotOpen."""
    if wrapped[:1] != SUITE:
        raise CannotOpen
    try:
        return bytes(_HPKE.decrypt(wrapped[1:], X25519PrivateKey.from_private_bytes(private_key), info))
    except Exception:  # noqa: BLE001 - the library raises several kinds, none of which may tell more than this
        raise CannotOpen from None


def pad(plaintext: bytes) -> bytes:
    """Pad to a multiple of 256 bytes (ISO/IEC 7816-4), so that the length does not reveal how long a story is."""
    return plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % _BLOCK)


def unpad(padded: bytes) -> bytes:
    """What `pad` padded; raises CannotOpen."""
    plaintext, mark, _ = padded.rpartition(b"\x80")
    if not mark or len(padded) % _BLOCK:
        raise CannotOpen
    return plaintext


def expand(key: bytes, context: bytes) -> bytes:
    """HKDF-Expand-SHA256 to 32 bytes; `key` must already be uniformly random."""
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=context).derive(key)


def combine(salt: bytes, key: bytes, context: bytes) -> bytes:
    """HKDF-SHA256 of two keys to one of 32 bytes: both are needed."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=context).derive(key)


def derive(password: str, salt: bytes, pepper: bytes, *, memory_kib: int, passes: int) -> bytes:
    """Argon2id (RFC 9106) of a password with a secret, to 32 bytes; at most two run at once in a process."""
    with _DERIVING:
        argon = Argon2id(salt=salt, length=KEY_BYTES, iterations=passes, lanes=1, memory_cost=memory_kib, secret=pepper)
        return argon.derive(password.encode("utf-8", "surrogatepass"))


def one_time_code(secret: bytes, step: int, *, digits: int = 6) -> str:
    """The code of RFC 6238 (HMAC-SHA-1) for the `step`th half minute since 1970."""
    return HOTP(secret, digits, SHA1()).generate(step).decode()  # noqa: S303 - what every telephone computes


def key_pair() -> tuple[bytes, bytes]:
    """A new X25519 pair, raw: (private, public)."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_key_of(private_key: bytes) -> bytes:
    """The raw public half of a raw X25519 private key."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def signing_pair() -> tuple[bytes, bytes]:
    """A new Ed25519 pair, raw: (private, public)."""
    private = Ed25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def verifying_key_of(private_key: bytes) -> bytes:
    """The raw public half of a raw Ed25519 private key."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def sign(private_key: bytes, message: bytes) -> bytes:
    """An Ed25519 signature of 64 bytes."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(message)


def signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature is this key's over this message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def mac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.digest(key, message, "sha256")


def digest(message: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(message).digest()


def same(left: bytes, right: bytes) -> bool:
    """Equality in constant time."""
    return hmac.compare_digest(left, right)
