"""Occasions to read words, and what follows of them about a member, for actions and steps."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cache
from itertools import islice

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Role
from nrm.domain.accounts.key_log_entries import time_of
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.suspensions import AGAIN, leaves_alone
from nrm.domain.accounts.vouching import (
    SEASONED,
    HandRefusal,
    Standing,
    hangs_on,
    has_seen_for,
    is_newcomer,
    is_same_hand,
    refusal_of_hand,
)
from nrm.domain.accounts.words import OccasionStatus, WordPurpose
from nrm.models.accounts.accounts import Invitation, KeyEvent, Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.suspensions import Suspension
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.store.rows.accounts.members import has_newest, holds_newest, ids_of_holders
from nrm.vault.keylog import log, words

_JOINING = (WordPurpose.JOINED, WordPurpose.ANEW, WordPurpose.FOUNDED)
_GOES_ON = (OccasionStatus.WAITS, OccasionStatus.OPEN)


def going_on(session: Session, member_id: uuid.UUID) -> Occasion | None:
    """The occasion of this member that waits or is open; one that this program did not write counts as none."""
    found = session.scalar(
        select(Occasion)
        .where(Occasion.member_id == member_id, Occasion.status.in_(_GOES_ON))
        .execution_options(populate_existing=True)
    )
    return found if found is not None and words.is_occasion(found) else None


def last_anew(session: Session, member_id: uuid.UUID) -> Occasion | None:
    """The member's newest occasion, if a colleague asked that they begin anew, and nothing was typed."""
    newest = select(Occasion).where(Occasion.member_id == member_id).order_by(Occasion.began_at.desc(), Occasion.id)
    found = session.scalars(newest.execution_options(populate_existing=True)).first()
    if found is None or not words.is_occasion(found) or found.by_id is None:
        return None
    return found if found.purpose == WordPurpose.ANEW and found.status == OccasionStatus.OVER else None


def concerned(session: Session, member_id: uuid.UUID, organisation_id: uuid.UUID | None) -> Member | None:
    """The member, if they are of this organisation, or read words or begin anew; for everybody else None.

    In one statement: it takes as long for somebody of another organisation as for nobody.
    """
    has_one = exists().where(Occasion.member_id == Member.id, Occasion.status.in_(_GOES_ON))
    own = Member.organisation_id == organisation_id
    return session.scalar(
        select(Member).where(Member.id == member_id, or_(own, has_one)).execution_options(populate_existing=True)
    )


def remove_forged(session: Session, member_id: uuid.UUID) -> None:
    """Delete a row that somebody wrote by hand, so that it does not stand in the way of a real one."""
    found = session.scalars(select(Occasion).where(Occasion.member_id == member_id, Occasion.status.in_(_GOES_ON)))
    for each in found.all():
        if not words.is_occasion(each):
            session.delete(each)
    session.flush()


def typed_of(session: Session, member_id: uuid.UUID, purposes: Collection[WordPurpose] = _JOINING) -> list[Occasion]:
    """The occasions of these purposes that were typed, the newest first; without those written by hand."""
    found = session.scalars(
        select(Occasion)
        .where(Occasion.member_id == member_id, Occasion.status == OccasionStatus.TYPED, Occasion.purpose.in_(purposes))
        .order_by(Occasion.typed_at.desc())
        .execution_options(populate_existing=True)
    ).all()
    return [each for each in found if words.is_occasion(each)]


def standing(member_id: uuid.UUID) -> Standing:
    """Since when the member has their present keys, and who let them in.

    The marked rows say it to the second, the key log to the hour; it also knows what somebody deleted from the rows.
    """
    row = db.session.get(Member, member_id)  # a founder of the log may have no row any more
    return _standing(member_id, typed_of(db.session(), member_id), row.created_at if row is not None else None)


def standings() -> Callable[[uuid.UUID], Standing]:
    """`standing` of anybody, for who asks it of several: two statements for all of them."""
    statement = select(Occasion).where(Occasion.status == OccasionStatus.TYPED, Occasion.purpose.in_(_JOINING))
    typed: dict[uuid.UUID, list[Occasion]] = {}
    fresh = statement.order_by(Occasion.typed_at.desc()).execution_options(populate_existing=True)
    for each in db.session.scalars(fresh):
        typed.setdefault(each.member_id, []).append(each)
    created = {row.id: row.created_at for row in db.session.execute(select(Member.id, Member.created_at))}

    @cache
    def of(member_id: uuid.UUID) -> Standing:
        mine = [each for each in typed.get(member_id, ()) if words.is_occasion(each)]
        return _standing(member_id, mine, created.get(member_id))

    return of


def _standing(member_id: uuid.UUID, typed: Sequence[Occasion], created_at: datetime | None) -> Standing:
    since, vouched = created_at or clock.now(), frozenset[uuid.UUID]()
    if typed:
        last = typed[0]
        assert last.typed_at is not None
        since = last.typed_at
        if last.purpose != WordPurpose.FOUNDED and last.typed_by_id is not None:
            vouched = frozenset({last.typed_by_id})
    known = log.last_state(db.session).members.get(member_id)
    if known is not None:
        since, vouched = max(since, time_of(known.since)), known.vouched_by
    return Standing(member_id, since, vouched)


