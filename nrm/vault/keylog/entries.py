"""The bytes of the key log: contexts, bodies, signatures, digests; and replaying signed entries into a state.

    message   = ctx("entry 1", instance id, number, digest before, kind, body)
    signature = Ed25519(signer's signing key, message)
    digest    = SHA-256(ctx("digest 1", message, signer id, signature))

The digest before the first entry is 32 zero bytes. Ids are 16 bytes, numbers uint32 big-endian, text is NFC and UTF-8.
A body is the ctx of its parts in the order of `nrm.domain.accounts.key_log_entries`, and the hour at the end; people
stand in a founding one after the other, foundings in a genesis each as a part. Somebody who joins signs
ctx("member 1", instance id, organisation, the parts before the signature).

Nothing here knows a database: `replay` is what `nrm keylog verify FILE` does, too.

Decided in ADR 0098.
"""

from __future__ import annotations

import struct
import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from nrm import crypto
from nrm.domain.accounts.accounts import KeyHolder
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import (
    ABOUT_PROPOSALS,
    DIGEST_BYTES,
    KEY_BYTES,
    LONGEST_BODY,
    LONGEST_TEXT,
    SIGNATURE_BYTES,
    Act,
    Agreed,
    Body,
    Box,
    Declined,
    Entry,
    EntryKind,
    EntryRefusal,
    EntryRefused,
    Founding,
    Genesis,
    Holding,
    Member,
    NewKeyring,
    NewName,
    NewRole,
    Party,
    Person,
    Proposed,
    Restored,
    Standing,
    people_in,
)

_HEAD = crypto.ctx()
_PERSON_PARTS, _FOUNDING_PARTS = 6, 7  # of a founder, and before the founders
_MOST = 2**32 - 1
_HOLDS, _LACKS = b"holds", b"lacks"


@dataclass(frozen=True, slots=True)
class Signed:
    """An entry as it is stored; nothing of it is believed before it was replayed."""

    number: int
    kind: str
    body: bytes
    signer_id: uuid.UUID
    signature: bytes


class Refused(EntryRefused):
    """`replay` stopped at this entry."""

    def __init__(self, number: int, reason: EntryRefusal) -> None:
        super().__init__(reason)
        self.number = number


def number_bytes(number: int) -> bytes:
    """A number as the log writes it: uint32, big-endian. Raises EntryRefused beyond it."""
    if not 0 <= number <= _MOST:
        raise EntryRefused(EntryRefusal.FORM)
    return struct.pack(">I", number)


def _text(text: str) -> bytes:
    encoded = unicodedata.normalize("NFC", text).encode()
    if len(encoded) > LONGEST_TEXT:
        raise EntryRefused(EntryRefusal.FORM)
    return encoded


def _person(person: Person) -> list[bytes]:
    """The parts of somebody that their own signature covers, without the organisation."""
    return [
        person.member_id.bytes,
        _text(person.role),
        number_bytes(person.serial),
        person.name_digest,
        person.signing,
        person.sealing,
    ]


def own_message(instance_id: uuid.UUID, person: Person) -> bytes:
    """What somebody signs who joins, begins anew or founds: that these keys are theirs, there and in this role."""
    return crypto.ctx("member 1", instance_id, person.organisation_id, *_person(person))


def name_digest(salt: bytes, login: str, name: str) -> bytes:
    """The digest of a name; the 16 random bytes lie in the row and go with the name."""
    return crypto.digest(crypto.ctx("name", salt, _text(login), unicodedata.normalize("NFC", name).encode()))


def wraps_digest(wraps: Iterable[tuple[uuid.UUID, bytes]]) -> bytes:
    """SHA-256 of the list of (member, wrap) of a keyring, in the order of the ids."""
    parts = [part for member_id, wrap in sorted(wraps) for part in (member_id.bytes, crypto.digest(wrap))]
    return crypto.digest(crypto.ctx(*parts))


