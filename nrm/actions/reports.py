"""Closing a quarter: count, protect, attack, seal. Nothing in between can be seen by anybody.

People are counted by the program itself, on a connection of its own. Only figures that survived the attack leave, and
they leave as a sealed release: files that never change, chained to the release before and signed. What is refused
leaves nothing but the audit entry. No count and no code of a person reaches a log or an error.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain import reports as rules
from nrm.domain import tabulation
from nrm.domain.accounts import Actor, Permission
from nrm.domain.quarters import Quarter
from nrm.models.reports import Release, ReleaseFile, ReleaseMemory
from nrm.render import reports as render
from nrm.statistics.tables import MalformedMicrodata, TableSet
from nrm.store import accounts
from nrm.store import reports as store
from nrm.store.countries import country
from nrm.vault import signing

Progress = Callable[[str], None]
SIGNED_BY_SERVER = {"sq": "{} (me çelësin e serverit për publikimet)", "en": "{} (with the server's key for releases)"}


class CannotTabulate(Exception):
    """A record does not fit the country's tables; the argument is the dimension, and nothing of the record."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The quarter is released; `already` when it had been before."""

    quarter: Quarter
    step: str
    already: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The figures did not survive the attack: nothing was stored. `findings` are (table, scenario, guarantee)."""

    quarter: Quarter
    findings: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class _Counted:
    """One quarter before it is protected; never leaves this module."""

    rows: list[tuple[str, tabulation.Row]]
    history: list[dict[str, Any]]
    last_id: uuid.UUID | None


def close(quarter: Quarter, *, by: Actor, progress: Progress | None = None) -> Closed | Refused:
    """Make and seal report ix of a quarter: 5 seconds to some minutes. Once released, always the same answer.

    The first release may be of any quarter that has ended, after it each quarter in its turn. Raises NotPermitted,
    QuarterNotEnded, QuarterOutOfOrder, BeingClosed. `progress` is told what is being done, never a number.
    """
    with _one_at_a_time():
        return _before(quarter, by) or _close(quarter, by, progress or (lambda _: None))


def begin(quarter: Quarter, *, by: Actor) -> Closed | None:
    """`close` in the background of this process; `state` tells how it goes. Raises what `close` raises.

    A browser or a proxy does not wait as long as a closing may take.
    """
    lock = _lock()
    try:
        already = _before(quarter, by)
        if already is None:
            application = current_app._get_current_object()  # type: ignore[attr-defined]
            work = threading.Thread(target=_in_background, args=(application, lock, quarter, by), daemon=True)
            work.start()
            lock = -1  # the thread gives it back
        return already
    finally:
        if lock >= 0:
            os.close(lock)


def state(quarter: Quarter, *, by: Actor) -> str | Refused:
    """Where the closing of a quarter stands: `released`, `closing`, `open`, or the refusal of the last attempt."""
    by.must(Permission.REPORT_CLOSE)
    try:
        os.close(_lock(shared=True))
    except rules.BeingClosed:
        return "closing"
    db.session.rollback()  # the outcome was written after this request began to read
    if any(line.quarter == quarter for line in store.releases(by=by)):
        return "released"
    refusal = store.refusal(quarter, by=by)
    return "open" if refusal is None else Refused(quarter, refusal)


def _before(quarter: Quarter, by: Actor) -> Closed | None:
    """What must hold before any work is done; the answer if the quarter is released already."""
    by.must(Permission.REPORT_CLOSE)
    released = {line.quarter: line for line in store.releases(by=by)}
    if quarter in released:
        return Closed(quarter, released[quarter].step, already=True)
    today = clock.now().astimezone(country().timezone).date()
    rules.check_closing(quarter, last=max(released, default=None), today=today)
    db.session.rollback()  # nothing is held open while the figures are worked on
    return None


def _in_background(application: Flask, lock: int, quarter: Quarter, by: Actor) -> None:
    try:
        with application.app_context():
            _close(quarter, by, lambda _: None)
    except Exception as error:  # noqa: BLE001 - there is nobody above to catch it
        # Neither the message nor the traceback: they may speak of a record.
        application.logger.error("closing %s failed: %s", quarter, type(error).__name__)
    finally:
        os.close(lock)


def _close(quarter: Quarter, by: Actor, tell: Progress) -> Closed | Refused:
    # Two solvers and their numerics take long to import and much memory: only whoever closes a quarter pays.
    from nrm.statistics import release as statistics

    table_set = country().tables[rules.REPORT]
    counted = _count(quarter, table_set)
    try:
        draft = statistics.make(
            table_set,
            [row for _, row in counted.rows],
            seed=signing.secret_seed(),
            contributor_key=signing.contributor_key(),
            history=counted.history,
            progress=tell,
        )
    except MalformedMicrodata as error:
        raise CannotTabulate(error.dimension) from None
    if isinstance(draft, statistics.Refused):
        return _refuse(quarter, draft.verdict.public(), by)
    tell("rendering")
    released_at = clock.now().astimezone(UTC).replace(microsecond=0)
    value = render.tables_of(released_at.isoformat(), quarter, rules.REPORT, draft.tables)
    value["signatures"] = [_signature(value)]
    files = render.files(
        value,
        table_set,
        signatures=_signers(by, value["released_at"]),
        pages=current_app.jinja_env,
        speaking=current_app.extensions["nrm.speaking"],
    )
    memory = {"kept": draft.kept, "present": tabulation.still_there(counted.rows)}
    sealed = signing.seal_memory(memory, rules.REPORT, str(quarter))
    with transaction() as session:
        last = store.last_release()
        if last is not None and last.quarter == str(quarter):
            return Closed(quarter, last.step, already=True)
        if (last.id if last else None) != counted.last_id:
            raise rules.BeingClosed
        _forget_contributors(session)
        previous = last.hash if last else rules.FIRST_HASH
        hashed = rules.chain_hash(
            previous, report=rules.REPORT, quarter=str(quarter), released_at=value["released_at"], files=files
        )
        release = Release(
            id=uuid.uuid4(),
            report=rules.REPORT,
            quarter=str(quarter),
            position=last.position + 1 if last else 1,
            released_at=released_at,
            step=draft.step,
            previous_hash=previous,
            hash=hashed,
            signature=signing.sign_release(hashed),
        )
        session.add(release)
        session.flush()
        session.add_all(
            ReleaseFile(release_id=release.id, format=name, content=content) for name, content in files.items()
        )
        session.add(ReleaseMemory(release_id=release.id, verdict=draft.verdict.public(), sealed_memory=sealed))
        audit.append(
            session,
            audit.Event.QUARTER_CLOSED,
            by=by,
            report=rules.REPORT,
            quarter=str(quarter),
            step=draft.step,
            release_id=release.id,
        )
    return Closed(quarter, draft.step)


def _count(quarter: Quarter, table_set: TableSet) -> _Counted:
    by = Actor.system("release")
    opened = [signing.open_memory(memory.sealed, rules.REPORT, memory.quarter) for memory in store.memories(by=by)]
    last = store.last_release()
    last_id = last.id if last else None
    before = opened[-1]["present"] if opened else None
    db.session.rollback()
    with db.engine.connect() as connection:
        people = store.people(connection, quarter, also=[uuid.UUID(key) for key in before or ()], by=by)
    rows = tabulation.tabulate(people, quarter, _classification(table_set), before)
    return _Counted(rows, [memory["kept"] for memory in opened], last_id)


def _classification(table_set: TableSet) -> tabulation.Classification:
    nationality, sex = table_set.dimensions["nationality"], table_set.dimensions["sex"]
    return tabulation.Classification(
        home=country().iso,
        nationalities=frozenset(nationality.codes),
        countries=frozenset(table_set.dimensions["country_of_trafficking"].codes),
        groups={code: group for group, codes in nationality.groups.items() for code in codes},
        genders=sex.recode,
    )


def _refuse(quarter: Quarter, verdict: Mapping[str, Any], by: Actor) -> Refused:
    findings = tuple((each["table"], each["scenario"], each["guarantee"]) for each in verdict["findings"])
    with transaction() as session:
        audit.append(
            session,
            audit.Event.QUARTER_REFUSED,
            by=by,
            report=rules.REPORT,
            quarter=str(quarter),
            findings=rules.findings_code(findings),
        )
    return Refused(quarter, findings)


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


def _forget_contributors(session: Session) -> None:
    """Once the next release is out, the one before needs its figures alone: who was in them is forgotten."""
    from nrm.statistics.release import without_contributors

    for memory in store.memories(by=Actor.system("release")):
        kept = signing.open_memory(memory.sealed, rules.REPORT, memory.quarter)["kept"]
        bare = {"kept": without_contributors(kept), "present": {}}
        row = session.get_one(ReleaseMemory, memory.id)
        row.sealed_memory = signing.seal_memory(bare, rules.REPORT, memory.quarter)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    lock = _lock()
    try:
        yield
    finally:
        os.close(lock)


def _lock(*, shared: bool = False) -> int:
    """A descriptor that holds the lock of all processes; two closings at once would do the same work twice.

    Raises BeingClosed. Whoever only looks takes it `shared`, for an instant; so it is tried more than once.
    """
    path = current_app.extensions["nrm.config"].directory / "release.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for attempt in range(1 if shared else 4):
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            time.sleep(0.05 * attempt)
    os.close(descriptor)
    raise rules.BeingClosed


def check(*, by: Actor) -> list[tuple[str, str]]:
    """(quarter, what is wrong) of every sealed release that is not as it was signed; none: all are whole."""
    findings = []
    previous = rules.FIRST_HASH
    for release in store.chain(by=by):
        hashed = rules.chain_hash(
            previous,
            report=rules.REPORT,
            quarter=release.quarter,
            released_at=release.released_at.isoformat(),
            files=release.files,
        )
        if release.previous_hash != previous:
            findings.append((release.quarter, "does not follow the release before it"))
        elif hashed != release.hash:
            findings.append((release.quarter, "a file is not the one that was sealed"))
        elif not signing.is_signed(release.signature, release.hash):
            findings.append((release.quarter, "the signature is not this server's"))
        previous = release.hash
    return findings


def public_key() -> bytes:
    """The Ed25519 key by which anyone can check a release of this server."""
    return signing.release_public_key()


def is_genuine(value: Mapping[str, Any]) -> bool:
    """Whether the JSON of a release carries this server's signature over what it says."""
    signatures = value.get("signatures")
    if not isinstance(signatures, list):
        return False
    for each in signatures:
        try:
            signature = bytes.fromhex(each["signature"])
        except (TypeError, KeyError, ValueError):
            continue
        if signing.is_signed(signature, rules.canonical(value)):
            return True
    return False
