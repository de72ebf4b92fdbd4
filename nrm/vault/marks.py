"""What shows that a public key or a row was put where it is by this program; and its settings, for the vault."""

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


def mark(what: str, whose: uuid.UUID, *parts: crypto.Part) -> bytes:
    """What shows that a public key or a referral was made here: a MAC under a key that lies in no database."""
    return crypto.mac(_marking(config().secrets.store), crypto.ctx(what, whose, *parts))


@lru_cache(maxsize=8)
def _marking(store: bytes) -> bytes:
    """The key of the marks, derived once: the secret it comes from lies in the same memory, as long."""
    return crypto.expand(store, crypto.ctx("mark"))


def check_mark(found: bytes | None, what: str, whose: uuid.UUID, *parts: crypto.Part) -> None:
    """Raise CannotOpen, and report it, when the row was not made by this program as it stands.

    Otherwise whoever can write to the database alone would put a key of their own, or a referral to an accomplice, in
    the place of the right one, and wait.
    """
    if not is_right(found, what, whose, *parts):
        raise CannotOpen


def microseconds(at: datetime) -> int:
    """A moment as a mark has it."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def is_right(found: bytes | None, what: str, whose: uuid.UUID, *parts: crypto.Part) -> bool:
    """Whether it is; a row that was not made here is reported."""
    right = found is not None and crypto.same(found, mark(what, whose, *parts))
    if not right:
        report(what, whose)
    return right


def report(what: str, whose: object) -> None:
    """Tell the log of a row that does not open, or was not made here: ids only."""
    current_app.logger.error("the %s of %s was not made by this program", what, whose)
