"""Where the acts on accounts and keys end in the key log: one function for each, inside the action's transaction.

Only organisations that are founded have entries. What gives trust raises when the log refuses it; what takes it away is
done in the rows even so, and `nrm keylog verify` names the difference.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app
from sqlalchemy.orm import Session

from nrm import clock
from nrm.domain.accounts.accounts import Actor, KeyHolder, NotVisible, OrganisationKind, Role
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefusal, EntryRefused, Standing, founders_of, hour_of
from nrm.domain.accounts.members import NoSecondHandThere, ProposedAlready
from nrm.models.accounts.accounts import Member, Organisation
from nrm.prepared import AnySession, Row
from nrm.vault import keyrings, members
from nrm.vault.keylog import entries, log, people
from nrm.vault.keylog.heads import Head
from nrm.vault.keyrings import Disagrees
from nrm.vault.marks import report


def is_founded(session: Session, organisation_id: uuid.UUID | None) -> bool:
    """Whether the log has the organisation. Raises Disagrees while the log is wrong."""
    return organisation_id in _state(session).organisations


def lets_in_by_words(session: Session, organisation: Organisation) -> bool:
    """Whether a colleague confirms who comes back: where keys are held, or the log has the organisation."""
    return OrganisationKind(organisation.kind).holds_keys or is_founded(session, organisation.id)


def end_seen(session: AnySession, login: str, browsers: str) -> tuple[Head, bool]:
    """(the end of the key log for this person to remember, whether it contradicts what stands here): what their browser
    saw stays, if the log does not go on from it. A browser that saw none contradicts nothing."""
    state, seen = log.last_state(session), members.browser_head(login, browsers)
    if seen is not None and not state.follows(*seen):
        return seen, True
    return Head(state.number, state.digest), False


def is_right(session: Session) -> bool:
    """Whether the log holds now."""
    try:
        log.state(session)
    except log.LogWrong:
        return False
    return True


def is_spent(session: Session, organisation_id: uuid.UUID | None) -> bool:
    """Whether somebody left the organisation who held the newest version of its keyring, by the key log."""
    found = log.last_state(session).organisations.get(organisation_id) if organisation_id else None
    return found is not None and found.spent


def _state(session: Session) -> State:
    try:
        return log.state(session)
    except log.LogWrong:
        raise Disagrees from None


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Who somebody is. `waits`: a colleague has not let them in with these keys; `suspended_until`: the hour at which
    they work again, None if they do now, 0 if somebody has to end it; `party_until`: the hour at which their
    organisation takes part again, 0 if it does now."""

    role: Role
    kind: OrganisationKind
    code: str
    crossing_point: str
    waits: bool
    suspended_until: int | None = None
    party_until: int = 0


def believed(state: State, row: Row, keys: KeyHolder) -> Standpoint | None:
    """Who asks, by the key log: the row says only which member it is. None for somebody who left, or whose organisation
    takes no part.

    Before their organisation is founded, it is what the rows say.
    """
    organisation, member = state.organisations.get(row.organisation_id), state.members.get(row.member_id)
    if organisation is None and member is not None:
        organisation = state.organisations[member.organisation_id]
    if organisation is None:
        return Standpoint(Role(row.role), OrganisationKind(row.kind), row.code, row.crossing_point, waits=False)
    known, now = (
        (OrganisationKind(organisation.kind), organisation.code, organisation.crossing_point),
        hour_of(clock.now()),
    )
    out = organisation.party_until if organisation.takes_no_part(now) else 0
    if member is None:
        return Standpoint(Role(row.role), *known, waits=True, party_until=out)
    theirs = entries.are_keys_of(member, keys)
    until = None
    if theirs and not state.is_active(member.id, now):
        if member.left and row.status == "waiting":  # a colleague let them come back, and has not let them in yet
            return Standpoint(Role(member.role), *known, waits=True, party_until=out)
        if member.left or organisation.suspended or not state.is_vouched_for(organisation.id):
            return None
        until = member.until if member.is_suspended(now) else None
    if (row.role, row.kind, row.code, row.crossing_point) != (member.role, *map(str, known)) and theirs:
        report("member", member.id)
    return Standpoint(Role(member.role), *known, waits=not theirs, suspended_until=until, party_until=out)


def is_in(session: Session, member: Member) -> bool:
    """Whether the log has the member with the keys of the row; True where there is no founding."""
    state = _state(session)
    if member.organisation_id not in state.organisations:
        return True
    known = state.members.get(member.id)
    return (
        known is not None
        and not known.left
        and (known.signing, known.sealing) == (member.sign_public, member.kem_public)
    )


def let_in(session: Session, member: Member, by: Actor) -> bool:
    """A colleague lets a member in with the keys that they have now: `joined`, or `anew` for who was there before.

    Returns whether it holds: a role with more rights than the actor's own waits for a second hand. Raises Disagrees for
    what the log refuses, CannotOpen.
    """
    state = _state(session)
    if member.organisation_id not in state.organisations:
        return True
    kind = EntryKind.ANEW if member.id in state.members else EntryKind.JOINED
    try:
        holds, _ = log.sign_or_agree(session, kind, people.person_of(member), by=by)
    except (EntryRefused, log.LogWrong) as refused:
        current_app.logger.error("the key log did not let %s in: %s", member.id, refused)
        raise Disagrees from None
    return holds


@dataclass(frozen=True, slots=True)
class Typed:
    """Who has let a member in already, while a second hand is still missing. `further`: the actor's hand would be one;
    `inside`: somebody of the organisation could be it."""

    by: tuple[uuid.UUID, ...]
    further: bool
    inside: bool


