"""Giving a key to others: at once (share), pending until an answer (offer), and sealing a part for the holder only."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from nrm import crypto
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.shelter.cases import HOUSE_LABEL
from nrm.models.shelter.cases import Grant, PendingGrant
from nrm.vault import blobs, grants, shredding
from nrm.vault.compartments import keys, put, sealed_of
from nrm.vault.keyrings import CannotOpen
from nrm.vault.marks import report


def share(session: Session, case_id: uuid.UUID, compartment: str, holders: Collection[uuid.UUID], *, by: Actor) -> None:
    """Add live grants of the present epoch; the actor must hold the compartment's key."""
    row, compartment_key, _ = keys(session, case_id, compartment, by=by)
    grants.clear(session, Grant, case_id, holders, [compartment])
    shredding.forget_ended([(case_id, compartment, row.epoch, each) for each in holders])
    grants.grant(session, compartment_key, case_id, compartment, row.epoch, grants.recipients(session, holders, by=by))


def offer(
    session: Session,
    case_id: uuid.UUID,
    parties: Collection[uuid.UUID],
    *,
    by: Actor,
    compartments: Collection[str] | None = None,
) -> list[grants.Recipient]:
    """Seal a pending grant of every compartment (or of those named) for every party of the route; returns the parties
    with their keyrings. What a person is called in the holder's house is offered to nobody.

    Each has a release key of its own.
    """
    release_keys = []
    recipients = grants.recipients(session, parties)
    offered = [
        row
        for row in sealed_of(session, case_id)
        if row.compartment != HOUSE_LABEL and (compartments is None or row.compartment in compartments)
    ]
    grants.clear(session, PendingGrant, case_id, parties, [row.compartment for row in offered])
    for row in offered:
        _, compartment_key, _ = keys(session, case_id, row.compartment, by=by)
        place = (case_id, row.compartment, row.epoch)
        release_keys += grants.pend(session, compartment_key, place, recipients)
    shredding.store([], release_keys)
    return recipients


def hand_in(
    session: Session,
    case_id: uuid.UUID,
    compartment: str,
    value: dict[str, Any],
    holder: uuid.UUID,
    *,
    also: Collection[uuid.UUID] = (),
) -> None:
    """Seal a new compartment to the case's holder; the sender holds no key to the case and keeps none to this.

    `also`: the shelter that hands the person on and still has the case, as `cases.having` found it.
    A party that is being asked to take the case gets a pending grant of it, as of the other compartments. Raises
    CannotOpen if the holder in the row has no keys to the case: the row was changed by hand.
    """
    to = grants.recipients(session, {holder, *also})
    held = {holder, *also} <= grants.holders_of(session, case_id, "hand_over")
    if not held or not all(OrganisationKind(each.kind).takes_people_in for each in to):
        report("holder", case_id)
        raise CannotOpen
    compartment_key, shred_key = crypto.new_key(), crypto.new_key()
    sealed = blobs.seal_value(value, compartment_key, shred_key, case_id, compartment, 1, 1)
    put(session, case_id, compartment, sealed)
    grants.grant(session, compartment_key, case_id, compartment, 1, to)
    asked = grants.recipients(session, grants.waiting(session, case_id))
    release_keys = grants.pend(session, compartment_key, (case_id, compartment, 1), asked)
    shredding.store([{"case_id": case_id, "compartment": compartment, "epoch": 1, "key": shred_key}], release_keys)
