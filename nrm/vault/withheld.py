"""What somebody told who has not said yes: sealed to whoever may receive them, and opened by a recorded yes alone.

It is sealed under an id of its own in place of a case's, so nothing that is done to the case reaches it. There are
pending grants only: whoever sealed it holds no key, and a party cannot make a grant of its own without the release key
in the second database. What ends it destroys the shred key and every release key.

Decided in ADR 0058.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import crypto
from nrm.domain.accounts.accounts import Actor
from nrm.models.shelter.cases import PendingGrant, SealedCompartment
from nrm.vault import blobs, grants, shredding
from nrm.vault.compartments import put
from nrm.vault.keyrings import CannotOpen, keyring_private
from nrm.vault.marks import report

WITHHELD = "withheld"


def seal(session: Session, withheld_id: uuid.UUID, value: dict[str, Any], parties: Collection[uuid.UUID]) -> None:
    """Seal the value; each of the parties gets a pending grant, and nobody a live one."""
    compartment_key, shred_key = crypto.new_key(), crypto.new_key()
    put(
        session, withheld_id, WITHHELD, blobs.seal_value(value, compartment_key, shred_key, withheld_id, WITHHELD, 1, 1)
    )
    place = (withheld_id, WITHHELD, 1)
    release_keys = grants.pend(session, compartment_key, place, grants.recipients(session, parties))
    shred = {"case_id": withheld_id, "compartment": WITHHELD, "epoch": 1, "key": shred_key}
    shredding.store([shred], release_keys)


def is_offered(session: Session, withheld_id: uuid.UUID, organisation_id: uuid.UUID | None) -> bool:
    """Whether the organisation could open it after a yes."""
    return organisation_id in grants.waiting(session, withheld_id)


def keep_for(session: Session, withheld_id: uuid.UUID, organisation_id: uuid.UUID) -> None:
    """Nobody but this organisation can open it after a yes: the pending grants of all others end."""
    for each in grants.waiting(session, withheld_id) - {organisation_id}:
        grants.let_go(session, withheld_id, each)


def opened(session: Session, withheld_id: uuid.UUID, *, by: Actor) -> dict[str, Any]:
    """The value, for a member of a party that it was sealed to; raises CannotOpen.

    The caller has recorded the yes in the same transaction, and ends what was opened.
    """
    row = session.get(SealedCompartment, (withheld_id, WITHHELD), populate_existing=True)
    mine = (PendingGrant.case_id == withheld_id, PendingGrant.organisation_id == by.organisation_id)
    pending = session.scalar(select(PendingGrant).where(*mine).execution_options(populate_existing=True))
    if row is None or pending is None or pending.epoch != row.epoch or by.organisation_id is None or by.kind is None:
        raise CannotOpen
    release_key = shredding.release_key(withheld_id, WITHHELD, row.epoch, by.organisation_id)
    shred_key = shredding.shred_key(withheld_id, WITHHELD, row.epoch)
    if release_key is None or shred_key is None:
        raise CannotOpen
    aad = grants.pending_context(withheld_id, WITHHELD, row.epoch, by.organisation_id)
    me = grants.Recipient(by.organisation_id, by.kind, pending.keyring_version, b"")
    try:
        wrapped = crypto.unseal(release_key, pending.sealed_key, aad)
        private = keyring_private(session, pending.keyring_version, by=by)
        context = grants.grant_context(withheld_id, WITHHELD, row.epoch, me)
        return blobs.open_value(row, grants.opened(private, wrapped, context), shred_key)
    except CannotOpen:
        report(WITHHELD, withheld_id)
        raise
