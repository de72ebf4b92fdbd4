"""Which organisations contribute to a quarter, and what each said of its part. Words only: no figure is near here."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import ColumnElement, String, and_, bindparam, exists, false, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports import contributions as rules
from nrm.domain.reports.contributions import Answer, Part, Without
from nrm.domain.reports.report_list import Report
from nrm.domain.reports.reports import Window
from nrm.models.accounts.accounts import Instance, Member, Organisation
from nrm.models.reports.reports import QuarterPart, SilentPart
from nrm.store import days
from nrm.store.countries import country


def parts(quarter: Quarter, *, by: Actor) -> tuple[Part, ...]:
    """The part of every contributor with somebody at work in it, by code; for who closes, signs or reads reports.

    Also of one that was suspended since the quarter began: whoever suspends must not decide that it is told without it.
    Not of one whose first member was invited after the quarter had ended, where the country had begun before that.
    """
    if by.duty != "release":
        by.must(Permission.REPORT_READ)
    return _parts(quarter)


def own_part(quarter: Quarter, *, by: Actor) -> Part:
    """The part of the asker's own organisation; raises NotVisible when it contributes nothing."""
    by.must(Permission.QUARTER_ANSWER)
    found = [part for part in _parts(quarter) if part.code == by.organisation_code]
    if not found:
        raise NotVisible
    return found[0]


def number_waiting(by: Actor) -> ColumnElement[int]:
    """1 if the quarter waits for the answer of the asker's organisation: it contributes, nothing is closed. As a column
    of a statement with the parameters `quarter` and those of `moment`."""
    if not by.may(Permission.QUARTER_ANSWER):
        return literal(0)
    quarter = bindparam("quarter", type_=String())
    answered = exists().where(QuarterPart.organisation_id == Organisation.id, QuarterPart.quarter == quarter)
    counted = select(func.count(Organisation.id)).where(
        Organisation.id == by.organisation_id,
        Organisation.kind.in_(rules.CONTRIBUTING),
        _had_come(bindparam("quarter_over", type_=UtcDateTime())),
        ~answered,
        ~days.closed(quarter),
    )
    return counted.scalar_subquery()


def moment(quarter: Quarter, *, by: Actor) -> dict[str, datetime]:
    """The value that `number_waiting` needs beside the quarter."""
    return {"quarter_over": _over(quarter)} if by.may(Permission.QUARTER_ANSWER) else {}


def silent(report: Report, window: Window, *, by: Actor) -> tuple[str, ...]:
    """Codes of the contributors of a report that did not confirm one of the quarters."""
    found: set[str] = set()
    for text in window.quarters:
        found.update(rules.silent(parts(Quarter.parse(text), by=by), report))
    return tuple(sorted(found))


def confirmations(report: Report, window: Window, *, by: Actor) -> tuple[tuple[str, datetime], ...]:
    """(office, when) of each confirmation that a report is made without some of its contributors."""
    found: set[tuple[str, datetime]] = set()
    for text in window.quarters:
        found.update(rules.confirmations(parts(Quarter.parse(text), by=by), report))
    return tuple(sorted(found))


def waits_for_confirmation(by: Actor) -> ColumnElement[bool]:
    """Whether a quarter waits for the asker's office to confirm that somebody is silent, as a part of a statement."""
    if not by.may(Permission.REPORT_COUNTERSIGN):
        return false()
    return exists().where(SilentPart.confirmed_at.is_(None))


def to_confirm(*, by: Actor) -> list[str]:
    """The quarters that wait for the Responsible Authority to confirm a closing without silent contributors."""
    by.must(Permission.REPORT_COUNTERSIGN)
    return sorted(set(db.session.scalars(select(SilentPart.quarter).where(SilentPart.confirmed_at.is_(None)))))


def _parts(quarter: Quarter) -> tuple[Part, ...]:
    own, office = aliased(Member), aliased(Organisation)
    begins = datetime.combine(quarter.start, time.min, country().timezone)
    was_there = or_(Organisation.enabled, Organisation.suspended_at >= begins)
    at_work = select(own.id).where(own.organisation_id == Organisation.id, own.status == "active").exists()
    rows = db.session.execute(
        select(
            Organisation.code,
            Organisation.kind,
            Organisation.names,
            QuarterPart.answer,
            QuarterPart.answered_at,
            SilentPart.asked_at,
            SilentPart.confirmed_at,
            office.code.label("office"),
        )
        .outerjoin(SilentPart, and_(SilentPart.organisation_id == Organisation.id, SilentPart.quarter == str(quarter)))
        .outerjoin(Member, Member.id == SilentPart.confirmed_by_id)
        .outerjoin(office, office.id == Member.organisation_id)
        .outerjoin(
            QuarterPart, and_(QuarterPart.organisation_id == Organisation.id, QuarterPart.quarter == str(quarter))
        )
        .where(Organisation.kind.in_(rules.CONTRIBUTING), was_there, at_work, _had_come(_over(quarter)))
        .order_by(Organisation.code)
    )
    return tuple(
        Part(
            row.code,
            OrganisationKind(row.kind),
            row.names,
            Answer(row.answer) if row.answer else None,
            row.answered_at,
            Without(row.office or "", row.confirmed_at) if row.asked_at else None,
        )
        for row in rows
    )


def _over(quarter: Quarter) -> datetime:
    return datetime.combine(quarter.next.start, time.min, country().timezone)


def _had_come(over: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether the organisation was there before this instant. A country that began after it asks all whom it has: what
    was before is typed in from paper."""
    own = aliased(Member)
    invited = exists().where(own.organisation_id == Organisation.id, own.created_at < over)
    return invited | exists().where(Instance.created_at >= over)
