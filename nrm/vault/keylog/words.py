"""The words that somebody reads to a colleague, and the marks of the rows about it (ADR 0100).

They bind the keys that the member has now to one occasion: whoever puts other keys into the database, or uses another's
link, is shown other words. The page of who types them never holds them.
"""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.domain.accounts.words import BYTES, WordPurpose, Words, words_of
from nrm.models.accounts.accounts import Invitation, Member
from nrm.models.accounts.occasions import Occasion
from nrm.vault.keylog import entries, log
from nrm.vault.marks import is_right_row_mac, microseconds, row_mac

RANDOM_BYTES = 16
CannotOpen = crypto.CannotOpen


def renew(session: Session, occasion: Occasion) -> None:
    """Give it words of its own, from now on, that name the end of the key log; the caller marks it."""
    end = log.end(session)
    occasion.random = os.urandom(RANDOM_BYTES)
    occasion.head_number, occasion.head_digest = end.number, end.digest
    occasion.began_at = clock.now()


def words(occasion: Occasion, member: Member, instance_id: Any) -> Words:
    """What the member's page shows on this occasion; raises CannotOpen for a member without keys."""
    if member.kem_public is None or member.sign_public is None or member.name_salt is None:
        raise CannotOpen
    context = crypto.ctx(
        "words 1",
        instance_id,
        str(occasion.purpose),
        member.organisation_id,
        member.id,
        occasion.serial,
        str(member.role),
        entries.name_digest(member.name_salt, member.login, member.name),
        member.sign_public,
        member.kem_public,
        occasion.head_number,
        occasion.head_digest,
        occasion.random,
    )
    return words_of(crypto.digest(context)[:BYTES])


def mark(occasion: Occasion) -> None:
    """Set the MAC of an occasion as it is now; call it after every change."""
    occasion.mark = row_mac(*_of_occasion(occasion))


def is_occasion(occasion: Occasion) -> bool:
    """Whether this program wrote it as it is now; otherwise it is reported."""
    return is_right_row_mac(occasion.mark, *_of_occasion(occasion))


def _of_occasion(row: Occasion) -> tuple[Any, ...]:
    whose = (row.member_id, row.organisation_id, str(row.purpose), str(row.status), row.serial)
    said = (row.random, row.head_number, row.head_digest, microseconds(row.began_at))
    times = tuple(microseconds(at) if at is not None else "" for at in (row.effective_at, row.typed_at))
    hands = tuple(hand or "" for hand in (row.by_id, row.second_id, row.typed_by_id))
    telephone = (row.session_digest or b"", row.sealed_totp or b"", "" if row.totp_step is None else row.totp_step)
    return ("occasion", row.id, *whose, *said, *times, *hands, *telephone)


def is_telephone(occasion: Occasion, session_digest: bytes) -> bool:
    """Whether the words are about the telephone that this very session set up."""
    same = crypto.same(occasion.session_digest or b"", session_digest)
    return occasion.purpose == WordPurpose.FACTOR and same


def invitation_mark(invitation: Invitation, member: Member) -> bytes:
    """The MAC of a link: for whom it is, by which sign-in name, into which organisation, until when, and who made
    it."""
    return row_mac(*_of_invitation(invitation, member), member.organisation_id)


def is_invitation(invitation: Invitation, member: Member) -> bool:
    """Whether this program made the link for the person who has this sign-in name and stands in this organisation now;
    otherwise it is reported. Links from before the organisation was a part of the mark count until they are over."""
    whose = _of_invitation(invitation, member)
    if invitation.mark is not None and crypto.same(invitation.mark, row_mac(*whose, member.organisation_id)):
        return True
    return is_right_row_mac(invitation.mark, *whose)


def _of_invitation(row: Invitation, member: Member) -> tuple[Any, ...]:
    return ("invitation", row.member_id, member.login, row.digest, microseconds(row.expires_at), row.by_id or "")
