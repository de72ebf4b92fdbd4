"""What a quarter's report is made of, and the sealed releases.

The two halves never meet: people are counted only by the program itself, and whoever reads reports reads releases.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Row, and_, func, or_, select

from nrm.db import db
from nrm.domain.accounts import Actor, NotPermitted, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports import REPORT, Finding, findings_of
from nrm.domain.tabulation import PermitRecord, PersonRecord, StayRecord, in_order
from nrm.models.audit import AuditEntry
from nrm.models.cases import Case
from nrm.models.permits import Permit
from nrm.models.reports import Release, ReleaseFile, ReleaseMemory
from nrm.models.stays import Stay
from nrm.models.testimony import Testimony

RELEASE = Actor.system("release")


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """One sealed release as a list shows it."""

    quarter: Quarter
    released_at: datetime
    step: str
    formats: frozenset[str]


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


def people(
    connection: Connection, quarter: Quarter, *, also: Collection[uuid.UUID] = (), by: Actor
) -> list[PersonRecord]:
    """Everyone with a stay that may count in the quarter, and the cases in `also`: coarse codes and dates alone.

    For closing a quarter; any person, whatever the role, gets NotPermitted.
    """
    if by != RELEASE:
        raise NotPermitted("people are counted by the program alone")
    found: dict[str, PersonRecord] = {}
    seen: dict[str, dict[uuid.UUID, StayRecord]] = {}
    steps: dict[str, dict[int, tuple[str, Any]]] = {}
    for row in connection.execute(_people(quarter, also)):
        key = row.case_id.hex
        found.setdefault(key, _person(key, row))
        seen.setdefault(key, {})[row.stay_id] = StayRecord(
            row.admitted_on, row.known_on, row.anticipated_end_on, row.ended_on
        )
        if row.position is not None:
            steps.setdefault(key, {})[row.position] = (row.status, row.happened_on)
    return list(
        in_order(
            {
                key: replace(
                    each,
                    stays=tuple(seen[key].values()),
                    testimony=tuple(step for _, step in sorted(steps.get(key, {}).items())),
                )
                for key, each in found.items()
            }
        )
    )


def _people(quarter: Quarter, also: Collection[uuid.UUID]) -> Executable:
    """One row per stay and step as a witness, of every case that has a stay in question."""
    in_question = select(Stay.case_id).where(
        Stay.admitted_on <= quarter.end,
        Stay.known_on <= quarter.end,
        or_(Stay.ended_on.is_(None), Stay.ended_on >= quarter.start, Stay.known_on >= quarter.start),
    )
    return (
        select(
            Stay.id.label("stay_id"),
            Stay.case_id,
            Stay.admitted_on,
            Stay.known_on,
            Stay.anticipated_end_on,
            Stay.ended_on,
            Case.citizenship,
            Case.gender,
            Case.age_band,
            Case.exploited_in,
            Case.repeat,
            Permit.state,
            Permit.applied_on,
            Permit.issued_from,
            Permit.issued_until,
            Testimony.position,
            Testimony.status,
            Testimony.happened_on,
        )
        .select_from(Stay)
        .join(Case, Case.id == Stay.case_id)
        .outerjoin(Permit, Permit.case_id == Stay.case_id)
        .outerjoin(Testimony, and_(Testimony.case_id == Stay.case_id, Testimony.happened_on <= quarter.end))
        .where(or_(Stay.case_id.in_(in_question), Stay.case_id.in_(also)))
        # Who was asked and does not wish to be counted is not.
        .where(func.coalesce(Case.facts["statistics"].as_string(), "") != "no")
    )


def _person(key: str, row: Row[Any]) -> PersonRecord:
    permit = None
    if row.state is not None:
        permit = PermitRecord(row.state, row.applied_on, row.issued_from, row.issued_until)
    return PersonRecord(key, row.citizenship, row.gender, row.age_band, row.exploited_in, row.repeat, (), permit)


def releases(*, by: Actor) -> list[ReleaseLine]:
    """The sealed releases, the newest first."""
    _must_read(by)
    formats: dict[uuid.UUID, set[str]] = {}
    for release_id, name in db.session.execute(select(ReleaseFile.release_id, ReleaseFile.format)):
        formats.setdefault(release_id, set()).add(name)
    rows = db.session.execute(
        select(Release.id, Release.quarter, Release.released_at, Release.step)
        .where(Release.report == REPORT)
        .order_by(Release.position.desc())
    )
    return [
        ReleaseLine(Quarter.parse(row.quarter), row.released_at, row.step, frozenset(formats.get(row.id, ())))
        for row in rows
    ]


def release(quarter: Quarter, *, by: Actor) -> ReleaseLine:
    """One sealed release; raises NotVisible when the quarter is not closed."""
    found = [line for line in releases(by=by) if line.quarter == quarter]
    if not found:
        raise NotVisible
    return found[0]


def release_file(quarter: Quarter, format_: str, *, by: Actor) -> bytes:
    """The bytes of a release in one of domain.reports.FORMATS; raises NotVisible."""
    _must_read(by)
    content = db.session.scalar(
        select(ReleaseFile.content)
        .join(Release, Release.id == ReleaseFile.release_id)
        .where(Release.report == REPORT, Release.quarter == str(quarter), ReleaseFile.format == format_)
    )
    if content is None:
        raise NotVisible
    return content


def refusal(quarter: Quarter, *, by: Actor) -> tuple[Finding, ...] | None:
    """What the last attempt to close the quarter failed by, or None when none was refused."""
    _must_read(by)
    entries = db.session.scalars(
        select(AuditEntry.details).where(AuditEntry.event == "quarter_refused").order_by(AuditEntry.id.desc()).limit(50)
    )
    for entry in entries:
        details = json.loads(entry)
        if (details["report"], details["quarter"]) == (REPORT, str(quarter)):
            return findings_of(details["findings"])
    return None


def last_release() -> Release | None:
    """The end of the chain."""
    return db.session.scalar(select(Release).where(Release.report == REPORT).order_by(Release.position.desc()).limit(1))


def chain(*, by: Actor) -> list[SealedRelease]:
    """Every release with its seal and its files, the oldest first."""
    _must_read(by)
    rows = db.session.scalars(select(Release).where(Release.report == REPORT).order_by(Release.position)).all()
    return [
        SealedRelease(row.quarter, row.released_at, row.previous_hash, row.hash, row.signature, _files(row.id))
        for row in rows
    ]


def _files(release_id: uuid.UUID) -> dict[str, bytes]:
    rows = db.session.execute(
        select(ReleaseFile.format, ReleaseFile.content).where(ReleaseFile.release_id == release_id)
    )
    return {row.format: row.content for row in rows}


def memories(*, by: Actor) -> Sequence[Memory]:
    """What every release left for the next, the oldest first. For closing a quarter only."""
    if by != RELEASE:
        raise NotPermitted("what a release leaves is for the program alone")
    rows = db.session.execute(
        select(ReleaseMemory.id, Release.quarter, ReleaseMemory.sealed_memory)
        .join(Release, Release.id == ReleaseMemory.release_id)
        .where(Release.report == REPORT)
        .order_by(Release.position)
    )
    return [Memory(*row) for row in rows]


def _must_read(by: Actor) -> None:
    if by != RELEASE:
        by.must(Permission.REPORT_READ)
