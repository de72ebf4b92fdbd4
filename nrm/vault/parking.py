"""A case that opens for nobody, its holder included, until what the person wished is carried out or undone (ADR 0102).

    parked   AEAD(OUT, HPKE(holder's keyring, CK, grant context), parked context)
    OUT      MAC(store key; "parked", place, release key)

Parking makes a new epoch, so nothing that anybody kept from before opens it. The compartment key of that epoch is
sealed to the holder alone, as a grant is, and once more under OUT. Its release key lies in the second database, the
store key in a file, so a member of the holder with both databases opens nothing. Whoever gives it back needs no key
of a person: the inner part becomes the holder's grant, as it was sealed. Erasing destroys both halves.

Whoever reads a part because the person agreed has a parked grant of their own beside the holder's. It becomes a grant
again with the holder's, if her yes still holds then: a mistake that is undone takes nobody's reading away (ADR 0154).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, delete, select, tuple_
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.domain.accounts.accounts import Actor
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case, Grant, MemberGrant, ParkedGrant, PendingGrant, SealedCompartment
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
    session: Session,
    case_id: uuid.UUID,
    compartments: Collection[str],
    holder_id: uuid.UUID,
    *,
    shares: Mapping[str, Collection[uuid.UUID]],
    by: Actor,
) -> None:
    """A new epoch of each compartment that nobody opens; every grant of it ends. The actor is a member of the holder.

    `shares`: compartment -> who else can read it again when it is given back. A compartment that the holder itself
    cannot open is taken from everybody as it is: no key to it comes back.
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
        shred_keys.append({"case_id": case_id, "compartment": compartment, "epoch": row.epoch + 1, "key": shred_key})
        for to in (holder, *_readers(session, shares.get(compartment, ()))):
            release_keys.append(_put_away(session, (case_id, compartment, row.epoch + 1), key, to))
    session.flush()
    shredding.store(shred_keys, release_keys)


def park_shares(
    session: Session, case_id: uuid.UUID, shares: Mapping[str, Collection[uuid.UUID]], *, by: Actor
) -> None:
    """Of compartments that the actor's organisation goes on reading: who else can read them again if it is undone."""
    release_keys: list[dict[str, object]] = []
    for compartment, readers in shares.items():
        row, key, _ = keys(session, case_id, compartment, by=by)
        for to in _readers(session, readers):
            release_keys.append(_put_away(session, (case_id, compartment, row.epoch), key, to))
    session.flush()
    shredding.store([], release_keys)


def _readers(session: Session, organisations: Collection[uuid.UUID]) -> list[grants.Recipient]:
    """Those of them to whom a key can be sealed now: nobody is kept from taking back by another's keys."""
    found = []
    for each in organisations:
        try:
            found += grants.recipients(session, [each], again=[each])
        except CannotOpen:
            report("keyring of a reader", each)
    return found


def _put_away(
    session: Session, place: tuple[uuid.UUID, str, int], key: bytes, to: grants.Recipient
) -> dict[str, object]:
    """Add the parked grant; the row of its release key, to be stored."""
    release_key, parts = crypto.new_key(), (*place, to.organisation_id)
    where: dict[str, Any] = dict(zip(("case_id", "compartment", "epoch"), place, strict=True))
    sealed = crypto.wrap(to.public, key, grants.grant_context(*place, to))
    session.add(
        ParkedGrant(
            **where,
            organisation_id=to.organisation_id,
            keyring_version=to.version,
            since_version=to.version,
            sealed_key=crypto.seal(outer_key(release_key, *parts), sealed, context(*parts)),
            mark=_mark(*parts, to.version),
        )
    )
    return {**where, "organisation_id": to.organisation_id, "key": release_key}


def give_back(
    session: Session,
    case_id: uuid.UUID,
    only: Collection[str] | None = None,
    *,
    readers: Mapping[uuid.UUID, Collection[str]] = MappingProxyType({}),
) -> Sequence[tuple[str, uuid.UUID]]:
    """Give the holder its grants back; returns which compartments open again, and for whom. Needs no key of anybody.

    `only`: these compartments. `readers`: who else reads again, and which; what was put away for others is over. A row
    that this program did not write is reported and gives nobody a grant. Call `shredding.work_off` after the
    transaction: the release keys are listed for destruction.
    """
    back: list[tuple[str, uuid.UUID]] = []
    holder_id = session.scalar(select(Case.holder_id).where(Case.id == case_id))
    for row in _parked_rows(session, case_id):
        if only is not None and row.compartment not in only:
            continue
        reads = row.organisation_id == holder_id or row.compartment in readers.get(row.organisation_id, ())
        if not reads and _is_right(row):  # a row that was changed by hand stays as it is, to be put back
            _forget(session, row)
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
        _forget(session, row)
        back.append((row.compartment, row.organisation_id))
    session.flush()
    _seal_anew_later(session, case_id)
    return back


def _forget(session: Session, row: ParkedGrant) -> None:
    shredding.list_for_destruction(session, [grants.release_of(row)])
    session.delete(row)


def forget_shares(session: Session, case_id: uuid.UUID) -> None:
    """It is done for good: what was put away for readers of parts that the holder keeps is over, too."""
    for row in session.scalars(select(ParkedGrant).where(ParkedGrant.case_id == case_id)).all():
        _forget(session, row)
    session.flush()


def shares(session: Session, case_id: uuid.UUID) -> dict[str, set[uuid.UUID]]:
    """Who, beside the holder, reads which compartment again when it is given back."""
    holder_id = session.scalar(select(Case.holder_id).where(Case.id == case_id))
    found: dict[str, set[uuid.UUID]] = {}
    for row in _parked_rows(session, case_id):
        if row.organisation_id != holder_id and _is_right(row):
            found.setdefault(row.compartment, set()).add(row.organisation_id)
    return found


def parked(session: Session, case_id: uuid.UUID) -> set[str]:
    """The compartments of the case that nobody opens for now."""
    holders = select(ParkedGrant.compartment).join(Case, Case.id == ParkedGrant.case_id)
    return set(
        session.scalars(holders.where(ParkedGrant.case_id == case_id, ParkedGrant.organisation_id == Case.holder_id))
    )


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
