"""What a party that is asked may see of a person in a list: one yes or no, sealed to its keyring (ADR 0064).

It is sealed to the public half alone, without a shred key, so that a list opens it without a further statement. It is
one answer of the hand-over, always as long, and deleted once nobody is asked or awaited.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy.orm import Session

from nrm import crypto
from nrm.domain.accounts.accounts import Actor
from nrm.vault.grants import Recipient
from nrm.vault.keyrings import CannotOpen, unwrap_keyring
from nrm.vault.marks import report

Sealed = tuple[int, bytes]


def sealed_for(case_id: uuid.UUID, recipients: Iterable[Recipient], *, doctor: bool) -> dict[uuid.UUID, Sealed]:
    """Organisation -> the version of its keyring, and the yes or no that is sealed to it."""
    said = b"\x01" if doctor else b"\x00"
    return {
        each.organisation_id: (each.version, crypto.wrap(each.public, said, _context(case_id, each.organisation_id)))
        for each in recipients
    }


def needs_doctor(
    session: Session, case_id: uuid.UUID, sealed: bytes, version: int, wrapped: bytes | None, *, by: Actor
) -> bool:
    """Whether it was said; False where it does not open, which is not a no.

    `wrapped`: the member's wrap of that version of the keyring, None if there is none.
    """
    if by.organisation_id is None or by.keys is None or wrapped is None:
        return False  # the member has no key yet, or the version is gone
    try:
        private = unwrap_keyring(session, wrapped, version, by=by)
        return crypto.unwrap(private, sealed, _context(case_id, by.organisation_id)) == b"\x01"
    except CannotOpen:
        report("tag", case_id)
        return False


def sealed_again(case_id: uuid.UUID, sealed: bytes, private: bytes, to: Recipient) -> Sealed:
    """The same yes or no, sealed to the newest version of the keyring. Raises CannotOpen."""
    said = crypto.unwrap(private, sealed, _context(case_id, to.organisation_id))
    return to.version, crypto.wrap(to.public, said, _context(case_id, to.organisation_id))


def _context(case_id: uuid.UUID, organisation_id: uuid.UUID) -> bytes:
    return crypto.ctx("tag", case_id, organisation_id)
