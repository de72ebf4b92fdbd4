"""Who holds a compartment's key: grants, pending grants under release keys, and what each is bound to.

These rows decide to whom a new epoch is sealed. So a live grant carries a MAC, and a pending grant counts only while
its release key is in the second database. A row that was written by hand is reported and ignored.

A grant is HPKE to the public half of the organisation's keyring, so sealing to an organisation needs no secret of it.
When somebody who holds the private half opens it for a reason, or seals to their own organisation, the grant is kept as
an own envelope instead, in the same row and with the same context (ADR 0030):

    own    0x03 | AEAD(EXP(private half, "own grant"), CK, context)

What only an interviewer may open is granted to the member's own key in the same two envelopes, and to no organisation
(ADR 0059).

Decided in ADR 0002, ADR 0031, ADR 0104.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from flask import current_app
from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.models.accounts.accounts import Keyring, Member, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Destruction, Grant, MemberGrant, ParkedGrant, PendingGrant, SealedCompartment
from nrm.prepared import AnySession, Prepared, Row
from nrm.vault import shredding
from nrm.vault.keylog import belief, log
from nrm.vault.keyrings import Disagrees, HoldsNoKeys, Spent, TakesNoPart, version_of
from nrm.vault.marks import check_row_mac, is_right_row_mac, report, row_mac

Place = tuple[uuid.UUID, str]  # case, compartment
_OF_ORGANISATION = (Organisation.id, Organisation.code, Organisation.kind, Organisation.party)
_PRESENT = SealedCompartment.epoch.label("present")
_LIVE = (Grant.case_id, Grant.compartment, Grant.epoch, Grant.organisation_id, Grant.until_on, Grant.mark)
_OWN = b"\x03"
_LOOKED_AT = 500  # grants read at once, to find those of older keys
_GRANT = Prepared(insert(Grant), list(Grant.__table__.columns.keys()))
_PEND = Prepared(insert(PendingGrant), list(PendingGrant.__table__.columns.keys()))
_OF_MEMBER = MemberGrant.__table__.c
_GRANT_MEMBER = Prepared(insert(MemberGrant), list(_OF_MEMBER.keys()))
_MEMBERS_OWN = Prepared(
    select(_OF_MEMBER.epoch, _OF_MEMBER.sealed_key, _OF_MEMBER.mark).where(
        _OF_MEMBER.case_id == bindparam("case_id"),
        _OF_MEMBER.compartment == bindparam("compartment"),
        _OF_MEMBER.member_id == bindparam("member_id"),
    )
)
_END_OF_MEMBERS = Prepared(
    delete(cast(Table, MemberGrant.__table__)).where(
        _OF_MEMBER.case_id == bindparam("case_id"), _OF_MEMBER.compartment == bindparam("compartment")
    )
)
_IS_WAITING = {
    kind: Prepared(
        select(kind.__table__.c.organisation_id)
        .where(
            kind.__table__.c.case_id == bindparam("case_id"), kind.__table__.c.compartment == bindparam("compartment")
        )
        .limit(1)
    )
    for kind in (PendingGrant, ParkedGrant)
}
_HERE = (Grant.case_id == SealedCompartment.case_id, Grant.compartment == SealedCompartment.compartment)
_HELD = select(*_LIVE, _PRESENT).join(SealedCompartment, and_(*_HERE))
_HELD_AT = Prepared(_HELD.where(Grant.case_id == bindparam("case_id"), Grant.compartment == bindparam("compartment")))


@dataclass(frozen=True, slots=True)
class Recipient:
    """An organisation and the newest public half of its keyring."""

    organisation_id: uuid.UUID
    kind: str
    version: int
    public: bytes


_KEYRINGS = (
    select(*_OF_ORGANISATION, Keyring.version, Keyring.public, Keyring.mark)
    .outerjoin(Keyring, Keyring.organisation_id == Organisation.id)
    .where(Organisation.id.in_(bindparam("ids", expanding=True)))
    .order_by(Organisation.code, Keyring.version)
)
_RECIPIENTS = _KEYRINGS.with_for_update(read=True, key_share=True, of=Organisation)


def recipients(
    session: Session,
    organisation_ids: Collection[uuid.UUID],
    *,
    by: Actor | None = None,
    again: Collection[uuid.UUID] = (),
) -> list[Recipient]:
    """The organisations as grantees, in a stable order.

    Raises HoldsNoKeys for one that must not or cannot open; CannotOpen for a public key that was written by hand;
    Disagrees for one that is not the newest that the second database knows, or for which nobody vouches: neither the
    key log nor, for 60 days after an upgrade, the list of before (`keylog.belief`).
    While the log is wrong, nothing is sealed but to the organisation of `by`: people go on with what they hold.
    Raises Spent for one whose newest version somebody held who left: it is handed nothing that it did not hold then;
    and TakesNoPart for one whose party is suspended.
    `again`: those that are handed what they hold already, under a new epoch.
    Until the transaction ends nobody deletes older versions of the keyring (`rewrapping.drop_old`; PostgreSQL).
    """
    newest = _newest(session.execute(_RECIPIENTS, {"ids": list(organisation_ids)}).all())
    if len(newest) != len(set(organisation_ids)):
        raise HoldsNoKeys("unknown organisation")
    if late := _unknown(newest):
        # A new version may have been committed after this transaction began to read: check on another connection.
        with db.engine.connect() as connection:
            newest |= _newest(connection.execute(_KEYRINGS, {"ids": late}).all())
        for organisation_id in (disagree := _unknown(newest)):
            report("newest keyring", organisation_id)
        if disagree:
            raise Disagrees
    for each in newest.values():
        own = by is not None and by.organisation_id == each.organisation_id
        _must_be_vouched_for(session, each, own=own, again=each.organisation_id in again)
    return list(newest.values())


def _must_be_vouched_for(session: Session, found: Recipient, *, own: bool, again: bool) -> None:
    try:
        if not own:
            log.must_be_trusted()
            log.must_be_whole(session)
        believed = belief.keyring_of(session, found.organisation_id, own=own)
    except log.LogWrong:
        raise Disagrees from None
    if own and not (believed and believed.founded):
        return  # before its founding an organisation goes on with what its own people hold
    if believed is None or (believed.version, believed.public) != (found.version, found.public):
        report("newest keyring", found.organisation_id)
        raise Disagrees
    if believed.suspended and not again:
        raise TakesNoPart(found.organisation_id)
    if believed.spent and not again:
        raise Spent(found.organisation_id)


def _unknown(newest: Mapping[uuid.UUID, Recipient]) -> list[uuid.UUID]:
    """The organisations whose newest keyring here is not the one that the second database knows."""
    found = [version_of(each.organisation_id, each.version, each.public) for each in newest.values()]
    return [each.organisation_id for each in shredding.unknown(found)]


def _newest(rows: Sequence[Any]) -> dict[uuid.UUID, Recipient]:
    newest: dict[uuid.UUID, Recipient] = {}
    for row in rows:
        if not OrganisationKind(row.kind).holds_keys or row.public is None:
            raise HoldsNoKeys(row.code)
        check_row_mac(row.mark, "keyring", row.id, row.kind, row.party, row.version, row.public)
        newest[row.id] = Recipient(row.id, row.kind, row.version, row.public)
    return newest


def exposed(
    session: Session, organisation_id: uuid.UUID, version: int, *, after: Place | None, size: int
) -> Sequence[Place]:
    """The next places whose key is not known to have been first wrapped to `version` of the organisation's keyring.

    A former member may have kept such a key. A version that was written by hand is reported and not trusted.
    """
    place = (Grant.case_id, Grant.compartment)
    statement = select(*place, Grant.epoch, Grant.organisation_id, Grant.since_version, Grant.since_mark)
    statement = statement.where(Grant.organisation_id == organisation_id).order_by(*place).limit(_LOOKED_AT)
    found: list[Place] = []
    while True:
        rows = session.execute(statement if after is None else statement.where(tuple_(*place) > after)).all()
        for row in rows:
            after = (row.case_id, row.compartment)
            if not _is_since(row, version):
                found.append(after)
            if len(found) == size:
                return found
        if len(rows) < _LOOKED_AT:
            return found


def _is_since(row: Any, version: int) -> bool:
    """Whether this program made the epoch's key when `version` was the newest."""
    made = _since_mac(row.case_id, row.compartment, row.epoch, row.organisation_id, max(row.since_version, 0))
    made_here = row.since_mark is not None and crypto.same(row.since_mark, made)
    if not made_here and (row.since_mark is not None or row.since_version > version):
        report(f"keyring version of the grant of {row.compartment}", row.case_id)
    return made_here and row.since_version == version


