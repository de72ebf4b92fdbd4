"""Who of the asker's own organisation was faster with a referral; of others nobody is named."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.models.accounts.accounts import Member
from nrm.store.referrals import referrals
from nrm.store.rows import entries

_WITHIN = timedelta(hours=12)
_EVENTS = (
    Event.REFERRAL_ACCEPTED,
    Event.REFERRAL_DECLINED,
    Event.REFERRAL_WITHDRAWN,
    Event.REFERRAL_ARRIVED,
    Event.REFERRAL_NOT_ARRIVED,
    Event.REFERRAL_ASSIGNED,
    Event.REFERRAL_PROMISED,
    Event.PROMISE_TAKEN_BACK,
    Event.PROMISE_DENIED,
    Event.REFERRAL_DEPARTED,
    Event.REFERRAL_CALLED_OFF,
    Event.REFERRAL_OFFERED,
    Event.DEPARTURE_TAKEN_BACK,
    Event.ACCEPTANCE_TAKEN_BACK,
    Event.ACCEPTED_AFTER_ALL,
    Event.ARRIVAL_TAKEN_BACK,
    Event.AWAITED_AGAIN,
)


@dataclass(frozen=True, slots=True)
class FasterLine:
    """Who recorded something last, and when; `own`: the asker, in another tab or before the answer was lost."""

    name: str
    at: datetime
    own: bool


def by_colleague(referral_id: uuid.UUID, *, by: Actor) -> FasterLine | None:
    """Who of the actor's organisation, the actor too, recorded the newest thing of a referral, within half a day; None
    where another organisation did, and for a referral that the actor does not see."""
    if by.organisation_id is None or by.member_id is None:
        return None
    try:
        referrals.row(referral_id, by=by)
    except NotVisible:
        return None
    found = entries.newest_of(clock.now() - _WITHIN, _EVENTS, entries.about(referral_id))
    if found is None or found[1].organisation_id != by.organisation_id or found[1].member_id is None:
        return None
    member = db.session.get(Member, found[1].member_id)
    return FasterLine(member.name, found[1].at, member.id == by.member_id) if member is not None else None
