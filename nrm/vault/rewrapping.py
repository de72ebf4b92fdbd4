"""Moving an organisation's grants, live and pending, to the newest version of its keyring, batch by batch (ADR 0019).

A grant names the version to which it was made, so everything can be opened at any time: with the old version until its
batch is stored, with the new one after that. The compartment keys stay the same; `epochs.rotate` makes new ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import current_app
from sqlalchemy import Row, Table, bindparam, delete, exists, func, select, tuple_, update
from sqlalchemy.orm import Session

from nrm import crypto
from nrm.domain.accounts.accounts import Actor
from nrm.models.accounts.accounts import Keyring, KeyringWrap
from nrm.models.referrals.referrals import Referral, RouteCandidate
from nrm.models.shelter.cases import Grant, ParkedGrant, PendingGrant
from nrm.vault import parking, shredding, tags
from nrm.vault.grants import Place, Recipient, grant_context, opened, pending_context
from nrm.vault.keyrings import CannotOpen, held_privates
from nrm.vault.marks import report

Kind = type[Grant] | type[PendingGrant] | type[ParkedGrant]
KINDS: tuple[Kind, ...] = (Grant, PendingGrant, ParkedGrant)
Unopenable = tuple[uuid.UUID, str, bytes]  # case, compartment, the sealed key as it lies there


class HeldByOthers(CannotOpen):
    """Only colleagues hold an older version: one of them moves what is sealed to it."""


@dataclass(frozen=True, slots=True, repr=False)
class Batch:
    """Grants that are wrapped again but not stored yet; the last place that was read, and what did not open."""

    rows: Sequence[dict[str, Any]]
    last: Place | None
    unopenable: Collection[Unopenable]


def wrapped_again(
    session: Session,
    kind: Kind,
    to: Recipient,
    *,
    after: Place | None,
    size: int,
    by: Actor,
) -> Batch:
    """The next `size` grants made to older versions that the actor holds, wrapped to the newest."""
    privates = {version: each for version, each in held_privates(session, by=by).items() if version != to.version}
    statement = (
        select(kind.__table__)
        .where(kind.organisation_id == to.organisation_id, kind.keyring_version.in_(privates))
        .order_by(kind.case_id, kind.compartment)
        .limit(size)
    )
    if after is not None:
        statement = statement.where(tuple_(kind.case_id, kind.compartment) > after)
    found = session.execute(statement).all()
    releases: dict[tuple[uuid.UUID, str, int], bytes] = {}
    if kind is not Grant and found:
        places = [(row.case_id, row.compartment, row.epoch) for row in found]
        releases = shredding.release_keys(places, to.organisation_id)
    rows, unopenable = [], set()
    for row in found:
        try:
            release = b"" if kind is Grant else releases.get((row.case_id, row.compartment, row.epoch))
            outer = _parked if kind is ParkedGrant else _pending
            rows.append(_rewrapped(row, privates[row.keyring_version], release, outer, to))
        except CannotOpen:
            unopenable.add((row.case_id, row.compartment, row.sealed_key))
            current_app.logger.error("a grant of %s of case %s does not open", row.compartment, row.case_id)
    last = (found[-1].case_id, found[-1].compartment) if len(found) == size else None
    return Batch(rows, last, unopenable)


_Outer = Callable[[bytes, tuple[uuid.UUID, str, int], uuid.UUID], tuple[bytes, bytes]]


def _pending(release_key: bytes, place: tuple[uuid.UUID, str, int], organisation_id: uuid.UUID) -> tuple[bytes, bytes]:
    """(key, context) of what is around a pending grant."""
    return release_key, pending_context(*place, organisation_id)


def _parked(release_key: bytes, place: tuple[uuid.UUID, str, int], organisation_id: uuid.UUID) -> tuple[bytes, bytes]:
    """(key, context) of what is around a parked grant."""
    return parking.outer_key(release_key, *place, organisation_id), parking.context(*place, organisation_id)


def _rewrapped(
    row: Row[Any], private: bytes, release_key: bytes | None, outer: _Outer, to: Recipient
) -> dict[str, Any]:
    """One grant wrapped to the newest version. `release_key`: empty for a live grant, None if it was destroyed.
    `outer`: the key and the context of what is around a grant that is not live."""
    if release_key is None:
        raise CannotOpen
    place = (row.case_id, row.compartment, row.epoch)
    key, aad = outer(release_key, place, to.organisation_id) if release_key else (b"", b"")
    wrapped = crypto.unseal(key, row.sealed_key, aad) if release_key else row.sealed_key
    before = Recipient(to.organisation_id, to.kind, row.keyring_version, b"")
    compartment_key = opened(private, wrapped, grant_context(*place, before))
    wrapped = crypto.wrap(to.public, compartment_key, grant_context(*place, to))
    return {
        "of_case": row.case_id,
        "of_compartment": row.compartment,
        "of_organisation": to.organisation_id,
        "of_epoch": row.epoch,
        "of_version": row.keyring_version,
        "seen": row.sealed_key,
        "version": to.version,
        "wrapped": crypto.seal(key, wrapped, aad) if release_key else wrapped,
    }


def keep(session: Session, kind: Kind, batch: Batch) -> None:
    """Store the grants in place of those from which they were made; one that ended or moved meanwhile is left alone."""
    if not batch.rows:
        return
    table = kind.__table__.c
    statement = (
        update(cast(Table, kind.__table__))
        .where(
            table.case_id == bindparam("of_case"),
            table.compartment == bindparam("of_compartment"),
            table.organisation_id == bindparam("of_organisation"),
            table.epoch == bindparam("of_epoch"),
            table.keyring_version == bindparam("of_version"),
            table.sealed_key == bindparam("seen"),
        )
        .values(keyring_version=bindparam("version"), sealed_key=bindparam("wrapped"))
    )
    session.connection().execute(statement, list(batch.rows))


def behind(session: Session, organisation_id: uuid.UUID) -> int:
    """How many grants are made to versions that somebody holds but that are not the newest."""
    return sum(
        session.scalar(select(func.count()).select_from(kind).where(*_is_behind(kind, organisation_id))) or 0
        for kind in KINDS
    )


def drop_old(session: Session, to: Recipient, unopenable: Collection[Unopenable], *, by: Actor) -> bool:
    """Delete the wraps of all older versions, if nothing that they open is left. The caller has locked the
    organisation.

    Raises HeldByOthers if others hold an older version that does not open for the actor, so that its grants were not
    moved; CannotOpen if nobody else does.
    """
    old = _old_keyrings(to.organisation_id)
    wrapped = select(Keyring.version, KeyringWrap.member_id).join(KeyringWrap, KeyringWrap.keyring_id == Keyring.id)
    held = held_privates(session, by=by)
    closed = [row.member_id for row in session.execute(wrapped.where(Keyring.id.in_(old))) if row.version not in held]
    if closed:
        raise HeldByOthers if any(each != by.member_id for each in closed) else CannotOpen
    for kind in KINDS:
        left = select(kind.case_id, kind.compartment, kind.sealed_key).where(*_is_behind(kind, to.organisation_id))
        found = session.execute(left.limit(len(unopenable) + 1)).all()
        if any((row.case_id, row.compartment, row.sealed_key) not in unopenable for row in found):
            return False
    session.execute(delete(KeyringWrap).where(KeyringWrap.keyring_id.in_(old)))
    return True


def move_tags(session: Session, to: Recipient, *, by: Actor) -> None:
    """Seal the yes or no that stands in lists (`vault.tags`) to the newest version, from those that the actor holds.

    One that is deleted meanwhile, because nobody is asked any more, stays deleted.
    """
    privates = {version: each for version, each in held_privates(session, by=by).items() if version != to.version}
    for table, whose in ((RouteCandidate, RouteCandidate.organisation_id), (Referral, Referral.receiver_id)):
        kind = table.__table__.c
        made = select(kind.id, kind.case_id, kind.sealed_tags, kind.tags_version)
        rows = session.execute(made.where(whose == to.organisation_id, kind.tags_version.in_(privates))).all()
        for row in rows:
            try:
                version, sealed = tags.sealed_again(row.case_id, row.sealed_tags, privates[row.tags_version], to)
            except CannotOpen:
                report("tag", row.case_id)
                continue
            session.execute(
                update(table)
                .where(kind.id == row.id, kind.sealed_tags == row.sealed_tags)
                .values(tags_version=version, sealed_tags=sealed)
                .execution_options(synchronize_session=False)
            )


def _is_behind(kind: Kind, organisation_id: uuid.UUID) -> tuple[Any, ...]:
    versions = select(Keyring.version).where(Keyring.id.in_(_old_keyrings(organisation_id)), _is_held())
    return kind.organisation_id == organisation_id, kind.keyring_version.in_(versions)


def _is_held() -> Any:
    return exists().where(KeyringWrap.keyring_id == Keyring.id)


def _old_keyrings(organisation_id: uuid.UUID) -> Any:
    latest = select(func.max(Keyring.version)).where(Keyring.organisation_id == organisation_id).scalar_subquery()
    return select(Keyring.id).where(Keyring.organisation_id == organisation_id, Keyring.version < latest)
