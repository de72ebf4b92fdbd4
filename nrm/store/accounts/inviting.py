"""Why this person makes no link now: asked by pages before they offer the button, and by actions (ADR 0164)."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import INVITATIONS_OPEN, Actor, InvitationRefusal, Permission
from nrm.domain.accounts.members import A_DAY, KeyHappening
from nrm.domain.accounts.vouching import SEASONED, HandRefusal
from nrm.models.accounts.accounts import KeyEvent, Member
from nrm.store.accounts import members
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import suspensions as suspension_rows


def refusal(organisation_id: uuid.UUID, *, for_id: uuid.UUID | None = None, by: Actor) -> InvitationRefusal | None:
    """Why the actor invites nobody into the organisation now, or makes no other link for `for_id`, who has not joined
    yet: who was let in lately, and who has made as many links as one hand may, whatever way they were made."""
    if by.member_id is None:
        return None
    if not by.may(Permission.ORGANISATION_FOUND) and occasion_rows.is_new_among(by.member_id, organisation_id):
        return InvitationRefusal.NEWCOMER
    if member_rows.links_of_a_day(by.member_id, organisation_id, but=for_id) >= INVITATIONS_OPEN:
        return InvitationRefusal.MANY
    return None


def anew_refusal(member_id: uuid.UUID, *, by: Actor) -> HandRefusal | InvitationRefusal | None:
    """Why the actor does not let this member begin anew now; None if they may ask for it. Of who never joined it is
    another invitation. Raises NotPermitted, NotVisible."""
    member = members.manageable(member_id, by=by)
    if member.status in ("invited", "disabled") and member_rows.has_never_joined(member.id):
        return refusal(member.organisation_id, for_id=member.id, by=by)
    if member.status == "disabled" and member.organisation_id != by.organisation_id and member.sealed_kem is not None:
        return HandRefusal.ENDED
    # The suspension of an account that was ended is over.
    stands = suspension_rows.standing(member.id) if member.status != "disabled" else None
    hands = (stands.by_id, stands.longer_by_id) if stands is not None else ()
    if any(occasion_rows.hangs_on_one(by.member_id, each) for each in hands):
        return HandRefusal.SUSPENDED
    return HandRefusal.STOPPED if member.status == "active" and _was_stopped(member, by) else None


def _was_stopped(member: Member, by: Actor) -> bool:
    """Whether the actor, or who is one hand with them, asked for it, and another ended that within a day."""
    now, asker = clock.now(), None
    statement = select(KeyEvent.event, KeyEvent.by_id, KeyEvent.at).where(
        KeyEvent.organisation_id == member.organisation_id,
        KeyEvent.member_id == member.id,
        KeyEvent.event.in_((str(KeyHappening.ANEW_ASKED), str(KeyHappening.ANEW_STOPPED))),
        KeyEvent.at > now - SEASONED - A_DAY,
    )
    for event, by_id, at in db.session.execute(statement.order_by(KeyEvent.at, KeyEvent.event)):
        if event == KeyHappening.ANEW_ASKED:
            asker = by_id
        elif at > now - A_DAY and by_id != asker and occasion_rows.hangs_on_one(by.member_id, asker):
            return True
    return False
