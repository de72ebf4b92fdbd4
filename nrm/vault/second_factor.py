"""The secret of a member's second factor, which factors count no more, and the digests under which failed attempts are
counted.

A secret that waits for a colleague's words is sealed for that alone: copied into the member's row it opens nothing. One
that was replaced or given up is noted in the second database, so that an old row put back is none (ADR 0186).
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Collection
from functools import lru_cache

from flask import current_app
from sqlalchemy import insert, select

from nrm import clock, crypto
from nrm.db import db, hold_the_pair
from nrm.domain.accounts.accounts import Credentials
from nrm.domain.accounts.second_factor import SECRET_BYTES, WINDOW, steps_at, typed_code
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.passkeys import RemovedFactor
from nrm.vault.marks import config, report

_NOBODY = uuid.UUID(int=0)


def demanded() -> bool:
    """Whether this instance asks for a second factor: all do, except synthetic ones that were made without it."""
    return bool(current_app.extensions["nrm.second_factor"])


def proposed(session_id: bytes, member_id: uuid.UUID, present: bytes | None) -> bytes:
    """The secret that a session offers for a new second factor. It is derived, not stored, until it is confirmed.

    It stays the same until the member has another secret; so `present`, the member's sealed secret, is part of it.
    """
    context = crypto.ctx("totp proposed", session_id, member_id, crypto.digest(present or b""))
    return crypto.expand(_purpose_key("totp"), context)[:SECRET_BYTES]


def as_text(secret: bytes) -> str:
    """Base32, as telephones take it."""
    return base64.b32encode(secret).decode()


def code_now(secret: str) -> str:
    """The code of a secret (base32) at this moment."""
    return crypto.one_time_code(base64.b32decode(secret), steps_at(clock.now())[WINDOW])


def seal(member_id: uuid.UUID, secret: bytes) -> bytes:
    """The sealed secret, as it is stored."""
    return crypto.seal(_purpose_key("totp"), secret, crypto.ctx("totp", member_id))


def seal_waiting(member_id: uuid.UUID, secret: bytes) -> bytes:
    """As `seal`, for a telephone that counts once a colleague has typed the words."""
    return crypto.seal(_purpose_key("totp"), secret, crypto.ctx("totp waiting", member_id))


def now_counts(member_id: uuid.UUID, waiting: bytes) -> bytes:
    """What `seal_waiting` sealed, sealed as one that counts. Raises CannotOpen."""
    return seal(member_id, crypto.unseal(_purpose_key("totp"), waiting, crypto.ctx("totp waiting", member_id)))


def forget(member: Member) -> None:
    """Take the telephone out of the member's row; also a row put back later is none. Call it in a transaction."""
    if member.sealed_totp is not None:
        note_removed([_digest(member.id, member.sealed_totp)])
    member.sealed_totp = member.totp_step = None


def note_removed(digests: Collection[bytes]) -> None:
    """Note in the second database that these factors, by their digests, are none any more; call it in the transaction
    that takes them away."""
    new = set(digests) - removed(digests)
    if new:
        hold_the_pair()
        with db.engines["shred"].begin() as connection:
            connection.execute(insert(RemovedFactor), [{"digest": each} for each in new])


def removed(digests: Collection[bytes]) -> set[bytes]:
    """Which of these are noted."""
    if not digests:
        return set()
    with db.engines["shred"].connect() as connection:
        statement = select(RemovedFactor.digest).where(RemovedFactor.digest.in_(digests))
        return {bytes(each) for each in connection.scalars(statement)}


def _digest(member_id: uuid.UUID, sealed: bytes) -> bytes:
    return crypto.digest(crypto.ctx("removed telephone", member_id, sealed))


def opens(member_id: uuid.UUID, sealed: bytes) -> bool:
    """Whether a stored secret lies under our key file `pepper`; nothing of it is shown, and nothing is reported."""
    try:
        crypto.unseal(_purpose_key("totp"), sealed, crypto.ctx("totp", member_id))
    except crypto.CannotOpen:
        return False
    return True


def step_of(secret: bytes, code: str, after: int | None) -> int | None:
    """The time step that this code belongs to, if it is a present one and later than `after`; else None."""
    typed = typed_code(code).encode()
    found = None
    for step in steps_at(clock.now()):
        right = crypto.same(crypto.one_time_code(secret, step).encode(), typed)
        if right and (after is None or step > after):
            found = step
    return found


def accepted_step(account: Credentials | None, code: str) -> int | None:
    """`step_of` for an account. It does the same work if there is no account, or the account has no second factor."""
    whose, sealed = _NOBODY, None
    if account is not None and account.sealed_totp is not None:
        whose, sealed = account.id, account.sealed_totp
    under = _purpose_key("totp")
    kept = sealed or _dummy_secret(under)
    is_removed = bool(removed([_digest(whose, kept)]))
    try:
        if is_removed:
            raise crypto.CannotOpen
        secret = crypto.unseal(under, kept, crypto.ctx("totp", whose))
    except crypto.CannotOpen:
        report("second factor", whose)
        return None
    step = step_of(secret, code, account.totp_step if account is not None else None)
    return step if account is not None and account.has_second_factor else None


@lru_cache(maxsize=1)
def _dummy_secret(under: bytes) -> bytes:
    """A sealed secret that is opened when there is no real one, so that it takes as long."""
    return crypto.seal(under, bytes(SECRET_BYTES), crypto.ctx("totp", _NOBODY))


def try_mark(kind: str, value: str) -> bytes:
    """The digest under which failures of a sign-in name, a network or a browser are counted; it cannot be reversed."""
    return crypto.mac(_purpose_key("tries"), crypto.ctx(kind, value.encode("utf-8", "surrogatepass")))


def _purpose_key(purpose: str) -> bytes:
    return crypto.expand(config().secrets.pepper, crypto.ctx(purpose))