def is_seasoned(member_id: uuid.UUID) -> bool:
    """Whether the member has been there, with the present keys, for 14 days. Whom the key log knows costs no
    statement."""
    known = log.last_state(db.session).members.get(member_id)
    since = time_of(known.since) if known is not None else standing(member_id).since
    return clock.now() - since >= SEASONED


def number_seasoned(
    party: str, roles: Collection[str], *, most: int, besides: Collection[uuid.UUID | None] = ()
) -> int:
    """How many active people of these roles in the organisations of a party are seasoned, without those of `besides`;
    counts up to `most`."""
    found = db.session.scalars(
        select(Member.id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Organisation.party == party, Member.status == "active", Member.role.in_(roles))
        .order_by(Member.created_at)
    )
    return len(list(islice((each for each in found if each not in besides and is_seasoned(each)), most)))


def hand_refusal(member_id: uuid.UUID, first_id: uuid.UUID | None, subject_id: uuid.UUID | None) -> HandRefusal | None:
    """Why a member is no second hand for what a colleague asked for, about a member or a case; None if they are."""
    return refusal_of_hand(
        standing(member_id),
        first_id=first_id,
        subject_id=subject_id or uuid.UUID(int=0),
        now=clock.now(),
        vouched_by=_vouched_by,
    )


def has_seen_beside(
    seer_id: uuid.UUID, asker_id: uuid.UUID, standing_of: Callable[[uuid.UUID], Standing] | None = None
) -> bool:
    """Whether a member who has seen a person counts beside the one who asks whether that person was here before.

    `standing_of`: `standing`, or `standings` for who asks of several.
    """
    now, of = clock.now(), standing_of or standing
    return has_seen_for(of(seer_id), asker_id, now=now, vouched_by=lambda each: of(each).vouched_by)


def is_new_to(hand_id: uuid.UUID | None, other_id: uuid.UUID) -> bool:
    """Whether the one was let in within the last 14 days, and the other was there before."""
    return hand_id is not None and is_newcomer(standing(hand_id), standing(other_id), clock.now())


def is_new_among(hand_id: uuid.UUID | None, organisation_id: uuid.UUID | None) -> bool:
    """Whether somebody was let in within the last 14 days, and somebody who works there was there before. Who runs the
    machine, or signs in for no organisation, is none."""
    if hand_id is None or is_seasoned(hand_id):
        return False
    there = select(Member.id).where(Member.organisation_id == organisation_id, Member.status == "active")
    return any(is_seasoned(each) for each in db.session.scalars(there.where(Member.id != hand_id)))


def is_new_at_desk(member_id: uuid.UUID | None, organisation_id: uuid.UUID | None) -> bool:
    """Whether somebody of the duty desk was let in within the last 14 days, and another one of it who was there before
    is not suspended: that one decides for other houses."""
    if member_id is None or is_seasoned(member_id):
        return False
    return bool(others_at_desk(member_id, organisation_id))


def others_at_desk(member_id: uuid.UUID, organisation_id: uuid.UUID | None) -> list[uuid.UUID]:
    """The others of the duty desk who have been there for 14 days and are not suspended."""
    there = select(Member.id).where(
        Member.organisation_id == organisation_id,
        Member.status == "active",
        Member.role == str(Role.DUTY_OFFICER),
        Member.id != member_id,
        ~suspension_rows.is_suspended(Member.id, clock.now()),
    )
    return [each for each in db.session.scalars(there.order_by(Member.login)) if is_seasoned(each)]


def would_be_alone(member: Member, by_id: uuid.UUID | None) -> bool:
    """Whether, without this member, the actor alone would open the cases of a house in which more people hold the key.
    Whom the actor let in alone, or who let the actor in, is nobody else. Of somebody who does not hold the key: no."""
    if not holds_newest(member.id):
        return False
    others = ids_of_holders(member.organisation_id)
    others.pop(member.id, None)
    able = [each for each, can in others.items() if can and (each == by_id or not is_creature(each, by_id))]
    return leaves_alone(others=len(others), able=len(able))


def is_creature(member_id: uuid.UUID, by_id: uuid.UUID | None) -> bool:
    """Whether the one let in the other alone, or the other way round."""
    return by_id is not None and is_same_hand(member_id, by_id, _vouched_by)


def is_of_stopped(member_id: uuid.UUID) -> bool:
    """Whether somebody was let in within 14 days by one alone who is suspended now, or whose account was ended: what
    protects a colleague does not protect them."""
    if is_seasoned(member_id):
        return False
    return any(_is_stopped(each) for each in hangs_on(member_id, _vouched_by) - {member_id})


def _is_stopped(member_id: uuid.UUID) -> bool:
    row = db.session.get(Member, member_id, populate_existing=True)
    return row is None or row.status == "disabled" or suspension_rows.standing(member_id) is not None


