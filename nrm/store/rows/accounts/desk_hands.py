"""Which of the duty desk is no hand for a house: rows, for the action and for the pages.

Who agreed there that somebody begins anew was perhaps deceived by who asked for it: whom the same hand invites into
that house they do not let in as well (ADR 0172). And nobody becomes the only one of the desk by stopping the others,
nor by a row of the database: who is of the desk is said by the key log (ADR 0184).
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Role
from nrm.domain.accounts.key_log_entries import time_of
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.second_hands import ActKind, ActStatus
from nrm.domain.accounts.vouching import ANEW_AFTER, SEASONED
from nrm.domain.accounts.words import AtDesk, OccasionStatus
from nrm.models.accounts.accounts import KeyEvent, Member
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.second_hands import HeavyAct
from nrm.store.rows.accounts import askers, occasions
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault import rows
from nrm.vault.keylog import log, words


def has_another(officer_id: uuid.UUID) -> bool:
    """Whether another one of the duty desk decides what this officer agreed to, now or later."""
    desk = db.session.get_one(Member, officer_id).organisation_id
    return bool(occasions.others_at_desk(officer_id, desk) or waited_for(officer_id, desk))


def waited_for(officer_id: uuid.UUID, desk_id: uuid.UUID | None) -> list[uuid.UUID]:
    """The others of the duty desk who cannot decide now, and for whom it waits: by the key log they have been there for
    14 days and have not left, whatever became of them; or this officer's hand let them begin anew."""
    able, by_hand = set(occasions.others_at_desk(officer_id, desk_id)), _made_new_by(officer_id, desk_id)
    found, now = [], clock.now()
    for each in log.last_state(db.session).members.values():
        of_desk = each.organisation_id == desk_id and each.role == str(Role.DUTY_OFFICER) and not each.left
        if not of_desk or each.id == officer_id or each.id in able:
            continue
        here_for = now - time_of(each.since)
        if each.id in by_hand:
            # Who is back, let in by others, reads for a day what waits, and can stop it.
            waits = here_for < ANEW_AFTER or occasions.is_creature(each.id, officer_id) or not _is_at_work(each.id)
        else:
            waits = here_for >= SEASONED
        if waits:
            found.append(each.id)
    return found


def _made_new_by(officer_id: uuid.UUID, desk_id: uuid.UUID | None) -> set[uuid.UUID]:
    """Whom of the desk this officer, or who is one hand with them, let begin anew within 14 days."""
    anew = (KeyHappening.ANEW_ASKED, KeyHappening.ANEW_AGREED, KeyHappening.BEGINS_ANEW)
    found = db.session.execute(
        select(KeyEvent.member_id, KeyEvent.by_id).where(
            KeyEvent.organisation_id == desk_id,
            KeyEvent.event.in_([str(each) for each in anew]),
            KeyEvent.at > clock.now() - SEASONED,
        )
    ).all()
    return {whom for whom, by_id in found if whom is not None and occasions.hangs_on_one(officer_id, by_id)}


def _is_at_work(member_id: uuid.UUID) -> bool:
    row = db.session.get(Member, member_id, populate_existing=True)
    return row is not None and row.status == "active" and suspension_rows.standing(member_id) is None


def beside_anew(member: Member, officer_id: uuid.UUID) -> tuple[AtDesk, datetime | None]:
    """Whether this duty officer types the words of the member, beside another account of that house which they let
    begin anew; and from when on, where nobody else of the desk could."""
    agreed = _agreed_for_hand_of(member, officer_id)
    if agreed is None:
        return AtDesk.YES, None
    if has_another(officer_id):
        return AtDesk.ANOTHER, None
    at = agreed + ANEW_AFTER
    return (AtDesk.LATER, at) if clock.now() < at else (AtDesk.YES, None)


def _agreed_for_hand_of(member: Member, officer_id: uuid.UUID) -> datetime | None:
    """When this officer last agreed, in the member's house, that somebody else begins anew, which who invited the
    member, or their hand, asked for; if it is not finished, or was less than 14 days ago."""
    invited_by = _invited_by(member)
    if not invited_by:
        return None
    found = [at for asker_id, at in _agreed(member, officer_id) if _is_hand(asker_id, invited_by)]
    return max(found, default=None)


def _invited_by(member: Member) -> set[uuid.UUID]:
    """Who made the last link, and, of who begins anew, by whose word they do."""
    link = occasions.last_link_by(member.id)
    asked = askers.who_let_begin_anew(member, occasions.going_on(db.session(), member.id))
    return {each for each, _ in asked} | ({link} if link is not None else set())


def _is_hand(member_id: uuid.UUID | None, of: set[uuid.UUID]) -> bool:
    return any(occasions.hangs_on_one(member_id, each) for each in of)


def _agreed(member: Member, officer_id: uuid.UUID) -> list[tuple[uuid.UUID | None, datetime]]:
    """By whom, and when, what this officer agreed to about others of the house, and which still counts."""
    since = clock.now() - SEASONED
    begun = db.session.scalars(
        select(Occasion)
        .where(Occasion.organisation_id == member.organisation_id, Occasion.second_id == officer_id)
        .where(Occasion.member_id != member.id)
        .execution_options(populate_existing=True)
    ).all()
    found: list[tuple[uuid.UUID | None, datetime]] = []
    for each in begun:
        at = askers.agreed_at(each.member_id, officer_id)
        if at is None or not words.is_occasion(each):
            continue
        finished = each.typed_at if each.typed_at is not None else at
        if each.status == OccasionStatus.OPEN or finished > since:
            found.append((each.by_id, at))
    acts = db.session.scalars(
        select(HeavyAct)
        .where(HeavyAct.organisation_id == member.organisation_id, HeavyAct.decided_by_id == officer_id)
        .where(HeavyAct.member_id != member.id, HeavyAct.kind == str(ActKind.BEGIN_ANEW))
        .where(HeavyAct.status == str(ActStatus.AGREED), HeavyAct.decided_at > since)
        .execution_options(populate_existing=True)
    ).all()
    return found + [(each.asked_by_id, each.decided_at) for each in acts if each.decided_at and rows.is_act(each)]
