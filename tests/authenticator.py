"""A security key in software: what a device and a browser answer to the options of Web Authentication.

Written after the text of level 2 (W3C) on `cryptography` and the library's own CBOR, so that it shares nothing with
what checks its answers. Whatever an attacker can choose is an argument.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    """base64url without padding, as browsers write bytes."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text: str) -> bytes:
    """The bytes of `text`."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Device:
    """One key pair on one device. `origin`: of the page in its browser; `counter`: None if it does not count."""

    origin: str
    counter: int | None = 0
    credential: bytes = field(default_factory=lambda: os.urandom(32))
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: str, **told: Any) -> str:
        """The answer to options that ask for a new passkey."""
        asked = json.loads(options)
        numbers = self.private.public_key().public_numbers()
        key = encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + key
        data = (
            self._data(told.get("host", asked["rp"]["id"]), told.get("flags", PRESENT | VERIFIED) | ATTESTED) + attested
        )
        attestation = encode_cbor({"fmt": told.get("fmt", "none"), "attStmt": told.get("stated", {}), "authData": data})
        client = self._client("webauthn.create", asked["challenge"], told)
        return self._answer({"clientDataJSON": text(client), "attestationObject": text(attestation)})

    def sign(self, options: str, **told: Any) -> str:
        """The answer to options that ask for a passkey."""
        asked = json.loads(options)
        if self.counter is not None:
            self.counter += 1
        data = self._data(told.get("host", asked["rpId"]), told.get("flags", PRESENT | VERIFIED))
        client = self._client(told.get("type", "webauthn.get"), asked["challenge"], told)
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        if "user" in told:
            response["userHandle"] = told["user"]
        return self._answer({name: text(value) for name, value in response.items()})

    def _data(self, host: str, flags: int) -> bytes:
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + (self.counter or 0).to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, told: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": told.get("challenge", challenge), "origin": told.get("origin", self.origin)}
        return json.dumps({**said, "crossOrigin": False}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        name = text(self.credential)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
