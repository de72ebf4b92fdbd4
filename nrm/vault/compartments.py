"""Sealing, opening, granting, and new epochs of a case's compartments.

A compartment opens with two keys that lie apart: the compartment key CK, wrapped to the keyrings of the organisations
that were granted it (main database), and the shred key SK (shred database). A new epoch is a new CK and SK: destroying
the old SK ends what every old grant could open, old backups included.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Table, and_, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock, crypto
from nrm.domain.accounts import Actor, OrganisationKind
from nrm.models.accounts import Keyring, KeyringWrap, Organisation
from nrm.models.cases import CareNote, Destruction, Erasure, Grant, Opening, PendingGrant, SealedCompartment
from nrm.models.referrals import Referral
from nrm.prepared import Prepared, Row
from nrm.vault import shredding
from nrm.vault.keyrings import CannotOpen, HoldsNoKeys, keyring_private, unwrap_keyring, unwrap_once
from nrm.vault.marks import check_mark, mark

OPENING_MINUTES = 15


_COMPARTMENT, _GRANT = SealedCompartment.__table__.c, Grant.__table__.c
_KEYRING, _WRAP, _OPENING = Keyring.__table__.c, KeyringWrap.__table__.c, Opening.__table__.c
_LEAVE = Prepared(
    select(_OPENING.id).where(
        _OPENING.session_digest == bindparam("session_digest"),
        _OPENING.case_id == bindparam("case_id"),
        _OPENING.compartment == bindparam("compartment"),
        _OPENING.expires_at > bindparam("now"),
    )
)
_EXTEND = Prepared(
    update(cast(Table, Opening.__table__))
    .where(
        _OPENING.session_digest == bindparam("of_session"),
        _OPENING.case_id == bindparam("of_case"),
        _OPENING.compartment == bindparam("of_compartment"),
    )
    .values(expires_at=bindparam("expires_at"))
)
_REVISE = Prepared(
    update(cast(Table, SealedCompartment.__table__))
    .where(
        _COMPARTMENT.case_id == bindparam("of_case"),
        _COMPARTMENT.compartment == bindparam("of_compartment"),
        _COMPARTMENT.epoch == bindparam("of_epoch"),
        _COMPARTMENT.revision == bindparam("seen"),
    )
    .values(revision=bindparam("revision"), sealed_value=bindparam("sealed_value"))
)
# A compartment with the organisation's grant, the member's wrap of the keyring it was made to, and until when the
# session has leave to read it, if there are any.
_PLACE = Prepared(
    select(
        _COMPARTMENT.case_id,
        _COMPARTMENT.compartment,
        _COMPARTMENT.epoch,
        _COMPARTMENT.revision,
        _COMPARTMENT.sealed_value,
        _GRANT.keyring_version,
        _GRANT.sealed_key,
        _WRAP.sealed_private,
        _OPENING.expires_at.label("open_until"),
    )
    .select_from(SealedCompartment.__table__)
    .outerjoin(
        Grant.__table__,
        and_(
            _GRANT.case_id == _COMPARTMENT.case_id,
            _GRANT.compartment == _COMPARTMENT.compartment,
            _GRANT.epoch == _COMPARTMENT.epoch,
            _GRANT.organisation_id == bindparam("organisation_id"),
        ),
    )
    .outerjoin(
        Keyring.__table__,
        and_(_KEYRING.organisation_id == _GRANT.organisation_id, _KEYRING.version == _GRANT.keyring_version),
    )
    .outerjoin(
        KeyringWrap.__table__,
        and_(_WRAP.keyring_id == _KEYRING.id, _WRAP.member_id == bindparam("member_id")),
    )
    .outerjoin(
        Opening.__table__,
        and_(
            _OPENING.session_digest == bindparam("session_digest"),
            _OPENING.case_id == _COMPARTMENT.case_id,
            _OPENING.compartment == _COMPARTMENT.compartment,
        ),
    )
    .where(_COMPARTMENT.case_id == bindparam("case_id"), _COMPARTMENT.compartment == bindparam("compartment"))
)


class NoLeave(CannotOpen):
    """The actor's session never had leave to read the compartment, or its quarter of an hour is over."""


