"""Organisations that are no longer asked: suspended ones, and those that the agreement no longer binds.

An organisation is suspended when its last key holder is lost or hostile: nobody else can act there.
"""

from __future__ import annotations

import uuid

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one, rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OwnOrganisation, Permission
from nrm.domain.accounts.members import check_suspending
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.accounts.accounts import Member, MemberSession, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.steps.accounts import key_log
from nrm.store.rows.accounts import members as rows
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.vault import grants
from nrm.vault.keylog import log


def suspend(*, organisation_id: uuid.UUID, by: Actor) -> None:
    """Suspend an organisation: its people are signed out and cannot sign in, and it is no longer asked to take anybody.

    Where its answer is awaited, the next party is asked. What it holds stays sealed to it. Raises NotPermitted,
    NotVisible, OwnOrganisation, TooFewShelters, SuspendsTooMany.
    """
    by.must(Permission.ORGANISATION_SUSPEND)
    if organisation_id == by.organisation_id:
        raise OwnOrganisation
    if not _set(organisation_id, enabled=False, event=audit.Event.ORGANISATION_SUSPENDED, by=by):
        return
    pass_over()


def readmit(*, organisation_id: uuid.UUID, by: Actor) -> None:
    """Its people can sign in again, and it is asked again. Raises NotPermitted, NotVisible."""
    by.must(Permission.ORGANISATION_SUSPEND)
    _set(organisation_id, enabled=True, event=audit.Event.ORGANISATION_READMITTED, by=by)


def _set(organisation_id: uuid.UUID, *, enabled: bool, event: audit.Event, by: Actor) -> bool:
    """Set it; returns whether anything changed. Sealing to the organisation does not have to wait for this lock."""
    values: dict[str, object] = {"enabled": enabled}
    with transaction() as session:
        if not enabled:
            rows.hold_administrators(session)
            _bind(session, organisation_id)
            values["suspended_at"] = clock.now()
        hit = hit_one(
            session,
            update(Organisation)
            .where(Organisation.id == organisation_id, Organisation.enabled.is_(not enabled))
            .values(values),
        )
        if not hit:
            if session.get(Organisation, organisation_id) is None:
                raise NotVisible
            return False
        if not enabled:
            key_log.suspended(session, organisation_id, by)
        else:
            key_log.resumed(session, organisation_id, by)
        people = select(Member.id).where(Member.organisation_id == organisation_id)
        session.execute(delete(MemberSession).where(MemberSession.member_id.in_(people)))
        audit.append(session, event, by=by, organisation_id_concerned=organisation_id)
        return True


def _bind(session: Session, organisation_id: uuid.UUID) -> None:
    """The limits on suspending; raises TooFewShelters, SuspendsTooMany. None for one that is suspended already."""
    organisation = session.get(Organisation, organisation_id, populate_existing=True)
    if organisation is not None and organisation.enabled:
        accepting = rows.accepting_shelters()
        others = len(accepting - {organisation_id})
        of_all = rows.suspended_lately(organisation_id)
        check_suspending(accepts=organisation_id in accepting, other_shelters=others, of_all=of_all)


def pass_over() -> int:
    """End the time to answer of suspended organisations and parties and of shelters that left the agreement; `tend`
    asks the next.

    Returns for how many referrals. Pending keys of such parties and shelters are destroyed too. It also covers a
    referral that was sent at the moment of the suspension.
    """
    now = clock.now()
    suspended = select(Organisation.id).where(Organisation.enabled.is_(False))
    gone = agreement_rows.that_left()
    with transaction() as session:
        left = [*gone, *log.parties_out(session)]
        for organisation_id in left:
            grants.let_go_everywhere(session, organisation_id)
        return rows_hit(
            session,
            update(Referral)
            .where(
                Referral.status == ReferralStatus.SENT,
                Referral.expires_at > now,
                Referral.receiver_id.in_(suspended) | Referral.receiver_id.in_(left),
            )
            .values(expires_at=now),
        )
