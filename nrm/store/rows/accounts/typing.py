"""Whose hand counts for the words of who begins anew: rows, for the action and for the pages.

The one who asked has the link, and may have used it: so neither they, nor who is one hand with them, type the words
while somebody else could; nor, if there is a third, who agreed. Where nobody else is inside, a hand from outside comes
first, which is another one than agreed. Decided in ADR 0163 and ADR 0172.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.accounts.key_log_entries import EntryKind
from nrm.domain.accounts.vouching import ANEW_AFTER
from nrm.domain.accounts.words import AtDesk, OccasionStatus
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.store.rows.accounts import askers, desk_hands, occasions
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault.keylog import log, people


class Typing(StrEnum):
    """Whether somebody of the organisation types these words now."""

    YES = "yes"
    OTHERS = "others"  # somebody who did not ask for it
    OUTSIDE = "outside"  # after somebody from outside has typed them


def of_colleague(member: Member, occasion: Occasion | None, typist_id: uuid.UUID) -> Typing:
    """Whether this colleague types the words of somebody who begins anew; of others: yes."""
    if not askers.makes_new_keys(member):
        return Typing.YES
    clean, second = _clean(member, occasion)
    if typist_id in (clean or second):
        return Typing.YES
    if clean or second:
        return Typing.OTHERS
    if not _has_hand_from_outside(member):
        return Typing.OUTSIDE
    # Who was let in lately is no hand of the house beside the desk's, while somebody is there who was before.
    new = not occasions.is_seasoned(typist_id) and any(map(occasions.is_seasoned, _there(member)))
    return Typing.OTHERS if new else Typing.YES


def ended_by_time(occasion: Occasion | None) -> datetime | None:
    """When the account of who begins anew ended by time, without a second hand and without an answer of its owner; None
    where somebody agreed before."""
    if occasion is None or occasion.status == OccasionStatus.WAITS or occasion.by_id is None:
        return None
    agreed = askers.agreed_at(occasion.member_id, occasion.second_id)
    before = occasion.effective_at is not None and agreed is not None and agreed < occasion.effective_at
    return None if before else occasion.effective_at


def came_by_time(member: Member, occasion: Occasion | None) -> bool:
    """Whether it ended by time, and nobody has agreed afterwards either."""
    if occasion is None or occasion.second_id is not None or not askers.makes_new_keys(member):
        return False
    return ended_by_time(occasion) is not None


def of_desk(member: Member, occasion: Occasion | None, officer_id: uuid.UUID) -> AtDesk:
    """Whether this duty officer types the words of somebody who begins anew, where the desk types first: one of the
    desk agrees and another one types, so that one who was deceived is not both."""
    if occasion is None or not askers.makes_new_keys(member):
        return AtDesk.YES
    # Where nobody else works, two of two organisations vouch, in any order: who agreed is neither of them.
    if _hands(member):
        if not needs_outside(member, occasion) or who_typed(member):
            return AtDesk.YES  # a colleague without a part in it types, or typed first
        if came_by_time(member, occasion):
            return AtDesk.AGREES
    if occasion.second_id != officer_id:
        return AtDesk.YES
    if desk_hands.has_another(officer_id):
        return AtDesk.ANOTHER
    at = alone_from(member, occasion)
    return AtDesk.LATER if at is not None and clock.now() < at else AtDesk.YES


def alone_from(member: Member, occasion: Occasion) -> datetime | None:
    """From when on the one who agreed types the words, where nobody else of the desk could."""
    agreed = askers.agreed_at(member.id, occasion.second_id)
    return agreed + ANEW_AFTER if agreed is not None else None


def stopped_by_typist(member: Member) -> list[uuid.UUID]:
    """Who of the organisation could be the second hand for these words, and is suspended by who typed them first, or by
    who is one hand with them: nobody from outside stands in for them."""
    typed = who_typed(member)
    found = [each for each in _hands(member) if each not in typed]
    return [each for each in found if (stands := suspension_rows.standing(each)) and _is_hand(stands.by_id, typed)]


def _is_hand(member_id: uuid.UUID, of: frozenset[uuid.UUID]) -> bool:
    return any(occasions.hangs_on_one(member_id, each) for each in of)


def needs_outside(member: Member, occasion: Occasion | None) -> bool:
    """Whether a hand from outside comes first, because everybody inside is a hand of who asked."""
    if not askers.makes_new_keys(member):
        return False
    return not any(_clean(member, occasion)) and not _has_hand_from_outside(member)


def _clean(member: Member, occasion: Occasion | None) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """(who there could type them and has no part in it; who there agreed, and is not one hand with who asked), without
    who typed them already while another hand is missing."""
    asked = {each for each, _ in askers.who_let_begin_anew(member, occasion)}
    agreed = occasion.second_id if occasion is not None else None
    able = {each for each in _there(member) if not any(occasions.hangs_on_one(each, one) for one in asked)}
    able -= who_typed(member)
    return able - {agreed}, able & {agreed}


def _there(member: Member) -> list[uuid.UUID]:
    """Who else of the organisation could type words, and is not suspended."""
    return [each for each in _hands(member) if suspension_rows.standing(each) is None]


def _hands(member: Member) -> list[uuid.UUID]:
    holds = OrganisationKind(db.session.get_one(Organisation, member.organisation_id).kind).holds_keys
    return occasions.hands_beside(member, None, holds_keys=holds)


def who_typed(member: Member) -> frozenset[uuid.UUID]:
    """Who signed for these very keys, while another hand is missing in the key log."""
    if not member.own_signature:
        return frozenset()
    state = log.last_state(db.session)
    kind = EntryKind.ANEW if member.id in state.members else EntryKind.JOINED
    found = log.proposal_of(state, kind, people.person_of(member))
    return frozenset(found.signers) if found is not None else frozenset()


def _has_hand_from_outside(member: Member) -> bool:
    """Whether somebody of another organisation has signed for these very keys in the key log."""
    state = log.last_state(db.session)
    known, signers = state.members.get(member.id), who_typed(member)
    if known is not None and known.signing == member.sign_public:
        signers |= known.vouched_by
    return any(
        each in state.members and state.members[each].organisation_id != member.organisation_id for each in signers
    )