class StaleRevision(Exception):
    """Someone else wrote this compartment since it was read."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class _Held:
    """What a compartment was opened with, and by whom: nobody else seals with it."""

    by: Actor
    case_id: uuid.UUID
    compartment: str
    epoch: int
    compartment_key: bytes
    shred_key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A compartment's value (JSON object) and the revision it was read at.

    It holds the keys it was opened with, so that sealing the next revision in the same request need not read them
    again. It must live no longer than the request.
    """

    value: dict[str, Any]
    revision: int
    _held: _Held = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class NextRevision:
    """A compartment sealed as its next revision, under the key of its epoch."""

    case_id: uuid.UUID
    compartment: str
    epoch: int
    revision: int
    sealed_value: bytes


@dataclass(frozen=True, slots=True)
class Recipient:
    """An organisation and the newest public half of its keyring."""

    organisation_id: uuid.UUID
    kind: str
    version: int
    public: bytes


def recipients(session: Session, organisation_ids: Collection[uuid.UUID]) -> list[Recipient]:
    """The organisations as grantees, in a stable order.

    Raises HoldsNoKeys for one that must not or cannot open; CannotOpen for a public key that was put there by hand.
    Until the transaction ends nobody drops the keyring's older versions (`rewrapping.drop_old`; PostgreSQL).
    """
    rows = session.execute(
        select(Organisation.id, Organisation.code, Organisation.kind, Keyring.version, Keyring.public, Keyring.mark)
        .outerjoin(Keyring, Keyring.organisation_id == Organisation.id)
        .where(Organisation.id.in_(organisation_ids))
        .order_by(Organisation.code, Keyring.version)
        .with_for_update(read=True, key_share=True, of=Organisation)
    ).all()
    newest: dict[uuid.UUID, Recipient] = {}
    for row in rows:
        if not OrganisationKind(row.kind).holds_keys or row.public is None:
            raise HoldsNoKeys(row.code)
        check_mark(row.mark, "keyring", row.id, row.kind, row.version, row.public)
        newest[row.id] = Recipient(row.id, row.kind, row.version, row.public)
    if len(newest) != len(set(organisation_ids)):
        raise HoldsNoKeys("unknown organisation")
    return list(newest.values())


def create(
    session: Session, case_id: uuid.UUID, values: Mapping[str, dict[str, Any]], holders: Collection[uuid.UUID]
) -> None:
    """Seal new compartments (compartment -> value) of a case to the same holders, epoch 1, revision 1."""
    grantees = recipients(session, holders)
    shred_keys = []
    for compartment, value in values.items():
        compartment_key, shred_key = crypto.new_key(), crypto.new_key()
        shred_keys.append({"case_id": case_id, "compartment": compartment, "epoch": 1, "key": shred_key})
        sealed = _seal_value(value, compartment_key, shred_key, case_id, compartment, 1, 1)
        session.execute(
            insert(SealedCompartment).values(
                case_id=case_id, compartment=compartment, epoch=1, revision=1, sealed_value=sealed
            )
        )
        _grant(session, compartment_key, case_id, compartment, 1, grantees)
    shredding.store(shred_keys)


def allow(session: Session, case_id: uuid.UUID, compartment: str, purpose: str, *, by: Actor) -> None:
    """Give the actor's session leave to read the compartment for a quarter of an hour, and record it.

    Raises CannotOpen when the organisation holds no key to it; that is recorded too by the caller's transaction.
    """
    _keys(session, case_id, compartment, by=by)
    audit.append(
        session, audit.Event.COMPARTMENT_OPENED, by=by, case_id=case_id, compartment=compartment, purpose=purpose
    )
    extend(session, case_id, compartment, purpose, by=by)


