"""Organisations that are no longer asked: suspended ones, and those that the agreement no longer binds.

An organisation is suspended when its last key holder is lost or hostile: nobody else can act there.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, OwnOrganisation, Permission
from nrm.domain.accounts.members import check_suspending
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral
from nrm.steps.accounts import key_log
from nrm.steps.accounts import organisations as steps
from nrm.store.agreement import left_without
from nrm.store.rows.accounts import members as rows
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.vault import grants
from nrm.vault.keylog import log


def suspend(*, organisation_id: uuid.UUID, reason: OrganisationReason, by: Actor) -> bool:
    """Suspend an organisation: its people are signed out and cannot sign in, and it is no longer asked to take anybody.

    Where its answer is awaited, the next party is asked. What it holds stays sealed to it. The Responsible
    Authority, with the duty desk, takes two more hands, of two other organisations; the child protection service,
    the help line, and whoever alone may receive some people, take one more, of another organisation. Both are
    proposed in the key log. Returns whether it holds.

    Raises NotPermitted, NotVisible, OwnOrganisation, TooFewShelters, SuspendsTooMany, NoSecondHandThere.
    """
    by.must(Permission.ORGANISATION_SUSPEND)
    if organisation_id == by.organisation_id:
        raise OwnOrganisation
    with transaction() as session:
        rows.hold_administrators(session)
        organisation = _bind(session, organisation_id)
        if not organisation.enabled:
            return True
        if takes_two(organisation, by=by):
            if not key_log.proposes_suspending(session, organisation_id, by, reason=reason):
                audit.append(session, audit.Event.KEY_LOG_PROPOSED, by=by, kind="suspended", reason=reason)
                return False
        else:
            key_log.suspended(session, organisation_id, by, reason=reason)
        steps.take_out(session, organisation_id, by, reason=reason)
    pass_over()
    return True


def takes_two(organisation: Organisation, *, by: Actor) -> bool:
    """Whether no administrator suspends it alone: nobody stands in for it, or some people would have nobody left who
    may receive them."""
    return nobody_stands_in(organisation.kind) or left_without.by_suspending(organisation.id, by=by) is not None


def nobody_stands_in(kind: str) -> bool:
    """Whether no other organisation does what one of this kind does: the duty desk, who answers for children, the help
    line."""
    return kind in _NOBODY_STANDS_IN


_NOBODY_STANDS_IN = (
    OrganisationKind.RESPONSIBLE_AUTHORITY,
    OrganisationKind.CHILD_PROTECTION,
    OrganisationKind.HELPLINE,
)


def readmit(*, organisation_id: uuid.UUID, by: Actor) -> None:
    """Its people can sign in again, and it is asked again. Raises NotPermitted, NotVisible."""
    by.must(Permission.ORGANISATION_SUSPEND)
    with transaction() as session:
        if steps.let_in(session, organisation_id, by):
            key_log.resumed(session, organisation_id, by)
        elif session.get(Organisation, organisation_id) is None:
            raise NotVisible


def ask_back(*, organisation_id: uuid.UUID, by: Actor) -> bool:
    """Let the suspended Responsible Authority in again without an administrator: two do it, of two other organisations.
    Returns whether it holds. Raises NotVisible for whoever is none of them, and for another organisation; Disagrees,
    CannotOpen."""
    with transaction() as session:
        holds = key_log.proposes_resuming(session, organisation_id, by)
        event = audit.Event.KEY_LOG_AGREED if holds else audit.Event.KEY_LOG_PROPOSED
        audit.append(session, event, by=by, kind="resumed")
        if holds:
            steps.let_in(session, organisation_id, by)
        return holds


def _bind(session: Session, organisation_id: uuid.UUID) -> Organisation:
    """The limits on suspending; raises NotVisible, TooFewShelters, SuspendsTooMany. None for one that is suspended
    already."""
    organisation = session.get(Organisation, organisation_id, populate_existing=True)
    if organisation is None:
        raise NotVisible
    if organisation.enabled:
        accepting = rows.accepting_shelters()
        others = len(accepting - {organisation_id})
        of_all = rows.suspended_lately(organisation_id)
        check_suspending(accepts=organisation_id in accepting, other_shelters=others, of_all=of_all)
    return organisation


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
