"""Sealing and opening a case's compartments (ADR 0001).

A compartment opens with two keys that are stored apart: the compartment key CK, wrapped to the keyrings of the
organisations that were granted it (main database), and the shred key SK (shred database). `grants`: who holds a CK;
`sharing`: giving it to others; `epochs`: new keys; `care_notes`: the notes of `care`; `hearings`: the hearings of
`legal`; `blobs`: the bytes.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, delete, insert, select, text, update
from sqlalchemy.orm import Session

from nrm import audit, clock, crypto
from nrm.db import Writer
from nrm.domain.accounts.accounts import Actor
from nrm.models.accounts.accounts import Keyring, KeyringWrap
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Grant, Opening, PendingGrant, SealedCompartment
from nrm.prepared import AnySession, Prepared, Row
from nrm.vault import blobs, grants, shifts, shredding
from nrm.vault.keyrings import CannotOpen, keyring_private, unwrap_keyring
from nrm.vault.marks import check_row_mac, microseconds, report, row_mac

OPENING_MINUTES = 15
_OWN = "own"

_COMPARTMENT, _GRANT = SealedCompartment.__table__.c, Grant.__table__.c
_KEYRING, _WRAP, _OPENING = Keyring.__table__.c, KeyringWrap.__table__.c, Opening.__table__.c
_LEAVE = Prepared(
    select(_OPENING.expires_at, _OPENING.mark).where(
        _OPENING.session_digest == bindparam("session_digest"),
        _OPENING.case_id == bindparam("case_id"),
        _OPENING.compartment == bindparam("compartment"),
        _OPENING.expires_at > bindparam("now"),
    )
)
_ALL_LEAVE = Prepared(
    select(_OPENING.compartment, _OPENING.expires_at, _OPENING.mark).where(
        _OPENING.session_digest == bindparam("session_digest"),
        _OPENING.case_id == bindparam("case_id"),
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
    .values(expires_at=bindparam("expires_at"), mark=bindparam("mark"))
)
_PUT = Prepared(insert(SealedCompartment), list(_COMPARTMENT.keys()))
_LEND = Prepared(insert(Opening), list(_OPENING.keys()))
_REVISE = Prepared(
    update(cast(Table, SealedCompartment.__table__))
    .where(
        _COMPARTMENT.case_id == bindparam("of_case"),
        _COMPARTMENT.compartment == bindparam("of_compartment"),
        _COMPARTMENT.epoch == bindparam("of_epoch"),
        _COMPARTMENT.revision == bindparam("seen"),
    )
    .values(revision=bindparam("revision"), sealed_value=bindparam("sealed_value"), step=bindparam("step"))
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
        _GRANT.mark.label("grant_mark"),
        _GRANT.until_on,
        _WRAP.sealed_private,
        _OPENING.expires_at.label("open_until"),
        _OPENING.mark.label("leave_mark"),
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
    """Somebody else wrote this compartment since it was read."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class _Held:
    """The key with which an actor opened a compartment; only this actor may seal with it."""

    by: Actor
    case_id: uuid.UUID
    compartment: str
    epoch: int
    key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A compartment's value (JSON object) and the revision it was read at.

    It holds the keys it was opened with, so that sealing the next revision in the same request need not read them
    again. It must live no longer than the request. `own`: opened by a key of the actor, and not of the organisation.
    """

    value: dict[str, Any]
    revision: int
    own: bool
    _held_value: _Held = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class NextRevision:
    """A compartment sealed as its next revision, under the key of its epoch. `step`: see `SealedCompartment`."""

    case_id: uuid.UUID
    compartment: str
    epoch: int
    revision: int
    sealed_value: bytes
    step: str = ""


def create(
    session: Session,
    case_id: uuid.UUID,
    values: Mapping[str, dict[str, Any]],
    holders: Collection[uuid.UUID],
    *,
    by: Actor | None = None,
    members: Collection[uuid.UUID] = (),
) -> None:
    """Seal new compartments (compartment -> value) of a case to the same holders, epoch 1, revision 1.

    `by` is the actor who continues to read them, if there is one. `members`: who hold it themselves, by their own keys.
    """
    grantees = grants.recipients(session, holders, by=by) if holders else []
    shred_keys = []
    for compartment, value in values.items():
        compartment_key, shred_key = crypto.new_key(), crypto.new_key()
        shred_keys.append({"case_id": case_id, "compartment": compartment, "epoch": 1, "key": shred_key})
        sealed = blobs.seal_value(value, compartment_key, shred_key, case_id, compartment, 1, 1)
        put(session, case_id, compartment, sealed)
        grants.grant(session, compartment_key, case_id, compartment, 1, grantees, by=by)
        grants.grant_members(session, compartment_key, case_id, compartment, 1, members, by=by)
    shredding.store(shred_keys)


_UNPLACE = (
    # A place that follows from nothing, below zero, where no row is put in its order.
    text("UPDATE sealed_compartments SET rowid = -1 - (random() & 4611686018427387903) WHERE case_id = :case_id"),
    text("UPDATE grants SET rowid = -1 - (random() & 4611686018427387903) WHERE case_id = :case_id"),
)


def create_unplaced(
    session: Session, case_id: uuid.UUID, values: Mapping[str, dict[str, Any]], holders: Collection[uuid.UUID]
) -> None:
    """As `create`, so that the place of a row does not tell between which others it was written: SQLite numbers rows as
    they come, and those beside it have an hour in the audit chain."""
    create(session, case_id, values, holders)
    if session.get_bind(SealedCompartment).dialect.name == "sqlite":
        for statement in _UNPLACE:
            session.execute(statement, {"case_id": case_id.hex})
    shredding.unplace(case_id)


def put(session: Session, case_id: uuid.UUID, compartment: str, sealed_value: bytes) -> None:
    """The row of a new compartment, epoch 1, revision 1."""
    first = {"case_id": case_id, "compartment": compartment, "epoch": 1, "revision": 1}
    _PUT.run(session, {**first, "sealed_value": sealed_value, "step": ""})


def allow(session: Session, case_id: uuid.UUID, compartment: str, purpose: str, *, by: Actor) -> None:
    """Give the actor's session leave to read the compartment for a quarter of an hour, and record it.

    Raises CannotOpen when the organisation holds no key to it; that is recorded too by the caller's transaction.
    """
    row, compartment_key, _ = keys(session, case_id, compartment, by=by)
    grants.keep_own(session, row, compartment_key, by=by)
    audit.append(
        session, audit.Event.COMPARTMENT_OPENED, by=by, case_id=case_id, compartment=compartment, purpose=purpose
    )
    extend(session, case_id, compartment, purpose, by=by)


def extend(session: Session | Writer, case_id: uuid.UUID, compartment: str, purpose: str, *, by: Actor) -> None:
    """Restart the quarter of an hour; for the actor's own draft at each Continue, which is an event of its own."""
    expires_at = clock.now() + timedelta(minutes=OPENING_MINUTES)
    leave = {"expires_at": expires_at, "mark": _leave_mac(by.session_id, case_id, compartment, expires_at)}
    place = {"of_session": by.session_id, "of_case": case_id, "of_compartment": compartment}
    if not _EXTEND.run(session, {**place, **leave}):
        place = {"session_digest": by.session_id, "case_id": case_id, "compartment": compartment}
        _LEND.run(session, {"id": uuid.uuid4(), **place, "purpose": purpose, **leave})


