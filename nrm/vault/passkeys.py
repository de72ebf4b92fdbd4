"""Passkeys: what a browser is asked, whether the answer is right, and whether a row is a passkey of its member at all.

What never changes of a row is signed by the member's own signing key, whose private half only their password opens; the
count of its use has a MAC. So a row written, moved or changed by hand in the main database is no passkey (ADR 0105).

The library is loaded at the first use: it takes a third of a second, and most processes never need it.
"""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import current_app

from config import Site
from nrm import crypto
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.passkeys import LASTS, LONGEST_ANSWER, PasskeyRefused, Refusal
from nrm.models.accounts.passkeys import Passkey, PasskeyChallenge
from nrm.vault import second_factor
from nrm.vault.marks import config, is_right_row_mac, microseconds, report, row_mac
from nrm.vault.members import known_signing_key
from nrm.vault.signing import sign_as

CannotOpen = crypto.CannotOpen
ISSUER = "NRM"
_CHALLENGE_BYTES, _KEY_BYTES = 32, 32
_LONGEST_CREDENTIAL = 1023  # level 2, 4: Credential ID
# What browsers send to somebody who asks for no attestation; the other formats are not even read.
_FORMATS = ("none", "packed")


@dataclass(frozen=True, slots=True)
class Made:
    """What a device made: its name for the key, the public half (COSE), and its count."""

    credential: bytes
    public_key: bytes
    counter: int


def site() -> Site | None:
    """Where the passkeys of this instance belong; None: it has no address for which a browser makes one."""
    return config().site


def demanded() -> bool:
    """Whether everybody needs a passkey here."""
    return config().passkeys == "demanded"


def new_challenge() -> bytes:
    """What a device is asked to sign."""
    return os.urandom(_CHALLENGE_BYTES)


def making(challenge: bytes, *, member_id: uuid.UUID, login: str, known: Collection[bytes]) -> str:
    """What the browser is told to make a passkey, as JSON; a device that has one of `known` makes no second one."""
    import webauthn
    from webauthn.helpers import structs

    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=_site().host,
            rp_name=ISSUER,
            user_id=member_id.bytes,
            user_name=login,
            challenge=challenge,
            timeout=_milliseconds(),
            exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=each) for each in known],
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.DISCOURAGED,
                user_verification=structs.UserVerificationRequirement.PREFERRED,
            ),
        )
    )


def asking(challenge: bytes, known: Collection[bytes]) -> str:
    """What the browser is told to ask one of the passkeys `known`, as JSON."""
    import webauthn
    from webauthn.helpers import structs

    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=_site().host,
            challenge=challenge,
            timeout=_milliseconds(),
            allow_credentials=[structs.PublicKeyCredentialDescriptor(id=each) for each in known],
            user_verification=structs.UserVerificationRequirement.PREFERRED,
        )
    )


def challenge_of(answer: str) -> bytes:
    """The challenge that an answer names; empty if it names none. Nothing of the answer is checked by that."""
    try:
        told = json.loads(_raw(_read(answer)["response"]["clientDataJSON"]))
        return _raw(told["challenge"])
    except Exception:  # noqa: BLE001 - whatever was sent, it names no challenge
        return b""


def made(answer: str, challenge: bytes) -> Made:
    """What a device made for this challenge at this address; raises PasskeyRefused."""
    import webauthn
    from webauthn.helpers import parse_attestation_object

    at = _site()
    try:
        given = _read(answer)
        if parse_attestation_object(_raw(given["response"]["attestationObject"])).fmt not in _FORMATS:
            raise PasskeyRefused(Refusal.WRONG)
        found = webauthn.verify_registration_response(
            credential=given, expected_challenge=challenge, expected_rp_id=at.host, expected_origin=at.origin
        )
        if len(found.credential_id) > _LONGEST_CREDENTIAL:
            raise PasskeyRefused(Refusal.WRONG)
        return Made(found.credential_id, found.credential_public_key, found.sign_count)
    except Exception:  # noqa: BLE001 - the library raises many kinds, none of which may tell more than this
        raise PasskeyRefused(Refusal.WRONG) from None


def counted(row: Passkey, answer: str, challenge: bytes) -> int:
    """What the passkey counted when it signed this challenge at this address; raises PasskeyRefused if it did not.

    The caller compares the count with the one before.
    """
    import webauthn

    at = _site()
    try:
        given = _read(answer)
        whose = given["response"].get("userHandle")
        if whose and not crypto.same(_raw(whose), row.member_id.bytes):
            raise PasskeyRefused(Refusal.WRONG)
        found = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=at.host,
            expected_origin=at.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=0,
        )
        return found.new_sign_count
    except Exception:  # noqa: BLE001 - as above
        raise PasskeyRefused(Refusal.WRONG) from None


