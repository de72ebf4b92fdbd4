"""Whether a child's case was opened by mistake, as the audit chain tells it, and what speaks against it; for steps and
pages that saw the case (ADR 0229)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.shelter.corrections import MISTAKE_WAITS, AgainstMistake, MistakeWhy, MistakeWord, mistake_closes
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.outside_referrals import OutsideReferral
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import LeftAlone, Missing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.claims import Claim
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.data_requests import PersonRequest
from nrm.models.shelter.findings import ChildDecision, ChildFile, ChildFinding, ChildGuardian, ChildHousehold, ChildLook
from nrm.models.shelter.identifications import Identification
from nrm.models.shelter.permits import PermitEntry
from nrm.models.shelter.stays import Stay
from nrm.models.shelter.testimony import Testimony
from nrm.models.support.follow_ups import FollowUp
from nrm.models.support.hearings import HearingEntry
from nrm.models.support.plans import PlanLook, PlanStep, ServiceAnswer
from nrm.models.support.threats import ThreatAlarm
from nrm.store.rows import entries

_NEWEST = 100_000
"""So many of the newest entries of the chain are looked through; a word from before them stands no more."""
_SPEAKS: dict[AgainstMistake, tuple[InstrumentedAttribute[Any], ...]] = {
    AgainstMistake.HANDED_OVER: (Interview.id, Referral.case_id),
    AgainstMistake.ALARM: (Missing.case_id, LeftAlone.case_id, ThreatAlarm.case_id),
    AgainstMistake.HEARING: (HearingEntry.case_id, Testimony.case_id),
    AgainstMistake.PLAN: (PlanStep.case_id, PlanLook.case_id, ServiceAnswer.case_id),
    AgainstMistake.FOUND: (
        ChildFile.case_id,
        ChildFinding.subject_id,
        ChildHousehold.case_id,
        ChildLook.case_id,
        ChildDecision.case_id,
        ChildGuardian.case_id,
    ),
    AgainstMistake.OTHER: (
        Claim.case_id,
        FollowUp.case_id,
        Identification.case_id,
        OutsideReferral.case_id,
        PermitEntry.case_id,
        PersonRequest.case_id,
    ),
    AgainstMistake.REOPENED: (Closing.case_id,),
}
"""Rows of which one alone says that it is no mistake, also where it was struck or is over."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the house said, and what became of it: by whom and when."""

    case_id: uuid.UUID
    why: MistakeWhy
    other_id: uuid.UUID | None
    member_id: uuid.UUID | None
    organisation_id: uuid.UUID | None
    at: datetime
    state: MistakeWord = MistakeWord.SAID
    answered_by_id: uuid.UUID | None = None
    answered_from_id: uuid.UUID | None = None
    answered_at: datetime | None = None


def last(case_id: uuid.UUID) -> Said | None:
    """What was said last of this case, as long as it counts."""
    return read(_NEWEST, entries.about(case_id)).get(case_id)


def read(newest: int, *where: ColumnElement[bool]) -> dict[uuid.UUID, Said]:
    """What was said last of each case and counts, the oldest first, in so many of the newest entries."""
    now = clock.now()
    told = _read(now - 2 * MISTAKE_WAITS, newest, *where)
    return {case_id: each for case_id, each in told.items() if now - (each.answered_at or each.at) <= MISTAKE_WAITS}


def _read(since: datetime, newest: int, *where: ColumnElement[bool]) -> dict[uuid.UUID, Said]:
    found: dict[uuid.UUID, Said] = {}
    for each in entries.since(since, Event.CASE_MISTAKE_SAID, *where, newest=newest):
        case_id, state = uuid.UUID(each.said["case_id"]), MistakeWord(each.said["kind"])
        if state is MistakeWord.SAID:
            other = uuid.UUID(each.said["other_id"]) if each.said.get("other_id") else None
            found.pop(case_id, None)
            why = MistakeWhy(each.said["why"])
            found[case_id] = Said(case_id, why, other, each.member_id, each.organisation_id, each.at)
        elif case_id in found:
            found[case_id] = replace(
                found[case_id],
                state=state,
                answered_by_id=each.member_id,
                answered_from_id=each.organisation_id,
                answered_at=each.at,
            )
    return found


def what_stands(case: Case) -> list[AgainstMistake]:
    """What a child would lose; empty where nothing speaks against a mistake. Nothing sealed is read."""
    found = [
        each
        for each, columns in _SPEAKS.items()
        if db.session.scalar(select(or_(*(_is_there(case, c) for c in columns))))
    ]
    if case.opened_by_id != case.holder_id and AgainstMistake.HANDED_OVER not in found:
        found.append(AgainstMistake.HANDED_OVER)
    if db.session.scalar(select(exists().where(Stay.case_id == case.id, Stay.taken_back_on.is_(None)))):
        found.append(AgainstMistake.STAY)
    told = _read(entries.EVER, _NEWEST, entries.about(case.id)).values()  # once it was agreed to, it holds on
    if any(each.other_id == case.id and each.state in (MistakeWord.SAID, MistakeWord.AGREED) for each in told):
        found.append(AgainstMistake.NAMED)
    return found


def _is_there(case: Case, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return exists().where(column == case.id)


def is_right_one(case: Case, why: MistakeWhy, other_id: uuid.UUID | None) -> bool:
    """Whether the case that is said to be the right one is: in hand, in the same house, with a stay that stands."""
    if why is MistakeWhy.NOBODY:
        return other_id is None
    other = db.session.get(Case, other_id, populate_existing=True) if other_id not in (None, case.id) else None
    if other is None or other.status != "open" or other.holder_id != case.holder_id or last(other.id) is not None:
        return False
    if why is MistakeWhy.TWICE and other.age_class == "adult":
        return False
    return bool(db.session.scalar(select(exists().where(Stay.case_id == other.id, Stay.taken_back_on.is_(None)))))


def may_be_closed(case: Case) -> bool:
    """Whether two organisations said that the case was opened by mistake, long enough ago, and nothing speaks against
    it now."""
    said = last(case.id)
    if said is None or said.state is not MistakeWord.AGREED or said.answered_at is None:
        return False
    if not mistake_closes(said.answered_at, clock.now()) or said.organisation_id != case.holder_id:
        return False
    return is_right_one(case, said.why, said.other_id) and not what_stands(case)


def may_be_said(said: Said | None) -> bool:
    """Not while it waits or was agreed to, and not within 30 days of a no."""
    return said is None or said.state is MistakeWord.BACK
