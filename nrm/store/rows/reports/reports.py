"""Drafts and releases as rows, for closing and signing a quarter."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import func, select

from nrm import audit
from nrm.db import db
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import MAIN
from nrm.models.accounts.accounts import Organisation
from nrm.models.reports.reports import Release, ReleaseDraft, SilentPart
from nrm.store.rows import entries


def first_open(quarter: Quarter) -> Quarter:
    """The quarter in which something of `quarter` that becomes known now is counted: the first that is not closed."""
    released = select(func.max(Release.quarter)).where(Release.report == MAIN.name)
    drafted = select(func.max(ReleaseDraft.quarter)).where(ReleaseDraft.report == MAIN.name)
    newest = max(db.session.scalar(each) or "" for each in (released, drafted))
    return max(quarter, Quarter.parse(newest).next) if newest else quarter


def quarters_gone() -> list[str]:
    """The quarters of sealed reports that the audit chain tells of, and no row: another hand took them out."""
    there = {str(each) for each in db.session.scalars(select(Release.id))}
    told = [each.said for each in entries.of_money() if each.event == audit.Event.RELEASE_SEALED]
    return sorted({each["quarter"] for each in told if each["release_id"] not in there})


def not_asked_about(quarter: Quarter, codes: Collection[str]) -> Sequence[uuid.UUID]:
    """Which of these organisations the Responsible Authority was not asked about yet."""
    asked = select(SilentPart.organisation_id).where(SilentPart.quarter == str(quarter))
    found = select(Organisation.id).where(Organisation.code.in_(codes), Organisation.id.not_in(asked))
    return db.session.scalars(found.order_by(Organisation.code)).all()


def drafts(quarter: Quarter) -> Sequence[ReleaseDraft]:
    """What was closed with a quarter and waits for signatures. Sealed: rows show no figure."""
    statement = select(ReleaseDraft).where(ReleaseDraft.quarter == str(quarter)).order_by(ReleaseDraft.report)
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def draft(report: str) -> ReleaseDraft | None:
    """The draft of a report; there is one at most."""
    return db.session.scalar(select(ReleaseDraft).where(ReleaseDraft.report == report))


def must_draft(report: str, id_: uuid.UUID | None = None) -> ReleaseDraft:
    """The draft of a report, that one if `id_` is given; raises NotVisible."""
    found = draft(report)
    if found is None or id_ not in (None, found.id):
        raise NotVisible
    return found


def last_release(report: str = MAIN.name) -> Release | None:
    """The end of a report's chain."""
    return db.session.scalar(select(Release).where(Release.report == report).order_by(Release.position.desc()).limit(1))
