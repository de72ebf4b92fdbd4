"""Suspending a person for a time, and what a second hand does with it: ends it, or makes it longer (ADR 0103)."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, Permission
from nrm.domain.accounts.suspensions import (
    BY_ADMINISTRATOR,
    BY_HOLDER,
    LONGER,
    SuspensionEnd,
    SuspensionReason,
    SuspensionRefusal,
    SuspensionRefused,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.suspensions import Suspension
from nrm.steps.accounts import leaving
from nrm.steps.accounts import members as member_steps
from nrm.store.accounts import suspending
from nrm.store.accounts import suspensions as store
from nrm.store.rows.accounts import members as member_rows


def suspend(*, member_id: uuid.UUID, reason: SuspensionReason, by: Actor) -> uuid.UUID:
    """Suspend a colleague for 72 hours, or, for who keeps the accounts, anybody for 24. Returns the suspension.

    Raises NotPermitted, NotVisible, OwnAccount, SuspensionRefused.
    """
    by.must(Permission.ACCOUNT_DISABLE)
    outside = by.may(Permission.ORGANISATION_FOUND)
    with transaction() as session:
        if outside:
            member_rows.hold_administrators(session)
        member, _ = member_steps.colleague(session, member_id, by)
        session.get_one(Member, by.member_id, with_for_update={"key_share": True}, populate_existing=True)
        if not outside and (by.member_id is None or not member_rows.holds_newest(by.member_id)):
            raise NotPermitted("only a key holder suspends a colleague")
        why_not = suspending.refusal(member_id, by=by)
        if why_not is not None:
            raise SuspensionRefused(why_not)
        length = BY_ADMINISTRATOR if outside else BY_HOLDER
        return leaving.suspend(session, member, reason, length, by, administrator=outside)


def end(*, suspension_id: uuid.UUID, by: Actor) -> None:
    """End it before its time: a colleague, the duty desk, or who did it. Raises NotVisible, NotPermitted,
    SuspensionRefused (`over`, `one_hand`, `new_at_desk`)."""
    with transaction() as session:
        found, line = _held(session, suspension_id, by)
        if line.why_not is not None:
            raise SuspensionRefused(line.why_not)
        if not line.may_end:
            raise NotPermitted("neither a second hand nor who did it")
        desk = found.organisation_id != by.organisation_id and not line.mine
        how = SuspensionEnd.TAKEN_BACK if line.mine else SuspensionEnd.AUTHORITY if desk else SuspensionEnd.COLLEAGUE
        leaving.resume(session, found, session.get_one(Member, found.member_id), how, by)


def lengthen(*, suspension_id: uuid.UUID, by: Actor) -> None:
    """A second hand makes it longer, once: 14 days from now. Raises NotVisible, SuspensionRefused (`over`,
    `no_second_hand`)."""
    with transaction() as session:
        found, line = _held(session, suspension_id, by)
        if not line.may_lengthen:
            raise SuspensionRefused(SuspensionRefusal.NO_SECOND_HAND)
        leaving.lengthen(session, found, LONGER, by)


def _held(session: Session, suspension_id: uuid.UUID, by: Actor) -> tuple[Suspension, store.SuspensionLine]:
    """The suspension as it is now, locked; raises NotVisible, SuspensionRefused (`over`)."""
    found = store.row(suspension_id, by=by)
    session.get_one(Organisation, found.organisation_id, with_for_update={"key_share": True}, populate_existing=True)
    found, line = store.row(suspension_id, by=by), store.one(suspension_id, by=by)
    if not line.stands:
        raise SuspensionRefused(SuspensionRefusal.OVER)
    return found, line
