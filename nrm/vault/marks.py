"""The MAC of a row: it shows that this program wrote the row. Also: the program's settings, for the vault.

The columns that hold it are called `mark`. The threat is somebody who can write to the main database alone
(docs/threat-model.md): such a person cannot compute the MAC.

Decided in ADR 0031.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import cast

from flask import current_app

from config import Config
from nrm import crypto

CannotOpen = crypto.CannotOpen
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def config() -> Config:
    """The configuration of the running application."""
    return cast(Config, current_app.extensions["nrm.config"])


def row_mac(what: str, whose: uuid.UUID, *parts: crypto.Part) -> bytes:
    """The MAC that shows that this program made a row, under a key that is in no database.

    `what` is the kind of row, `whose` the id it belongs to, `parts` the values that must not change.
    """
    return crypto.mac(_row_mac_key(config().secrets.store), crypto.ctx(what, whose, *parts))


@lru_cache(maxsize=8)
def _row_mac_key(store: bytes) -> bytes:
    """The key of the MACs, derived once and kept: the secret it comes from is in the same memory for as long."""
    return crypto.expand(store, crypto.ctx("mark"))


def check_row_mac(found: bytes | None, what: str, whose: uuid.UUID, *parts: crypto.Part) -> None:
    """Raise CannotOpen, and report it, when this program did not write the row as it is now.

    Without this check, a person who can write to the database alone could put their own key, or a referral to an
    accomplice, in the place of the right one, and wait.
    """
    if not is_right_row_mac(found, what, whose, *parts):
        raise CannotOpen


def microseconds(at: datetime) -> int:
    """A moment as a MAC takes it: microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def is_right_row_mac(found: bytes | None, what: str, whose: uuid.UUID, *parts: crypto.Part) -> bool:
    """Whether `found` is the MAC of these parts; if not, the row is reported."""
    right = found is not None and crypto.same(found, row_mac(what, whose, *parts))
    if not right:
        report(what, whose)
    return right


def report(what: str, whose: object) -> None:
    """Log a row that does not open, or that this program did not write: ids only."""
    current_app.logger.error("the %s of %s was not made by this program", what, whose)