def _founding(founding: Founding) -> list[bytes]:
    parts = [
        founding.organisation_id.bytes,
        _text(founding.code),
        _text(founding.kind),
        _text(founding.party),
        _text(founding.crossing_point),
        founding.names_digest,
        founding.public,
    ]
    for person in founding.founders:
        parts += [*_person(person), person.own]
    return parts


def _parts(body: Body) -> list[bytes]:
    if isinstance(body, Genesis):
        return [crypto.ctx(*_founding(each)) for each in body.foundings]
    if isinstance(body, Founding):
        return _founding(body)
    if isinstance(body, Person):
        first, *others = _person(body)
        return [first, body.organisation_id.bytes, *others, body.own]
    if isinstance(body, Standing):
        return [body.subject_id.bytes, _text(body.reason)]
    if isinstance(body, NewRole):
        return [body.member_id.bytes, _text(body.role)]
    if isinstance(body, NewName):
        return [body.subject_id.bytes, body.name_digest]
    if isinstance(body, NewKeyring):
        return [body.organisation_id.bytes, number_bytes(body.version), body.public, body.wraps]
    if isinstance(body, Holding):
        return [body.organisation_id.bytes, number_bytes(body.version), _HOLDS if body.holds else _LACKS]
    if isinstance(body, Party):
        return [body.organisation_id.bytes, _text(body.state), body.agreement]
    if isinstance(body, Box):
        return [body.organisation_id.bytes, number_bytes(body.month), body.public]
    if isinstance(body, Restored):
        return [number_bytes(body.number)]
    if isinstance(body, Proposed):
        return [_text(body.kind), crypto.ctx(*_parts(body.body))]
    if isinstance(body, Declined):
        return [body.proposal, _text(body.reason)]
    return [body.proposal]


def body_bytes(body: Body, at: int) -> bytes:
    """A body with its hour; raises EntryRefused for parts that are too long."""
    encoded = crypto.ctx(*_parts(body), number_bytes(at))
    if len(encoded) > LONGEST_BODY:
        raise EntryRefused(EntryRefusal.FORM)
    return encoded


def split(context: bytes) -> list[bytes]:
    """The parts of a ctx; raises EntryRefused for bytes that are none."""
    if context[: len(_HEAD)] != _HEAD:
        raise EntryRefused(EntryRefusal.FORM)
    parts, place = [], len(_HEAD)
    while place < len(context):
        length = int.from_bytes(context[place : place + 4], "big")
        place += 4 + length
        if place > len(context):
            raise EntryRefused(EntryRefusal.FORM)
        parts.append(context[place - length : place])
    return parts


def read_body(kind: EntryKind, body: bytes) -> tuple[Body, int]:
    """(body, hour); raises EntryRefused unless these are exactly the bytes that `body_bytes` writes."""
    if len(body) > LONGEST_BODY:
        raise EntryRefused(EntryRefusal.FORM)
    try:
        *parts, hour = split(body)
        found, at = _read(kind, parts), _number(hour)
    except (ValueError, IndexError):
        raise EntryRefused(EntryRefusal.FORM) from None
    if body_bytes(found, at) != body:
        raise EntryRefused(EntryRefusal.FORM)  # another spelling of the same, such as text that is not NFC
    return found, at


def _read(kind: EntryKind, parts: Sequence[bytes]) -> Body:
    if kind is EntryKind.PROPOSED:
        inner, content = _exactly(parts, 2)
        proposed = EntryKind(inner.decode())
        if proposed in ABOUT_PROPOSALS:
            raise ValueError
        return Proposed(proposed, _read_act(proposed, split(content)))
    if kind is EntryKind.AGREED:
        return Agreed(_of(DIGEST_BYTES, *_exactly(parts, 1)))
    if kind is EntryKind.DECLINED:
        proposal, reason = _exactly(parts, 2)
        return Declined(_of(DIGEST_BYTES, proposal), reason.decode())
    return _read_act(kind, parts)


