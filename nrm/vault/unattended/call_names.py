"""Who is said to have answered a telephone call, under a seal that the program alone opens (ADR 0242).

The name is typed: nobody knows whose it is. Desks read it without any key of theirs, so that they can say "nobody told
me"; who has the rows and not the store key reads nothing. It lies in the column of the name, always as long, and is
bound to what the call was about.
"""

from __future__ import annotations

import base64
import uuid

from nrm import crypto
from nrm.vault.marks import config, report

SEALED = "sealed:"
_CONTEXT = "name in a call"
_BYTES = 4 * 60
"""Of 60 characters at most, each of four bytes at most."""


def seal(subject_id: uuid.UUID, name: str) -> str:
    """The text for the column; empty for no name. Raises ValueError for a name that is too long."""
    if not name:
        return ""
    text = name.encode()
    if len(text) > _BYTES:
        raise ValueError("too long for a name")
    sealed = crypto.seal(_key(), text.ljust(_BYTES, b"\0"), _context(subject_id))
    return SEALED + base64.b64encode(sealed).decode()


def opened(subject_id: uuid.UUID, text: str) -> str:
    """The name; of a row from before as it stands there. Empty, and reported, where another hand changed it."""
    if not text.startswith(SEALED):
        return text
    try:
        sealed = base64.b64decode(text.removeprefix(SEALED), validate=True)
        return crypto.unseal(_key(), sealed, _context(subject_id)).rstrip(b"\0").decode()
    except (crypto.CannotOpen, ValueError):
        report("name in a call", subject_id)
        return ""


def _context(subject_id: uuid.UUID) -> bytes:
    return crypto.ctx(_CONTEXT, subject_id.hex)


def _key() -> bytes:
    return crypto.expand(config().secrets.store, crypto.ctx(_CONTEXT))
