"""Whether a shelter has said where it meets somebody from a post, and who opens it; nothing of what it said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from nrm import clock
from nrm.db import db
from nrm.domain.referrals.crossing_points import meeting_ends
from nrm.domain.referrals.referrals import ReferralStatus, Relation
from nrm.domain.referrals.transfers import MEETING
from nrm.models.referrals.referrals import Referral
from nrm.store.referrals.referrals import ReferralLine
from nrm.store.rows.referrals import transfers as rows


@dataclass(frozen=True, slots=True)
class MeetingStand:
    """`said`: the shelter has said it; `until`: the hour from which nobody opens it; `sends`: the asker is of the
    post."""

    said: bool
    until: datetime
    sends: bool


def stand(line: ReferralLine) -> MeetingStand | None:
    """Where it stands of an accepted referral that was seen, for the post and the shelter; None for everybody else,
    and for what no post sent."""
    if line.status is not ReferralStatus.ACCEPTED or line.decided_at is None:
        return None
    if line.relation not in (Relation.SENDER, Relation.RECEIVER) or not of_post(line):
        return None
    until = meeting_ends(line.expected_at, line.decided_at)
    said = rows.is_written(line.id, MEETING) and until > clock.now()
    return MeetingStand(said, until, line.relation is Relation.SENDER)


def of_post(line: ReferralLine) -> bool:
    """Whether a post sent a referral that was seen."""
    return bool(db.session.scalar(select(exists().where(Referral.id == line.id, rows.from_a_post()))))
