"""Recording that a number of a party was tried by a call: who called, when, answered or not. Nothing else changes."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import exists, select

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, Permission
from nrm.models.agreement.trial_calls import TrialCall
from nrm.store.agreement import readiness as store

TWICE_WITHIN = timedelta(minutes=1)
"""A second press of the same button within this time is the same call."""


class UnknownNumber(Exception):
    """The number is not one of the party's in the text that binds it."""


def record(*, organisation_id: uuid.UUID, telephone: str, reached: bool, by: Actor) -> bool:
    """Record a call that was made just now; returns whether it was: a double click counts once.

    Nobody tries their own number. Raises NotPermitted, NotVisible, UnknownNumber.
    """
    if not store.sees_all(by):
        raise NotPermitted(Permission.REFERRAL_DIRECT)
    if organisation_id == by.organisation_id:
        raise NotPermitted
    assert by.member_id is not None
    now = clock.now()
    with transaction() as session:
        line = store.line(organisation_id, by=by)
        if telephone not in {each.telephone for each in line.readiness.numbers}:
            raise UnknownNumber
        same = exists().where(
            TrialCall.party == line.party,
            TrialCall.telephone == telephone,
            TrialCall.reached.is_(reached),
            TrialCall.member_id == by.member_id,
            TrialCall.called_at > now - TWICE_WITHIN,
        )
        if session.scalar(select(same)):
            return False
        session.add(
            TrialCall(party=line.party, telephone=telephone, reached=reached, called_at=now, member_id=by.member_id)
        )
        audit.append(session, audit.Event.NUMBER_TRIED, by=by, subject_id=organisation_id, reached=int(reached))
    return True
