"""Who of a post opens where they meet, for pages that tell the others whom to ask (ADR 0106)."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.referrals.transfers import MEETING
from nrm.steps.referrals import hand_overs
from nrm.store.accounts import members as member_store
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals.referrals import ReferralLine
from nrm.web import access


def is_open(line: ReferralLine) -> bool:
    """Whether `meetings.section` shows the asker where they meet."""
    try:
        return hand_overs.written(line.id, MEETING, by=access.actor()) is not None
    except NotVisible:
        return False


class Opener(NamedTuple):
    """Who of a post opens where they meet."""

    id: uuid.UUID
    name: str


def of(line: ReferralLine) -> Opener | None:
    """Who of the asker's post opens where they meet; None if nobody is known."""
    by = access.actor()
    member_id = hand_overs.escort_of(referral_store.row(line.id, by=by), by=by)
    if member_id is None:
        return None
    try:
        return Opener(member_id, member_store.colleague(member_id, by=by).name)
    except NotVisible:
        return None
