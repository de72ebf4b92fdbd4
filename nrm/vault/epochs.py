"""New epochs of a case's compartments, and their end.

A new epoch is a new CK and SK: destroying the old SK ends what every old grant could open, old backups included.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.cases import HOUSE_LABEL
from nrm.domain.support.complaints import COMPLAINT
from nrm.models.shelter.cases import CareNote, Case, Erasure, SealedCompartment
from nrm.prepared import Row
from nrm.vault import blobs, care_notes, grants, hearings, rows, shredding
from nrm.vault.compartments import StaleRevision, keys, sealed_of
from nrm.vault.grants import Place, Recipient
from nrm.vault.keyrings import CannotOpen, HoldsNoKeys, NothingNew
from nrm.vault.unattended import complaint_marks


def rotate(
    session: Session,
    case_id: uuid.UUID,
    keep: Mapping[str, Collection[uuid.UUID]],
    *,
    members: bool = False,
    by: Actor,
) -> None:
    """A new epoch of the named compartments, for exactly the organisations in `keep` (compartment -> holders).

    The actor must be able to open each: by a live grant, or as the party of the open referral (that is accepting).
    All other grants and all pending grants end; the old shred keys and all release keys are listed for destruction.
    `members`: who holds a compartment by a key of their own holds it again. A house label has one holder, the house,
    and is left as it is: it is destroyed, and never passed on.
    """
    shred_keys = []
    own = grants.granted_to_members(session, [(case_id, each) for each in keep]) if members else {}
    for compartment, holders in keep.items():
        if compartment == HOUSE_LABEL:
            continue
        row, *opened_with = keys(session, case_id, compartment, by=by, releasing=True)
        grantees = _held_or_new(session, (case_id, compartment), holders, by)
        following = follow(session, row, opened_with, grantees, revision=row.revision + 1)
        holders_alone = own.get((case_id, compartment), ())
        grants.grant_members(session, following[0], case_id, compartment, row.epoch + 1, holders_alone)
        shred_keys.append({"case_id": case_id, "compartment": compartment, "epoch": row.epoch + 1, "key": following[1]})
    shredding.store(shred_keys)


def _held_or_new(session: Session, place: Place, holders: Collection[uuid.UUID], by: Actor) -> list[Recipient]:
    """`grants.recipients` of a new epoch: who holds the compartment keeps it, also by a version that somebody held who
    left; who did not must be able to get it."""
    try:
        return grants.recipients(session, holders, by=by)
    except NothingNew:
        return grants.recipients(session, holders, by=by, again=grants.holders_of(session, *place))


def replace(
    session: Session, case_id: uuid.UUID, compartment: str, value: dict[str, Any], *holders: uuid.UUID, by: Actor
) -> None:
    """A new epoch of the compartment with `value` in place of what is there, for these organisations: what was sealed
    before is destroyed with the old shred key, in every backup, too. Raises CannotOpen, StaleRevision."""
    row, *opened_with = keys(session, case_id, compartment, by=by)
    grantees = _held_or_new(session, (case_id, compartment), holders, by)
    following = follow(session, row, opened_with, grantees, revision=row.revision + 1, value=value)
    place = {"case_id": case_id, "compartment": compartment, "epoch": row.epoch + 1}
    shredding.store([{**place, "key": following[1]}])


def give_to_members(
    session: Session,
    case_id: uuid.UUID,
    compartment: str,
    members: Collection[uuid.UUID],
    *,
    seen: int,
    by: Actor,
    value: dict[str, Any] | None = None,
) -> int:
    """A new epoch of the compartment, for these members alone, by their own keys; returns its revision.

    No organisation opens it any more: its grant is deleted here, and what somebody kept of the old key opens nothing
    once the old shred key, which is listed for destruction, is gone. `value`: what is sealed in place of what is there.
    Raises CannotOpen, StaleRevision if `seen` is not the newest revision.
    """
    row, *opened_with = keys(session, case_id, compartment, by=by)
    if row.revision != seen:
        raise StaleRevision
    following = follow(session, row, opened_with, [], revision=seen + 1, value=value)
    grants.grant_members(session, following[0], case_id, compartment, row.epoch + 1, members, by=by)
    place = {"case_id": case_id, "compartment": compartment, "epoch": row.epoch + 1}
    shredding.store([{**place, "key": following[1]}])
    return seen + 1


def forget_member(session: Session, member_id: uuid.UUID) -> None:
    """End all grants to the member themselves. What nobody else holds is lost: it is erased, and its key is listed."""
    for case_id, compartment in grants.forget_member(session, member_id):
        erase(session, case_id, [compartment])


@dataclass(frozen=True, slots=True)
class SealedAgain:
    """How many compartments got a new epoch, and those that do not open or must not be sealed."""

    sealed: int
    unopenable: Sequence[Place]


def seal_again(session: Session, places: Sequence[Place], *, by: Actor) -> SealedAgain:
    """A new epoch of each compartment for exactly those who hold it; it is offered again to those who are asked.

    A key that somebody kept from before opens nothing any more. The revision stays the same, so that a person who is
    writing can continue. The actor must hold each. A compartment that somebody changed meanwhile is left out.
    """
    _hold(session, places)
    holding, asked = grants.holding(session, places), grants.asked(session, places)
    of_members = grants.granted_to_members(session, places)
    shred_keys: list[dict[str, object]] = []
    release_keys: list[dict[str, object]] = []
    known: dict[frozenset[uuid.UUID], Sequence[Recipient]] = {frozenset(): ()}
    unopenable = []
    for place in places:
        case_id, compartment = place
        try:
            row, *opened_with = keys(session, case_id, compartment, by=by)
            grantees, parties = (_recipients(session, known, each[place], by) for each in (holding, asked))
            compartment_key, shred_key = follow(session, row, opened_with, grantees, revision=row.revision)
        except (CannotOpen, HoldsNoKeys):
            current_app.logger.error("%s of case %s cannot be sealed again", compartment, case_id)
            unopenable.append(place)
            continue
        epoch = row.epoch + 1
        grants.grant_members(session, compartment_key, case_id, compartment, epoch, of_members.get(place, ()))
        shred_keys.append({"case_id": case_id, "compartment": compartment, "epoch": epoch, "key": shred_key})
        release_keys += grants.pend(session, compartment_key, (case_id, compartment, epoch), parties)
    shredding.store(shred_keys, release_keys)
    if by.keys is not None:
        by.keys.unwrapped.clear()
    return SealedAgain(len(shred_keys), unopenable)


def _recipients(
    session: Session,
    known: dict[frozenset[uuid.UUID], Sequence[Recipient]],
    organisation_ids: Collection[uuid.UUID],
    by: Actor,
) -> Sequence[Recipient]:
    """`grants.recipients`, asked once in a transaction: the keyrings cannot be dropped before it ends."""
    which = frozenset(organisation_ids)
    if which not in known:
        known[which] = grants.recipients(session, which, by=by, again=which)
    return known[which]


def _hold(session: Session, places: Collection[Place]) -> None:
    """Keep others from changing these compartments, and who holds them, until the transaction ends (PostgreSQL)."""
    cases = {case_id for case_id, _ in places}
    session.execute(select(Case.id).where(Case.id.in_(cases)).order_by(Case.id).with_for_update())
    place = (SealedCompartment.case_id, SealedCompartment.compartment)
    session.execute(select(*place).where(tuple_(*place).in_(places)).order_by(*place).with_for_update())


def follow(
    session: Session,
    row: Row,
    opened_with: Sequence[bytes],
    grantees: Sequence[Recipient],
    *,
    revision: int,
    value: dict[str, Any] | None = None,
) -> tuple[bytes, bytes]:
    """Seal the compartment (or `value` in its place) under the next epoch's (CK, SK), which are returned; SK is to be
    stored by the caller.

    Raises CannotOpen before anything is changed, StaleRevision when somebody wrote in the same instant.
    """
    compartment_key, shred_key = opened_with
    value = blobs.open_value(row, compartment_key, shred_key) if value is None else value
    case_id, compartment, epoch = row.case_id, row.compartment, row.epoch + 1
    following = crypto.new_key(), crypto.new_key()
    until = grants.days_of(session, case_id, compartment)
    hit = hit_one(
        session,
        update(SealedCompartment)
        .where(
            SealedCompartment.case_id == case_id,
            SealedCompartment.compartment == compartment,
            SealedCompartment.epoch == row.epoch,
            SealedCompartment.revision == row.revision,
        )
        .values(
            epoch=epoch,
            revision=revision,
            **({"step": ""} if revision != row.revision else {}),
            sealed_value=blobs.seal_value(value, *following, case_id, compartment, epoch, revision),
        ),
    )
    if not hit:
        raise StaleRevision
    grants.end(session, case_id, compartment, row.epoch)
    grants.grant(session, following[0], case_id, compartment, epoch, grantees, until=until)
    if compartment == "care":
        care_notes.move(session, case_id, (compartment_key, shred_key), following, epoch)
    elif compartment in hearings.KEPT_IN:
        hearings.move(session, case_id, compartment, (compartment_key, shred_key), following, epoch)
    elif compartment == COMPLAINT:
        complaint_marks.move(session, case_id, row.epoch, epoch)
    return following


def shred(session: Session, case_id: uuid.UUID, compartments: Collection[str]) -> None:
    """End every access to these compartments of the case for good; the rows go, the keys are listed."""
    for row in sealed_of(session, case_id):
        if row.compartment in compartments:
            grants.end(session, case_id, row.compartment, row.epoch)
            session.execute(
                delete(SealedCompartment).where(
                    SealedCompartment.case_id == case_id, SealedCompartment.compartment == row.compartment
                )
            )
            if row.compartment == "care":
                session.execute(delete(CareNote).where(CareNote.case_id == case_id))
            elif row.compartment in hearings.KEPT_IN:
                hearings.forget(session, case_id, row.compartment)


def erase(session: Session, case_id: uuid.UUID, compartments: Collection[str], *, at: datetime | None = None) -> None:
    """`shred`, and remember it: what is erased stays erased when an older backup is restored."""
    shred(session, case_id, compartments)
    for compartment in sorted(compartments):
        there = session.get(Erasure, (case_id, compartment))
        if there is None:
            there = Erasure(case_id=case_id, compartment=compartment, erased_at=at or clock.now())
            session.add(there)
        elif not rows.is_erasure(there):
            there.erased_at = at or clock.now()
        there.mark = rows.erasure_mark(case_id, compartment, there.erased_at)
