"""A new version of an organisation's keyring, and sealing again under it what older ones opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import (
    Actor,
    Permission,
)
from nrm.domain.accounts.members import (
    KeyHappening,
)
from nrm.models.accounts.accounts import Organisation
from nrm.steps.accounts import key_log
from nrm.steps.accounts import members as steps
from nrm.steps.accounts.key_events import happened
from nrm.store.accounts import members as store
from nrm.vault import epochs, grants, keyrings, rewrapping, shredding
from nrm.vault import members as vault

CannotOpen = vault.CannotOpen
HeldByOthers = rewrapping.HeldByOthers
_BATCH = 500
_SEALED_TOGETHER = 100  # compartments in one transaction: others wait for it on SQLite


@dataclass(frozen=True, slots=True)
class Moved:
    """How far the move to a keyring's newest version is: `left` grants still wait, no key opens `unopenable` ones."""

    version: int
    moved: int
    left: int
    unopenable: int
    done: bool


@dataclass(frozen=True, slots=True)
class SealingProgress:
    """How far sealing under new keys is: `left` are still under older keys; no key opens `unopenable` of these."""

    sealed: int
    left: int
    unopenable: int
    done: bool


def renew_keyring(*, by: Actor, seen: int | None = None) -> int:
    """Make a new version of the organisation's keyring; returns the newest version. Raises NotPermitted, CannotOpen.

    Makes none if the work for the present version is not finished and nobody left since; or if there is a newer one
    than the actor has `seen`.
    """
    by.must(Permission.ACCOUNT_CONFIRM)
    with transaction() as session:
        organisation = _own_organisation(session, by)
        stands = store.keys(by=by)
        if stands.under_way or (seen is not None and seen < stands.version):
            return stands.version
        return steps.renew(session, organisation, by)


def renew_spent_keyring(*, by: Actor) -> None:
    """Make a new keyring if somebody left who held the newest one; else nothing. Raises as `renew_keyring`."""
    if key_log.is_spent(db.session(), by.organisation_id):
        renew_keyring(by=by)


def move_grants(*, by: Actor, seconds: float | None = None, progress: Callable[[int], None] | None = None) -> Moved:
    """Wrap the organisation's grants to the newest version of its keyring, then delete the older versions.

    It works for `seconds`, or until it is done. It can be interrupted at any point and continued. `progress` is told
    how many grants were moved each time. Raises NotPermitted, CannotOpen.
    """
    by.must(Permission.ACCOUNT_CONFIRM)
    until = None if seconds is None else time.monotonic() + seconds
    moved = 0
    unopenable: set[rewrapping.Unopenable] = set()
    while True:
        to = _recipient(by)
        unopenable.clear()
        for kind in rewrapping.KINDS:
            after: grants.Place | None = None
            while True:
                batch = rewrapping.wrapped_again(db.session(), kind, to, after=after, size=_BATCH, by=by)
                db.session.rollback()
                if batch.rows:
                    with transaction() as session:
                        rewrapping.keep(session, kind, batch)
                moved += len(batch.rows)
                unopenable |= set(batch.unopenable)
                if progress is not None:
                    progress(len(batch.rows))
                if until is not None and time.monotonic() >= until:
                    return Moved(to.version, moved, _versions_behind(by), len(unopenable), done=False)
                after = batch.last
                if after is None:
                    break
        if _finish(to, unopenable, by):
            return Moved(to.version, moved, 0, len(unopenable), done=True)


def seal_again(
    *, by: Actor, seconds: float | None = None, progress: Callable[[int], None] | None = None
) -> SealingProgress:
    """Give a new epoch to every compartment that the organisation held under an older version of its keyring.

    Then no key that a former member may have kept opens the present files. All who hold a compartment keep it, so any
    of them can do this, not only the holder of the case. It can be interrupted at any point and continued. Call it
    after `move_grants`. Raises NotPermitted, CannotOpen.
    """
    by.must(Permission.ACCOUNT_CONFIRM)
    until = None if seconds is None else time.monotonic() + seconds
    to = _recipient(by)
    sealed, after = 0, None
    unopenable: list[grants.Place] = []
    while places := grants.exposed(db.session(), to.organisation_id, to.version, after=after, size=_SEALED_TOGETHER):
        db.session.rollback()
        with transaction() as session:
            done = epochs.seal_again(session, places, by=by)
            audit.append(session, audit.Event.SEALED_ANEW, by=by, version=to.version, compartments=done.sealed)
        sealed, after = sealed + done.sealed, places[-1]
        unopenable += done.unopenable
        if progress is not None:
            progress(len(places))
        if until is not None and time.monotonic() >= until:
            break
    else:
        db.session.rollback()
        _end_sealing_again(to, len(unopenable), by)
    shredding.work_off()
    stands = store.keys(by=by)
    return SealingProgress(sealed, store.number_exposed(by=by), len(unopenable), done=stands.seal_again_since is None)


def _end_sealing_again(to: grants.Recipient, unopenable: int, by: Actor) -> None:
    """Take the organisation off the list of those that must seal again, if nothing that can be opened is left."""
    with transaction() as session:
        organisation = _own_organisation(session, by)
        stands = store.keys(by=by)
        left = store.number_exposed(by=by)
        if organisation.anew_due_at is None or stands.due_at or stands.unfinished or left > unopenable:
            return
        organisation.anew_due_at = None
        happened(session, KeyHappening.SEALED_ANEW, None, by=by, version=to.version)


def _finish(to: grants.Recipient, unopenable: set[rewrapping.Unopenable], by: Actor) -> bool:
    """Delete the older versions. False if, meanwhile, something was sealed to one of them or a newer one was made."""
    with transaction() as session:
        organisation = _own_organisation(session, by, alone=True)
        if keyrings.newest(session, organisation).version != to.version:
            return False
        stands = store.keys(by=by)
        if not stands.old_wraps:
            return True
        rewrapping.move_tags(session, to, by=by)
        if not rewrapping.drop_old(session, to, unopenable, by=by):
            return False
        happened(session, KeyHappening.KEYRING_MOVED, None, by=by, version=to.version)
        session.flush()
        audit.append(session, audit.Event.KEYRING_MOVED, by=by, version=to.version, unopenable=len(unopenable))
        return True


def _recipient(by: Actor) -> grants.Recipient:
    if by.organisation_id is None:
        raise CannotOpen
    to = grants.recipients(db.session(), [by.organisation_id], by=by)[0]
    db.session.rollback()
    return to


def _versions_behind(by: Actor) -> int:
    return store.keys(by=by).behind


def _own_organisation(session: Session, by: Actor, *, alone: bool = False) -> Organisation:
    """The actor's organisation, locked until the transaction ends; `alone`: nobody can seal to it meanwhile either."""
    if by.organisation_id is None:
        raise CannotOpen
    return session.get_one(
        Organisation, by.organisation_id, with_for_update={"key_share": not alone}, populate_existing=True
    )