def holding(session: Session, places: Collection[Place]) -> dict[Place, list[uuid.UUID]]:
    """The organisations that have live grants of each place, of its present epoch, whose consent has not run out."""
    return {place: list(held) for place, held in _held_until(session, places).items()}


def _held_until(session: Session, places: Collection[Place]) -> dict[Place, dict[uuid.UUID, date | None]]:
    """As `holding`, with the last day of each."""
    found: dict[Place, dict[uuid.UUID, date | None]] = {place: {} for place in places}
    ended = shredding.ended(places)
    rows: Iterable[Row]
    if len(places) == 1:
        ((case_id, compartment),) = places
        rows = _HELD_AT.all(session, {"case_id": case_id, "compartment": compartment})
    else:
        rows = session.execute(_HELD.where(tuple_(Grant.case_id, Grant.compartment).in_(places)))
    for case_id, compartment, epoch, organisation_id, until_on, found_mark, present in rows:
        made_here = is_made_here(found_mark, case_id, compartment, epoch, organisation_id, until_on)
        if made_here and epoch == present and (case_id, compartment, epoch, organisation_id) not in ended:
            found[case_id, compartment][organisation_id] = until_on
        else:
            report(f"grant of {compartment}", case_id)
    return found


def hold_until(
    session: Session, case_id: uuid.UUID, organisation_id: uuid.UUID, compartments: Collection[str], until_on: date
) -> None:
    """Let live grants of these compartments hold until that day, the last one of a consent; needs no key.

    Grants that were written by hand, or whose day is over, are left as they are: they stay dead.
    """
    for place, held in _held_until(session, [(case_id, each) for each in compartments]).items():
        if organisation_id in held:
            _set_day(session, place, organisation_id, until_on)