def _leave_mac(session_id: bytes, case_id: uuid.UUID, compartment: str, expires_at: datetime) -> bytes:
    """The MAC of a leave to read: a row that was written by hand gives no leave, because no event was recorded."""
    return row_mac("leave to read", case_id, session_id, compartment, microseconds(expires_at))


def _is_leave(found: bytes | None, case_id: uuid.UUID, compartment: str, expires_at: datetime, by: Actor) -> bool:
    if found is not None and crypto.same(found, _leave_mac(by.session_id, case_id, compartment, expires_at)):
        return True
    report(f"leave to read {compartment}", case_id)
    return False


def slide(session: Session, case_id: uuid.UUID, *, by: Actor) -> None:
    """Restart the quarter of an hour of what the actor's session has open of this case."""
    now = clock.now()
    until = now + timedelta(minutes=OPENING_MINUTES)
    statement = select(Opening).where(
        Opening.session_digest == by.session_id, Opening.case_id == case_id, Opening.expires_at > now
    )
    for row in session.scalars(statement.with_for_update().execution_options(populate_existing=True)).all():
        if _is_leave(row.mark, case_id, row.compartment, row.expires_at, by):
            row.expires_at, row.mark = until, _leave_mac(by.session_id, case_id, row.compartment, until)


def slides(session: AnySession, case_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether something of the case is open to the session, and was restarted more than a minute ago."""
    place = {"session_digest": by.session_id, "case_id": case_id, "now": clock.now()}
    soon = clock.now() + timedelta(minutes=OPENING_MINUTES - 1)
    return any(row.expires_at < soon for row in _ALL_LEAVE.all(session, place))


def show_own(session: Session, case_id: uuid.UUID, what: str, *, by: Actor) -> None:
    """Let the actor's session read for a quarter of an hour what it has just written itself: one revision, one note."""
    extend(session, case_id, f"{_OWN} {what}", _OWN, by=by)


def own(session: AnySession, case_id: uuid.UUID, *, by: Actor) -> set[str]:
    """What `show_own` said of this case in this session and still holds."""
    rows = _ALL_LEAVE.all(session, {"session_digest": by.session_id, "case_id": case_id, "now": clock.now()})
    return {
        row.compartment.removeprefix(f"{_OWN} ")
        for row in rows
        if row.compartment.startswith(f"{_OWN} ") and _is_leave(row.mark, case_id, row.compartment, row.expires_at, by)
    }


def read_own(session: AnySession, case_id: uuid.UUID, compartment: str, *, by: Actor) -> dict[str, Any] | None:
    """The value of a compartment if its newest revision was written in the actor's session just now."""
    mine = own(session, case_id, by=by)
    row, compartment_key, shred_key = keys(session, case_id, compartment, by=by)
    return blobs.open_value(row, compartment_key, shred_key) if f"{compartment} {row.revision}" in mine else None


def end_leave(session: Session, case_id: uuid.UUID, compartment: str, *, but: Actor | None = None) -> None:
    """End the leave of every session to read the compartment, but that of the actor `but`."""
    kept = b"" if but is None else but.session_id
    session.execute(
        delete(Opening).where(
            Opening.case_id == case_id, Opening.compartment == compartment, Opening.session_digest != kept
        )
    )


def leave_before(session: AnySession, case_id: uuid.UUID, compartment: str, *, by: Actor) -> str:
    """The purpose of the leave that the actor's session has or had, as long as it is remembered; empty without one."""
    found = session.execute(
        select(Opening.purpose, Opening.expires_at, Opening.mark).where(
            Opening.session_digest == by.session_id, Opening.case_id == case_id, Opening.compartment == compartment
        )
    ).first()
    if found is None or not _is_leave(found.mark, case_id, compartment, found.expires_at, by):
        return ""
    return str(found.purpose)


def move_leave(session: Session, before: bytes, after: bytes) -> None:
    """Move the leave to read from one session to another: to the session that replaces a locked one."""
    for row in session.scalars(select(Opening).where(Opening.session_digest == before)).all():
        place = (row.case_id, row.compartment, row.expires_at)
        if crypto.same(row.mark, _leave_mac(before, *place)):
            row.session_digest, row.mark = after, _leave_mac(after, *place)


def is_allowed(session: Session, case_id: uuid.UUID, compartment: str, *, by: Actor) -> bool:
    """Whether the actor's session has leave to read the compartment now."""
    if not by.session_id:
        return False
    place = {"session_digest": by.session_id, "case_id": case_id, "compartment": compartment, "now": clock.now()}
    found = _LEAVE.first(session, place)
    if found is not None and _is_leave(found.mark, case_id, compartment, found.expires_at, by):
        return True
    return shifts.gives_leave(session, case_id, compartment, by=by)


def read(session: AnySession, case_id: uuid.UUID, compartment: str, *, by: Actor) -> Opened:
    """The value, for an actor whose session has leave; raises NoLeave without it, CannotOpen without a key."""
    row, compartment_key, shred_key, own = _keys(session, case_id, compartment, by=by, leave=True)
    held = _held_value(row, compartment_key, shred_key, by)
    return Opened(blobs.open_under(held.key, row), row.revision, own, held)


def _held_value(row: Row, compartment_key: bytes, shred_key: bytes, by: Actor) -> _Held:
    key = blobs.epoch_key(compartment_key, shred_key, row.case_id, row.compartment, row.epoch)
    return _Held(by, row.case_id, row.compartment, row.epoch, key)


def glance(session: AnySession, case_id: uuid.UUID, compartment: str, *, by: Actor) -> dict[str, Any] | None:
    """The value without leave and without a record, None if it does not open: for a caller that gives out a closed code
    or two of it, to the member whose it is, or what a person is called in the house, in a shift."""
    try:
        row, compartment_key, shred_key = keys(session, case_id, compartment, by=by)
        return blobs.open_value(row, compartment_key, shred_key)
    except CannotOpen:
        return None


def hold(session: Session, case_id: uuid.UUID, compartment: str) -> None:
    """Keep others from writing the compartment until the transaction ends (PostgreSQL)."""
    place = (SealedCompartment.case_id == case_id, SealedCompartment.compartment == compartment)
    session.execute(select(SealedCompartment.epoch).where(*place).with_for_update())


def write(
    session: Session, case_id: uuid.UUID, compartment: str, value: dict[str, Any], *, seen: int, by: Actor
) -> int:
    """Seal the next revision under the same key; returns it. Raises StaleRevision if `seen` is not the newest."""
    return keep(session, sealed_next(session, case_id, compartment, value, seen=seen, by=by))


def merge(
    session: Session,
    case_id: uuid.UUID,
    compartment: str,
    part: Mapping[str, Any],
    *,
    by: Actor,
    seen: int | None = None,
    replacing: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> int:
    """Replace some answers of the compartment by `part`, without showing it; returns the revision that has them.

    None takes an answer away. What stands there already is not written again. `seen` is the revision that the writer
    had read, if it was one; `replacing` is called with what stands there and gives what is written besides.
    Raises CannotOpen without a key, StaleRevision when somebody else wrote meanwhile.
    """
    row, compartment_key, shred_key = keys(session, case_id, compartment, by=by)
    held = _held_value(row, compartment_key, shred_key, by)
    before = blobs.open_under(held.key, row)
    value = {name: each for name, each in {**before, **part}.items() if each is not None or name not in part}
    if value == before:
        return int(row.revision)
    if seen not in (None, row.revision):
        raise StaleRevision
    if replacing is not None:
        value |= replacing(before)
    return keep(session, _next_revision(held, value, row.revision))


def sealed_next(
    session: AnySession, case_id: uuid.UUID, compartment: str, value: dict[str, Any], *, seen: int, by: Actor
) -> NextRevision:
    """The revision after `seen`, sealed but not stored; this can be done before waiting for the writer's lock."""
    row, compartment_key, shred_key = keys(session, case_id, compartment, by=by)
    return _next_revision(_held_value(row, compartment_key, shred_key, by), value, seen)


def sealed_after(
    session: AnySession, opened: Opened, value: dict[str, Any], *, by: Actor, step: str = ""
) -> NextRevision:
    """The revision after one that was opened in this request, sealed as `sealed_next` does.

    For the actor who opened it nothing is read again: if the grant has ended since, its epoch has ended or the row is
    deleted, and then `keep` refuses. For any other actor it is `sealed_next`.
    """
    held = opened._held_value
    if held.by is not by:
        return sealed_next(session, held.case_id, held.compartment, value, seen=opened.revision, by=by)
    return _next_revision(held, value, opened.revision, step)


def _next_revision(held: _Held, value: dict[str, Any], seen: int, step: str = "") -> NextRevision:
    place = (held.case_id, held.compartment, held.epoch, seen + 1)
    return NextRevision(*place, blobs.seal_under(held.key, value, *place), step)


def keep(session: Session | Writer, following: NextRevision) -> int:
    """Store the revision in place of the one before; returns its number.

    Raises StaleRevision when that one is no longer the newest, its epoch has ended, or the compartment is deleted.
    """
    place = {
        "of_case": following.case_id,
        "of_compartment": following.compartment,
        "of_epoch": following.epoch,
        "seen": following.revision - 1,
    }
    values = {"revision": following.revision, "sealed_value": following.sealed_value, "step": following.step}
    if _REVISE.run(session, {**place, **values}) != 1:
        raise StaleRevision
    return following.revision


def opens(session: Session, case_id: uuid.UUID, compartment: str, *, by: Actor) -> bool:
    """Whether the actor's keys open the compartment as it is stored; the value is not given out."""
    try:
        row, compartment_key, shred_key = keys(session, case_id, compartment, by=by)
        blobs.open_value(row, compartment_key, shred_key)
    except CannotOpen:
        return False
    return True


def compartments_of(session: Session, case_id: uuid.UUID) -> list[str]:
    """Which compartments the case has."""
    return [row.compartment for row in sealed_of(session, case_id)]


def keys(
    session: AnySession,
    case_id: uuid.UUID,
    compartment: str,
    *,
    by: Actor,
    releasing: bool = False,
    leave: bool = False,
) -> tuple[Row, bytes, bytes]:
    """(row of `_PLACE`, CK, SK) as far as the actor or their organisation was granted them; raises CannotOpen.

    `leave`: only for a session that may read it now; raises NoLeave for any other, whether there is a key or not.
    """
    row, compartment_key, shred_key, _ = _keys(session, case_id, compartment, by=by, releasing=releasing, leave=leave)
    return row, compartment_key, shred_key


def _keys(
    session: AnySession,
    case_id: uuid.UUID,
    compartment: str,
    *,
    by: Actor,
    releasing: bool = False,
    leave: bool = False,
) -> tuple[Row, bytes, bytes, bool]:
    """`keys`, and whether it is a key of the actor alone. The organisation's grant is looked for first."""
    if by.organisation_id is None or by.kind is None:
        raise CannotOpen
    place = {"case_id": case_id, "compartment": compartment, "session_digest": by.session_id}
    whose = {"organisation_id": by.organisation_id, "member_id": by.member_id}
    row = _PLACE.first(session, {**place, **whose})
    if leave and (row is None or not _has_leave(session, row, by)):
        raise NoLeave
    if row is None or by.keys is None:
        raise CannotOpen
    own = None
    try:
        if row.sealed_key is not None and _is_granted(row, by.organisation_id):
            version, wrapped = row.keyring_version, row.sealed_key
            private = unwrap_keyring(session, row.sealed_private, version, by=by)
        elif by.member_id is not None and (own := grants.of_member(session, row, by.member_id)) is not None:
            version, wrapped, private = 0, own, by.keys.kem_private
        elif releasing or compartment == "hand_over":
            version, wrapped = _release(session, row, by.organisation_id)
            private = keyring_private(session, version, by=by)
        else:
            raise CannotOpen
        me = grants.Recipient(by.organisation_id, by.kind, version, b"")
        context = grants.grant_context(case_id, compartment, row.epoch, me)
        if own is not None and by.member_id is not None:
            context = grants.member_context(case_id, compartment, row.epoch, by.member_id)
        compartment_key = _opened_once(private, wrapped, context, by=by)
        shred_key = shredding.shred_key(case_id, compartment, row.epoch)
        if shred_key is None:
            raise CannotOpen
    except CannotOpen:
        if (own is not None or _was_granted(session, row, by.organisation_id)) and _PLACE.first(
            session, {**place, **whose}
        ) == row:
            report(compartment, case_id)
        raise
    return row, compartment_key, shred_key, own is not None


def _is_granted(row: Row, organisation_id: uuid.UUID) -> bool:
    """Whether this program made the live grant; one that was written by hand is ignored."""
    place = (row.case_id, row.compartment, row.epoch, organisation_id)
    if grants.is_made_here(row.grant_mark, *place, row.until_on) and not shredding.is_ended(*place):
        return True
    report(f"grant of {row.compartment}", row.case_id)
    return False


def _opened_once(private: bytes, wrapped: bytes, context: bytes, *, by: Actor) -> bytes:
    """`grants.opened`, done once per request: reading, reading again and writing need the same compartment key.

    The caller checks each time whether the wrapped key may still be used.
    """
    assert by.keys is not None
    known = by.keys.unwrapped.get((wrapped, context))
    if known is None:
        known = by.keys.unwrapped[wrapped, context] = grants.opened(private, wrapped, context)
    return known


def _has_leave(session: AnySession, row: Row, by: Actor) -> bool:
    if not by.session_id:
        return False
    lasts = row.open_until is not None and row.open_until > clock.now()
    if lasts and _is_leave(row.leave_mark, row.case_id, row.compartment, row.open_until, by):
        return True
    return shifts.gives_leave(session, row.case_id, row.compartment, by=by)


def _was_granted(session: AnySession, row: Row, organisation_id: uuid.UUID) -> bool:
    """Whether the organisation has a grant row, of any epoch: then the compartment should open."""
    return row.sealed_key is not None or session.get(Grant, (row.case_id, row.compartment, organisation_id)) is not None


def _release(session: AnySession, row: Row, organisation_id: uuid.UUID) -> tuple[int, bytes]:
    """Turn a pending grant into a grant, only for the party of the open referral."""
    asked = select(Referral.id, Referral.sender_id, Referral.mark).where(
        Referral.case_id == row.case_id,
        Referral.receiver_id == organisation_id,
        Referral.status == "sent",
        Referral.expires_at > clock.now(),
    )
    pending = session.get(PendingGrant, (row.case_id, row.compartment, organisation_id), populate_existing=True)
    referral = session.execute(asked).first()
    if pending is None or pending.epoch != row.epoch or referral is None:
        raise CannotOpen
    check_row_mac(referral.mark, "referral", referral.id, row.case_id, referral.sender_id, organisation_id)
    release_key = shredding.release_key(row.case_id, row.compartment, row.epoch, organisation_id)
    aad = grants.pending_context(row.case_id, row.compartment, row.epoch, organisation_id)
    try:
        if release_key is None:
            raise CannotOpen
        return pending.keyring_version, crypto.unseal(release_key, pending.sealed_key, aad)
    except CannotOpen:
        report(f"pending {row.compartment}", row.case_id)
        raise


def sealed_of(session: Session, case_id: uuid.UUID) -> list[SealedCompartment]:
    """The case's sealed compartments as they are stored now, in a stable order."""
    statement = (
        select(SealedCompartment)
        .where(SealedCompartment.case_id == case_id)
        .order_by(SealedCompartment.compartment)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))
