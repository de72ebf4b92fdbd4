"""What follows in the rows when an organisation is suspended, in the transaction of an action: its people are out.

Decided in ADR 0145.
"""

from __future__ import annotations

import uuid

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.alarms import AlarmKind
from nrm.domain.accounts.members import KeyHappening
from nrm.models.accounts.accounts import Member, MemberSession, Organisation
from nrm.steps.accounts import many_acts
from nrm.steps.accounts.key_events import happened


def take_out(session: Session, organisation_id: uuid.UUID, by: Actor, *, reason: str) -> bool:
    """Its people are signed out and cannot sign in; an alarm tells the duty desk. Returns whether anything changed.

    `organisations.pass_over` then asks the next of whom it was asked for. Sealing to it does not wait for this lock.
    """
    values = {"enabled": False, "suspended_at": clock.now()}
    if not _set(session, organisation_id, values):
        return False
    happened(session, KeyHappening.SUSPENDED, None, by=by, organisation_id=organisation_id)
    many_acts.look(session, AlarmKind.ENDINGS, by, at_once=True)
    audit.append(
        session, audit.Event.ORGANISATION_SUSPENDED, by=by, organisation_id_concerned=organisation_id, reason=reason
    )
    return True


def let_in(session: Session, organisation_id: uuid.UUID, by: Actor) -> bool:
    """Its people can sign in again. Returns whether anything changed."""
    if not _set(session, organisation_id, {"enabled": True}):
        return False
    happened(session, KeyHappening.RESUMED, None, by=by, organisation_id=organisation_id)
    audit.append(session, audit.Event.ORGANISATION_READMITTED, by=by, organisation_id_concerned=organisation_id)
    return True


def _set(session: Session, organisation_id: uuid.UUID, values: dict[str, object]) -> bool:
    hit = hit_one(
        session,
        update(Organisation)
        .where(Organisation.id == organisation_id, Organisation.enabled.is_not(values["enabled"]))
        .values(values),
    )
    if hit:
        people = select(Member.id).where(Member.organisation_id == organisation_id)
        session.execute(delete(MemberSession).where(MemberSession.member_id.in_(people)))
    return hit
