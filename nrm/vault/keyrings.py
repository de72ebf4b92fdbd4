"""The keyring of an organisation: an X25519 pair whose private half is wrapped to every member who may open cases.

Decided in ADR 0046.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session, aliased

from nrm import clock, crypto
from nrm.db import afterwards, db, no_key_under_way
from nrm.domain.accounts.accounts import Actor, KeyHolder, OrganisationKind
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, NewKeyring, hour_of
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.prepared import AnySession
from nrm.vault import shredding
from nrm.vault.keylog import belief, log
from nrm.vault.keylog.entries import wraps_digest
from nrm.vault.marks import check_row_mac, report, row_mac

CannotOpen = crypto.CannotOpen


class HoldsNoKeys(Exception):
    """An organisation of this kind must never be able to open a case; or has nobody who holds its keyring yet."""


class Disagrees(CannotOpen):
    """The newest keyring of an organisation is not the one that the second database knows; or what somebody holds of a
    keyring is not its private half, or nobody confirmed that they hold it."""


class NothingNew(Disagrees):
    """The organisation keeps what it holds, and is handed nothing that it does not hold."""

    def __init__(self, organisation_id: uuid.UUID) -> None:
        super().__init__()
        self.organisation_id = organisation_id


class Spent(NothingNew):
    """Somebody left who held the newest version, and nobody has made the next one."""


class TakesNoPart(NothingNew):
    """Two duty officers suspended the party for some hours."""


def make_keyring(session: Session, organisation: Organisation, founders: Collection[Member]) -> None:
    """The organisation's first keyring, for its founders. Raises Disagrees where one is known already, by the second
    database or by the key log: nobody signed for another."""
    if organisation.id in _log(session).organisations:
        report("newest keyring", organisation.id)
        raise Disagrees
    private, keyring = _new_version(session, organisation, 1, crypto.new_key())
    for member in founders:
        session.add(_wrap(keyring, member, private))


def renew(session: Session, organisation: Organisation, *, by: Actor) -> tuple[int, list[Member]]:
    """A new version of the keyring, wrapped to every active member: those of the key log, with the keys that it has,
    whatever their rows say; before the founding, those whom a holder of the present version vouched for.

    Returns the version and the active members who were left out: they wait for a colleague again. The caller holds the
    organisation's row. Raises CannotOpen, also for who acts without a voucher of their own; Disagrees.
    """
    before = newest(session, organisation)
    _must_be_known(before)
    old_private = keyring_private(session, before.version, by=by)
    _must_agree(old_private, before.public, organisation.id)
    vouchers = {
        row.member_id: row.voucher
        for row in session.execute(
            select(KeyringWrap.member_id, KeyringWrap.voucher).where(KeyringWrap.keyring_id == before.id)
        )
    }
    acting = session.get_one(Member, by.member_id, populate_existing=True)
    if not is_vouched_for(acting, vouchers.get(acting.id), old_private):
        report("voucher", acting.id)
        raise Disagrees
    return _next_version(
        session,
        organisation,
        before,
        _import_key(before, old_private),
        lambda member: is_vouched_for(member, vouchers.get(member.id), old_private),
        by=by,
    )


def renew_without(session: Session, organisation: Organisation, *, by: Actor) -> tuple[int, list[Member]]:
    """As `renew`, by a member whose signature in the key log says that they do not hold the newest version: it is
    wrapped to every active member whom the log has. Nothing is taken from who holds the present one (ADR 0134).

    Raises CannotOpen for anybody else, Disagrees.
    """
    known = _log(session).organisations.get(organisation.id)
    if known is None or by.member_id not in known.lacking:
        raise CannotOpen
    before = newest(session, organisation)
    _must_be_known(before)
    return _next_version(session, organisation, before, _known_import_key(session, by), lambda _: True, by=by)


def _known_import_key(session: Session, by: Actor) -> bytes:
    """That of the newest version that the actor holds; a new one if they hold none: what was imported before is not
    recognised then."""
    statement = select(Keyring).where(Keyring.organisation_id == by.organisation_id).order_by(Keyring.version.desc())
    for keyring in session.scalars(statement):
        with suppress(CannotOpen):
            return _import_key(keyring, keyring_private(session, keyring.version, by=by))
    return crypto.new_key()


def _next_version(
    session: Session,
    organisation: Organisation,
    before: Keyring,
    import_key: bytes,
    is_known: Callable[[Member], bool],
    *,
    by: Actor,
) -> tuple[int, list[Member]]:
    """(version, who was left out): a version wrapped to each active member, before the founding to who `is_known`."""
    state, left_out = _log(session), []
    wraps: list[KeyringWrap] = []
    in_log = {each.id: each for each in state.active_in(organisation.id, hour_of(clock.now()))}
    logged = state.organisations.get(organisation.id)
    # After a backup was restored the log may know a version whose rows are lost with its private half.
    version = max(before.version, logged.version if logged is not None else 0) + 1
    private, keyring = _new_version(session, organisation, version, import_key)
    for member in session.scalars(select(Member).where(Member.organisation_id == organisation.id)):
        known = in_log.get(member.id)
        if known is not None:
            # Nobody who is in the log is put out by the press of another.
            if _keeps_its_keys(member, known.signing):
                wraps.append(_wrapped(keyring, member.id, known.sealing, private))
        elif member.status == "active" and logged is None and is_known(member):
            wraps.append(_wrap(keyring, member, private))
        elif member.status == "active":
            left_out.append(member)
    if logged is not None and by.member_id not in {each.member_id for each in wraps}:
        report("member", by.member_id)
        raise Disagrees
    session.add_all(wraps)
    session.flush()
    if organisation.id in state.organisations:
        digest = wraps_digest([(each.member_id, each.sealed_private) for each in wraps])
        body = NewKeyring(organisation.id, keyring.version, keyring.public, digest)
        try:
            log.append(session, EntryKind.KEYRING, body, by=by)
        except (EntryRefused, log.LogWrong):
            report("newest keyring", organisation.id)
            raise Disagrees from None
    return keyring.version, left_out


def _log(session: Session) -> State:
    try:
        return log.state(session)
    except log.LogWrong:
        raise Disagrees from None


def newest(session: Session, organisation: Organisation) -> Keyring:
    """The newest version of the keyring; raises CannotOpen for none, or one that was put there by hand."""
    keyring = session.scalar(
        select(Keyring)
        .where(Keyring.organisation_id == organisation.id)
        .order_by(Keyring.version.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if keyring is None:
        raise CannotOpen
    check(keyring, organisation)
    return keyring


def check(keyring: Keyring, organisation: Organisation) -> None:
    """Raise CannotOpen for a public key that this program did not make for the organisation as it is now."""
    check_row_mac(keyring.mark, "keyring", organisation.id, *_bound_to(organisation), keyring.version, keyring.public)


def is_ours(keyring: Keyring, organisation: Organisation) -> bool:
    """As `check`, to find out whether the key file `store` is ours: nothing is reported."""
    parts = (*_bound_to(organisation), keyring.version, keyring.public)
    return crypto.same(keyring.mark or b"", row_mac("keyring", organisation.id, *parts))


def _bound_to(organisation: Organisation) -> tuple[str, str]:
    """The parts of an organisation that never change: otherwise a person could give it the party of another one, and
    would be sealed to in its place."""
    return organisation.kind, organisation.party


def _keeps_its_keys(member: Member, signing: bytes) -> bool:
    """Whether the keys that the log has of somebody are to open anything: not those of who begins anew, whose row is
    not active until they were let in with other keys. What else a row says of keys decides nothing."""
    return member.status == "active" or (member.status == "waiting" and member.sign_public == signing)


def _new_version(
    session: Session, organisation: Organisation, version: int, import_key: bytes
) -> tuple[bytes, Keyring]:
    """(private half, row) of a version that nobody holds yet."""
    if not OrganisationKind(organisation.kind).holds_keys:
        raise HoldsNoKeys(organisation.code)
    private, public = crypto.key_pair()
    new = version_of(organisation.id, version, public)
    try:
        shredding.announce_keyring(new)
    except shredding.KnownAlready:
        report("newest keyring", organisation.id)
        raise Disagrees from None
    afterwards(session, lambda: shredding.confirm_keyring(new))
    keyring = Keyring(
        id=uuid.uuid4(),
        organisation_id=organisation.id,
        version=version,
        public=public,
        mark=row_mac("keyring", organisation.id, *_bound_to(organisation), version, public),
        sealed_import_key=crypto.seal(
            crypto.expand(private, crypto.ctx("import key")),
            import_key,
            crypto.ctx("import key", organisation.id, version),
        ),
        created_at=clock.now(),
    )
    session.add(keyring)
    session.flush()
    return private, keyring


def share_keyring(session: Session, member: Member, *, by: Actor) -> None:
    """Wrap every version that `by` holds to a new member. Raises CannotOpen unless the newest is among them,
    Disagrees."""
    for keyring, private in _held(session, by):
        session.add(_wrap(keyring, member, private))


def _held(session: Session, by: Actor) -> list[tuple[Keyring, bytes]]:
    """(version, its private half) of all that the actor holds. Raises CannotOpen unless the newest is among them,
    Disagrees."""
    if by.organisation_id is None:
        raise CannotOpen
    versions = session.scalars(
        select(Keyring).where(Keyring.organisation_id == by.organisation_id).order_by(Keyring.version)
    ).all()
    held = held_privates(session, by=by)
    if not versions or versions[-1].version not in held:
        raise CannotOpen
    _must_be_known(versions[-1])
    return [(keyring, held[keyring.version]) for keyring in versions if keyring.version in held]


def give_again(session: Session, member: Member, *, by: Actor) -> None:
    """Wrap every version that `by` holds to an active member of the log anew, in place of what lies there: to the key
    that the log has, whatever the row says, so that nobody has to type words. Raises CannotOpen, Disagrees."""
    known = {each.id: each for each in _log(session).active_in(member.organisation_id, hour_of(clock.now()))}
    if member.id not in known or not _keeps_its_keys(member, known[member.id].signing):
        raise CannotOpen
    if member.organisation_id != by.organisation_id:
        raise CannotOpen
    for keyring, private in _held(session, by):
        session.execute(
            delete(KeyringWrap).where(KeyringWrap.member_id == member.id, KeyringWrap.keyring_id == keyring.id)
        )
        session.add(_wrapped(keyring, member.id, known[member.id].sealing, private))


def version_of(organisation_id: uuid.UUID, version: int, public: bytes) -> shredding.Version:
    """The keyring as the second database knows it."""
    digest = crypto.digest(crypto.ctx("known keyring", organisation_id, version, public))
    return shredding.Version(organisation_id, version, digest)


def not_known(session: Session, organisation_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Of these organisations, those for whose key nobody vouches, whose newest is not the one that the second
    database knows, or was held by somebody who left; and those that take no part for some hours."""
    found = _disagreeing(session, organisation_ids)
    # While a new version is being made the two databases and the log are read at different moments: look again.
    return _disagreeing(session, found) if found else found


