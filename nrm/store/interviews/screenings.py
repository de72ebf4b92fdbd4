"""Counting screenings, and what they show about crossing points: whether they interview, and how often officers judge
differently from the profile. A screening leads to no person.

Decided in ADR 0038.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from sqlalchemy import func, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews.screenings import ComparedShares, StepShares, compared, compared_shares, step_shares
from nrm.domain.quarters import Quarter
from nrm.models.interviews.screenings import ScreeningCount, ScreeningKind, ScreenStep


def last_counted(*, by: Actor) -> dict[str, date]:
    """The last quarter in which an interview of each crossing point was counted, by its first day."""
    by.must(Permission.ROLLOUT_READ)
    statement = (
        select(ScreeningKind.crossing_point, func.max(ScreeningCount.quarter_on))
        .join(ScreeningCount, ScreeningCount.kind_id == ScreeningKind.id)
        .where(ScreeningKind.crossing_point != "")
        .group_by(ScreeningKind.crossing_point)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def shares(first: Quarter, last: Quarter, *, by: Actor) -> dict[str, StepShares]:
    """Of the adults whom each crossing point screened over whole quarters: rounded shares, and no number of people."""
    by.must(Permission.ASSESSMENT_READ)
    statement = (
        select(ScreenStep.crossing_point, ScreenStep.step, func.sum(ScreenStep.number))
        .where(ScreenStep.quarter_on.between(first.start, last.end), ScreenStep.crossing_point != "")
        .group_by(ScreenStep.crossing_point, ScreenStep.step)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in db.session.execute(statement):
        found[row[0]][row[1]] = int(row[2])
    return {crossing_point: step_shares(each) for crossing_point, each in found.items()}


def against_profile(first: Quarter, last: Quarter, *, by: Actor) -> dict[str, ComparedShares | None]:
    """Assessment against profile by crossing point over whole quarters, as rounded shares and no number of people; ""
    is for all other interviewers. Who assessed nobody is not there."""
    by.must(Permission.ASSESSMENT_READ)
    codes = (ScreeningKind.crossing_point, ScreeningCount.profile, ScreeningCount.assessment)
    statement = (
        select(*codes, func.sum(ScreeningCount.number))
        .join(ScreeningKind, ScreeningKind.id == ScreeningCount.kind_id)
        .where(ScreeningCount.quarter_on.between(first.start, last.end), ScreeningCount.profile != "")
        .group_by(*codes)
    )
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in db.session.execute(statement):
        found[row[0]].append((row[1], row[2], int(row[3])))
    return {point: compared_shares(each) for point, each in found.items() if compared(each).assessed}
