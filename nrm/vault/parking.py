"""A case that opens for nobody, its holder included, until what the person wished is carried out or undone (ADR 0102).

    parked   AEAD(OUT, HPKE(holder's keyring, CK, grant context), parked context)
    OUT      MAC(store key; "parked", place, release key)

Parking makes a new epoch, so nothing that anybody kept from before opens it. The compartment key of that epoch is
sealed to the holder alone, as a grant is, and once more under OUT. Its release key lies in the second database, the
store key in a file, so a member of the holder with both databases opens nothing. Whoever gives it back needs no key
of a person: the inner part becomes the holder's grant, as it was sealed. Erasing destroys both halves.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import and_, delete, select, tuple_
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.domain.accounts.accounts import Actor
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Grant, MemberGrant, ParkedGrant, PendingGrant, SealedCompartment
from nrm.vault import epochs, grants, shredding
from nrm.vault.compartments import keys
from nrm.vault.keyrings import CannotOpen
from nrm.vault.marks import is_right_row_mac, report, row_mac

_HERE = and_(
    ParkedGrant.case_id == SealedCompartment.case_id,
    ParkedGrant.compartment == SealedCompartment.compartment,
    ParkedGrant.epoch == SealedCompartment.epoch,
)


def park(
    session: Session, case_id: uuid.UUID, compartments: Collection[str], holder_id: uuid.UUID, *, by: Actor
) -> None:
    """A new epoch of each compartment that nobody opens; every grant of it ends. The actor is a member of the holder.

    A compartment that the holder itself cannot open is taken from everybody as it is: no key to it comes back.
    """
    [holder] = grants.recipients(session, [holder_id], again=[holder_id])
    shred_keys: list[dict[str, object]] = []
    release_keys: list[dict[str, object]] = []
    for compartment in compartments:
        try:
            row, *opened_with = keys(session, case_id, compartment, by=by)
        except CannotOpen:
            _take_from_all(session, case_id, compartment)
            continue
        key, shred_key = epochs.follow(session, row, opened_with, [], revision=row.revision + 1)
        place = {"case_id": case_id, "compartment": compartment, "epoch": row.epoch + 1}
        release_key = crypto.new_key()
        parts = (case_id, compartment, row.epoch + 1, holder_id)
        sealed = crypto.wrap(holder.public, key, grants.grant_context(case_id, compartment, row.epoch + 1, holder))
        session.add(
            ParkedGrant(
                **place,
                organisation_id=holder_id,
                keyring_version=holder.version,
                since_version=holder.version,
                sealed_key=crypto.seal(outer_key(release_key, *parts), sealed, context(*parts)),
                mark=_mark(*parts, holder.version),
            )
        )
        shred_keys.append({**place, "key": shred_key})
        release_keys.append({**place, "organisation_id": holder_id, "key": release_key})
    session.flush()
    shredding.store(shred_keys, release_keys)


def give_back(session: Session, case_id: uuid.UUID, only: Collection[str] | None = None) -> Sequence[str]:
    """Give the holder its grants back; returns which compartments open again. Needs no key of anybody.

    `only`: these compartments. A row that this program did not write is reported and gives nobody a grant. Call
    `shredding.work_off` after the transaction: the release keys are listed for destruction.
    """
    back: list[str] = []
    for row in _parked_rows(session, case_id):
        if only is not None and row.compartment not in only:
            continue
        parts = (case_id, row.compartment, row.epoch, row.organisation_id)
        try:
            release_key = shredding.release_key(*parts) if _is_right(row) else None
            if release_key is None:
                raise CannotOpen
            sealed = crypto.unseal(outer_key(release_key, *parts), row.sealed_key, context(*parts))
        except CannotOpen:
            report(f"parked grant of {row.compartment}", case_id)
            continue
        grants.put_back(session, row, sealed)
        shredding.list_for_destruction(session, [grants.release_of(row)])
        session.delete(row)
        back.append(row.compartment)
    session.flush()
    _seal_anew_later(session, case_id)
    return back


def parked(session: Session, case_id: uuid.UUID) -> set[str]:
    """The compartments of the case that nobody opens for now."""
    return set(session.scalars(select(ParkedGrant.compartment).where(ParkedGrant.case_id == case_id)))


def marked(session: Session, places: Collection[grants.Place]) -> set[grants.Place]:
    """Those of these places that this program parked, at their present epoch."""
    found = session.scalars(
        select(ParkedGrant)
        .join(SealedCompartment, _HERE)
        .where(tuple_(ParkedGrant.case_id, ParkedGrant.compartment).in_(places))
    )
    return {(row.case_id, row.compartment) for row in found if _is_right(row)}


def outer_key(
    release_key: bytes, case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID
) -> bytes:
    """The key around the grant: of the release key and the key of the store together."""
    return row_mac("parked key", case_id, compartment, epoch, organisation_id, release_key)


def context(case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID) -> bytes:
    """The context of a parked grant."""
    return crypto.ctx("parked", case_id, compartment, epoch, organisation_id)


def _is_right(row: ParkedGrant) -> bool:
    parts = (row.case_id, row.compartment, row.epoch, row.organisation_id, row.since_version)
    return is_right_row_mac(row.mark, *_of(*parts))


def _mark(case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID, since_version: int) -> bytes:
    return row_mac(*_of(case_id, compartment, epoch, organisation_id, since_version))


def _of(
    case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID, since_version: int
) -> tuple[str, uuid.UUID, str, int, uuid.UUID, int]:
    return ("parked grant", case_id, compartment, epoch, organisation_id, since_version)


def _parked_rows(session: Session, case_id: uuid.UUID) -> Sequence[ParkedGrant]:
    """The parked grants of the case at the present epochs."""
    statement = select(ParkedGrant).join(SealedCompartment, _HERE).where(ParkedGrant.case_id == case_id)
    return session.scalars(statement.order_by(ParkedGrant.compartment)).all()


def _take_from_all(session: Session, case_id: uuid.UUID, compartment: str) -> None:
    for kind in (Grant, MemberGrant):
        session.execute(delete(kind).where(kind.case_id == case_id, kind.compartment == compartment))
    pending = (PendingGrant.case_id == case_id, PendingGrant.compartment == compartment)
    shredding.list_for_destruction(
        session, map(grants.release_of, session.scalars(select(PendingGrant).where(*pending)))
    )
    session.execute(delete(PendingGrant).where(*pending))


def _seal_anew_later(session: Session, case_id: uuid.UUID) -> None:
    """If somebody left the holder meanwhile, what came back is sealed anew with everything else that they knew."""
    for organisation_id in session.scalars(select(Grant.organisation_id).where(Grant.case_id == case_id).distinct()):
        newest = grants.recipients(session, [organisation_id], again=[organisation_id])[0].version
        older = (Grant.case_id == case_id, Grant.organisation_id == organisation_id, Grant.since_version < newest)
        organisation = session.get_one(Organisation, organisation_id)
        if session.scalar(select(Grant.case_id).where(*older).limit(1)) and organisation.anew_due_at is None:
            organisation.anew_due_at = clock.now()