def _disagreeing(session: Session, organisation_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    try:
        log.must_be_whole(session)
        believed = {each: belief.keyring_of(session, each) for each in organisation_ids}
        unvouched = {each for each, found in believed.items() if found is None or found.spent or found.suspended}
    except log.LogWrong:
        return set(organisation_ids)
    newer = aliased(Keyring)
    newest_ones = session.execute(
        select(Keyring.organisation_id, Keyring.version, Keyring.public).where(
            Keyring.organisation_id.in_(organisation_ids),
            ~exists().where(newer.organisation_id == Keyring.organisation_id, newer.version > Keyring.version),
        )
    )
    return unvouched | {each.organisation_id for each in shredding.unknown([version_of(*row) for row in newest_ones])}


def _must_be_known(keyring: Keyring) -> None:
    """Raise Disagrees, and report it, for a newest keyring that is older than the known one or another."""
    if shredding.unknown([version_of(keyring.organisation_id, keyring.version, keyring.public)]):
        report("newest keyring", keyring.organisation_id)
        raise Disagrees


def settle() -> int:
    """Confirm keyrings that were announced and committed, delete those that failed; returns how many of both.

    It is needed when the program stopped between the two commits.
    """
    announced = shredding.known_keyrings(confirmed=False)
    if not announced:
        return 0
    with no_key_under_way():
        there = _made_here()
        for each in shredding.known_keyrings(confirmed=False):
            if each in there:
                shredding.confirm_keyring(each)
            else:
                shredding.forget_keyring(each)
    return len(announced)


def disagreeing() -> list[uuid.UUID]:
    """The organisations whose newest keyring is not the one that the second database knows; each is reported."""
    known = {each.organisation_id: each for each in shredding.known_keyrings(confirmed=True)}
    announced = set(shredding.known_keyrings(confirmed=False))
    newest_there: dict[uuid.UUID, shredding.Version] = {}
    for each in sorted(_made_here(), key=lambda found: found.version):
        newest_there[each.organisation_id] = each
    differ = [
        organisation_id
        for organisation_id in sorted(known.keys() | newest_there.keys())
        if newest_there.get(organisation_id) != known.get(organisation_id)
        and newest_there.get(organisation_id) not in announced
    ]
    for organisation_id in differ:
        report("newest keyring", organisation_id)
    return differ


def _made_here() -> set[shredding.Version]:
    """The keyrings of the main database, as it is now, that carry a right mark."""
    statement = select(Keyring.organisation_id, Keyring.version, Keyring.public, Keyring.mark)
    with db.engine.connect() as connection:
        rows = connection.execute(
            statement.add_columns(Organisation.kind, Organisation.party).join(
                Organisation, Organisation.id == Keyring.organisation_id
            )
        ).all()
    return {
        version_of(row.organisation_id, row.version, row.public)
        for row in rows
        if crypto.same(row.mark, row_mac("keyring", row.organisation_id, row.kind, row.party, row.version, row.public))
    }


def lacks_newest(session: Session, *, by: Actor) -> bool:
    """Whether the actor, an active member of an organisation that holds keys, cannot open the version of its keyring
    that the log has: nothing is wrapped to them, or something else."""
    state = log.last_state(session)
    known = state.organisations.get(by.organisation_id) if by.organisation_id is not None else None
    if known is None or not known.version or by.keys is None:
        return False
    if not state.is_active(by.member_id, hour_of(clock.now())):
        return False
    try:
        keyring_private(session, known.version, by=by)
    except CannotOpen:
        return True
    return False


def held_privates(session: Session, *, by: Actor) -> dict[int, bytes]:
    """The private halves of the versions of the organisation's keyring that open for the actor, by version. A row that
    holds anything else is reported, and holds nothing."""
    versions = session.scalars(
        select(Keyring.version)
        .join(KeyringWrap, KeyringWrap.keyring_id == Keyring.id)
        .where(Keyring.organisation_id == by.organisation_id, KeyringWrap.member_id == by.member_id)
        .order_by(Keyring.version)
    )
    found: dict[int, bytes] = {}
    for version in versions.all():
        with suppress(CannotOpen):
            found[version] = keyring_private(session, version, by=by)
    return found


def is_vouched_for(member: Member, voucher: bytes | None, private: bytes) -> bool:
    """Whether a holder of the keyring's private half confirmed the member with the keys they have now.

    Otherwise a person who can write to the database could add a wrap and a status, and wait for the next version.
    """
    return (
        voucher is not None
        and member.kem_public is not None
        and crypto.same(voucher, _voucher(member.id, member.kem_public, private))
    )


def _voucher(member_id: uuid.UUID, kem_public: bytes, private: bytes) -> bytes:
    return crypto.mac(crypto.expand(private, crypto.ctx("voucher")), crypto.ctx("member", member_id, kem_public))


def _wrap(keyring: Keyring, member: Member, private: bytes) -> KeyringWrap:
    if member.kem_public is None:
        raise CannotOpen
    check_row_mac(member.kem_mark, "member", member.id, member.organisation_id, member.kem_public)
    return _wrapped(keyring, member.id, member.kem_public, private)


def _wrapped(keyring: Keyring, member_id: uuid.UUID, sealing: bytes, private: bytes) -> KeyringWrap:
    info = crypto.ctx("keyring", keyring.organisation_id, keyring.version, member_id)
    return KeyringWrap(
        keyring_id=keyring.id,
        member_id=member_id,
        sealed_private=crypto.wrap(sealing, private, info),
        voucher=_voucher(member_id, sealing, private),
    )


# A wrap, with the public half that its content is compared with, and the MAC of that public half.
_WRAP = (
    select(
        Keyring.version,
        Keyring.public,
        Keyring.mark,
        Organisation.kind,
        Organisation.party,
        KeyringWrap.sealed_private,
    )
    .join(KeyringWrap, KeyringWrap.keyring_id == Keyring.id)
    .join(Organisation, Organisation.id == Keyring.organisation_id)
    .order_by(Keyring.version)
)


def keyring_private(session: AnySession, version: int, *, by: Actor) -> bytes:
    """The private half of one version of the keyring of the actor's organisation; it is checked with the public half.

    Raises CannotOpen. What the session carries is used only while there is a wrap: access ends with the wrap.
    """
    if by.keys is None or by.member_id is None or by.organisation_id is None:
        raise CannotOpen
    whose = (KeyringWrap.member_id == by.member_id, Keyring.organisation_id == by.organisation_id)
    row = session.execute(_WRAP.where(*whose, Keyring.version == version)).first()
    if row is None:
        raise CannotOpen
    if (known := by.keys.keyrings.get(version)) is not None:
        _must_be_half_of(known, row, by.organisation_id)
        return known
    private = _unwrapped(row, by.member_id, by.organisation_id, by.keys)
    by.keys.keyrings[version] = private
    return private


def unwrap_keyring(session: AnySession, sealed: bytes | None, version: int, *, by: Actor) -> bytes:
    """`keyring_private` for a caller that has read the wrap already. What the session carries was compared with the
    public half when the session began, so no further statement is needed."""
    if sealed is None or by.keys is None:
        raise CannotOpen
    if (known := by.keys.keyrings.get(version)) is not None:
        return known
    return keyring_private(session, version, by=by)


def _unwrapped(row: Any, member_id: uuid.UUID, organisation_id: uuid.UUID, keys: KeyHolder) -> bytes:
    """The content of a row of `_WRAP`; raises CannotOpen, and reports it, unless it is the half of a marked keyring.

    Anybody can wrap any 32 bytes to a member's public key.
    """
    try:
        private = crypto.unwrap(
            keys.kem_private, row.sealed_private, crypto.ctx("keyring", organisation_id, row.version, member_id)
        )
        _must_be_half_of(private, row, organisation_id)
    except CannotOpen:
        report("wrapped keyring", member_id)
        raise
    return private


def _must_be_half_of(private: bytes, row: Any, organisation_id: uuid.UUID) -> None:
    check_row_mac(row.mark, "keyring", organisation_id, row.kind, row.party, row.version, row.public)
    _must_agree(private, row.public, organisation_id)


def _must_agree(private: bytes, public: bytes, organisation_id: uuid.UUID) -> None:
    if not crypto.same(crypto.public_key_of(private), public):
        report("private half of the keyring", organisation_id)
        raise Disagrees


def unwrap_all(session: Session, member_id: uuid.UUID, organisation_id: uuid.UUID, keys: KeyHolder) -> None:
    """Unwrap every version that is wrapped to the member, for a new session; what does not open is left out."""
    whose = (KeyringWrap.member_id == member_id, Keyring.organisation_id == organisation_id)
    for row in session.execute(_WRAP.where(*whose)).all():
        with suppress(CannotOpen):
            keys.keyrings[row.version] = _unwrapped(row, member_id, organisation_id, keys)


def organisation_mark(session: Session, message: bytes, *, by: Actor) -> bytes:
    """An HMAC under a key that only the actor's organisation has. It recognises a line, but nobody else can test
    guesses.

    The key is the same for every version of the keyring.
    """
    keyring = newest(session, session.get_one(Organisation, by.organisation_id))
    return crypto.mac(_import_key(keyring, keyring_private(session, keyring.version, by=by)), message)


def paper_mark(session: Session, number: str, *, by: Actor) -> bytes:
    """`organisation_mark` of a paper's number; it cannot equal that of an imported line, which is JSON."""
    return organisation_mark(session, crypto.ctx("paper", number), by=by)


def _import_key(keyring: Keyring, private: bytes) -> bytes:
    if keyring.sealed_import_key is not None:
        under = crypto.expand(private, crypto.ctx("import key"))
        context = crypto.ctx("import key", keyring.organisation_id, keyring.version)
        try:
            return crypto.unseal(under, keyring.sealed_import_key, context)
        except CannotOpen:
            report("import key", keyring.organisation_id)
            raise
    if keyring.version != 1:
        raise CannotOpen
    return crypto.expand(private, crypto.ctx("import"))