def extend(session: Session, case_id: uuid.UUID, compartment: str, purpose: str, *, by: Actor) -> None:
    """Start the quarter of an hour anew: for one's own draft at each Continue, which is an event of its own."""
    expires_at = clock.now() + timedelta(minutes=OPENING_MINUTES)
    place = {"of_session": by.session_id, "of_case": case_id, "of_compartment": compartment}
    if not _EXTEND.run(session, {**place, "expires_at": expires_at}):
        session.execute(
            insert(Opening).values(
                id=uuid.uuid4(),
                session_digest=by.session_id,
                case_id=case_id,
                compartment=compartment,
                purpose=purpose,
                expires_at=expires_at,
            )
        )


def is_allowed(session: Session, case_id: uuid.UUID, compartment: str, *, by: Actor) -> bool:
    """Whether the actor's session has leave to read the compartment now."""
    if not by.session_id:
        return False
    place = {"session_digest": by.session_id, "case_id": case_id, "compartment": compartment, "now": clock.now()}
    return _LEAVE.first(session, place) is not None


def read(session: Session, case_id: uuid.UUID, compartment: str, *, by: Actor) -> Opened:
    """The value, for an actor whose session has leave; raises NoLeave without it, CannotOpen without a key."""
    row, compartment_key, shred_key = _keys(session, case_id, compartment, by=by, leave=True)
    held = _Held(by, case_id, compartment, row.epoch, compartment_key, shred_key)
    return Opened(_open_value(row, compartment_key, shred_key), row.revision, held)


def hold(session: Session, case_id: uuid.UUID, compartment: str) -> None:
    """Keep others from writing the compartment until the transaction ends (PostgreSQL)."""
    place = (SealedCompartment.case_id == case_id, SealedCompartment.compartment == compartment)
    session.execute(select(SealedCompartment.epoch).where(*place).with_for_update())


def write(
    session: Session, case_id: uuid.UUID, compartment: str, value: dict[str, Any], *, seen: int, by: Actor
) -> int:
    """Seal the next revision under the same key; returns it. Raises StaleRevision if `seen` is not the newest."""
    return keep(session, sealed_next(session, case_id, compartment, value, seen=seen, by=by))


def merge(session: Session, case_id: uuid.UUID, compartment: str, part: Mapping[str, Any], *, by: Actor) -> int:
    """Put `part` over what the compartment says, unread by anybody; returns the new revision.

    Raises CannotOpen without a key, StaleRevision when somebody wrote in the same instant.
    """
    row, compartment_key, shred_key = _keys(session, case_id, compartment, by=by)
    value = {**_open_value(row, compartment_key, shred_key), **part}
    held = _Held(by, case_id, compartment, row.epoch, compartment_key, shred_key)
    return keep(session, _next(held, value, row.revision))


def sealed_next(
    session: Session, case_id: uuid.UUID, compartment: str, value: dict[str, Any], *, seen: int, by: Actor
) -> NextRevision:
    """The revision after `seen`, sealed but not kept yet: this may happen before one queues for the writer's lock."""
    row, compartment_key, shred_key = _keys(session, case_id, compartment, by=by)
    return _next(_Held(by, case_id, compartment, row.epoch, compartment_key, shred_key), value, seen)


def sealed_after(session: Session, opened: Opened, value: dict[str, Any], *, by: Actor) -> NextRevision:
    """The revision after one that was opened in this request, sealed as `sealed_next` does.

    For the actor who opened it nothing is read again: whatever ended the grant since also ended the epoch or took the
    row away, and then `keep` refuses. For any other actor it is `sealed_next`.
    """
    held = opened._held
    if held.by is not by:
        return sealed_next(session, held.case_id, held.compartment, value, seen=opened.revision, by=by)
    return _next(held, value, opened.revision)


def _next(held: _Held, value: dict[str, Any], seen: int) -> NextRevision:
    place = (held.case_id, held.compartment, held.epoch, seen + 1)
    return NextRevision(*place, _seal_value(value, held.compartment_key, held.shred_key, *place))


def keep(session: Session, following: NextRevision) -> int:
    """Put it in the place of the one before; returns its number.

    Raises StaleRevision when that is not the newest any more, or its epoch has ended, or the compartment is gone.
    """
    place = {
        "of_case": following.case_id,
        "of_compartment": following.compartment,
        "of_epoch": following.epoch,
        "seen": following.revision - 1,
    }
    values = {"revision": following.revision, "sealed_value": following.sealed_value}
    if _REVISE.run(session, {**place, **values}) != 1:
        raise StaleRevision
    return following.revision