def credential_of(answer: str) -> bytes:
    """The device's name of the key that says it answered; empty if the answer names none."""
    try:
        return _raw(_read(answer)["rawId"])
    except Exception:  # noqa: BLE001 - whatever was sent, it names no key
        return b""


def sign(row: Passkey, *, by: Actor) -> None:
    """Sign a new row as its member and mark it. Raises CannotOpen without the member's own signing key."""
    row.signature = sign_as(by, _message(row))[0]
    mark(row)


def mark(row: Passkey) -> None:
    """Set the MAC of the columns that change; call it after every change."""
    row.mark = row_mac("passkey", row.id, *_changing(row))


def genuine(rows: Collection[Passkey]) -> list[Passkey]:
    """Those that their member made and that were not removed, as this program left them; others are reported."""
    found = []
    for row in rows:
        public = known_signing_key(row.member_id, also_left=True)
        if public is None or not _signed(public, row.signature, _message(row)):
            report("passkey", row.id)
        elif is_right_row_mac(row.mark, "passkey", row.id, *_changing(row)):
            found.append(row)
    removed = second_factor.removed([_digest(row) for row in found])
    for row in found:
        if _digest(row) in removed:
            report("passkey", row.id)
    return [row for row in found if _digest(row) not in removed]


def report_copy(row: Passkey) -> None:
    """Log a key whose count went back, by its id: there may be a copy of it."""
    current_app.logger.error("the count of the passkey %s went back: there may be a copy of it", row.id)


def remove(rows: Collection[Passkey]) -> None:
    """Note in the second database that these are no passkeys any more; call it in the transaction that deletes them."""
    second_factor.note_removed({_digest(row) for row in rows})


def _digest(row: Passkey) -> bytes:
    return crypto.digest(crypto.ctx("removed passkey", row.id, row.signature))


def _message(row: Passkey) -> bytes:
    parts = (row.id, row.member_id, row.credential, row.public_key, row.host, row.name, microseconds(row.made_at))
    return crypto.ctx("passkey 1", *parts)


def _changing(row: Passkey) -> tuple[crypto.Part, ...]:
    times = (microseconds(at) if at is not None else "" for at in (row.used_at, row.went_back_at))
    return (row.signature, row.counter, *times)


@lru_cache(maxsize=1024)
def _signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Kept, because a member who has nothing but passkeys is asked about at every request."""
    return crypto.signed(public, signature, message)


def mark_challenge(row: PasskeyChallenge) -> None:
    """Set the MAC of a new challenge."""
    row.mark = row_mac("passkey challenge", row.member_id, *_of_challenge(row))


def is_challenge(row: PasskeyChallenge) -> bool:
    """Whether this program made the challenge for this member, this purpose and this session; reported if not."""
    return is_right_row_mac(row.mark, "passkey challenge", row.member_id, *_of_challenge(row))


def _of_challenge(row: PasskeyChallenge) -> tuple[crypto.Part, ...]:
    own, at = int(row.own_browser), microseconds(row.made_at)
    return (row.challenge, row.purpose, row.bound_to, row.sealed_waiting or b"", own, at)


def new_token() -> str:
    """What the page after a right password carries: the only key to what waits for the passkey."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def bound_to(token: str, browser: str) -> bytes:
    """Under what a challenge is found by the page's token, in the same browser; no key follows from it."""
    return crypto.digest(crypto.ctx("passkey page", _key(token), browser.encode("utf-8", "surrogatepass")))


def seal_waiting(token: str, row: PasskeyChallenge, payload: bytes) -> None:
    """Seal what goes on after the passkey so that only the page's token opens it."""
    row.sealed_waiting = crypto.seal(_key(token), payload, _waiting(row))


def open_waiting(token: str, row: PasskeyChallenge) -> bytes:
    """What `seal_waiting` sealed; raises CannotOpen."""
    return crypto.unseal(_key(token), row.sealed_waiting or b"", _waiting(row))


def _waiting(row: PasskeyChallenge) -> bytes:
    return crypto.ctx("passkey waiting", row.purpose, row.member_id, row.challenge)


def _key(token: str) -> bytes:
    """The key in a token; for junk one that opens nothing."""
    return crypto.expand(crypto.digest(token.encode("utf-8", "surrogatepass")), crypto.ctx("passkey token"))


def _site() -> Site:
    found = site()
    if found is None:
        raise PasskeyRefused(Refusal.WRONG)
    return found


def _milliseconds() -> int:
    return int(LASTS.total_seconds() * 1000)


def _read(answer: str) -> Any:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("too long")
    return json.loads(answer)


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
