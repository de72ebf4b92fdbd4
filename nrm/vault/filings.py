"""Filed tables: the signature of the filer, and the sealed figures of tables about victims and children (ADR 0034).

Such figures are sealed under two halves, like a compartment of a case. One half is the shred key; the other is derived
from the store key, not granted to an organisation: no account can open them, not even that of the filer. The program
opens them once, when a quarter is closed, and only the rounded figures are published.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from nrm import crypto
from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.domain.reports.filings import Figures, figures_of, zeros
from nrm.domain.reports.register import Answer, Matrix
from nrm.models.reports.filings import Filing
from nrm.models.shelter.cases import SealedCompartment
from nrm.vault import blobs, epochs, shredding
from nrm.vault.marks import check_row_mac, config, report, row_mac
from nrm.vault.members import signing_key
from nrm.vault.signing import signer_then

CannotOpen = crypto.CannotOpen
FILED = "filed"
_FIRST = 1


def seal(session: Session, filing_id: uuid.UUID, value: dict[str, Any]) -> bytes:
    """Seal the figures of a table for the program alone; returns the sealed bytes, which the filer signs."""
    shred_key = crypto.new_key()
    sealed = blobs.seal_value(value, _program_key(filing_id), shred_key, filing_id, FILED, _FIRST, _FIRST)
    session.execute(
        insert(SealedCompartment).values(
            case_id=filing_id, compartment=FILED, epoch=_FIRST, revision=_FIRST, sealed_value=sealed
        )
    )
    shredding.store([{"case_id": filing_id, "compartment": FILED, "epoch": _FIRST, "key": shred_key}])
    return sealed


def open_sealed(session: Session, row: Filing, *, by: Actor) -> dict[str, Any]:
    """The figures of a sealed table, for closing a quarter; NotPermitted for every person. Raises CannotOpen."""
    if by != Actor.system("release"):
        raise NotPermitted("what is filed about people is counted by the program alone")
    found = session.get(SealedCompartment, (row.id, FILED))
    shred_key = shredding.shred_key(row.id, FILED, _FIRST)
    if found is None or shred_key is None or not crypto.same(crypto.digest(found.sealed_value), row.digest):
        report("filed table", row.id)
        raise CannotOpen
    return blobs.open_value(found, _program_key(row.id), shred_key)


def destroy(session: Session, filing_id: uuid.UUID) -> None:
    """Destroy the key, once the figures are published or replaced: nothing opens them any more, in no backup either."""
    epochs.erase(session, filing_id, {FILED})


def sign(row: Filing, content: bytes, *, by: Actor) -> None:
    """Set the filer's Ed25519 signature over the filing and its content, and the MAC of the row. Raises CannotOpen."""
    private, row.public = signing_key(by)
    row.digest = crypto.digest(content)
    row.signature = crypto.sign(private, _message(row))
    row.mark = row_mac("filing", row.id, *_signed_parts(row))


def check(row: Filing) -> None:
    """Raise CannotOpen unless this program made exactly this filing, signed with the key stored next to it, which was
    the filer's then by the key log, if it has them."""
    check_row_mac(row.mark, "filing", row.id, *_signed_parts(row))
    if row.content is not None and not crypto.same(crypto.digest(row.content.encode()), row.digest):
        report("filing", row.id)
        raise CannotOpen
    then = signer_then(row.member_id, row.filed_at)
    theirs = then is None or row.public in then.keys
    if not theirs or not crypto.signed(row.public, row.signature, _message(row)):
        report("filing", row.id)
        raise CannotOpen


def figures(row: Filing, matrix: Matrix) -> Figures | None:
    """The figures of a filing whose signature is valid, if they are not sealed; all zeros for `zero`.

    Raises CannotOpen.
    """
    check(row)
    if row.content is not None:
        return figures_of(row.content.encode(), matrix)
    return zeros(matrix) if row.answer == Answer.ZERO else None


def _message(row: Filing) -> bytes:
    """What is signed; the reason for a broken rule only where there is one.

    For a sealed table the digest is that of the sealed bytes, so nobody can test a guess with it.
    """
    return crypto.ctx(
        "filing",
        row.id,
        row.matrix,
        row.quarter,
        row.position,
        row.replaces_id or "",
        row.organisation_id,
        row.member_id,
        row.answer,
        row.filed_at.isoformat(),
        row.digest,
        *([row.reason] if row.reason else []),
    )


def _signed_parts(row: Filing) -> tuple[crypto.Part, ...]:
    return _message(row), row.public, row.signature


def _program_key(filing_id: uuid.UUID) -> bytes:
    return crypto.expand(config().secrets.store, crypto.ctx("filed table", filing_id))
