"""What was counted of interviews, and interviews counted without their way through the system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import select

from nrm.db import db, transaction
from nrm.domain.interviews.screenings import KIND, Screening
from nrm.models.interviews.screenings import ScreeningCount, ScreeningKind
from nrm.store.rows.interviews import screenings as screening_rows


def counted() -> Counter[Screening]:
    """Every screening there is, as the database is now; of its month the first of the quarter is kept."""
    db.session.rollback()
    beside = ("quarter_on", "profile", "assessment", "reason", "number")
    statement = select(
        *(getattr(ScreeningKind, name) for name in KIND), *(getattr(ScreeningCount, name) for name in beside)
    ).join(ScreeningCount)
    found: Counter[Screening] = Counter()
    for row in db.session.execute(statement):
        codes = dict(row._mapping)
        number = codes.pop("number")
        found[Screening(month=codes.pop("quarter_on"), **codes)] += number
    return found


def count(each: Iterable[Screening]) -> None:
    """Count these in one transaction."""
    with transaction() as session:
        screening_rows.count(session, each)