def typed_by(session: Session, member: Member, by: Actor) -> Typed | None:
    """What is known of it; None where nobody has let them in, or one hand is enough. Raises Disagrees, CannotOpen."""
    state, at = _state(session), hour_of(clock.now())
    if member.organisation_id not in state.organisations or by.member_id is None:
        return None
    kind = EntryKind.ANEW if member.id in state.members else EntryKind.JOINED
    found = log.proposal_of(state, kind, people.person_of(member))
    if found is None:
        return None
    return Typed(found.signers, state.still_needed(found, by.member_id, at), bool(state.hands_of(found, at)))


def may_let_in(session: Session, member: Member, by: Actor) -> bool:
    """Whether the log takes the actor's signature for this person, alone or with others. Raises Disagrees."""
    state = _state(session)
    if member.organisation_id not in state.organisations or by.member_id is None or not member.own_signature:
        return False
    kind = EntryKind.ANEW if member.id in state.members else EntryKind.JOINED
    return state.may_sign(kind, people.person_of(member), by.member_id, hour_of(clock.now()))


def knows(session: Session, member_id: uuid.UUID) -> bool:
    """Whether the log ever had the member, also if they have left."""
    return member_id in log.last_state(session).members


def founds(session: Session, member: Member) -> bool:
    """Whether the member is a founder in a proposal that waits, or can be one with whom the log begins: these two type
    each other's words, the first of them before there is a proposal. Raises Disagrees."""
    state = _state(session)
    if not state.begun and OrganisationKind(session.get_one(Organisation, member.organisation_id).kind).holds_keys:
        return True
    waiting = state.open_proposals(hour_of(clock.now()))
    return any(member.id == each.member_id for proposal in waiting for each in founders_of(proposal.body))


def propose_founding(session: Session, organisation: Organisation, founders: Sequence[Member], by: Actor) -> None:
    """Once the log has begun: propose that these found the organisation, as one of them; the others agree later.

    Raises Disagrees for what the log refuses, CannotOpen.
    """
    state = _state(session)
    if not state.begun or organisation.id in state.organisations:
        return
    public = b""
    if OrganisationKind(organisation.kind).holds_keys:
        public = bytes(keyrings.newest(session, organisation).public)
    try:
        log.propose(
            session,
            EntryKind.FOUNDED,
            people.founding_of(organisation, public, [people.person_of(each) for each in founders]),
            by=by,
        )
    except (EntryRefused, log.LogWrong) as refused:
        current_app.logger.error("the key log has no proposal to found %s: %s", organisation.id, refused)
        raise Disagrees from None


def left(session: Session, member: Member, by: Actor, *, reason: str = "left") -> bool:
    """A member's account ends: from this entry on they are nobody. Returns whether there is an entry."""
    found = log.last_state(session).members.get(member.id)
    return found is not None and not found.left and _taken_away(session, EntryKind.LEFT, member.id, reason, by)


def suspended(session: Session, subject_id: uuid.UUID, by: Actor, *, reason: str = "asked") -> bool:
    """A member or an organisation takes no part for some time. Returns whether there is an entry."""
    return _taken_away(session, EntryKind.SUSPENDED, subject_id, reason, by)


def proposes_suspending(session: Session, organisation_id: uuid.UUID, by: Actor, *, reason: str) -> bool:
    """Propose that an organisation takes no part which nobody takes out alone; whether it holds now, or waits.

    Raises NoSecondHandThere where the log, or its present state, has nobody who could be the second hand; and
    ProposedAlready.
    """
    try:
        if organisation_id not in log.state(session).organisations:
            raise NoSecondHandThere
        return log.propose_or_agree(session, EntryKind.SUSPENDED, Standing(organisation_id, reason), by=by)[0]
    except (EntryRefused, log.LogWrong) as refused:
        if isinstance(refused, EntryRefused) and refused.reason is EntryRefusal.OPEN:
            raise ProposedAlready from None
        raise NoSecondHandThere from None


def proposes_resuming(session: Session, organisation_id: uuid.UUID, by: Actor) -> bool:
    """Sign that the Responsible Authority takes part again, without who took it out; whether it holds now, or waits for
    another organisation. Raises NotVisible where it is not suspended, or the actor's hand is none; Disagrees."""
    state = _state(session)
    body, of = Standing(organisation_id, "asked"), state.organisations.get(organisation_id)
    able = by.member_id and state.may_sign(EntryKind.RESUMED, body, by.member_id, hour_of(clock.now()))
    if of is None or not of.suspended or not able or of.kind != OrganisationKind.RESPONSIBLE_AUTHORITY:
        raise NotVisible
    try:
        return log.sign_or_agree(session, EntryKind.RESUMED, body, by=by)[0]
    except (EntryRefused, log.LogWrong):
        raise Disagrees from None


def resumed(session: Session, subject_id: uuid.UUID, by: Actor, *, reason: str = "asked") -> bool:
    """They take part again. Returns whether it holds; where the log knows of no suspension, no entry is needed."""
    state = _state(session)
    found = state.members.get(subject_id) or state.organisations.get(subject_id)
    if found is None or not found.suspended:
        return True
    try:
        log.append(session, EntryKind.RESUMED, Standing(subject_id, reason), by=by)
    except (EntryRefused, log.LogWrong):
        raise Disagrees from None
    return True


def _taken_away(session: Session, kind: EntryKind, subject_id: uuid.UUID, reason: str, by: Actor) -> bool:
    state = log.last_state(session)
    if by.keys is None or (subject_id not in state.members and subject_id not in state.organisations):
        return False
    if not state.is_active(by.member_id, hour_of(clock.now())):
        return False
    try:
        log.append(session, kind, Standing(subject_id, reason), by=by)
    except (EntryRefused, log.LogWrong) as refused:
        current_app.logger.error("the key log has no %s of %s: %s", kind, subject_id, refused)
        return False
    return True
