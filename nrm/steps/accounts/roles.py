"""Another role or name of a colleague, in the transaction of an action: the entry of the key log, and the row after it.

The log is what counts: a role in the row alone makes nobody anything, and `nrm tend` puts it right.

Decided in ADR 0116.
"""

from __future__ import annotations

import uuid

from flask import current_app
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts import key_log_entries
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, OrganisationKind, Role
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefusal, EntryRefused, NewName, NewRole, hour_of
from nrm.domain.accounts.key_log_known import ATTESTS_AFTER
from nrm.domain.accounts.members import ChangeRefusal, ChangeRefused, KeyHappening, takes_away
from nrm.domain.accounts.person_names import NameRefusal, NameRefused
from nrm.models.accounts.accounts import Member
from nrm.steps.accounts.key_events import happened
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import person_names
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.vault.keylog import log, people
from nrm.vault.keyrings import Disagrees

_REFUSALS = {EntryRefusal.ROLE: ChangeRefusal.ROLE, EntryRefusal.OPEN: ChangeRefusal.OPEN}
_ANOTHERS = (NameRefusal.NAMESAKE, NameRefusal.LOGIN)


def give(session: Session, member: Member, role: Role, by: Actor) -> bool:
    """Sign that the member has another role; whether it holds now, or waits for a second hand.

    That is so for a role with more rights than the actor's own: the new one, or the one that is taken away. Who
    suspended this person lately, or is one hand with who did, proposes none that may do less. Raises ChangeRefused,
    Disagrees, CannotOpen.
    """
    known, body = _known(session, member.id), NewRole(member.id, str(role))
    if known.role == role:
        raise ChangeRefused(ChangeRefusal.SAME)
    _must_be_another_hand(session, known, role, by)
    waiting = log.proposal_of(log.state(session), EntryKind.ROLE, body)
    if waiting is None and takes_away(known.role, str(role)) and act_rows.had_suspended(by.member_id, member.id):
        raise ChangeRefused(ChangeRefusal.SUSPENDED)
    if waiting is None and occasion_rows.is_new_to(by.member_id, member.id):
        raise ChangeRefused(ChangeRefusal.NEWCOMER)
    if waiting is not None and by.member_id in waiting.signers:
        raise ChangeRefused(ChangeRefusal.SIGNED)
    try:
        holds, _ = log.sign_or_agree(session, EntryKind.ROLE, body, by=by)
    except EntryRefused as refused:
        raise ChangeRefused(_REFUSALS.get(refused.reason, ChangeRefusal.HANDS)) from None
    if holds:
        follow(session, body, by)
    else:
        audit.append(session, audit.Event.KEY_LOG_PROPOSED, by=by, kind=EntryKind.ROLE)
    return holds


def _must_be_another_hand(session: Session, known: key_log_entries.Member, role: Role, by: Actor) -> None:
    """Raise ChangeRefused where one hand would let somebody in and, within 14 days, give them more rights: joining with
    that role is seen by everybody, and what follows a minute later is not. A colleague signs it, or proposes it."""
    state = log.state(session)
    of = OrganisationKind(state.organisations[known.organisation_id].kind)
    raises = not PERMISSIONS[role] <= PERMISSIONS[Role(known.role)]
    new = state.begun and hour_of(clock.now()) - known.since < ATTESTS_AFTER
    mine = known.vouched_by == frozenset({by.member_id})
    waits = log.proposal_of(state, EntryKind.ROLE, NewRole(known.id, str(role))) is not None
    if of.holds_keys and raises and new and mine and not waits:
        raise ChangeRefused(ChangeRefusal.NEW)


def follow(session: Session, body: NewRole, by: Actor) -> None:
    """The log has the new role: bring the row to it, and tell the colleagues."""
    member = session.get(Member, body.member_id, populate_existing=True)
    if member is None:
        return
    before, member.role = member.role, body.role
    session.flush()
    happened(session, KeyHappening.ROLE_CHANGED, member, by=by, before=before, after=body.role)
    audit.append(session, audit.Event.MEMBER_ROLE_CHANGED, by=by, member_id_changed=member.id, role=body.role)


def rename(session: Session, member: Member, name: str, by: Actor) -> None:
    """Sign the digest of the member's own new name, and write the name into the row. Raises as `give`, and
    NameRefused.

    Not within 14 days after a change, nor after colleagues typed words that had the name in them.
    """
    known = _known(session, member.id)
    if member.name == name and people.is_named_so(member, known.name_digest):
        raise ChangeRefused(ChangeRefusal.SAME)
    if refusal := person_names.refusal(member.organisation_id, name, but=member.id):
        raise NameRefused(refusal)
    if not occasion_rows.is_seasoned(member.id) or person_names.renamed_lately(member.id):
        raise ChangeRefused(ChangeRefusal.LATELY)
    _rename(session, member, name, by)


def give_name_back(session: Session, member: Member, name: str, by: Actor) -> None:
    """A colleague objects to a change of name: the name before is signed again, unless it is another's by now."""
    if member.name != name and person_names.refusal(member.organisation_id, name, but=member.id) not in _ANOTHERS:
        _rename(session, member, name, by)


def _rename(session: Session, member: Member, name: str, by: Actor) -> None:
    before, digest = member.name, people.rename(member, name)
    try:
        log.append(session, EntryKind.RENAMED, NewName(member.id, digest), by=by)
    except EntryRefused:
        raise ChangeRefused(ChangeRefusal.HANDS) from None
    session.flush()
    happened(session, KeyHappening.RENAMED, member, by=by, before=before, after=name)
    audit.append(session, audit.Event.MEMBER_RENAMED, by=by, member_id_changed=member.id)


def _known(session: Session, member_id: uuid.UUID) -> key_log_entries.Member:
    try:
        found = log.state(session).members.get(member_id)
    except log.LogWrong as wrong:
        current_app.logger.error("no role or name of %s is changed: %s", member_id, wrong)
        raise Disagrees from None
    if found is None or found.left:
        raise ChangeRefused(ChangeRefusal.NOT_IN)
    return found