def hold_as_long_as(session: Session, case_id: uuid.UUID, compartment: str, like: str) -> None:
    """Let the live grants of `compartment` hold as long as those that the same organisations have of `like`."""
    found = _held_until(session, [(case_id, compartment), (case_id, like)])
    for organisation_id in found[case_id, compartment]:
        until_on = found[case_id, like].get(organisation_id)
        if until_on is not None:
            _set_day(session, (case_id, compartment), organisation_id, until_on)


def _set_day(session: Session, place: Place, organisation_id: uuid.UUID, until_on: date) -> None:
    case_id, compartment = place
    here = (Grant.case_id == case_id, Grant.compartment == compartment, Grant.organisation_id == organisation_id)
    epoch = session.scalars(select(Grant.epoch).where(*here).with_for_update()).one()
    mark = _grant_mac(case_id, compartment, epoch, organisation_id, until_on)
    session.execute(update(Grant).where(*here, Grant.epoch == epoch).values(until_on=until_on, mark=mark))


def asked(session: Session, places: Collection[Place]) -> dict[Place, list[uuid.UUID]]:
    """The parties that have pending grants of each place, of its present epoch, and a release key to them."""
    found: dict[Place, list[uuid.UUID]] = {place: [] for place in places}
    here = (
        PendingGrant.case_id == SealedCompartment.case_id,
        PendingGrant.compartment == SealedCompartment.compartment,
    )
    statement = (
        select(
            PendingGrant.case_id, PendingGrant.compartment, PendingGrant.epoch, PendingGrant.organisation_id, _PRESENT
        )
        .join(SealedCompartment, and_(*here))
        .where(tuple_(PendingGrant.case_id, PendingGrant.compartment).in_(places))
    )
    rows = session.execute(statement).all()
    released = shredding.released([(row.case_id, row.compartment, row.epoch, row.organisation_id) for row in rows])
    for case_id, compartment, epoch, organisation_id, present in rows:
        if epoch == present and (case_id, compartment, epoch, organisation_id) in released:
            found[case_id, compartment].append(organisation_id)
        else:
            report(f"pending grant of {compartment}", case_id)
    return found


