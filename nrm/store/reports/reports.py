"""The sealed releases, which are all that readers of reports can read. `store/reports/counting.py` counts people."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, exists, false, or_, select

from nrm.audit import Event
from nrm.db import RELEASES, db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import MAIN
from nrm.domain.reports.reports import Finding, Window, bits_told, findings_of
from nrm.models.audit import AuditEntry
from nrm.models.reports.reports import Release, ReleaseDraft, ReleaseFile, ReleaseMemory
from nrm.store.reports import contributions
from nrm.store.rows.entries import is_one_of
from nrm.store.rows.reports import reports as rows

RELEASE = Actor.system("release")
_ATTEMPTS = (Event.QUARTER_REFUSED, Event.QUARTER_WAITS)
_FORMATS = select(ReleaseFile.release_id, ReleaseFile.format)
_RELEASES = (
    select(Release.id, Release.quarter, Release.first_quarter, Release.released_at, Release.step)
    .where(Release.report == bindparam("report"))
    .order_by(Release.position.desc())
)
_DRAFTS = select(ReleaseDraft.report, ReleaseDraft.quarter, ReleaseDraft.released_at, ReleaseDraft.signed_at).order_by(
    ReleaseDraft.report
)


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """One sealed release as a list shows it; `quarter` is the last one it speaks of."""

    quarter: Quarter
    first_quarter: Quarter
    released_at: datetime
    step: str
    formats: frozenset[str]


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A report that is closed and not yet released; `signed_at`: when the statistician signed it."""

    report: str
    quarter: Quarter
    closed_at: datetime
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealedRelease:
    """What the seal of a release is checked by."""

    quarter: str
    released_at: datetime
    previous_hash: bytes
    hash: bytes
    signature: bytes
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Memory:
    """What one release left for the next, still sealed."""

    id: uuid.UUID
    quarter: str
    sealed: bytes


def releases(*, by: Actor, report: str = MAIN.name) -> list[ReleaseLine]:
    """The sealed releases of a report, the newest first."""
    _must_read(by)
    formats: dict[uuid.UUID, set[str]] = {}
    for release_id, name in _read(by, _FORMATS):
        formats.setdefault(release_id, set()).add(name)
    rows = _read(by, _RELEASES, report=report)
    return [
        ReleaseLine(
            Quarter.parse(row.quarter),
            Quarter.parse(row.first_quarter),
            row.released_at,
            row.step,
            frozenset(formats.get(row.id, ())),
        )
        for row in rows
    ]


def release(quarter: Quarter, *, by: Actor, report: str = MAIN.name) -> ReleaseLine:
    """The sealed release that speaks of a quarter; raises NotVisible when there is none."""
    found = [line for line in releases(by=by, report=report) if line.first_quarter <= quarter <= line.quarter]
    if not found:
        raise NotVisible
    return found[0]


def release_file(quarter: Quarter, format_: str, *, by: Actor, report: str = MAIN.name) -> bytes:
    """The bytes of a release in one of domain.reports.formats; raises NotVisible."""
    _must_read(by)
    found = _read(
        by,
        select(ReleaseFile.content)
        .join(Release, Release.id == ReleaseFile.release_id)
        .where(
            Release.report == report,
            # `2006Q1` sorts by time.
            Release.first_quarter <= str(quarter),
            Release.quarter >= str(quarter),
            ReleaseFile.format == format_,
        ),
    )
    if not found:
        raise NotVisible
    return bytes(found[0].content)


def _read(by: Actor, statement: Select[*tuple[Any, ...]], **values: object) -> Sequence[Row[*tuple[Any, ...]]]:
    """Rows for people by the database role that can read nothing but releases, where there is one."""
    engine = db.engines.get(RELEASES)
    if engine is None or by == RELEASE:
        return db.session.execute(statement, values).all()
    with engine.connect() as connection:
        return connection.execute(statement, values).all()


def verdict(quarter: Quarter, *, by: Actor, report: str = MAIN.name) -> dict[str, Any]:
    """What the attack on a release found, without a cell or a count; raises NotVisible."""
    _must_read(by)
    found = db.session.scalar(
        select(ReleaseMemory.verdict)
        .join(Release, Release.id == ReleaseMemory.release_id)
        .where(Release.report == report, Release.first_quarter <= str(quarter), Release.quarter >= str(quarter))
    )
    if found is None:
        raise NotVisible
    return dict(found)