def is_last_other(member: Member, by_id: uuid.UUID | None, *, holds_keys: bool) -> bool:
    """Whether nobody would be there besides the actor, who could see it, if this colleague begins anew: in a house of
    two, or where all others are suspended or are the actor's own hand."""
    able = [
        each
        for each in hands_beside(member, by_id, holds_keys=holds_keys)
        if suspension_rows.standing(each) is None and not is_creature(each, by_id)
    ]
    return not able


def needs_hand(occasion: Occasion) -> bool:
    """Whether who let somebody begin anew was new when they asked, and the person was there before: that never comes
    true by time alone."""
    if occasion.by_id is None:
        return False
    return is_newcomer(standing(occasion.by_id), standing(occasion.member_id), occasion.began_at)


def hangs_on_one(member_id: uuid.UUID | None, other_id: uuid.UUID | None) -> bool:
    """Whether two people are one hand: one of them, or a third alone, let in the other, or both (ADR 0101)."""
    if member_id is None or other_id is None:
        return False
    return bool(hangs_on(member_id, _vouched_by) & hangs_on(other_id, _vouched_by))


def was_let_in_by(member_id: uuid.UUID | None, other_id: uuid.UUID | None) -> bool:
    """Whether the member is there by the other one alone, or by whom that one let in."""
    return member_id is not None and other_id in hangs_on(member_id, _vouched_by)


def is_second(hand_id: uuid.UUID, first_id: uuid.UUID) -> bool:
    """Whether a colleague is a second hand beside who said something first: not themselves, nor whom they alone let in,
    nor a newcomer beside somebody who was there before. Who let them in may, and who is there by the same colleague,
    once both are there for 14 days: in most houses one manager lets everybody in."""
    hand, first = standing(hand_id), standing(first_id)
    if hand_id == first_id or is_newcomer(hand, first, clock.now()):
        return False
    if not hangs_on_one(hand_id, first_id):
        return True
    return is_seasoned(hand_id) and is_seasoned(first_id) and not was_let_in_by(hand_id, first_id)


def has_stopped_a_colleague(member_id: uuid.UUID | None, organisation_id: uuid.UUID | None) -> bool:
    """Whether the member, or who is one hand with them, stopped somebody there within 14 days: suspended them, objected
    to what they did, or ended their account."""
    stopped = (KeyHappening.SUSPENDED, KeyHappening.OBJECTED, KeyHappening.DISABLED)
    found = (
        select(KeyEvent.by_id)
        .distinct()
        .where(
            KeyEvent.organisation_id == organisation_id,
            KeyEvent.event.in_([str(each) for each in stopped]),
            KeyEvent.at > clock.now() - AGAIN,
            KeyEvent.by_id.is_not(None),
        )
    )
    return any(hangs_on_one(member_id, each) for each in db.session.scalars(found).all())


def last_link_by(member_id: uuid.UUID) -> uuid.UUID | None:
    """Who made the last link for the member; None for nobody, and for links from before this was kept."""
    last = select(Invitation.by_id).where(Invitation.member_id == member_id).order_by(Invitation.expires_at.desc())
    return db.session.scalar(last.limit(1))


def _vouched_by(member_id: uuid.UUID) -> frozenset[uuid.UUID]:
    return standing(member_id).vouched_by


def founders(session: Session, organisation_id: uuid.UUID) -> Sequence[Member]:
    """Who has joined and waits in an organisation, by sign-in name."""
    return session.scalars(
        select(Member)
        .where(Member.organisation_id == organisation_id, Member.status == "waiting")
        .order_by(Member.login)
        .execution_options(populate_existing=True)
    ).all()


def others_who_vouch(member: Member, *, holds_keys: bool) -> int:
    """How many other people of the member's organisation could type words there."""
    return db.session.scalar(select(func.count()).select_from(Member).where(*_vouches(member, holds_keys))) or 0


def hands_beside(member: Member, first_id: uuid.UUID | None, *, holds_keys: bool) -> list[uuid.UUID]:
    """The others of the member's organisation who could type words, without the one who began it."""
    found = db.session.scalars(select(Member.id).where(*_vouches(member, holds_keys)))
    return [each for each in found if each != first_id]


def _vouches(member: Member, holds_keys: bool) -> tuple[ColumnElement[bool], ...]:
    at_work = (Member.organisation_id == member.organisation_id, Member.status == "active", Member.id != member.id)
    return (*at_work, has_newest(Member.id)) if holds_keys else at_work


def due(now: datetime) -> list[Occasion]:
    """The occasions to begin anew whose 24 hours are over; without those written by hand."""
    waiting = select(Occasion).where(Occasion.status == OccasionStatus.WAITS, Occasion.effective_at <= now)
    found = db.session.scalars(waiting.execution_options(populate_existing=True)).all()
    return [each for each in found if words.is_occasion(each)]


def objected(session: Session, event_id: uuid.UUID) -> bool:
    """Whether somebody objected to this already."""
    return bool(session.scalar(select(exists().where(Suspension.event_id == event_id))))


def has_active(organisation: Organisation) -> bool:
    """Whether anybody of the organisation is active."""
    found = exists().where(Member.organisation_id == organisation.id, Member.status == "active")
    return bool(db.session.scalar(select(found)))
