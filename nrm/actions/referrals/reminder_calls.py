"""Recording a reminder by telephone: who called, when, which number, reached or not. It changes nothing else."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import exists, select

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.duty import PRESSED_WRONG_WITHIN
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.models.referrals.reminder_calls import ReminderCall
from nrm.store.countries import country
from nrm.store.referrals import duty

TWICE_WITHIN = timedelta(minutes=1)
"""A second press of the same button within this time is the same call."""


class UnknownNumber(Exception):
    """The number is not one of the party's in the agreement in force, or nobody is to be called there about this."""


def record(*, kind: str, subject_id: uuid.UUID, party: str, telephone: str, reached: bool, by: Actor) -> bool:
    """Record a call; returns whether it was recorded: a double click counts once.

    Raises NotPermitted, NotVisible, UnknownNumber.
    """
    by.must(Permission.REFERRAL_DIRECT)
    now = clock.now()
    known = country().in_force(now).parties.get(party)
    if known is None or telephone not in (known.on_call, known.desk.telephone) or not telephone:
        raise UnknownNumber
    with transaction() as session:
        line = duty.line(kind, subject_id, by=by)
        if not line.records_calls:
            raise NotVisible
        if (party, telephone) not in line.numbers:
            raise UnknownNumber
        same = exists().where(
            ReminderCall.kind == kind,
            ReminderCall.subject_id == subject_id,
            ReminderCall.case_id == line.case_id,
            ReminderCall.telephone == telephone,
            ReminderCall.reached.is_(reached),
            ReminderCall.member_id == by.member_id,
            ReminderCall.called_at > now - TWICE_WITHIN,
        )
        if session.scalar(select(same)):
            return False
        session.add(
            ReminderCall(
                case_id=line.case_id,
                kind=kind,
                subject_id=subject_id,
                party=party,
                telephone=telephone,
                reached=reached,
                called_at=now,
                member_id=by.member_id,
            )
        )
        audit.append(
            session,
            audit.Event.CHASED,
            by=by,
            case_id=line.case_id,
            subject_id=subject_id,
            party=party,
            reached=int(reached),
        )
    return True


def take_back(*, call_id: uuid.UUID, by: Actor) -> None:
    """The actor recorded the call some minutes ago, and nobody made it: it goes, and whom to call now is as before.

    Both entries of the audit chain stay. Raises NotPermitted, NotVisible (a call of somebody else, or none),
    IllegalTransition (too late).
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        call = session.get(ReminderCall, call_id, populate_existing=True)
        if call is None or by.member_id is None or call.member_id != by.member_id:
            raise NotVisible
        if call.called_at <= clock.now() - PRESSED_WRONG_WITHIN:
            raise IllegalTransition(TransitionRefusal.STATE)
        session.delete(call)
        session.flush()
        audit.append(
            session,
            audit.Event.CHASE_TAKEN_BACK,
            by=by,
            case_id=call.case_id,
            subject_id=call.subject_id,
            party=call.party,
            reached=int(call.reached),
        )
