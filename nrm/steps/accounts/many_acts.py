"""Alarms about many acts of a day by one member, or by an organisation: raised in the transaction of the act itself."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from nrm import clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.alarms import DAY, HOUR, OF_ALL, AlarmKind, least
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.alarms import Alarm
from nrm.steps.accounts import alarms
from nrm.store.rows.accounts import alarms as alarm_rows

_BY = Actor.system("alarms")


def look(session: Session, kind: AlarmKind, by: Actor, *, at_once: bool = False) -> None:
    """Raise the alarm of this kind about the actor, and at twice the number about their organisation, if this act was
    one too many; `at_once`: one is too many. Call it when the act is written; nothing for the system."""
    if by.member_id is None:
        return
    session.flush()
    together = [each for each in alarm_rows.done(kind) if each.organisation_id == by.organisation_id]
    own = [each for each in together if each.member_id == by.member_id]
    for done, of_all in ((own, False), (together, True)):
        number = len({each.subject for each in done})
        if done and (number >= least(kind, 0, of_all=of_all) or (at_once and not of_all)):
            put(session, OF_ALL[kind] if of_all else kind, done, number, _BY)


def put(session: Session, kind: AlarmKind, done: Sequence[alarm_rows.Done], number: int, by: Actor) -> int:
    """Raise it; or, if one of the kind was raised within the hour about the same, put the higher number into that.
    Nothing that was counted before raises another one. Of an organisation it names who did the last. How many."""
    last, of_organisation = done[-1], kind in OF_ALL.values()
    session.get(Member, last.member_id, with_for_update={"key_share": True})
    known = alarm_rows.newest_of(kind, last.organisation_id if of_organisation else None, last.member_id)
    if known is not None and known.last_at >= last.at:
        return 0
    if known is not None and clock.now() < known.raised_at + HOUR:
        known.cases, known.last_at = max(known.cases, number), last.at
        return 0
    alarm = Alarm(
        id=uuid.uuid4(),
        member_id=last.member_id,
        organisation_id=last.organisation_id,
        kind=str(kind),
        hours=DAY // HOUR,
        cases=number,
        first_at=done[0].at,
        last_at=last.at,
        raised_at=clock.now(),
    )
    session.add(alarm)
    alarms.record(session, alarm, by=by)
    return 1