def share(session: Session, case_id: uuid.UUID, compartment: str, holders: Collection[uuid.UUID], *, by: Actor) -> None:
    """Add live grants of the present epoch; the actor must hold the compartment's key."""
    row, compartment_key, _ = _keys(session, case_id, compartment, by=by)
    _grant(session, compartment_key, case_id, compartment, row.epoch, recipients(session, holders))


def offer(
    session: Session,
    case_id: uuid.UUID,
    parties: Collection[uuid.UUID],
    *,
    by: Actor,
    compartments: Collection[str] | None = None,
) -> None:
    """Seal a pending grant of every compartment (or of those named) for every party of the route.

    Each has a release key of its own.
    """
    release_keys = []
    for row in _compartments(session, case_id):
        if compartments is None or row.compartment in compartments:
            _, compartment_key, _ = _keys(session, case_id, row.compartment, by=by)
            place = (case_id, row.compartment, row.epoch)
            release_keys += _pend(session, compartment_key, place, recipients(session, parties))
    shredding.store([], release_keys)


def _pend(
    session: Session, compartment_key: bytes, place: tuple[uuid.UUID, str, int], parties: Iterable[Recipient]
) -> list[dict[str, object]]:
    """Pending grants of one compartment at its epoch; returns the rows of their release keys, to be stored."""
    case_id, compartment, epoch = place
    release_keys: list[dict[str, object]] = []
    for party in parties:
        release_key = crypto.new_key()
        where = {"case_id": case_id, "compartment": compartment, "epoch": epoch}
        release_keys.append({**where, "organisation_id": party.organisation_id, "key": release_key})
        grant = crypto.wrap(party.public, compartment_key, grant_context(case_id, compartment, epoch, party))
        aad = crypto.ctx("pending", case_id, compartment, epoch, party.organisation_id)
        session.execute(
            insert(PendingGrant).values(
                **where,
                organisation_id=party.organisation_id,
                keyring_version=party.version,
                sealed_key=crypto.seal(release_key, grant, aad),
            )
        )
    return release_keys


def hand_in(session: Session, case_id: uuid.UUID, compartment: str, value: dict[str, Any], holder: uuid.UUID) -> None:
    """Seal a new compartment to the case's holder, from somebody who holds no key to the case and keeps none to this.

    Who is being asked to take the case gets a pending grant of it like of the others, so that it moves with them.
    """
    compartment_key, shred_key = crypto.new_key(), crypto.new_key()
    sealed = _seal_value(value, compartment_key, shred_key, case_id, compartment, 1, 1)
    session.execute(
        insert(SealedCompartment).values(
            case_id=case_id, compartment=compartment, epoch=1, revision=1, sealed_value=sealed
        )
    )
    _grant(session, compartment_key, case_id, compartment, 1, recipients(session, [holder]))
    asked = recipients(session, waiting(session, case_id))
    release_keys = _pend(session, compartment_key, (case_id, compartment, 1), asked)
    shredding.store([{"case_id": case_id, "compartment": compartment, "epoch": 1, "key": shred_key}], release_keys)


def mark_of(referral_id: uuid.UUID, case_id: uuid.UUID, receiver_id: uuid.UUID) -> bytes:
    """What a new referral carries: without it no key is released to its receiver."""
    return mark("referral", referral_id, case_id, receiver_id)


def waiting(session: Session, case_id: uuid.UUID) -> set[uuid.UUID]:
    """The parties that have pending grants of the case."""
    return set(session.scalars(select(PendingGrant.organisation_id).where(PendingGrant.case_id == case_id)))


def let_go(session: Session, case_id: uuid.UUID, organisation_id: uuid.UUID) -> None:
    """A party declined or let the time pass: its pending grants go, its release keys are listed for destruction."""
    pending = (PendingGrant.case_id == case_id, PendingGrant.organisation_id == organisation_id)
    rows = session.scalars(select(PendingGrant).where(*pending)).all()
    shredding.list_for_destruction(session, (_released(row) for row in rows))
    session.execute(delete(PendingGrant).where(*pending))


