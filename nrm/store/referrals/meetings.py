"""Whether a shelter has said where it meets somebody from a post, and who opens it; nothing of what it said."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.crossing_points import meeting_ends
from nrm.domain.referrals.referrals import ReferralStatus, Relation
from nrm.domain.referrals.transfers import MEETING
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Reading
from nrm.store.referrals.referrals import ReferralLine, SentLine
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.rows.referrals import transfers as rows


@dataclass(frozen=True, slots=True)
class MeetingStand:
    """`said`: the shelter has said it; `until`: the hour from which nobody opens it; `sends`: the asker is of the
    post; `gone`: why what it had said is not there any more, None where it has not said anything or that stands."""

    said: bool
    until: datetime
    sends: bool
    gone: rows.Gone | None = None


def stand(line: ReferralLine) -> MeetingStand | None:
    """Where it stands of an accepted referral that was seen, for the post and the shelter; None for everybody else,
    and for what no post sent."""
    if line.status is not ReferralStatus.ACCEPTED or line.decided_at is None:
        return None
    if line.relation not in (Relation.SENDER, Relation.RECEIVER) or not of_post(line):
        return None
    until = meeting_ends(line.expected_at, line.decided_at)
    said = rows.is_written(line.id, MEETING) and until > clock.now()
    return MeetingStand(said, until, line.relation is Relation.SENDER, None if said else rows.meeting_gone(line.id))


@dataclass(frozen=True, slots=True)
class MeetingSaid:
    """What a shelter said last of where it meets somebody. `mark`: tells it from what is said later, and no hour (ADR
    0247); `read`: whoever of the post opens it has done so since."""

    mark: str
    read: bool


def said_last(line: ReferralLine, escort_id: uuid.UUID | None) -> MeetingSaid:
    """Of a referral of which `stand` says that the shelter has said it; `escort_id`: who of the post opens it."""
    times = rows.meetings_said(line.id)
    opened = exists().where(
        Reading.case_id == line.case_id,
        Reading.compartment == MEETING,
        Reading.member_id == escort_id,
        Reading.opened_at >= (times[-1] if times else line.sent_at),
    )
    return MeetingSaid(str(len(times)), escort_id is not None and bool(db.session.scalar(select(opened))))


def left_without(lines: Sequence[ReferralLine | SentLine]) -> set[uuid.UUID]:
    """Of referrals that the asker saw, those of a post whose person has left before the shelter said where it meets
    them, as long as it can still say so (ADR 0238). Asks nothing where nobody is on the way."""
    gone = [each.id for each in lines if each.status is ReferralStatus.ACCEPTED and each.departed_at is not None]
    if not gone:
        return set()
    return set(db.session.scalars(select(Referral.id).where(Referral.id.in_(gone), rows.left_without_meeting())))


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Somebody who waits, at a post or where the help line spoke with them, until the asker's shelter says where they
    meet; `urgent`: handed over urgently."""

    referral_id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    urgent: bool


def to_say(*, by: Actor) -> list[Unsaid]:
    """Whose post waits to hear from the asker's shelter where they meet, who is awaited first comes first."""
    by.must(Permission.REFERRAL_DECIDE)
    statement = (
        select(Referral.id, Referral.case_id, Case.pseudonym, referral_rows.handed_over_urgently())
        .join(Case, Case.id == Referral.case_id)
        .where(Referral.receiver_id == by.organisation_id, rows.post_waits())
        .order_by(Referral.expected_at.is_(None), Referral.expected_at, Referral.id)
    )
    return [Unsaid(*each) for each in db.session.execute(statement)]


def of_post(line: ReferralLine) -> bool:
    """Whether a post sent a referral that was seen."""
    return bool(db.session.scalar(select(exists().where(Referral.id == line.id, rows.from_a_post()))))


def of_telephone(line: ReferralLine) -> bool:
    """Whether the help line sent a referral that was seen, by telephone: nobody there has the person with them."""
    return bool(db.session.scalar(select(exists().where(Referral.id == line.id, rows.from_the_helpline()))))
