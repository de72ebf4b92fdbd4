"""Counting the pages that a signed-in member asked for and may not see, or that are not there (ADR 0236)."""

from __future__ import annotations

import uuid

from nrm import clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.alarms import HOUR, REFUSED, AlarmKind
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.alarms import Alarm
from nrm.steps.accounts import alarms
from nrm.store.rows.accounts import alarms as alarm_rows
from nrm.store.rows.accounts.failed_attempts import Counter, add
from nrm.vault import second_factor

_BY = Actor.system("alarms")


def count(*, number: int, by: Actor) -> int:
    """So many different pages more were refused to the actor; nothing for nobody. Returns how many count now.

    From one too many on their colleagues and the duty desk are told, once an hour: until then the alarm grows, and has
    no second entry in the audit chain.

    Which pages they were is kept nowhere, and the actor is not slowed down.
    """
    if by.member_id is None:
        return 0
    with transaction() as session:
        # Every process of the server counts: they queue at the account.
        session.get(Member, by.member_id, with_for_update={"key_share": True})
        counter = Counter(second_factor.try_mark("refused", str(by.member_id)), REFUSED)
        now, total = clock.now(), add(session, counter, number)
        known = alarm_rows.fresh_of(AlarmKind.REFUSALS, HOUR, by.member_id)
        if known is not None:
            known.cases, known.last_at = known.cases + number, now
            return total
        if total <= REFUSED.free:
            return total
        alarm = Alarm(
            id=uuid.uuid4(),
            member_id=by.member_id,
            organisation_id=by.organisation_id,
            kind=str(AlarmKind.REFUSALS),
            hours=1,
            cases=total,
            first_at=now,
            last_at=now,
            raised_at=now,
        )
        session.add(alarm)
        alarms.record(session, alarm, by=_BY, kind=alarm.kind)
        return total