def rotate(session: Session, case_id: uuid.UUID, keep: Mapping[str, Collection[uuid.UUID]], *, by: Actor) -> None:
    """A new epoch of the named compartments, for exactly the organisations in `keep` (compartment -> holders).

    The actor must be able to open each: by a live grant, or as the party of the open referral (that is accepting).
    All other grants and all pending grants end; the old shred keys and all release keys are listed for destruction.
    """
    shred_keys = []
    for compartment, holders in keep.items():
        row, compartment_key, shred_key = _keys(session, case_id, compartment, by=by, releasing=True)
        value = _open_value(row, compartment_key, shred_key)
        old_epoch, epoch, revision = row.epoch, row.epoch + 1, row.revision + 1
        new_compartment_key, new_shred_key = crypto.new_key(), crypto.new_key()
        place = {"case_id": case_id, "compartment": compartment}
        shred_keys.append({**place, "epoch": epoch, "key": new_shred_key})
        sealed = _seal_value(value, new_compartment_key, new_shred_key, case_id, compartment, epoch, revision)
        hit = session.execute(
            update(SealedCompartment)
            .where(
                SealedCompartment.case_id == case_id,
                SealedCompartment.compartment == compartment,
                SealedCompartment.epoch == row.epoch,
                SealedCompartment.revision == row.revision,
            )
            .values(epoch=epoch, revision=revision, sealed_value=sealed)
        )
        if cast("CursorResult[object]", hit).rowcount != 1:
            raise StaleRevision
        _end_grants(session, case_id, compartment, old_epoch)
        _grant(session, new_compartment_key, case_id, compartment, epoch, recipients(session, holders))
        if compartment == "care":
            _move_notes(session, case_id, (compartment_key, shred_key), (new_compartment_key, new_shred_key), epoch)
    shredding.store(shred_keys)


def shred(session: Session, case_id: uuid.UUID, compartments: Collection[str]) -> None:
    """End every access to these compartments of the case for good; the rows go, the keys are listed."""
    for row in _compartments(session, case_id):
        if row.compartment in compartments:
            _end_grants(session, case_id, row.compartment, row.epoch)
            session.execute(
                delete(SealedCompartment).where(
                    SealedCompartment.case_id == case_id, SealedCompartment.compartment == row.compartment
                )
            )
            if row.compartment == "care":
                session.execute(delete(CareNote).where(CareNote.case_id == case_id))


def erase(session: Session, case_id: uuid.UUID, compartments: Collection[str], *, at: datetime | None = None) -> None:
    """`shred`, and remember it: what is erased stays erased when a backup from before is restored."""
    shred(session, case_id, compartments)
    for compartment in sorted(compartments):
        if session.get(Erasure, (case_id, compartment)) is None:
            session.add(Erasure(case_id=case_id, compartment=compartment, erased_at=at or clock.now()))


def opens(session: Session, case_id: uuid.UUID, compartment: str, *, by: Actor) -> bool:
    """Whether the actor's keys open the compartment as it is stored; the value is not given out."""
    try:
        row, compartment_key, shred_key = _keys(session, case_id, compartment, by=by)
        _open_value(row, compartment_key, shred_key)
    except CannotOpen:
        return False
    return True


def holders_of(session: Session, case_id: uuid.UUID, compartment: str) -> set[uuid.UUID]:
    """Who has a live grant now."""
    statement = select(Grant.organisation_id).where(Grant.case_id == case_id, Grant.compartment == compartment)
    return set(session.scalars(statement))


def compartments_of(session: Session, case_id: uuid.UUID) -> list[str]:
    """Which compartments the case has."""
    return [row.compartment for row in _compartments(session, case_id)]


