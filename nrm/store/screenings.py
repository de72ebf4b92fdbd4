"""Counting screenings, and what they show about crossing points: whether they interview, and how often officers judge
differently from the profile. A screening leads to no person.

Decided in ADR 0038.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date

from sqlalchemy import Date, String, bindparam, func, select, update
from sqlalchemy.orm import Session

from nrm.db import db
from nrm.domain.accounts import Actor, Permission
from nrm.domain.assessments import Compared, compared
from nrm.domain.quarters import Quarter
from nrm.domain.screenings import KIND, Screening
from nrm.models.screenings import ScreenedLine, ScreeningCount, ScreeningKind
from nrm.prepared import Prepared

_BESIDE = ("profile", "assessment", "reason")  # what a month's number is kept by besides the kind
_KIND = select(ScreeningKind.id).where(
    *(getattr(ScreeningKind, name) == bindparam(f"of_{name}", type_=String) for name in KIND)
)
_ONE_MORE = Prepared(
    update(ScreeningCount.__table__)  # type: ignore[arg-type]
    .where(
        ScreeningCount.month == bindparam("of_month", type_=Date),
        ScreeningCount.kind_id == _KIND.scalar_subquery(),
        *(getattr(ScreeningCount, name) == bindparam(f"of_{name}", type_=String) for name in _BESIDE),
    )
    .values(number=ScreeningCount.number + 1)
)


def count(session: Session, screenings: Iterable[Screening]) -> None:
    """Add one to each number. Call it after `audit.append`: writers queue there, and so not for the same number."""
    for screening in screenings:
        codes = asdict(screening)
        wanted = {f"of_{name}": code for name, code in codes.items()}
        if _ONE_MORE.run(session, wanted):
            continue
        of_kind = {name: codes.pop(name) for name in KIND}
        kind_id = session.scalar(_KIND, wanted)
        if kind_id is None:
            kind = ScreeningKind(**of_kind)
            session.add(kind)
            session.flush()
            kind_id = kind.id
        session.add(ScreeningCount(**codes, kind_id=kind_id, number=1))
        session.flush()


def remember_line(session: Session, mark: bytes) -> None:
    """Remember that the imported line with this mark was processed, so that it is not counted twice."""
    session.add(ScreenedLine(mark=mark))


def is_screened(mark: bytes) -> bool:
    """Whether the same line ended without a case before."""
    return db.session.get(ScreenedLine, mark) is not None


def last_counted(*, by: Actor) -> dict[str, date]:
    """The last month in which an interview of each crossing point was counted."""
    by.must(Permission.ROLLOUT_READ)
    statement = (
        select(ScreeningKind.crossing_point, func.max(ScreeningCount.month))
        .join(ScreeningCount, ScreeningCount.kind_id == ScreeningKind.id)
        .where(ScreeningKind.crossing_point != "")
        .group_by(ScreeningKind.crossing_point)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def against_profile(first: Quarter, last: Quarter, *, by: Actor) -> dict[str, Compared]:
    """Assessment against profile by crossing point over whole quarters; "" is for all other interviewers."""
    by.must(Permission.ASSESSMENT_READ)
    codes = (ScreeningKind.crossing_point, ScreeningCount.profile, ScreeningCount.assessment)
    statement = (
        select(*codes, func.sum(ScreeningCount.number))
        .join(ScreeningKind, ScreeningKind.id == ScreeningCount.kind_id)
        .where(ScreeningCount.month.between(first.start, last.end), ScreeningCount.profile != "")
        .group_by(*codes)
    )
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in db.session.execute(statement):
        found[row[0]].append((row[1], row[2], int(row[3])))
    return {crossing_point: compared(each) for crossing_point, each in found.items()}
