"""Members and organisations as the key log writes them down, from their rows."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nrm import crypto
from nrm.domain.accounts import key_log_entries
from nrm.domain.accounts.accounts import KeyHolder
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import Founding, Person, hour_of
from nrm.models.accounts.accounts import Member, Organisation
from nrm.vault.keylog import entries, log

_SALT_BYTES = 16
_SHOWN_BYTES = 16


def sign_own(member: Member, keys: KeyHolder, *, serial: int) -> None:
    """Let a member sign that these keys are theirs: what colleagues put into the log later.

    The random bytes of the name stay while the name does: whose account ends before a colleague typed words is called
    as the log has them, and it still fits.
    """
    member.serial = serial
    member.name_salt = member.name_salt or os.urandom(_SALT_BYTES)
    member.own_signature = crypto.sign(keys.sign_private, entries.own_message(log.instance_id(), _person(member, b"")))


def person_of(member: Member) -> Person:
    """The member as an entry has them; raises CannotOpen for one who has no keys or has not signed."""
    if not member.own_signature:
        raise crypto.CannotOpen
    return _person(member, member.own_signature)


def _person(member: Member, own: bytes) -> Person:
    if member.sign_public is None or member.kem_public is None or member.name_salt is None:
        raise crypto.CannotOpen
    digest = entries.name_digest(member.name_salt, member.login, member.name)
    return Person(
        member.id,
        member.organisation_id,
        member.role,
        member.serial,
        digest,
        bytes(member.sign_public),
        bytes(member.kem_public),
        own,
    )


def is_named_so(member: Any, digest: bytes) -> bool:
    """Whether name and sign-in name in a row are those that were signed."""
    return member.name_salt is not None and entries.name_digest(member.name_salt, member.login, member.name) == digest


def code_of(known: key_log_entries.Member, state: State) -> str:
    """What a page calls somebody whose name in the row is not the one that was signed: their organisation, and the
    beginning of their id."""
    return f"{state.organisations[known.organisation_id].code}-{known.id.hex[:8]}"


def is_own(member: Member) -> bool:
    """Whether the member's own signature is over the row as it is now: name, role and keys."""
    if not member.own_signature or member.sign_public is None or member.name_salt is None:
        return False
    message = entries.own_message(log.instance_id(), _person(member, b""))
    return crypto.signed(bytes(member.sign_public), member.own_signature, message)


def rename(member: Member, name: str) -> bytes:
    """Give a row another name, with random bytes of its own; the digest to be signed."""
    member.name, member.name_salt = name, os.urandom(_SALT_BYTES)
    return entries.name_digest(member.name_salt, member.login, member.name)


def keys_then(state: State, member_id: uuid.UUID, at: datetime) -> list[bytes]:
    """The signing keys with which the member of the log signed at that moment: none while they had left, two in the
    hour of a change; for a moment before the log had them, the key with which they came in."""
    periods, hour = state.keys[member_id], hour_of(at)
    if hour < periods[0].since:
        return [periods[0].signing]
    return [each.signing for each in periods if each.since <= hour and (each.until == -1 or hour <= each.until)]


def fingerprint(keys: bytes) -> str:
    """16 bytes of the digest of public keys in hexadecimal, four by four, for people to compare; empty for no key."""
    digest = crypto.digest(keys)[:_SHOWN_BYTES].hex() if keys else ""
    return " ".join(digest[place : place + 4] for place in range(0, len(digest), 4))


def signed_by(member: Member, keys: KeyHolder) -> Person:
    """`person_of` somebody in their own session: an account older than the log signs now. Raises CannotOpen."""
    if not member.own_signature:
        sign_own(member, keys, serial=max(member.serial, 1))
    return person_of(member)


def founding_of(
    organisation: Organisation, public: bytes, founders: Sequence[Person], *, as_given: bool = False
) -> Founding:
    """The founding of an organisation by these people, in the order of their ids; `as_given`: in this order."""
    if organisation.names_salt is None:
        organisation.names_salt = os.urandom(_SALT_BYTES)
    return Founding(
        organisation.id,
        organisation.code,
        organisation.kind,
        organisation.party,
        organisation.crossing_point,
        names_digest(organisation),
        public,
        tuple(founders if as_given else sorted(founders, key=lambda each: each.member_id)),
    )


def names_digest(organisation: Organisation) -> bytes:
    """The digest of an organisation's names, in whatever order they stand.

    Albanian and English alone are two lines, as they were signed before names had other languages; all others are
    JSON, which has no line break and is therefore never the same text.
    """
    by_language = organisation.names
    if set(by_language) == {"sq", "en"}:
        names = f"{by_language['sq']}\n{by_language['en']}"
    else:
        names = json.dumps(by_language, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return entries.name_digest(organisation.names_salt or bytes(_SALT_BYTES), organisation.code, names)
