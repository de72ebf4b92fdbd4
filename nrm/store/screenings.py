"""What anonymous screenings say of the crossing points: whether they interview, and how often officers see it otherwise
than the profile. Never of a person: a screening leads to none.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from sqlalchemy import func, select

from nrm.db import db
from nrm.domain.accounts import Actor, Permission
from nrm.domain.assessments import Compared, compared
from nrm.domain.quarters import Quarter
from nrm.models.interviews import Screening


def last_counted(*, by: Actor) -> dict[str, date]:
    """The last month in which an interview of each crossing point was counted."""
    by.must(Permission.ROLLOUT_READ)
    statement = (
        select(Screening.crossing_point, func.max(Screening.month))
        .where(Screening.crossing_point != "")
        .group_by(Screening.crossing_point)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def against_profile(first: Quarter, last: Quarter, *, by: Actor) -> dict[str, Compared]:
    """Assessment against profile by crossing point over whole quarters; "" stands for everybody else who interviews."""
    by.must(Permission.ASSESSMENT_READ)
    statement = (
        select(Screening.crossing_point, Screening.profile, Screening.assessment, func.count())
        .where(Screening.month >= first.start, Screening.month <= last.end, Screening.profile != "")
        .group_by(Screening.crossing_point, Screening.profile, Screening.assessment)
    )
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in db.session.execute(statement):
        found[row[0]].append((row[1], row[2], row[3]))
    return {crossing_point: compared(each) for crossing_point, each in found.items()}