def _read_act(kind: EntryKind, parts: Sequence[bytes]) -> Act:
    if kind is EntryKind.GENESIS:
        return Genesis(tuple(_read_founding(split(each)) for each in parts))
    if kind is EntryKind.FOUNDED:
        return _read_founding(parts)
    if kind in (EntryKind.JOINED, EntryKind.ANEW):
        member_id, organisation_id, *others, own = _exactly(parts, _PERSON_PARTS + 2)
        return _read_person(uuid.UUID(bytes=organisation_id), [member_id, *others], own)
    if kind in (EntryKind.LEFT, EntryKind.SUSPENDED, EntryKind.RESUMED):
        subject, reason = _exactly(parts, 2)
        return Standing(uuid.UUID(bytes=subject), reason.decode())
    if kind is EntryKind.ROLE:
        member_id, role = _exactly(parts, 2)
        return NewRole(uuid.UUID(bytes=member_id), role.decode())
    if kind is EntryKind.RENAMED:
        subject, digest = _exactly(parts, 2)
        return NewName(uuid.UUID(bytes=subject), _of(DIGEST_BYTES, digest))
    if kind is EntryKind.KEYRING:
        organisation_id, version, public, wraps = _exactly(parts, 4)
        return NewKeyring(
            uuid.UUID(bytes=organisation_id), _number(version), _of(KEY_BYTES, public), _of(DIGEST_BYTES, wraps)
        )
    if kind is EntryKind.HOLDING:
        organisation_id, version, said = _exactly(parts, 3)
        return Holding(uuid.UUID(bytes=organisation_id), _number(version), said == _HOLDS)
    if kind is EntryKind.PARTY:
        organisation_id, state, agreement = _exactly(parts, 3)
        return Party(uuid.UUID(bytes=organisation_id), state.decode(), _of(DIGEST_BYTES, agreement))
    if kind is EntryKind.BOX:
        organisation_id, month, public = _exactly(parts, 3)
        return Box(uuid.UUID(bytes=organisation_id), _number(month), _of(KEY_BYTES, public))
    return Restored(_number(*_exactly(parts, 1)))


def _read_founding(parts: Sequence[bytes]) -> Founding:
    organisation_id, code, kind, party, crossing_point, names, public = parts[:_FOUNDING_PARTS]
    whose = uuid.UUID(bytes=organisation_id)
    people = parts[_FOUNDING_PARTS:]
    each = _PERSON_PARTS + 1
    if not people or len(people) % each:
        raise ValueError
    founders = [people[start : start + each] for start in range(0, len(people), each)]
    return Founding(
        whose,
        code.decode(),
        kind.decode(),
        party.decode(),
        crossing_point.decode(),
        _of(DIGEST_BYTES, names),
        _of(KEY_BYTES, public) if public else b"",
        tuple(_read_person(whose, person[:-1], person[-1]) for person in founders),
    )


def _read_person(organisation_id: uuid.UUID, parts: Sequence[bytes], own: bytes) -> Person:
    member_id, role, serial, digest, signing, sealing = parts
    return Person(
        uuid.UUID(bytes=member_id),
        organisation_id,
        role.decode(),
        _number(serial),
        _of(DIGEST_BYTES, digest),
        _of(KEY_BYTES, signing),
        _of(KEY_BYTES, sealing),
        _of(SIGNATURE_BYTES, own),
    )


def _exactly(parts: Sequence[bytes], number: int) -> Sequence[bytes]:
    if len(parts) != number:
        raise ValueError
    return parts


def _of(length: int, part: bytes) -> bytes:
    if len(part) != length:
        raise ValueError
    return part


def _number(part: bytes) -> int:
    return int.from_bytes(_of(4, part), "big")


