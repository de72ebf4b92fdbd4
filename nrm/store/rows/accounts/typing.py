"""Whose hand counts for the words of who begins anew: rows, for the action and for the pages.

The one who asked has the link, and may have used it: so neither they, nor who is one hand with them, type the words
while somebody else could; nor, if there is a third, who agreed. Where nobody else is inside, a hand from outside comes
first. Decided in ADR 0163.
"""

from __future__ import annotations

import uuid
from enum import StrEnum

from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.accounts.key_log_entries import EntryKind
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.store.rows.accounts import askers, occasions
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
    return Typing.YES if _has_hand_from_outside(member) else Typing.OUTSIDE


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
    holds = OrganisationKind(db.session.get_one(Organisation, member.organisation_id).kind).holds_keys
    able = {
        each
        for each in occasions.hands_beside(member, None, holds_keys=holds)
        if suspension_rows.standing(each) is None and not any(occasions.hangs_on_one(each, one) for one in asked)
    }
    able -= _who_typed(member)
    return able - {agreed}, able & {agreed}


def _who_typed(member: Member) -> frozenset[uuid.UUID]:
    """Who signed for these very keys, while another hand is missing in the key log."""
    if not member.own_signature:
        return frozenset()
    found = log.proposal_of(log.last_state(db.session), EntryKind.ANEW, people.person_of(member))
    return frozenset(found.signers) if found is not None else frozenset()


def _has_hand_from_outside(member: Member) -> bool:
    """Whether somebody of another organisation has signed for these very keys in the key log."""
    state = log.last_state(db.session)
    known, signers = state.members.get(member.id), _who_typed(member)
    if known is not None and known.signing == member.sign_public:
        signers |= known.vouched_by
    return any(
        each in state.members and state.members[each].organisation_id != member.organisation_id for each in signers
    )
