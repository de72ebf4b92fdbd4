"""What a page shows for some minutes: the row holds what is sealed, and a browser's cookie the only key to it.

So neither a database, a backup nor a password opens it, and the cookie alone is nothing.
"""

from __future__ import annotations

import base64
import os
import uuid

from nrm import crypto

CannotOpen = crypto.CannotOpen

_KEY_BYTES = 32


def new_token() -> str:
    """What the cookie holds."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def digest(token: str) -> bytes:
    """Under what the row is found; the key does not follow from it."""
    return crypto.digest(crypto.ctx("shown secret row", _key(token)))


def seal(token: str, secret: bytes, *, member_id: uuid.UUID | None, beside: str) -> bytes:
    """Seal what is shown to whoever has the cookie, and is this member. `beside`: another cookie of the browser, which
    must be the same when it is opened."""
    return crypto.seal(_key(token), secret, _context(member_id, beside))


def unseal(token: str, sealed: bytes, *, member_id: uuid.UUID | None, beside: str) -> bytes:
    """What `seal` sealed; raises CannotOpen."""
    return crypto.unseal(_key(token), sealed, _context(member_id, beside))


def _context(member_id: uuid.UUID | None, beside: str) -> bytes:
    there = crypto.digest(beside.encode("utf-8", "surrogatepass"))
    return crypto.ctx("shown secret", member_id or "nobody signed in", there)


def _key(token: str) -> bytes:
    """The key in a token; for junk one that opens nothing."""
    return crypto.expand(crypto.digest(token.encode("utf-8", "surrogatepass")), crypto.ctx("shown secret key"))
