"""The joint report of a quarter for the Office of the Minister of State: made once, signed, sealed, chained.

It closes the quarter for filing. It rounds nothing and opens nothing sealed: it contains exact tables as they were
filed, figures about people as they are in sealed releases, and words where there is no table.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports import file_signatures
from nrm.domain.reports import reports as rules
from nrm.domain.reports.register import FiledMeanwhile, JointMade, JointTooEarly, Requirement, State
from nrm.domain.reports.report_list import JOINT, MAIN
from nrm.models.reports.reports import Release, ReleaseFile
from nrm.render import joint_report as render
from nrm.steps import background
from nrm.store import days
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.reports import register as store
from nrm.store.reports import reports
from nrm.store.rows.reports import register as register_rows
from nrm.store.rows.reports import reports as report_rows
from nrm.vault import filings, signing

RELEASE = Actor.system("release")


def outstanding(quarter: Quarter, *, by: Actor) -> tuple[str, ...]:
    """What the joint report waits for: tables that are not due yet, reports that are not sealed. Raises NotVisible."""
    by.must(Permission.REGISTER_JOIN)
    if quarter not in days.span().quarters:
        raise NotVisible
    waiting = [line.matrix.code for line in store.of_quarter(quarter, by=by) if line.state is State.DUE]
    if not any(line.quarter == quarter for line in reports.releases(by=by)):
        waiting.append(MAIN.name)
    waiting += [line.report for line in reports.waiting(by=by) if line.quarter == quarter and line.report != MAIN.name]
    return tuple(waiting)


def begin(quarter: Quarter, *, by: Actor) -> None:
    """`make` in the background of this process; `state` tells how it goes.

    Raises NotPermitted, NotVisible, JointTooEarly, JointMade, ReleasesGone before any work is done, and BeingClosed.
    """
    _check(quarter, by)
    try:
        held = background.lock()
    except background.Busy:
        raise rules.BeingClosed from None
    db.session.rollback()
    background.go_on(lambda: make(quarter, by=by), f"joining {quarter}", held)


def state(quarter: Quarter, *, by: Actor) -> str:
    """`made`, `in_work`, or `open`: not made, or given up because something was filed at the same moment."""
    by.must(Permission.REGISTER_JOIN)
    if background.is_busy():
        return "in_work"
    db.session.rollback()  # it was stored after this request began to read
    return "made" if days.is_published(JOINT.name, quarter) else "open"


def _check(quarter: Quarter, by: Actor) -> None:
    by.must(Permission.REGISTER_JOIN)
    if days.is_published(JOINT.name, quarter):
        raise JointMade
    if gone := report_rows.quarters_gone():
        raise rules.ReleasesGone(gone)
    if waiting := outstanding(quarter, by=by):
        raise JointTooEarly(waiting)


def make(quarter: Quarter, *, by: Actor) -> None:
    """Make it; takes seconds. Raises NotPermitted, NotVisible, JointTooEarly, FiledMeanwhile, JointMade, ReleasesGone,
    CannotOpen."""
    _check(quarter, by)
    lines = store.of_quarter(quarter, by=RELEASE)
    value = _value(quarter, lines)
    value["signatures"] = _signatures(value, by)
    names = {language: organisation_names.names_by_code(language) for language in country().languages}
    signers = {
        language: [
            (names[language].get(each.get("office", ""), rules.SERVER[language]), each["signed_at"])
            for each in value["signatures"]
        ]
        for language in country().languages
    }
    db.session.rollback()  # no transaction is open while pages are made
    made = render.files(
        value,
        country().register,
        country().tables,
        signatures=signers,
        names=names,
        pages=current_app.jinja_env,
        speaking=current_app.extensions["nrm.speaking"],
        area=country().iso,
    )
    files = {name: file_signatures.sign(name, content, signing.sign_release) for name, content in made.items()}
    with transaction() as session:
        register_rows.hold(session)
        if days.is_published(JOINT.name, quarter):
            raise JointMade
        if _filed(store.of_quarter(quarter, by=RELEASE)) != _filed(lines):
            raise FiledMeanwhile
        _store(session, quarter, value["released_at"], files, by)


def _filed(lines: Sequence[store.Line]) -> set[uuid.UUID | None]:
    return {line.filing_id for line in lines}


def _value(quarter: Quarter, lines: Sequence[store.Line]) -> dict[str, Any]:
    tables: list[dict[str, Any]] = []
    by_code = {line.matrix.code: line for line in lines}
    requirements = []
    for requirement in country().register.requirements:
        parts = (
            [_released(requirement.release, quarter, tables)]
            if requirement.release
            else [_of_table(by_code[table.code], quarter, tables) for table in requirement.tables]
        )
        requirements.append(_entry(requirement, parts))
    return {
        "format": rules.FORMAT,
        "report": JOINT.name,
        "quarter": str(quarter),
        "released_at": _current_second().isoformat(),
        "requirements": requirements,
        "tables": tables,
    }


def _entry(requirement: Requirement, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "number": requirement.number,
        "section": requirement.section,
        "lead": requirement.lead,
        "contributing": list(requirement.contributing),
        "parts": parts,
    }


def _of_table(line: store.Line, quarter: Quarter, tables: list[dict[str, Any]]) -> dict[str, Any]:
    """The state of a filed table, and which tables are printed for it; an exact one is added to `tables`."""
    found: dict[str, Any] = {
        "table": line.matrix.code,
        "state": str(line.state),
        "filed_by": line.matrix.filed_by,
        "printed": [],
    }
    if line.filing_id is None:
        return {**found, "days_late": line.days_late}
    row = store.filing_of(line.filing_id, by=RELEASE)
    figures = filings.figures(row, line.matrix)
    found.update(
        filed_at=row.filed_at.isoformat(),
        filing=str(row.id),
        digest=row.digest.hex(),
        public_key=row.public.hex(),
        signature=row.signature.hex(),
    )
    if line.matrix.protected and line.state is State.FILED:
        return {**found, **_released(line.matrix.code, quarter, tables)}
    if line.state is State.FILED and figures is not None:
        tables.append(render.filed_table(line.matrix, figures))
        found["printed"] = [line.matrix.code]
        if row.reason:
            found["reason"] = row.reason
    return found


def _released(report: str, quarter: Quarter, tables: list[dict[str, Any]]) -> dict[str, Any]:
    """What the sealed release for the quarter prints; `held` when there is none yet, or none at all."""
    try:
        line = reports.release(quarter, by=RELEASE, report=report)
    except NotVisible:
        windows = country().tables[report].windows
        until = rules.last_window(quarter, windows, days.published_windows(report)).last
        return {
            "table": report,
            "state": "held" if max(windows) > 1 else "not_released",
            "until": str(until),
            "printed": [],
        }
    content = reports.release_file(quarter, "json", by=RELEASE, report=report)
    added = render.released_tables(report, json.loads(content), country().tables[report])
    tables += added
    return {
        "table": report,
        "state": "released",
        "release": report,
        "quarters": list(rules.Window(line.first_quarter, line.quarter).quarters),
        "sha256": hashlib.sha256(content).hexdigest(),
        "printed": [table["name"] for table in added],
    }


def _signatures(value: Mapping[str, Any], by: Actor) -> list[dict[str, str]]:
    assert by.organisation_id
    office = organisation_names.organisation(by.organisation_id).code
    at = value["released_at"]
    own, own_key = signing.sign_as(by, rules.signed_message(value, "coordinator", office, at))
    server = signing.sign_release(rules.signed_message(value, "server", "", at))
    return [
        rules.signature_of("server", "", at, signing.release_public_key(), server),
        rules.signature_of("coordinator", office, at, own_key, own),
    ]


def _store(session: Session, quarter: Quarter, released_at: str, files: Mapping[str, bytes], by: Actor) -> None:
    last = report_rows.last_release(JOINT.name)
    previous = last.hash if last else rules.FIRST_HASH
    hashed = rules.chain_hash(previous, report=JOINT.name, quarter=str(quarter), released_at=released_at, files=files)
    row = Release(
        id=uuid.uuid4(),
        report=JOINT.name,
        quarter=str(quarter),
        first_quarter=str(quarter),
        position=last.position + 1 if last else 1,
        released_at=datetime.fromisoformat(released_at),
        step="",
        previous_hash=previous,
        hash=hashed,
        signature=signing.sign_release(hashed),
    )
    session.add(row)
    session.flush()
    session.add_all(ReleaseFile(release_id=row.id, format=name, content=content) for name, content in files.items())
    audit.append(session, audit.Event.RELEASE_SEALED, by=by, report=JOINT.name, quarter=str(quarter), release_id=row.id)


def _current_second() -> datetime:
    return clock.now().astimezone(UTC).replace(microsecond=0)