def told_of_one_person(report: str, window: Window, *, by: Actor) -> float:
    """What that release of a report over some of these quarters, or its draft, tells of one person which tells most, in
    bits. Verdicts from before this was looked at do not say it: 0.
    """
    if by != RELEASE:
        raise NotPermitted("what a release tells beside another is for the program alone")
    found = [
        verdict(line.quarter, by=by, report=report)
        for line in releases(by=by, report=report)
        if window.meets(Window(line.first_quarter, line.quarter))
    ]
    draft = rows.draft(report)
    if draft is not None and window.meets(Window(Quarter.parse(draft.first_quarter), Quarter.parse(draft.quarter))):
        found.append(draft.verdict)
    return max(map(bits_told, found), default=0.0)


def attempt(quarter: Quarter, *, by: Actor, report: str = MAIN.name) -> tuple[str, tuple[Finding, ...]] | None:
    """How the last attempt that released nothing ended: `waits`, or `refused` with its findings; None: none did."""
    _must_read(by)
    entries = db.session.execute(
        select(AuditEntry.event, AuditEntry.details)
        .where(is_one_of(_ATTEMPTS))
        .order_by(AuditEntry.id.desc())
        .limit(50)
    )
    for event, text in entries:
        details = json.loads(text)
        if (details["report"], details["quarter"]) == (report, str(quarter)):
            return ("waits", ()) if event == "quarter_waits" else ("refused", findings_of(details["findings"]))
    return None


def without_paper(quarter: Quarter, *, by: Actor) -> frozenset[str]:
    """The drafts of a quarter that both offices signed once and that were not sealed, because the machine was too busy
    to typeset their paper."""
    _must_read(by)
    entries = db.session.scalars(
        select(AuditEntry.details)
        .where(AuditEntry.event == str(Event.PAPER_NOT_MADE))
        .order_by(AuditEntry.id.desc())
        .limit(50)
    )
    late = {told["report"] for told in map(json.loads, entries) if told["quarter"] == str(quarter)}
    return frozenset(line.report for line in waiting(by=by) if line.quarter == quarter and line.report in late)


def waiting(*, by: Actor) -> list[DraftLine]:
    """The drafts that wait for signatures, for readers of reports: which, since when, and whether one has signed."""
    _must_read(by)
    rows = db.session.execute(_DRAFTS)
    return [DraftLine(row.report, Quarter.parse(row.quarter), row.released_at, row.signed_at) for row in rows]


def to_countersign(*, by: Actor) -> list[str]:
    """The quarters that wait for the Responsible Authority's signature."""
    by.must(Permission.REPORT_COUNTERSIGN)
    signed = select(ReleaseDraft.quarter).where(ReleaseDraft.signature.is_not(None))
    return sorted(set(db.session.scalars(signed)))


def waits_to_countersign(by: Actor) -> ColumnElement[bool]:
    """Whether there is any, or a silence to be confirmed, as a part of another statement; false for other roles."""
    if not by.may(Permission.REPORT_COUNTERSIGN):
        return false()
    return or_(exists().where(ReleaseDraft.signature.is_not(None)), contributions.waits_for_confirmation(by))


def chain(*, by: Actor, report: str = MAIN.name) -> list[SealedRelease]:
    """Every release of a report with its seal and its files, the oldest first."""
    _must_read(by)
    rows = db.session.scalars(select(Release).where(Release.report == report).order_by(Release.position)).all()
    return [
        SealedRelease(row.quarter, row.released_at, row.previous_hash, row.hash, row.signature, _files(row.id))
        for row in rows
    ]


def _files(release_id: uuid.UUID) -> dict[str, bytes]:
    rows = db.session.execute(
        select(ReleaseFile.format, ReleaseFile.content).where(ReleaseFile.release_id == release_id)
    )
    return {row.format: row.content for row in rows}


def memories(*, by: Actor, report: str = MAIN.name) -> Sequence[Memory]:
    """What every release of a report left for the next, the oldest first. For closing a quarter only."""
    if by != RELEASE:
        raise NotPermitted("what a release leaves is for the program alone")
    rows = db.session.execute(
        select(ReleaseMemory.id, Release.quarter, ReleaseMemory.sealed_memory)
        .join(Release, Release.id == ReleaseMemory.release_id)
        .where(Release.report == report)
        .order_by(Release.position)
    )
    return [Memory(*row) for row in rows]


def _must_read(by: Actor) -> None:
    if by != RELEASE:
        by.must(Permission.REPORT_READ)


def draft_quarter(report: str, *, by: Actor) -> str:
    """The quarter of the draft of a report, for those who sign it; raises NotVisible."""
    if not (by.may(Permission.REPORT_CLOSE) or by.may(Permission.REPORT_COUNTERSIGN)):
        raise NotVisible
    return rows.must_draft(report).quarter
