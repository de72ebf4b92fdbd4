"""The secret of a member's second factor, and the marks under which failed tries are counted."""

from __future__ import annotations

import base64
import uuid
from functools import lru_cache

from flask import current_app

from nrm import clock, crypto
from nrm.domain.accounts import Credentials
from nrm.domain.factors import SECRET_BYTES, WINDOW, steps_at, typed_code
from nrm.vault.marks import config, report

_NOBODY = uuid.UUID(int=0)


def demanded() -> bool:
    """Whether this instance asks everybody for a second factor: all but synthetic ones that were made without."""
    return bool(current_app.extensions["nrm.second_factor"])


def proposed(session_id: bytes, member_id: uuid.UUID, present: bytes | None) -> bytes:
    """The secret a session offers for enrolment: the same until there is another one, and kept nowhere till then.

    `present`: the member's sealed secret, so that the next one is a new one.
    """
    context = crypto.ctx("totp proposed", session_id, member_id, crypto.digest(present or b""))
    return crypto.expand(_purpose_key("totp"), context)[:SECRET_BYTES]


def as_text(secret: bytes) -> str:
    """Base32, as telephones take it."""
    return base64.b32encode(secret).decode()


def code_now(secret: str) -> str:
    """The code of a secret in base32 at this instant."""
    return crypto.one_time_code(base64.b32decode(secret), steps_at(clock.now())[WINDOW])


def seal(member_id: uuid.UUID, secret: bytes) -> bytes:
    """What is kept of a secret."""
    return crypto.seal(_purpose_key("totp"), secret, crypto.ctx("totp", member_id))


def step_of(secret: bytes, code: str, after: int | None) -> int | None:
    """The step this is the code of, if it is one of now and later than `after`; else None."""
    typed = typed_code(code).encode()
    found = None
    for step in steps_at(clock.now()):
        right = crypto.same(crypto.one_time_code(secret, step).encode(), typed)
        if right and (after is None or step > after):
            found = step
    return found


def accepted_step(account: Credentials | None, code: str) -> int | None:
    """`step_of` for an account. The same work where there is no account, or one without a second factor."""
    whose, sealed = _NOBODY, None
    if account is not None and account.sealed_totp is not None:
        whose, sealed = account.id, account.sealed_totp
    under = _purpose_key("totp")
    try:
        secret = crypto.unseal(under, sealed or _dummy_secret(under), crypto.ctx("totp", whose))
    except crypto.CannotOpen:
        report("second factor", whose)
        return None
    step = step_of(secret, code, account.totp_step if account is not None else None)
    return step if account is not None and account.has_second_factor else None


@lru_cache(maxsize=1)
def _dummy_secret(under: bytes) -> bytes:
    """What is opened where there is nothing to open."""
    return crypto.seal(under, bytes(SECRET_BYTES), crypto.ctx("totp", _NOBODY))


def try_mark(kind: str, value: str) -> bytes:
    """Under what the failures of a sign-in name, a network or a browser are counted: nobody can read it back."""
    return crypto.mac(_purpose_key("tries"), crypto.ctx(kind, value.encode("utf-8", "surrogatepass")))


def _purpose_key(purpose: str) -> bytes:
    return crypto.expand(config().secrets.pepper, crypto.ctx(purpose))
