"""The day on the country's clocks, and which quarters are open, closed or waiting; nothing about a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, exists, func, select

from nrm import clock
from nrm.db import db
from nrm.domain.quarters import Quarter
from nrm.domain.reports import register as rules
from nrm.domain.reports.register import Matrix
from nrm.domain.reports.report_list import JOINT, MAIN
from nrm.domain.reports.reports import Window, last_window, window_ending
from nrm.models.accounts.accounts import Instance
from nrm.models.reports.reports import Release, ReleaseDraft
from nrm.store.countries import country

_SPAN = select(
    Instance.created_at, select(func.max(Release.quarter)).where(Release.report == JOINT.name).scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Span:
    """What can be filed for: the quarters, the oldest first; `closed`: the last one with a joint report."""

    quarters: Sequence[Quarter]
    closed: Quarter | None


def span() -> Span:
    """The quarters that are open for filing."""
    created_at, last = db.session.execute(_SPAN).one()
    closed = Quarter.parse(last) if last else None
    # The quarter that was over when the instance was made is the first that can be filed here.
    since = Quarter.of(clock.day_of(created_at, country().timezone)).previous
    return Span(rules.open_quarters(today(), since, closed=closed), closed)


def check_open(table: Matrix, quarter: Quarter) -> None:
    """Raise NotOverYet or QuarterIsClosed unless the table can be filed for the quarter."""
    now = span()
    if now.closed is not None and quarter <= now.closed:
        raise rules.QuarterIsClosed
    if quarter not in now.quarters:
        raise rules.NotOverYet
    if table.protected and is_published(table.code, quarter):
        raise rules.QuarterIsClosed


def is_published(report: str, quarter: Quarter) -> bool:
    """Whether the figures of a report for the quarter are stored, signed or not."""
    for model in (Release, ReleaseDraft):
        statement = select(model.id).where(
            model.report == report, model.first_quarter <= str(quarter), model.quarter >= str(quarter)
        )
        if db.session.scalar(statement) is not None:
            return True
    return False


def waits_until(quarter: Quarter, tried: str | None, *, report: str = MAIN.name) -> Quarter | None:
    """With which quarter one that nothing was released of is published at the latest; None: it does not wait.

    `tried`: how its `attempt` ended. Too few people were concerned, or the report is published for several quarters
    that do not end with this one.
    """
    windows = country().tables[report].windows
    ends_here, _ = window_ending(quarter, windows, [])
    waits = (ends_here is None or tried == "waits") and is_closed(quarter)
    return last_window(quarter, windows, published_windows(report)).last if waits else None


def published_windows(report: str) -> list[Window]:
    """The quarters of each release of a report and of its draft."""
    found: list[Window] = []
    for model in (Release, ReleaseDraft):
        rows = db.session.execute(select(model.first_quarter, model.quarter).where(model.report == report))
        found += [Window(Quarter.parse(first), Quarter.parse(last)) for first, last in rows]
    return found


def is_closed(quarter: Quarter) -> bool:
    """Whether report ix of a quarter, or of a later one, was closed, signed or not. Tells nothing else."""
    return db.session.scalar(select(closed(str(quarter)))) is True


def closed(quarter: str | ColumnElement[str]) -> ColumnElement[bool]:
    """`is_closed` as a condition of another statement."""
    released = exists().where(Release.report == MAIN.name, Release.quarter >= quarter)
    return released | exists().where(ReleaseDraft.report == MAIN.name, ReleaseDraft.quarter >= quarter)


def today() -> date:
    """The day on the country's clocks."""
    return clock.today(country().timezone)