def waiting(session: Session, case_id: uuid.UUID) -> set[uuid.UUID]:
    """The parties that have pending grants of the case."""
    names = session.scalars(select(PendingGrant.compartment).where(PendingGrant.case_id == case_id).distinct())
    places = [(case_id, name) for name in names]
    return {each for parties in asked(session, places).values() for each in parties} if places else set()


def holders_of(session: Session, case_id: uuid.UUID, compartment: str) -> set[uuid.UUID]:
    """Who has a live grant now."""
    return set(holding(session, [(case_id, compartment)])[case_id, compartment])


def take_back(session: Session, case_id: uuid.UUID, organisation_id: uuid.UUID, compartments: Collection[str]) -> bool:
    """Delete an organisation's live grants of these compartments; returns whether it had any. Needs no key.

    From now on it can open nothing of it here, also if somebody puts the rows back: the second database knows that
    they ended. A new epoch must follow, so that an older backup opens nothing either.
    """
    gone = session.execute(
        delete(Grant)
        .where(
            Grant.case_id == case_id,
            Grant.organisation_id == organisation_id,
            Grant.compartment.in_(compartments),
        )
        .returning(Grant.compartment, Grant.epoch)
    ).all()
    shredding.note_ended([(case_id, row.compartment, row.epoch, organisation_id) for row in gone])
    return bool(gone)


def let_go(session: Session, case_id: uuid.UUID, organisation_id: uuid.UUID) -> None:
    """A party declined or did not answer: delete its pending grants, and list its release keys for destruction."""
    _let_go(session, PendingGrant.case_id == case_id, PendingGrant.organisation_id == organisation_id)


def let_go_everywhere(session: Session, organisation_id: uuid.UUID) -> None:
    """`let_go` in every case: the organisation is no longer asked about anybody."""
    _let_go(session, PendingGrant.organisation_id == organisation_id)


def _let_go(session: Session, *pending: ColumnElement[bool]) -> None:
    rows = session.scalars(select(PendingGrant).where(*pending)).all()
    if rows:
        shredding.list_for_destruction(session, (release_of(row) for row in rows))
        session.execute(delete(PendingGrant).where(*pending))


def clear(
    session: Session,
    kind: type[Grant] | type[PendingGrant],
    case_id: uuid.UUID,
    organisations: Collection[uuid.UUID],
    compartments: Collection[str],
) -> None:
    """Delete rows that are not valid, at the places where valid ones will be written."""
    session.execute(
        delete(kind).where(
            kind.case_id == case_id, kind.organisation_id.in_(organisations), kind.compartment.in_(compartments)
        )
    )


def grant(
    session: Session,
    compartment_key: bytes,
    case_id: uuid.UUID,
    compartment: str,
    epoch: int,
    grantees: Iterable[Recipient],
    *,
    by: Actor | None = None,
    until: Mapping[uuid.UUID, date | None] | None = None,
) -> None:
    """Live grants of the compartment at this epoch; for the organisation of `by` in an envelope of its own.

    `until`: the last day of each organisation that holds it by a consent that runs out.
    """
    for grantee in grantees:
        context = grant_context(case_id, compartment, epoch, grantee)
        private = _private(grantee, by)
        sealed = _sealed_own_key(private, compartment_key, context) if private else None
        place = {"case_id": case_id, "compartment": compartment, "organisation_id": grantee.organisation_id}
        versions = {"epoch": epoch, "keyring_version": grantee.version, "since_version": grantee.version}
        sealed = sealed or crypto.wrap(grantee.public, compartment_key, context)
        made = (case_id, compartment, epoch, grantee.organisation_id)
        until_on = (until or {}).get(grantee.organisation_id)
        marks = {"mark": _grant_mac(*made, until_on), "since_mark": _since_mac(*made, grantee.version)}
        _GRANT.run(session, {**place, **versions, "sealed_key": sealed, "until_on": until_on, **marks})