def message(instance_id: uuid.UUID, number: int, before: bytes, kind: str, body: bytes) -> bytes:
    """What the signer of an entry signs."""
    return crypto.ctx("entry 1", instance_id, number_bytes(number), before, kind, body)


def digest_of(signed_message: bytes, signer_id: uuid.UUID, signature: bytes) -> bytes:
    """What the next entry continues."""
    return crypto.digest(crypto.ctx("digest 1", signed_message, signer_id, signature))


def sign(
    state: State,
    instance_id: uuid.UUID,
    kind: EntryKind,
    body: Body,
    *,
    at: int,
    signer_id: uuid.UUID,
    private: bytes,
) -> tuple[Signed, State]:
    """An entry signed at the state's head, and the state with it; raises EntryRefused if the rules do not allow it.

    The hour is that of the entry before, if the clock went back.
    """
    at = max(at, state.at)
    encoded = body_bytes(body, at)
    to_sign = message(instance_id, state.number + 1, state.digest, kind, encoded)
    signed = Signed(state.number + 1, str(kind), encoded, signer_id, crypto.sign(private, to_sign))
    after = state.copy()
    Replay(instance_id, after).take(signed)
    return signed, after


class Replay:
    """Takes a state on by signed entries, one after the other; keeps the public keys it has read."""

    def __init__(self, instance_id: uuid.UUID, state: State) -> None:
        self.instance_id, self.state = instance_id, state
        self._keys: dict[bytes, Ed25519PublicKey] = {}

    def take(self, signed: Signed) -> Entry:
        """Verify an entry and apply it; raises Refused, and the state is as before."""
        try:
            return self._take(signed)
        except EntryRefused as refused:
            missing = refused.reason is EntryRefusal.PLACE and signed.number > self.state.number
            raise Refused(self.state.number + 1 if missing else signed.number, refused.reason) from None

    def _take(self, signed: Signed) -> Entry:
        state = self.state
        if signed.number != state.number + 1:
            raise EntryRefused(EntryRefusal.PLACE)
        try:
            kind = EntryKind(signed.kind)
        except ValueError:
            raise EntryRefused(EntryRefusal.FORM) from None
        body, at = read_body(kind, signed.body)
        key = state.signing_key(body, signed.signer_id, at)
        to_sign = message(self.instance_id, signed.number, state.digest, signed.kind, signed.body)
        self._must_be_signed(key, signed.signature, to_sign)
        for person in people_in(body):
            self._must_be_signed(person.signing, person.own, own_message(self.instance_id, person))
        entry = Entry(
            signed.number, kind, body, at, signed.signer_id, digest_of(to_sign, signed.signer_id, signed.signature)
        )
        state.apply(entry)
        return entry

    def _must_be_signed(self, public: bytes, signature: bytes, to_sign: bytes) -> None:
        try:
            key = self._keys.get(public)
            if key is None:
                key = self._keys[public] = Ed25519PublicKey.from_public_bytes(public)
            key.verify(signature, to_sign)
        except (InvalidSignature, ValueError):
            raise EntryRefused(EntryRefusal.SIGNATURE) from None


def replay(instance_id: uuid.UUID, entries: Iterable[Signed], state: State | None = None) -> State:
    """The state after all entries; raises Refused, naming the first that is wrong."""
    going = Replay(instance_id, State() if state is None else state)
    for each in entries:
        going.take(each)
    return going.state


def comes_in(member: Member, row: Any) -> bool:
    """Whether somebody left or makes other keys, and is to be let in again: until then they are called as in the row,
    and what they read out covers the name. An active row never is, whatever keys it has."""
    return row.status in ("invited", "waiting") and (member.left or member.signing != row.sign_public)


def are_keys_of(member: Member, keys: KeyHolder) -> bool:
    """Whether these private halves are those of the member's present entry."""
    ours = crypto.verifying_key_of(keys.sign_private) + crypto.public_key_of(keys.kem_private)
    return crypto.same(ours, member.signing + member.sealing)
