"""One report of one quarter: count, protect, attack, seal. Nothing in between can be seen by anybody.

People are counted by the program itself, on a connection of its own. Only figures that survived the attack leave, and
they leave as a sealed release: files that never change, chained to the release before and signed. What is refused
leaves nothing but the audit entry. No count and no code of a person reaches a log or an error.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain import counting, tabulation
from nrm.domain import reports as rules
from nrm.domain.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.reports import Window
from nrm.models.reports import Release, ReleaseFile, ReleaseMemory
from nrm.render import reports as render
from nrm.statistics.tables import MalformedMicrodata, TableSet
from nrm.store import accounts
from nrm.store import counting as counts
from nrm.store import reports as store
from nrm.store.countries import country
from nrm.vault import signing

Progress = Callable[[str], None]
SIGNED_BY_SERVER = {"sq": "{} (me çelësin e serverit për publikimet)", "en": "{} (with the server's key for releases)"}


class CannotTabulate(Exception):
    """A record does not fit the country's tables; the argument is the dimension, and nothing of the record."""


@dataclass(frozen=True, slots=True)
class Released:
    """The report is out; `already` when it had been before."""

    step: str
    already: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The figures did not survive the attack: nothing was stored. `findings` are (table, scenario, guarantee)."""

    findings: tuple[rules.Finding, ...]


@dataclass(frozen=True, slots=True)
class Waits:
    """Too few people for a release of their own: they will be published with the quarters that follow."""


ReportOutcome = Released | Refused | Waits


@dataclass(frozen=True, slots=True)
class _Counted:
    """One report before it is protected; never leaves this module. `present`: who is still there, by case."""

    rows: list[tabulation.Row]
    history: list[dict[str, Any]]
    last_id: uuid.UUID | None
    present: dict[str, tabulation.Row] = field(default_factory=dict)


def release(report: str, quarter: Quarter, *, by: Actor, tell: Progress) -> ReportOutcome | None:
    """Make and seal one report; the caller holds the lock and has checked who asks and which quarter it is.

    None: no release of this report ends with the quarter. Raises CannotTabulate.
    """
    # Two solvers and their numerics take long to import and much memory: only whoever closes a quarter pays.
    from nrm.statistics import release as statistics

    table_set = country().tables[report]
    lines = store.releases(by=by, report=report)
    for line in lines:
        if line.first_quarter <= quarter <= line.quarter:
            return Released(line.step, already=True)
    before = store.attempt(quarter, by=by, report=report)
    released = [Window(line.first_quarter, line.quarter) for line in lines]
    window, may_wait = rules.window_ending(quarter, table_set.windows, released)
    db.session.rollback()  # nothing is held open while the figures are worked on
    if window is None or any(line.quarter > quarter for line in lines):
        return None
    if before is not None and before[0] == "waits":
        return Waits()
    counted = _count(report, window, table_set)
    try:
        draft = statistics.make(
            table_set,
            counted.rows,
            seed=signing.secret_seed(),
            contributor_key=signing.contributor_key(),
            history=counted.history,
            progress=tell,
        )
    except MalformedMicrodata as error:
        raise CannotTabulate(error.dimension) from None
    if may_wait and (isinstance(draft, statistics.Refused) or draft.step == "total"):
        return _wait(report, quarter, by)
    if isinstance(draft, statistics.Refused):
        return _refuse(report, quarter, draft.verdict.public(), by)
    tell("rendering")
    return _seal(report, window, table_set, draft, counted, by)


def _seal(report: str, window: Window, table_set: TableSet, draft: Any, counted: _Counted, by: Actor) -> Released:
    released_at = clock.now().astimezone(UTC).replace(microsecond=0)
    value = render.tables_of(released_at.isoformat(), window, report, draft.tables)
    value["signatures"] = [_signature(value)]
    files = render.files(
        value,
        table_set,
        signatures=_signers(by, value["released_at"]),
        pages=current_app.jinja_env,
        speaking=current_app.extensions["nrm.speaking"],
    )
    sealed = signing.seal_memory({"kept": draft.kept, "present": counted.present}, report, str(window.last))
    with transaction() as session:
        last = store.last_release(report)
        if last is not None and last.quarter == str(window.last):
            return Released(last.step, already=True)
        if (last.id if last else None) != counted.last_id:
            raise rules.BeingClosed
        _forget_contributors(session, report)
        previous = last.hash if last else rules.FIRST_HASH
        hashed = rules.chain_hash(
            previous, report=report, quarter=str(window.last), released_at=value["released_at"], files=files
        )
        sealed_release = Release(
            id=uuid.uuid4(),
            report=report,
            quarter=str(window.last),
            first_quarter=str(window.first),
            position=last.position + 1 if last else 1,
            released_at=released_at,
            step=draft.step,
            previous_hash=previous,
            hash=hashed,
            signature=signing.sign_release(hashed),
        )
        session.add(sealed_release)
        session.flush()
        session.add_all(
            ReleaseFile(release_id=sealed_release.id, format=name, content=content) for name, content in files.items()
        )
        session.add(ReleaseMemory(release_id=sealed_release.id, verdict=draft.verdict.public(), sealed_memory=sealed))
        audit.append(
            session,
            audit.Event.QUARTER_CLOSED,
            by=by,
            report=report,
            quarter=str(window.last),
            step=draft.step,
            release_id=sealed_release.id,
        )
    return Released(draft.step)


def _count(report: str, window: Window, table_set: TableSet) -> _Counted:
    by = Actor.system("release")
    opened = [
        signing.open_memory(memory.sealed, report, memory.quarter) for memory in store.memories(by=by, report=report)
    ]
    last = store.last_release(report)
    last_id = last.id if last else None
    history = [memory["kept"] for memory in opened]
    db.session.rollback()
    with db.engine.connect() as connection:
        if report == rules.REPORT:
            before = opened[-1]["present"] if opened else None
            people = counts.people(connection, window.last, also=[uuid.UUID(key) for key in before or ()], by=by)
            rows = tabulation.tabulate(people, window.last, _classification(table_set), before)
            return _Counted([row for _, row in rows], history, last_id, tabulation.still_there(rows))
        codes = {
            name: (*table_set.dimensions[name].codes, *table_set.dimensions[name].recode) for name in table_set.roots
        }
        if report == "x":
            counted = counts.returnees(connection, window.first, window.last, by=by)
            rows_of = counting.returnees(counted.items(), codes, quarters=window.quarters)
        else:
            read = {"vi": counts.witnesses, "trp": counts.permits, "referrals": counts.referrals}[report]
            rows_of = read(connection, window.first, window.last, codes, by=by)
    return _Counted(rows_of, history, last_id)


def _classification(table_set: TableSet) -> tabulation.Classification:
    nationality, sex = table_set.dimensions["nationality"], table_set.dimensions["sex"]
    return tabulation.Classification(
        home=country().iso,
        nationalities=frozenset(nationality.codes),
        countries=frozenset(table_set.dimensions["country_of_trafficking"].codes),
        groups={code: group for group, codes in nationality.groups.items() for code in codes},
        genders=sex.recode,
    )


def _refuse(report: str, quarter: Quarter, verdict: Mapping[str, Any], by: Actor) -> Refused:
    findings = tuple((each["table"], each["scenario"], each["guarantee"]) for each in verdict["findings"])
    with transaction() as session:
        audit.append(
            session,
            audit.Event.QUARTER_REFUSED,
            by=by,
            report=report,
            quarter=str(quarter),
            findings=rules.findings_code(findings),
        )
    return Refused(findings)


def _wait(report: str, quarter: Quarter, by: Actor) -> Waits:
    """Written down, so that nobody can ask again until the dice fall otherwise."""
    with transaction() as session:
        audit.append(session, audit.Event.QUARTER_WAITS, by=by, report=report, quarter=str(quarter))
    return Waits()


def _signature(value: Mapping[str, Any]) -> dict[str, str]:
    return {
        "signer": "server",
        "algorithm": "Ed25519",
        "over": "the release without `signatures`: JSON, sorted keys, no blanks, UTF-8",
        "public_key": signing.release_public_key().hex(),
        "signature": signing.sign_release(rules.canonical(value)).hex(),
    }


def _signers(by: Actor, released_at: str) -> dict[str, list[tuple[str, str]]]:
    assert by.organisation_id
    organisation = accounts.organisation(by.organisation_id)
    names = {"sq": organisation.name_sq, "en": organisation.name_en}
    return {language: [(SIGNED_BY_SERVER[language].format(name), released_at)] for language, name in names.items()}


def _forget_contributors(session: Session, report: str) -> None:
    """Once the next release is out, the one before needs its figures alone: who was in them is forgotten."""
    from nrm.statistics.release import without_contributors

    for memory in store.memories(by=Actor.system("release"), report=report):
        kept = signing.open_memory(memory.sealed, report, memory.quarter)["kept"]
        bare = {"kept": without_contributors(kept), "present": {}}
        row = session.get_one(ReleaseMemory, memory.id)
        row.sealed_memory = signing.seal_memory(bare, report, memory.quarter)