def _private(to: Recipient, by: Actor | None) -> bytes | None:
    """The private half of the recipient's keyring, if the actor's session carries it."""
    if by is None or by.keys is None or by.organisation_id != to.organisation_id:
        return None
    return by.keys.keyrings.get(to.version)


def _sealed_own_key(private: bytes, compartment_key: bytes, context: bytes) -> bytes:
    return _OWN + crypto.seal(crypto.expand(private, crypto.ctx("own grant")), compartment_key, context)


def opened(private: bytes, sealed_key: bytes, context: bytes) -> bytes:
    """The compartment key of a grant, in either envelope; raises CannotOpen."""
    if sealed_key[:1] == _OWN:
        return crypto.unseal(crypto.expand(private, crypto.ctx("own grant")), sealed_key[1:], context)
    return crypto.unwrap(private, sealed_key, context)


_KEEP_OWN = Prepared(
    update(cast(Table, Grant.__table__))
    .where(
        Grant.case_id == bindparam("of_case"),
        Grant.compartment == bindparam("of_compartment"),
        Grant.organisation_id == bindparam("of_organisation"),
        Grant.sealed_key == bindparam("seen"),
    )
    .values(sealed_key=bindparam("sealed_key"))
)


def keep_own(session: Session, row: Row, compartment_key: bytes, *, by: Actor) -> None:
    """Keep a grant that was opened, as `compartments.keys` found it, in the organisation's own envelope from now on."""
    if by.organisation_id is None or by.kind is None or row.sealed_key is None or row.sealed_key[:1] == _OWN:
        return
    me = Recipient(by.organisation_id, by.kind, row.keyring_version, b"")
    private = _private(me, by)
    if private is None:
        return
    sealed = _sealed_own_key(private, compartment_key, grant_context(row.case_id, row.compartment, row.epoch, me))
    place = {"of_case": row.case_id, "of_compartment": row.compartment, "of_organisation": by.organisation_id}
    _KEEP_OWN.run(session, {**place, "seen": row.sealed_key, "sealed_key": sealed})


def grant_members(
    session: Session,
    compartment_key: bytes,
    case_id: uuid.UUID,
    compartment: str,
    epoch: int,
    members: Iterable[uuid.UUID],
    *,
    by: Actor | None = None,
) -> None:
    """Grants of the compartment at this epoch to members themselves; for `by` in an envelope of their own.

    Raises CannotOpen for a member without keys, or whose public key was written by hand.
    """
    for member_id in members:
        context = member_context(case_id, compartment, epoch, member_id)
        if by is not None and by.keys is not None and by.member_id == member_id:
            sealed = _sealed_own_key(by.keys.kem_private, compartment_key, context)
        else:
            member = session.get_one(Member, member_id, populate_existing=True)
            if member.kem_public is None:
                raise crypto.CannotOpen
            check_row_mac(member.kem_mark, "member", member.id, member.organisation_id, member.kem_public)
            sealed = crypto.wrap(member.kem_public, compartment_key, context)
        place = {"case_id": case_id, "compartment": compartment, "member_id": member_id, "epoch": epoch}
        mark = _member_mac(case_id, compartment, epoch, member_id)
        _GRANT_MEMBER.run(session, {**place, "sealed_key": sealed, "mark": mark})


