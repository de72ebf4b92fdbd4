"""Counting one screening: one row for each combination of codes, raised by one.

A number is kept under the first day of its quarter: one of a month would say of a single person in which it was, and no
report tells less than a quarter (ADR 0242).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy import Date, Integer, String, bindparam, select, update
from sqlalchemy.orm import Session

from nrm.db import db
from nrm.domain.interviews.screenings import FAMILIES, FAMILY_CHILDREN, KIND, Screening
from nrm.domain.quarters import Quarter
from nrm.models.interviews.screenings import ScreenedLine, ScreeningCount, ScreeningKind, ScreenStep
from nrm.prepared import Prepared

_BESIDE = ("profile", "assessment", "reason")  # what a quarter's number is kept by besides the kind


_KIND = select(ScreeningKind.id).where(
    *(getattr(ScreeningKind, name) == bindparam(f"of_{name}", type_=String) for name in KIND)
)


_ONE_MORE = Prepared(
    update(ScreeningCount.__table__)  # type: ignore[arg-type]
    .where(
        ScreeningCount.quarter_on == bindparam("of_quarter_on", type_=Date),
        ScreeningCount.kind_id == _KIND.scalar_subquery(),
        *(getattr(ScreeningCount, name) == bindparam(f"of_{name}", type_=String) for name in _BESIDE),
    )
    .values(number=ScreeningCount.number + 1)
)


_STEP_MORE = Prepared(
    update(ScreenStep.__table__)  # type: ignore[arg-type]
    .where(
        ScreenStep.quarter_on == bindparam("of_quarter_on", type_=Date),
        ScreenStep.crossing_point == bindparam("of_point", type_=String),
        ScreenStep.step == bindparam("of_step", type_=String),
    )
    .values(number=ScreenStep.number + bindparam("of_more", type_=Integer))
)


def count(session: Session, screenings: Iterable[Screening]) -> None:
    """Add one to each number. Call it after `audit.append`: writers queue there, and so not for the same number."""
    for screening in screenings:
        codes = asdict(screening)
        codes["quarter_on"] = Quarter.of(codes.pop("month")).start
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


def count_steps(session: Session, screened: Iterable[Screening], steps: Sequence[str]) -> None:
    """Add one to the number of each step of the post of each who was `screened`; after `audit.append`, as `count`."""
    for one in screened:
        for step in steps:
            _count_step(session, one.month, one.crossing_point, step, 1)


def count_family(session: Session, month: date, crossing_point: str, children: int) -> None:
    """Count one family notice of a post, and its children; after `audit.append`, as `count`."""
    _count_step(session, month, crossing_point, FAMILIES, 1)
    _count_step(session, month, crossing_point, FAMILY_CHILDREN, children)


def _count_step(session: Session, month: date, crossing_point: str, step: str, more: int) -> None:
    first = Quarter.of(month).start
    wanted = {"of_quarter_on": first, "of_point": crossing_point, "of_step": step, "of_more": more}
    if not _STEP_MORE.run(session, wanted):
        session.add(ScreenStep(quarter_on=first, crossing_point=crossing_point, step=step, number=more))
        session.flush()


def remember_line(session: Session, mark: bytes) -> None:
    """Remember that the imported line with this mark was processed, so that it is not counted twice."""
    session.add(ScreenedLine(mark=mark))


def is_screened(mark: bytes) -> bool:
    """Whether the same line ended without a case before."""
    return db.session.get(ScreenedLine, mark) is not None