def add_note(session: Session, case_id: uuid.UUID, note: dict[str, Any], *, by: Actor) -> uuid.UUID:
    """Append a note under the key of the `care` compartment."""
    row, compartment_key, shred_key = _keys(session, case_id, "care", by=by)
    note_id = uuid.uuid4()
    sealed = _seal_note(note, compartment_key, shred_key, case_id, row.epoch, note_id)
    session.add(CareNote(id=note_id, case_id=case_id, epoch=row.epoch, sealed_note=sealed))
    return note_id


def read_notes(session: Session, case_id: uuid.UUID, *, by: Actor) -> list[dict[str, Any]]:
    """All notes, for an actor whose session has leave to read `care`; raises CannotOpen otherwise."""
    if not is_allowed(session, case_id, "care", by=by):
        raise CannotOpen
    row, compartment_key, shred_key = _keys(session, case_id, "care", by=by)
    notes = session.scalars(select(CareNote).where(CareNote.case_id == case_id)).all()
    return [_open_note(note, compartment_key, shred_key, row.epoch) for note in notes]


def _keys(
    session: Session, case_id: uuid.UUID, compartment: str, *, by: Actor, releasing: bool = False, leave: bool = False
) -> tuple[Row, bytes, bytes]:
    """(row of `_PLACE`, CK, SK) as far as the actor's organisation was granted them; raises CannotOpen.

    `leave`: only for a session that may read it now; raises NoLeave for any other, whether there is a key or not.
    """
    if by.organisation_id is None or by.kind is None:
        raise CannotOpen
    place = {"case_id": case_id, "compartment": compartment, "session_digest": by.session_id}
    whose = {"organisation_id": by.organisation_id, "member_id": by.member_id}
    row = _PLACE.first(session, {**place, **whose})
    if leave and (row is None or not by.session_id or row.open_until is None or row.open_until <= clock.now()):
        raise NoLeave
    if row is None:
        raise CannotOpen
    if row.sealed_key is not None:
        version, wrapped = row.keyring_version, row.sealed_key
        private = unwrap_keyring(row.sealed_private, version, by=by)
    elif releasing or compartment == "hand_over":
        version, wrapped = _release(session, row, by.organisation_id)
        private = keyring_private(session, version, by=by)
    else:
        raise CannotOpen
    me = Recipient(by.organisation_id, by.kind, version, b"")
    compartment_key = unwrap_once(private, wrapped, grant_context(case_id, compartment, row.epoch, me), by=by)
    shred_key = shredding.shred_key(case_id, compartment, row.epoch)
    if shred_key is None:
        raise CannotOpen
    return row, compartment_key, shred_key


def _release(session: Session, row: Row, organisation_id: uuid.UUID) -> tuple[int, bytes]:
    """A pending grant turned into a grant, for the party of the open referral only."""
    asked = select(Referral.id, Referral.mark).where(
        Referral.case_id == row.case_id,
        Referral.receiver_id == organisation_id,
        Referral.status == "sent",
        Referral.expires_at > clock.now(),
    )
    pending = session.get(PendingGrant, (row.case_id, row.compartment, organisation_id), populate_existing=True)
    referral = session.execute(asked).first()
    if pending is None or pending.epoch != row.epoch or referral is None:
        raise CannotOpen
    check_mark(referral.mark, "referral", referral.id, row.case_id, organisation_id)
    release_key = shredding.release_key(row.case_id, row.compartment, row.epoch, organisation_id)
    if release_key is None:
        raise CannotOpen
    aad = pending_context(row.case_id, row.compartment, row.epoch, organisation_id)
    return pending.keyring_version, crypto.unseal(release_key, pending.sealed_key, aad)


def _grant(
    session: Session,
    compartment_key: bytes,
    case_id: uuid.UUID,
    compartment: str,
    epoch: int,
    grantees: Iterable[Recipient],
) -> None:
    for grantee in grantees:
        context = grant_context(case_id, compartment, epoch, grantee)
        session.execute(
            insert(Grant).values(
                case_id=case_id,
                compartment=compartment,
                organisation_id=grantee.organisation_id,
                epoch=epoch,
                keyring_version=grantee.version,
                sealed_key=crypto.wrap(grantee.public, compartment_key, context),
            )
        )


