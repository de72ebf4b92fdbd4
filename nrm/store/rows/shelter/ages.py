"""As what people count on a day, for cases that were seen already, and the cases that wait for a birthday."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from nrm.db import db
from nrm.domain.shelter.ages import ADULT, Change, Kind, class_on
from nrm.domain.shelter.cases import UNFINISHED
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case

_CLASSES = select(CaseAge.case_id, CaseAge.from_on, CaseAge.age_class, CaseAge.was).where(CaseAge.kind != Kind.MONTH)


def changes(case_id: uuid.UUID) -> list[Change]:
    """Since when the person counts as what, in the order of recording."""
    statement = _CLASSES.where(CaseAge.case_id == case_id).order_by(CaseAge.position)
    return [Change(on, age_class, was) for _, on, age_class, was in db.session.execute(statement) if on is not None]


def age_class_on(case: Case, day: date) -> str:
    """As what the person of a case counts on that day."""
    return class_on(case.age_class, changes(case.id), day)


def leaves_as(case: Case, day: date) -> str:
    """As what the gates treat the person who leaves on that day: who turned out since to be a minor was one then."""
    then = age_class_on(case, day)
    return then if then != ADULT else case.age_class


def all_changes(connection: Connection | Session) -> Mapping[uuid.UUID, Sequence[Change]]:
    """The changes of everybody who ever counted as something else than before."""
    found: dict[uuid.UUID, list[Change]] = defaultdict(list)
    for case_id, on, age_class, was in connection.execute(_CLASSES.order_by(CaseAge.case_id, CaseAge.position)):
        if on is not None:
            found[case_id].append(Change(on, age_class, was))
    return found


def grown_up(month: date, most: int) -> Collection[uuid.UUID]:
    """The unfinished cases of minors whose month of 18 is before this one."""
    statement = (
        select(Case.id)
        .where(Case.adult_month < month, Case.age_class != "adult", Case.status.in_(UNFINISHED))
        .order_by(Case.id)
        .limit(most)
    )
    return list(db.session.scalars(statement))