def of_member(session: AnySession, row: Row, member_id: uuid.UUID) -> bytes | None:
    """The wrapped key of the member's own grant of the compartment `row`, at its epoch; None if there is none.

    One that was written by hand is reported and ignored.
    """
    place = {"case_id": row.case_id, "compartment": row.compartment, "member_id": member_id}
    found = _MEMBERS_OWN.first(session, place)
    if found is None or found.epoch != row.epoch:
        return None
    if not crypto.same(found.mark, _member_mac(row.case_id, row.compartment, found.epoch, member_id)):
        report(f"grant of {row.compartment} to a member", row.case_id)
        return None
    return bytes(found.sealed_key)


def granted_to_members(session: Session, places: Collection[Place]) -> dict[Place, list[uuid.UUID]]:
    """The members that have a grant of their own of each place, at the present epoch and with a right mark."""
    here = (
        MemberGrant.case_id == SealedCompartment.case_id,
        MemberGrant.compartment == SealedCompartment.compartment,
        MemberGrant.epoch == SealedCompartment.epoch,
    )
    rows = session.execute(
        select(MemberGrant.__table__)
        .join(SealedCompartment, and_(*here))
        .where(tuple_(MemberGrant.case_id, MemberGrant.compartment).in_(places))
    )
    found: dict[Place, list[uuid.UUID]] = {}
    for row in rows:
        if crypto.same(row.mark, _member_mac(row.case_id, row.compartment, row.epoch, row.member_id)):
            found.setdefault((row.case_id, row.compartment), []).append(row.member_id)
        else:
            report(f"grant of {row.compartment} to a member", row.case_id)
    return found


def forget_member(session: Session, member_id: uuid.UUID) -> list[Place]:
    """Delete all grants to the member themselves; the places that nobody at all holds any more, or is asked to."""
    gone = session.execute(
        delete(MemberGrant)
        .where(MemberGrant.member_id == member_id)
        .returning(MemberGrant.case_id, MemberGrant.compartment)
    )
    places = [(row.case_id, row.compartment) for row in gone]
    if not places:
        return []
    held = {
        (row.case_id, row.compartment)
        for kind in (Grant, PendingGrant, ParkedGrant, MemberGrant)
        for row in session.execute(
            select(kind.case_id, kind.compartment).where(tuple_(kind.case_id, kind.compartment).in_(places))
        )
    }
    return [place for place in places if place not in held]


def pend(
    session: Session, compartment_key: bytes, place: tuple[uuid.UUID, str, int], parties: Iterable[Recipient]
) -> list[dict[str, object]]:
    """Pending grants of one compartment at its epoch; returns the rows of their release keys, to be stored."""
    case_id, compartment, epoch = place
    release_keys: list[dict[str, object]] = []
    for party in parties:
        release_key = crypto.new_key()
        where = {"case_id": case_id, "compartment": compartment, "epoch": epoch}
        release_keys.append({**where, "organisation_id": party.organisation_id, "key": release_key})
        wrapped = crypto.wrap(party.public, compartment_key, grant_context(case_id, compartment, epoch, party))
        aad = pending_context(case_id, compartment, epoch, party.organisation_id)
        whose = {"organisation_id": party.organisation_id, "keyring_version": party.version}
        _PEND.run(session, {**where, **whose, "sealed_key": crypto.seal(release_key, wrapped, aad)})
    return release_keys


def days_of(session: Session, case_id: uuid.UUID, compartment: str) -> dict[uuid.UUID, date | None]:
    """Until when each organisation holds the compartment; for the next epoch, before `end`."""
    return _held_until(session, [(case_id, compartment)])[case_id, compartment]


def end(session: Session, case_id: uuid.UUID, compartment: str, epoch: int) -> None:
    """Delete all grants, also those of members, and pending and parked ones; list the epoch's shred key and all release
    keys for destruction."""
    place = {"case_id": case_id, "compartment": compartment}
    ended = [Destruction(kind="shred", epoch=epoch, **place)]
    kinds: tuple[type[PendingGrant | ParkedGrant], ...] = (PendingGrant, ParkedGrant)
    for kind in kinds:
        if _IS_WAITING[kind].first(session, place) is not None:
            waiting = (kind.case_id == case_id, kind.compartment == compartment)
            rows = cast(Iterable[PendingGrant | ParkedGrant], session.scalars(select(kind).where(*waiting)))
            ended += map(release_of, rows)
            session.execute(delete(kind).where(*waiting))
    shredding.list_for_destruction(session, ended)
    session.execute(delete(Grant).where(Grant.case_id == case_id, Grant.compartment == compartment))
    _END_OF_MEMBERS.run(session, place)


