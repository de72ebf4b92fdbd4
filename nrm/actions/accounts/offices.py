"""Letting people into an office without keys that the key log knows: a colleague there signs it, nobody else alone.

In an organisation that holds keys `accounts.confirm` does this, with the wraps of the keyring. An office has none, and
often one person: where nobody else of it is there, two attest as at a founding.

Decided in ADR 0113.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Role
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import EntryKind, hour_of
from nrm.models.accounts.accounts import Member, Organisation
from nrm.steps.accounts import key_log
from nrm.steps.accounts import offices as steps
from nrm.vault.keylog import log, people

_THERE = ("waiting", "active")  # who was there before the founding is active, and outside the log


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who has an account and keys, and whom their office has not let in."""

    member_id: uuid.UUID
    login: str
    name: str
    role: Role
    office: Mapping[str, str]


def waiting(*, by: Actor) -> list[Waiting]:
    """Who waits in an office without keys and could be let in by the actor, alone or with others. Raises LogWrong."""
    with transaction() as session:
        state = log.state(session)
        rows = session.execute(
            select(Member, Organisation)
            .join(Organisation, Organisation.id == Member.organisation_id)
            .where(Member.status.in_(_THERE), Organisation.enabled, Organisation.id.in_(_offices(state)))
            .order_by(Organisation.code, Member.login)
        ).all()
        return [
            Waiting(
                member.id,
                member.login,
                member.name,
                Role(member.role),
                {"sq": office.name_sq, "en": office.name_en},
            )
            for member, office in rows
            if not key_log.is_in(session, member)
            and _may_let_in(state, member, by)
            and not _has_signed(state, member, by)
        ]


def _offices(state: State) -> list[uuid.UUID]:
    return [each.id for each in state.organisations.values() if not each.holds_keys]


def _may_let_in(state: State, member: Member, by: Actor) -> bool:
    """Whether the log takes the actor's signature for this person, alone or with others."""
    office = state.organisations.get(member.organisation_id)
    if office is None or office.holds_keys or by.member_id is None or not member.own_signature:
        return False
    return state.may_sign(_kind(state, member), people.person_of(member), by.member_id, hour_of(clock.now()))


def _has_signed(state: State, member: Member, by: Actor) -> bool:
    waits = log.proposal_of(state, _kind(state, member), people.person_of(member))
    return waits is not None and by.member_id in waits.signers


def _kind(state: State, member: Member) -> EntryKind:
    return EntryKind.ANEW if member.id in state.members else EntryKind.JOINED


def let_in(*, member_id: uuid.UUID, by: Actor) -> bool:
    """Sign that somebody of an office without keys is one of it, with the keys of their row; whether it holds now.

    A role with more rights than the actor's own waits for a second hand, and somebody of an office in which nobody else
    is there for two who attest: they do the same, or `key_log.agree`. Raises NotVisible for whom the actor could not
    let in, Disagrees for what the log refuses.
    """
    with transaction() as session:
        member = session.get(Member, member_id, populate_existing=True)
        if member is None or member.status not in _THERE or not _may_let_in(log.state(session), member, by):
            raise NotVisible
        if key_log.is_in(session, member):
            return True
        holds = key_log.let_in(session, member, by)
        if holds:
            steps.take_in(session, member, by)
        else:
            audit.append(session, audit.Event.KEY_LOG_PROPOSED, by=by, kind=EntryKind.JOINED)
    return holds
