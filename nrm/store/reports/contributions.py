"""Which organisations contribute to a quarter, and what each said of its part. Words only: no figure is near here."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, and_, bindparam, exists, func, literal, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports import contributions as rules
from nrm.domain.reports.contributions import Answer, Part
from nrm.domain.reports.report_list import Report
from nrm.domain.reports.reports import Window
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.reports.reports import QuarterPart
from nrm.store import days


def parts(quarter: Quarter, *, by: Actor) -> tuple[Part, ...]:
    """The part of every contributor with somebody at work in it, by code; for who closes, signs or reads reports."""
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
    of a statement with the parameter `quarter`."""
    if not by.may(Permission.QUARTER_ANSWER):
        return literal(0)
    quarter = bindparam("quarter", type_=String())
    answered = exists().where(QuarterPart.organisation_id == Organisation.id, QuarterPart.quarter == quarter)
    counted = select(func.count(Organisation.id)).where(
        Organisation.id == by.organisation_id,
        Organisation.kind.in_(rules.CONTRIBUTING),
        ~answered,
        ~days.closed(quarter),
    )
    return counted.scalar_subquery()


def silent(report: Report, window: Window, *, by: Actor) -> tuple[str, ...]:
    """Codes of the contributors of a report that did not confirm one of the quarters."""
    found: set[str] = set()
    for text in window.quarters:
        found.update(rules.silent(parts(Quarter.parse(text), by=by), report))
    return tuple(sorted(found))


def _parts(quarter: Quarter) -> tuple[Part, ...]:
    at_work = select(Member.id).where(Member.organisation_id == Organisation.id, Member.status == "active").exists()
    rows = db.session.execute(
        select(
            Organisation.code,
            Organisation.kind,
            Organisation.name_sq,
            Organisation.name_en,
            QuarterPart.answer,
            QuarterPart.answered_at,
        )
        .outerjoin(
            QuarterPart, and_(QuarterPart.organisation_id == Organisation.id, QuarterPart.quarter == str(quarter))
        )
        .where(Organisation.kind.in_(rules.CONTRIBUTING), Organisation.enabled, at_work)
        .order_by(Organisation.code)
    )
    return tuple(
        Part(
            row.code,
            OrganisationKind(row.kind),
            {"sq": row.name_sq, "en": row.name_en},
            Answer(row.answer) if row.answer else None,
            row.answered_at,
        )
        for row in rows
    )
