"""Founding organisations in the key log, and agreeing to what others proposed there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, OrganisationKind
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import EntryKind, Founding, Genesis
from nrm.models.accounts.accounts import Member, Organisation
from nrm.vault import keyrings
from nrm.vault.keylog import log, people

CannotOpen = keyrings.CannotOpen


def propose_founding(*, founders: Sequence[uuid.UUID], by: Actor) -> bytes:
    """Propose that the actor's organisation is founded by these members (the actor is one of them); the digest to agree
    to. The other founder and two attestors agree.

    Raises NotVisible for somebody else's people, EntryRefused, CannotOpen.
    """
    return _propose(EntryKind.FOUNDED, by, lambda session: _founding(session, by.organisation_id, founders, by))


def propose_genesis(*, founders: Sequence[tuple[uuid.UUID, Sequence[uuid.UUID]]], by: Actor) -> bytes:
    """Propose that the log begins with these (organisation, its two founders); all of them agree. The actor is one.

    Raises NotVisible, EntryRefused, CannotOpen.
    """
    return _propose(
        EntryKind.GENESIS,
        by,
        lambda session: Genesis(tuple(_founding(session, of, members, by) for of, members in founders)),
    )


def _propose(kind: EntryKind, by: Actor, body_of) -> bytes:  # type: ignore[no-untyped-def]
    with transaction() as session:
        digest, _ = log.propose(session, kind, body_of(session), by=by)
        audit.append(session, audit.Event.KEY_LOG_PROPOSED, by=by, kind=kind)
    return digest


def agree(*, proposal: bytes, by: Actor) -> bool:
    """Agree to a proposal; returns whether it holds now. Raises EntryRefused, CannotOpen."""
    with transaction() as session:
        if by.member_id is None:
            raise NotPermitted("somebody with keys")
        member = session.get_one(Member, by.member_id)
        found = log.state(session).proposals.get(proposal)
        after = log.agree(session, proposal, by=by)
        audit.append(session, audit.Event.KEY_LOG_AGREED, by=by, kind=found.kind if found else "")
        return member is not None and proposal not in after.proposals


def state() -> State:
    """The log as it stands; raises LogWrong."""
    with transaction() as session:
        return log.state(session)


def _founding(
    session: Session, organisation_id: uuid.UUID | None, founders: Sequence[uuid.UUID], by: Actor
) -> Founding:
    organisation = session.get(Organisation, organisation_id, with_for_update={"key_share": True})
    if organisation is None:
        raise NotVisible
    found = []
    for member_id in founders:
        member = session.get(Member, member_id, populate_existing=True)
        if member is None or member.organisation_id != organisation.id or member.status != "active":
            raise NotVisible
        own = member.id == by.member_id and by.keys is not None
        found.append(people.signed_by(member, by.keys) if own and by.keys else people.person_of(member))
    public = b""
    if OrganisationKind(organisation.kind).holds_keys:
        public = bytes(keyrings.newest(session, organisation).public)
    body = people.founding_of(organisation, public, found)
    session.flush()
    return body
