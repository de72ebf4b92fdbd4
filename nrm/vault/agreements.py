"""Signatures of members over a text of the agreement, and the MACs that show that this program wrote a version."""

from __future__ import annotations

import uuid
from datetime import datetime

from nrm import crypto
from nrm.domain.accounts.accounts import Actor
from nrm.models.agreement.agreements import AcceptedWeakening, AgreementSignature, AgreementVersion, AgreementWithdrawal
from nrm.vault.marks import check_row_mac, is_right_row_mac, row_mac
from nrm.vault.members import signing_key
from nrm.vault.signing import signer_then

CannotOpen = crypto.CannotOpen


def digest(text: str) -> str:
    """SHA-256 of the text, in hexadecimal: what a person who signs has read."""
    return crypto.digest(text.encode()).hex()


def sign(version: AgreementVersion, *, party: str, place: int, at: datetime, by: Actor) -> AgreementSignature:
    """The actor's Ed25519 signature for the party over the version's text. Raises CannotOpen without keys."""
    if by.member_id is None or by.organisation_id is None:
        raise CannotOpen
    private, public = signing_key(by)
    row = AgreementSignature(
        id=uuid.uuid4(),
        version_id=version.id,
        party=party,
        place=place,
        organisation_id=by.organisation_id,
        member_id=by.member_id,
        signed_at=at,
        public=public,
    )
    row.signature = crypto.sign(private, _message(version, row))
    row.mark = row_mac("agreement signature", row.id, *_of_signature(row))
    return row


def check_signature(version: AgreementVersion, row: AgreementSignature) -> None:
    """Raise CannotOpen unless this person signed exactly this text, in this program, with the key stored next to it,
    which was theirs then by the key log, if it has them."""
    check_row_mac(row.mark, "agreement signature", row.id, *_of_signature(row))
    then = signer_then(row.member_id, row.signed_at)
    theirs = then is None or row.public in then.keys
    if not theirs or not crypto.signed(row.public, row.signature, _message(version, row)):
        raise CannotOpen


def _message(version: AgreementVersion, row: AgreementSignature) -> bytes:
    text = crypto.digest(version.text.encode())
    return crypto.ctx(
        "agreement", version.id, version.version, text, row.party, row.member_id, row.signed_at.isoformat()
    )


def _of_signature(row: AgreementSignature) -> tuple[crypto.Part, ...]:
    return row.version_id, row.party, row.place, row.organisation_id, row.member_id, row.public, row.signature


def mark_weakening(version: AgreementVersion, row: AcceptedWeakening) -> None:
    """Set the MAC of an accepted weakening."""
    row.mark = row_mac("accepted weakening", row.id, *_of_weakening(version, row))


def is_weakening(version: AgreementVersion, row: AcceptedWeakening) -> bool:
    """Whether this program wrote the row as it is, for this very text."""
    return is_right_row_mac(row.mark, "accepted weakening", row.id, *_of_weakening(version, row))


def _of_weakening(version: AgreementVersion, row: AcceptedWeakening) -> tuple[crypto.Part, ...]:
    text = crypto.digest(version.text.encode())
    return (row.version_id, version.version, text, row.number, row.reason, row.by_id, row.at.isoformat())


def mark_withdrawal(version: AgreementVersion, row: AgreementWithdrawal) -> None:
    """Set the MAC of a withdrawal."""
    row.mark = row_mac("agreement withdrawal", row.id, *_of_withdrawal(version, row))


def is_withdrawal(version: AgreementVersion, row: AgreementWithdrawal) -> bool:
    """Whether this program wrote the row as it is, of this very text."""
    return is_right_row_mac(row.mark, "agreement withdrawal", row.id, *_of_withdrawal(version, row))


def _of_withdrawal(version: AgreementVersion, row: AgreementWithdrawal) -> tuple[crypto.Part, ...]:
    text = crypto.digest(version.text.encode())
    return (row.version_id, version.version, text, row.reason, row.by_id, row.at.isoformat())


def mark_version(version: AgreementVersion) -> None:
    """Set the MAC of the row as it is now; call it after every change."""
    version.mark = row_mac("agreement version", version.id, *_of_version(version))


def check_version(version: AgreementVersion) -> None:
    """Raise CannotOpen when another program changed the text or what is recorded about it."""
    check_row_mac(version.mark, "agreement version", version.id, *_of_version(version))


def is_version(version: AgreementVersion) -> bool:
    """Whether this program wrote the row as it is, its state too."""
    return is_right_row_mac(version.mark, "agreement version", version.id, *_of_version(version))


def _of_version(version: AgreementVersion) -> tuple[crypto.Part, ...]:
    """Also from which text it was written, which versions from before that was kept do not say."""
    base = (version.study["base"],) if "base" in version.study else ()
    return (
        version.version,
        crypto.digest(version.text.encode()),
        version.status,
        version.proposed_by,
        version.approved_on.isoformat() if version.approved_on else "",
        version.approval_note,
        version.approved_by or "",
        version.opened_at.isoformat() if version.opened_at else "",
        *base,
    )
