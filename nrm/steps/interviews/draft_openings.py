"""Opening an interview that a colleague began: recorded with its reason, and told to the others at once."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy.orm import Session

from nrm import clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.alarms import AlarmKind
from nrm.domain.interviews.draft_owners import DRAFT, OpenReason
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.alarms import Alarm
from nrm.models.interviews.interviews import Interview
from nrm.models.shelter.cases import Reading
from nrm.steps.accounts import alarms
from nrm.steps.interviews import drafts
from nrm.store.rows.accounts import alarms as alarm_rows

_TOGETHER = timedelta(hours=1)  # what one member opens within an hour is one alarm, whose number grows


def open_anothers(session: Session, interview: Interview, reason: OpenReason, *, by: Actor) -> None:
    """Give the actor's session leave to read a colleague's interview; raises Lost, OnlyTheirs.

    It stands in the list of openings, and the other members of the post and the duty desk see an alarm.
    """
    now = clock.now()
    # If the member opens two at the same time, only one of them begins an alarm. Locked before the audit chain is.
    session.get(Member, by.member_id, with_for_update={"key_share": True})
    session.add(
        Reading(
            case_id=interview.id,
            compartment=DRAFT,
            purpose=reason,
            member_id=by.member_id,
            organisation_id=by.organisation_id,
            holder_id=interview.organisation_id,
            opened_at=now,
        )
    )
    alarm = alarm_rows.fresh_of(AlarmKind.DRAFTS, _TOGETHER, by.member_id)
    if alarm is None:
        alarm = Alarm(
            id=uuid.uuid4(),
            member_id=by.member_id,
            organisation_id=by.organisation_id,
            kind=AlarmKind.DRAFTS,
            hours=_TOGETHER // timedelta(hours=1),
            cases=1,
            first_at=now,
            last_at=now,
            raised_at=now,
        )
        session.add(alarm)
    else:
        alarm.cases, alarm.last_at = alarm.cases + 1, now
    drafts.lend(session, interview, reason, by=by)
    alarms.record(session, alarm, by=by)
