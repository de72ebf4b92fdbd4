"""As what people count on a day, for cases that were seen already, and the cases that wait for a birthday."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, exists, or_, select
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS
from nrm.domain.shelter.ages import ADULT, SLIP_WITHIN, WORD_WAITS, Change, Kind, Told, class_on
from nrm.domain.shelter.cases import UNFINISHED
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildFile, ChildFinding, ChildGuardian
from nrm.store import days
from nrm.store.rows.shelter import absences
from nrm.store.rows.support import follow_ups

_BY_CHILD_PROTECTION = (ChildFile.case_id, ChildFinding.subject_id, ChildGuardian.case_id)
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


def told(case: Case, *, first: date, member_id: uuid.UUID | None) -> Told:
    """What is known when this member says that the child is 18 or over."""
    newest = select(CaseAge).where(CaseAge.case_id == case.id).order_by(CaseAge.position.desc()).limit(1)
    last = db.session.scalar(newest)
    undoes = last is not None and last.was == ADULT and _is_slip(last, member_id)
    recorded = or_(*(exists().where(each == case.id) for each in _BY_CHILD_PROTECTION))
    return Told(
        case.age_class,
        case.age_band,
        case.adult_month,
        by_house=db.session.get_one(Organisation, case.opened_by_id).kind in SHELTERS,
        said=last is not None,
        undoes=undoes,
        recorded=bool(db.session.scalar(select(recorded))),
        not_safe=bool(follow_ups.unsafe(case.id)) or absences.stands(case.id) is not None,
        first=first,
    )


def _is_slip(entry: CaseAge, member_id: uuid.UUID | None) -> bool:
    """Whether the member recorded it today, and so can put it right alone."""
    return entry.member_id == member_id and entry.recorded_on == days.today()


def slip(case: Case, organisation_id: uuid.UUID | None) -> CaseAge | None:
    """The last entry of an age, if by it this organisation lately made a child of an adult: it may have been a
    mistake."""
    newest = select(CaseAge).where(CaseAge.case_id == case.id).order_by(CaseAge.position.desc()).limit(1)
    last = db.session.scalar(newest)
    return last if last is not None and may_be_slip(last, organisation_id) else None


def may_be_slip(last: CaseAge, organisation_id: uuid.UUID | None) -> bool:
    """Whether by this entry, the last one, the organisation lately made a child of an adult."""
    made = last.was == ADULT and last.organisation_id == organisation_id
    return made and days.today() - last.recorded_on < SLIP_WITHIN


def month_before(case_id: uuid.UUID, *, member_id: uuid.UUID | None) -> date | None:
    """The month of 18 that was recorded last, but for what the member entered today."""
    statement = select(CaseAge).where(CaseAge.case_id == case_id, CaseAge.kind == Kind.MONTH)
    months = db.session.scalars(statement.order_by(CaseAge.position.desc()))
    return next((each.adult_month for each in months if not _is_slip(each, member_id)), None)


def said_since() -> str:
    """The day, as the chain writes it, since which a word that a child is an adult counts (`age_words.number_said`)."""
    return (clock.now() - WORD_WAITS).isoformat()[:10]