def release_of(pending: PendingGrant | ParkedGrant) -> Destruction:
    """The line that destroys the release key of the row."""
    return Destruction(
        kind="release",
        case_id=pending.case_id,
        compartment=pending.compartment,
        epoch=pending.epoch,
        organisation_id=pending.organisation_id,
    )


def put_back(session: Session, parked: ParkedGrant, sealed: bytes) -> None:
    """Make a parked grant live again; `sealed` is what it was before it was parked (`parking.give_back`)."""
    made = (parked.case_id, parked.compartment, parked.epoch, parked.organisation_id)
    place = {"case_id": parked.case_id, "compartment": parked.compartment, "organisation_id": parked.organisation_id}
    versions = {"keyring_version": parked.keyring_version, "since_version": parked.since_version}
    marks = {"mark": _grant_mac(*made, None), "since_mark": _since_mac(*made, parked.since_version)}
    _GRANT.run(session, {**place, **versions, "epoch": parked.epoch, "sealed_key": sealed, "until_on": None, **marks})


def mark_of(referral_id: uuid.UUID, case_id: uuid.UUID, sender_id: uuid.UUID, receiver_id: uuid.UUID) -> bytes:
    """The MAC of a new referral: without it no key is released to its receiver.

    It covers the sender too, because acceptance ends the sender's grants, and the row says who that is.
    """
    return row_mac("referral", referral_id, case_id, sender_id, receiver_id)


def is_of_referral(referral: Referral | Row) -> bool:
    """Whether this program made the referral, between these two and for this case; otherwise it is reported."""
    parts = (referral.case_id, referral.sender_id, referral.receiver_id)
    return is_right_row_mac(referral.mark, "referral", referral.id, *parts)


def _grant_mac(
    case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID, until_on: date | None
) -> bytes:
    # Not the word of earlier versions, whose marks said nothing of a day: no such row can be put back.
    day = "" if until_on is None else until_on.isoformat()
    return row_mac("grant held", case_id, compartment, epoch, organisation_id, day)


def _since_mac(
    case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID, since_version: int
) -> bytes:
    return row_mac("grant since", case_id, compartment, epoch, organisation_id, since_version)


def is_made_here(
    found: bytes, case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID, until_on: date | None
) -> bool:
    """Whether a live grant carries the mark of this program, and its day is not over.

    When a consent ran out, its grant is deleted and the epoch stays until a key holder comes. Whoever kept the row and
    puts it back has a right mark, of a day that is over.
    """
    if not crypto.same(found, _grant_mac(case_id, compartment, epoch, organisation_id, until_on)):
        return False
    return until_on is None or clock.today(current_app.extensions["nrm.country"].timezone) <= until_on


def grant_context(case_id: uuid.UUID, compartment: str, epoch: int, to: Recipient) -> bytes:
    """The context of a grant: it opens only for this place and this version of this organisation's keyring."""
    return crypto.ctx("grant", case_id, compartment, epoch, to.organisation_id, to.kind, to.version)


def member_context(case_id: uuid.UUID, compartment: str, epoch: int, member_id: uuid.UUID) -> bytes:
    """The context of a grant to a member."""
    return crypto.ctx("member grant", case_id, compartment, epoch, member_id)


def _member_mac(case_id: uuid.UUID, compartment: str, epoch: int, member_id: uuid.UUID) -> bytes:
    return row_mac("member grant", case_id, compartment, epoch, member_id)


def pending_context(case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID) -> bytes:
    """The context of a pending grant."""
    return crypto.ctx("pending", case_id, compartment, epoch, organisation_id)
