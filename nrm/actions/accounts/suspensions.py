"""Suspending a person for a time, and what a second hand does with it: ends it, or makes it longer (ADR 0103)."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, OrganisationKind, Permission
from nrm.domain.accounts.suspensions import (
    BY_ADMINISTRATOR,
    BY_HOLDER,
    LONGER,
    SuspensionEnd,
    SuspensionReason,
    SuspensionRefusal,
    SuspensionRefused,
    check_by_administrator,
    check_by_holder,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.suspensions import Suspension
from nrm.steps.accounts import leaving
from nrm.steps.accounts import members as member_steps
from nrm.store.accounts import suspensions as store
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import suspensions as rows


def suspend(*, member_id: uuid.UUID, reason: SuspensionReason, by: Actor) -> uuid.UUID:
    """Suspend a colleague for 72 hours, or, for who keeps the accounts, anybody for 24. Returns the suspension.

    Raises NotPermitted, NotVisible, OwnAccount, SuspensionRefused.
    """
    by.must(Permission.ACCOUNT_DISABLE)
    outside = by.may(Permission.ORGANISATION_FOUND)
    with transaction() as session:
        if outside:
            member_rows.hold_administrators(session)
        member, organisation = member_steps.colleague(session, member_id, by)
        session.get_one(Member, by.member_id, with_for_update={"key_share": True}, populate_existing=True)
        if member.status != "active" or rows.standing(member.id) is not None:
            raise SuspensionRefused(SuspensionRefusal.ALREADY)
        if outside:
            _check_administrator(member, organisation)
        else:
            if by.member_id is None or not member_rows.holds_newest(by.member_id):
                raise NotPermitted("only a key holder suspends a colleague")
            check_by_holder(lately=rows.lately(member.id), taken=rows.taken(by.member_id))
        length = BY_ADMINISTRATOR if outside else BY_HOLDER
        return leaving.suspend(session, member, reason, length, by, administrator=outside)


def end(*, suspension_id: uuid.UUID, by: Actor) -> None:
    """End it before its time: a colleague, the duty desk, or who did it. Raises NotVisible, NotPermitted,
    SuspensionRefused (`over`)."""
    with transaction() as session:
        found, line = _held(session, suspension_id, by)
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


def _check_administrator(member: Member, organisation: Organisation) -> None:
    of_organisation, of_all = rows.by_administrators(organisation.id)
    holds = OrganisationKind(organisation.kind).holds_keys and member_rows.holds_newest(member.id)
    check_by_administrator(
        lately=rows.lately(member.id),
        holds=holds,
        others=member_rows.other_holders(member, able=True),
        of_organisation=of_organisation,
        of_all=of_all,
    )


def _held(session: Session, suspension_id: uuid.UUID, by: Actor) -> tuple[Suspension, store.SuspensionLine]:
    """The suspension as it is now, locked; raises NotVisible, SuspensionRefused (`over`)."""
    found = store.row(suspension_id, by=by)
    session.get_one(Organisation, found.organisation_id, with_for_update={"key_share": True}, populate_existing=True)
    found, line = store.row(suspension_id, by=by), store.one(suspension_id, by=by)
    if found.ended_at is not None or found.until <= clock.now():
        raise SuspensionRefused(SuspensionRefusal.OVER)
    return found, line