def grant_context(case_id: uuid.UUID, compartment: str, epoch: int, to: Recipient) -> bytes:
    """What a grant is bound to: it opens for this place and this version of this organisation's keyring alone."""
    return crypto.ctx("grant", case_id, compartment, epoch, to.organisation_id, to.kind, to.version)


def pending_context(case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID) -> bytes:
    """What a pending grant is bound to."""
    return crypto.ctx("pending", case_id, compartment, epoch, organisation_id)


def _end_grants(session: Session, case_id: uuid.UUID, compartment: str, epoch: int) -> None:
    """Delete all grants and pending grants; list the epoch's shred key and all release keys for destruction."""
    pending = (PendingGrant.case_id == case_id, PendingGrant.compartment == compartment)
    ended = [Destruction(kind="shred", case_id=case_id, compartment=compartment, epoch=epoch)]
    ended += [_released(row) for row in session.scalars(select(PendingGrant).where(*pending))]
    shredding.list_for_destruction(session, ended)
    session.execute(delete(PendingGrant).where(*pending))
    session.execute(delete(Grant).where(Grant.case_id == case_id, Grant.compartment == compartment))


def _released(pending: PendingGrant) -> Destruction:
    return Destruction(
        kind="release",
        case_id=pending.case_id,
        compartment=pending.compartment,
        epoch=pending.epoch,
        organisation_id=pending.organisation_id,
    )


def _compartments(session: Session, case_id: uuid.UUID) -> list[SealedCompartment]:
    statement = (
        select(SealedCompartment)
        .where(SealedCompartment.case_id == case_id)
        .order_by(SealedCompartment.compartment)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))


def _epoch_key(compartment_key: bytes, shred_key: bytes, case_id: uuid.UUID, compartment: str, epoch: int) -> bytes:
    return crypto.combine(shred_key, compartment_key, crypto.ctx("ek", case_id, compartment, epoch))


def _seal_value(
    value: dict[str, Any],
    compartment_key: bytes,
    shred_key: bytes,
    case_id: uuid.UUID,
    compartment: str,
    epoch: int,
    revision: int,
) -> bytes:
    key = _epoch_key(compartment_key, shred_key, case_id, compartment, epoch)
    plain = crypto.pad(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
    return crypto.seal(key, plain, crypto.ctx("blob", case_id, compartment, epoch, revision))


def _open_value(row: Row, compartment_key: bytes, shred_key: bytes) -> dict[str, Any]:
    key = _epoch_key(compartment_key, shred_key, row.case_id, row.compartment, row.epoch)
    aad = crypto.ctx("blob", row.case_id, row.compartment, row.epoch, row.revision)
    value: dict[str, Any] = json.loads(crypto.unpad(crypto.unseal(key, row.sealed_value, aad)))
    return value


def _seal_note(
    note: dict[str, Any], compartment_key: bytes, shred_key: bytes, case_id: uuid.UUID, epoch: int, note_id: uuid.UUID
) -> bytes:
    key = _epoch_key(compartment_key, shred_key, case_id, "care", epoch)
    plain = crypto.pad(json.dumps(note, separators=(",", ":"), ensure_ascii=False).encode())
    return crypto.seal(key, plain, crypto.ctx("note", case_id, epoch, note_id))


def _open_note(note: CareNote, compartment_key: bytes, shred_key: bytes, epoch: int) -> dict[str, Any]:
    key = _epoch_key(compartment_key, shred_key, note.case_id, "care", epoch)
    plain = crypto.unseal(key, note.sealed_note, crypto.ctx("note", note.case_id, epoch, note.id))
    value: dict[str, Any] = json.loads(crypto.unpad(plain))
    return value


def _move_notes(
    session: Session, case_id: uuid.UUID, old: tuple[bytes, bytes], new: tuple[bytes, bytes], epoch: int
) -> None:
    """Seal the notes anew under the next epoch's keys."""
    for note in session.scalars(select(CareNote).where(CareNote.case_id == case_id)).all():
        value = _open_note(note, *old, note.epoch)
        note.sealed_note = _seal_note(value, *new, case_id, epoch, note.id)
        note.epoch = epoch
    session.flush()
