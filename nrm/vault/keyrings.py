"""The keyring of an organisation: an X25519 pair whose private half is wrapped to every member who may open cases."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.domain.accounts import Actor, OrganisationKind
from nrm.models.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.vault.marks import check_mark, mark

CannotOpen = crypto.CannotOpen


class HoldsNoKeys(Exception):
    """An organisation of this kind must never be able to open a case; or has nobody who holds its keyring yet."""


def make_keyring(session: Session, organisation: Organisation, member: Member) -> None:
    """The organisation's first keyring, made by its first member."""
    if not OrganisationKind(organisation.kind).holds_keys:
        raise HoldsNoKeys(organisation.code)
    private, public = crypto.key_pair()
    keyring = Keyring(
        id=uuid.uuid4(),
        organisation_id=organisation.id,
        version=1,
        public=public,
        mark=mark("keyring", organisation.id, organisation.kind, 1, public),
        created_at=clock.now(),
    )
    session.add(keyring)
    session.flush()
    session.add(_wrap(keyring, member, private))


def share_keyring(session: Session, member: Member, *, by: Actor) -> None:
    """Wrap every version of the organisation's keyring to a new member; `by` must hold it. Raises CannotOpen."""
    keyrings = session.scalars(select(Keyring).where(Keyring.organisation_id == by.organisation_id)).all()
    if not keyrings:
        raise CannotOpen
    for keyring in keyrings:
        session.add(_wrap(keyring, member, keyring_private(session, keyring.version, by=by)))


def _wrap(keyring: Keyring, member: Member, private: bytes) -> KeyringWrap:
    if member.kem_public is None:
        raise CannotOpen
    check_mark(member.kem_mark, "member", member.id, member.organisation_id, member.kem_public)
    info = crypto.ctx("keyring", keyring.organisation_id, keyring.version, member.id)
    return KeyringWrap(
        keyring_id=keyring.id, member_id=member.id, sealed_private=crypto.wrap(member.kem_public, private, info)
    )


_WRAP = select(KeyringWrap.sealed_private).join(Keyring, Keyring.id == KeyringWrap.keyring_id)


def keyring_private(session: Session, version: int, *, by: Actor) -> bytes:
    """The private half of one version of the actor's organisation's keyring; raises CannotOpen."""
    if by.keys is None or by.member_id is None or by.organisation_id is None:
        raise CannotOpen
    if known := by.keys.keyrings.get(version):
        return known
    sealed = session.scalar(
        _WRAP.where(
            KeyringWrap.member_id == by.member_id,
            Keyring.organisation_id == by.organisation_id,
            Keyring.version == version,
        )
    )
    return unwrap_keyring(sealed, version, by=by)


def unwrap_keyring(sealed: bytes | None, version: int, *, by: Actor) -> bytes:
    """The same from the member's own wrap, already read; None or another member's raises CannotOpen."""
    if sealed is None or by.keys is None or by.member_id is None or by.organisation_id is None:
        raise CannotOpen
    if known := by.keys.keyrings.get(version):
        return known
    info = crypto.ctx("keyring", by.organisation_id, version, by.member_id)
    private = crypto.unwrap(by.keys.kem_private, sealed, info)
    by.keys.keyrings[version] = private
    return private


def unwrap_once(private: bytes, wrapped: bytes, context: bytes, *, by: Actor) -> bytes:
    """`crypto.unwrap`, done once per request: reading, reading again and writing need the same compartment key.

    Whether the wrapped key may still be used is the caller's affair each time.
    """
    if by.keys is None:
        raise CannotOpen
    known = by.keys.unwrapped.get((wrapped, context))
    if known is None:
        known = by.keys.unwrapped[wrapped, context] = crypto.unwrap(private, wrapped, context)
    return known


def organisation_mark(session: Session, message: bytes, *, by: Actor) -> bytes:
    """An HMAC under a key only the actor's organisation has: recognises a line without a hash anyone can try."""
    return crypto.mac(crypto.expand(keyring_private(session, 1, by=by), crypto.ctx("import")), message)
