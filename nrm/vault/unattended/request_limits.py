"""Which networks sent something without an account in the last hour, and by which press, under one seal that the
program alone opens.

The key is made of the store key, which is in no database. The row always has as many bytes, is never added to and never
deleted; a network is known by a digest under a key that lies in the value itself and is made anew whenever nobody sent
anything for an hour, a press by one over the random number of its page and what was written. So the database shows
neither who sent something nor when or how often: nothing of it leads to a stay. Decided in ADR 0188 and 0199.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import crypto
from nrm.db import hit_one
from nrm.domain.support.request_limits import Counts, Sent
from nrm.models.support.request_limits import RequestLimits
from nrm.prepared import AnySession
from nrm.vault.marks import config, report

TEXT_BYTES = 64 * 1024
_CONTEXT = "request limits"
_DIGEST_BYTES = 9
_SEALED_BYTES = 1 + 12 + TEXT_BYTES + 16
"""Suite, nonce, text and tag: so many from the first hour on, also before anything was counted."""
_ROW = 1


@dataclass(frozen=True, slots=True, repr=False)
class Limits:
    """What is counted, what was sent, and the key of the digests. `repr` hides it."""

    counts: Counts
    sent: Sent
    key: bytes
    _was: bytes | None  # what lay in the row; None where there is no row

    def who(self, name: str, sender: str) -> str:
        """The digest of who sends, for one limit alone."""
        return crypto.mac(self.key, crypto.ctx(_CONTEXT, name, sender))[:_DIGEST_BYTES].hex()


def read(session: AnySession, *, lock: bool = False) -> Limits:
    """What is counted now, locked until the transaction ends; nothing where it does not open, as before the first, or
    where another hand emptied or deleted the row, which is reported: the one who sends next writes it again."""
    statement = select(RequestLimits.sealed_counts)
    sealed = session.execute(statement.with_for_update() if lock else statement).scalar()
    if sealed is None or len(sealed) != _SEALED_BYTES:
        report(f"{'absence' if sealed is None else 'row'} of what was sent lately", _ROW)
        return Limits({}, {}, os.urandom(32), sealed)
    try:
        value = json.loads(crypto.unseal(_own_key(), sealed, crypto.ctx(_CONTEXT)))
    except crypto.CannotOpen:
        return Limits({}, {}, os.urandom(32), sealed)
    return Limits(value["counts"], value.get("sent", {}), bytes.fromhex(value["key"]), sealed)


def put(session: Session, limits: Limits) -> bool:
    """Seal it anew in place of what was read; False if somebody was faster. Where nothing is counted, the digests get
    another key."""
    key = limits.key if limits.counts or limits.sent else os.urandom(32)
    sealed = crypto.seal(_own_key(), _text(limits, key), crypto.ctx(_CONTEXT))
    if limits._was is None:
        try:
            with session.begin_nested():
                session.add(RequestLimits(id=_ROW, sealed_counts=sealed))
        except IntegrityError:
            return False
        return True
    statement = update(RequestLimits).where(RequestLimits.sealed_counts == limits._was)
    return hit_one(session, statement.values(sealed_counts=sealed).execution_options(synchronize_session=False))


def _text(limits: Limits, key: bytes) -> bytes:
    """As JSON of always so many bytes; who sent longest ago is left out where there is no room."""
    kept = dict(limits.counts)
    while True:
        value = {"key": key.hex(), "counts": kept, "sent": dict(limits.sent), "fill": ""}
        written = json.dumps(value, separators=(",", ":"))
        if len(written) <= TEXT_BYTES:
            return json.dumps({**value, "fill": "." * (TEXT_BYTES - len(written))}, separators=(",", ":")).encode()
        kept.pop(min(kept, key=lambda each: kept[each][-1][0]))


def _own_key() -> bytes:
    return crypto.expand(config().secrets.store, crypto.ctx(_CONTEXT))
