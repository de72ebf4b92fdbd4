"""Closing a quarter, signing it, and looking at what was sealed.

How one report is made: `steps/reports/release_building.py`; how it is signed: `steps/reports/release_signing.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nrm import audit, clock, extras
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission, Role
from nrm.domain.quarters import Quarter
from nrm.domain.reports import file_signatures
from nrm.domain.reports import reports as rules
from nrm.domain.reports.contributions import PartsOutstanding, SilenceUnconfirmed, check_parts
from nrm.domain.reports.report_list import MAIN, REPORTS, SEALED, FiledReport, Report
from nrm.domain.support.subsidies import SIGNER, is_statement
from nrm.models.reports.reports import SilentPart
from nrm.render.pdf import PdfTooSlow
from nrm.steps import background
from nrm.steps.reports import release_building, release_signing
from nrm.steps.reports.release_building import CannotTabulate, ReportOutcome, ReportRefused, Waits
from nrm.store.countries import country
from nrm.store.reports import contributions, register
from nrm.store.reports import reports as store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.reports import reports as report_rows
from nrm.vault import shredding, signing

__all__ = ["CannotTabulate", "Closed", "Refused", "ReportRefused", "Waits"]

Progress = Callable[[str], None]
SIGNERS = {
    Role.STATISTICIAN: "statistician",
    Role.DUTY_OFFICER: "responsible_authority",
    Role.COORDINATOR: "coordinator",
}


@dataclass(frozen=True, slots=True)
class Closed:
    """Report ix of the quarter is stored and waits for signatures, or is published; `already`: it was so before.

    `others`: the outcome of the other reports.
    """

    quarter: Quarter
    step: str
    already: bool = False
    others: Mapping[str, ReportOutcome] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The figures of report ix did not survive the attack: nothing was stored, and no other report was made.

    `findings` are (table, scenario, guarantee).
    """

    quarter: Quarter
    findings: tuple[rules.Finding, ...]


def close(quarter: Quarter, *, by: Actor, progress: Progress | None = None) -> Closed | Refused:
    """Make the reports of a quarter (5 seconds to some minutes). Then they are stored and wait for their signatures.

    The first release may be of any quarter that has ended; after it, each quarter in turn. A report other than ix that
    was refused is tried again while its quarter is the last one closed. Raises NotPermitted, QuarterNotEnded,
    QuarterOutOfOrder, PartsOutstanding, SilenceUnconfirmed, WaitsForSignatures, ReleasesGone, BeingClosed,
    CannotTabulate.
    `progress` is told what is being done, never a number.
    """
    extras.needed()
    with _one_at_a_time():
        already = _checked_before_closing(quarter, by)
        if already is not None and quarter != _newest(by):
            return already
        return _close(quarter, by, progress or (lambda _: None))


def sign(quarter: Quarter, *, by: Actor, reports: Collection[str] | None = None) -> int:
    """The statistician signs the closed reports of a quarter; returns how many. Raises NotPermitted, NotVisible.

    `reports`: those that were shown, and no other, because one may be closed meanwhile; None: all.
    """
    with transaction() as session:
        return release_signing.sign_drafts(session, quarter, by=by, reports=reports)


def countersign(quarter: Quarter, *, by: Actor, progress: Progress | None = None) -> int:
    """The Responsible Authority signs after the statistician, which seals the reports; returns how many.

    Raises NotPermitted, NotVisible, BeingClosed, BrokenSignature, PaperNotMade.
    """
    by.must(Permission.REPORT_COUNTERSIGN)
    with _one_at_a_time():
        return _countersign(quarter, by, progress or (lambda _: None))


def begin(quarter: Quarter, *, by: Actor) -> Closed | None:
    """`close` in the background of this process; `state` tells how it goes. Raises what `close` raises."""
    extras.needed()
    lock = _lock()
    try:
        already = _checked_before_closing(quarter, by)
        if already is None:
            background.go_on(lambda: _close(quarter, by, lambda _: None), f"closing {quarter}", lock)
            lock = -1  # the thread releases it
        return already
    finally:
        if lock >= 0:
            os.close(lock)


def begin_sealing(quarter: Quarter, *, by: Actor, reports: Collection[str] | None = None) -> None:
    """`countersign` in the background; raises what it raises before any work is done. `reports`: as of `sign`."""
    by.must(Permission.REPORT_COUNTERSIGN)
    waiting = {line.report for line in store.waiting(by=by) if line.quarter == quarter and line.signed_at}
    chosen = waiting if reports is None else waiting & set(reports)
    if not chosen:
        raise NotVisible
    lock = _lock()
    db.session.rollback()
    background.go_on(lambda: _countersign(quarter, by, lambda _: None, chosen), f"closing {quarter}", lock)


def state(quarter: Quarter, *, by: Actor) -> str | Refused:
    """The state of a quarter, by report ix: `open`, `closing`, `unsigned`, `signed`, `released`, or its refusal.

    `closing` also while it is being sealed; `signed`: by the statistician. Raises NotPermitted.
    """
    if not by.may(Permission.REPORT_COUNTERSIGN):
        by.must(Permission.REPORT_CLOSE)
    if background.is_busy():
        return "closing"
    db.session.rollback()  # the outcome was written after this request began to read
    waiting = [line for line in store.waiting(by=by) if line.quarter == quarter]
    if waiting:
        return "signed" if all(line.signed_at for line in waiting) else "unsigned"
    if any(line.quarter == quarter for line in store.releases(by=by)):
        return "released"
    attempt = store.attempt(quarter, by=by)
    return "open" if attempt is None else Refused(quarter, attempt[1])


def _newest(by: Actor) -> Quarter | None:
    """The last quarter that was closed, whether it is signed or not."""
    closed = [line.quarter for line in store.releases(by=by)]
    return max([*closed, *(line.quarter for line in store.waiting(by=by))], default=None)


def _checked_before_closing(quarter: Quarter, by: Actor) -> Closed | None:
    """Check what must hold before any work is done; the answer if the quarter is released already, else None."""
    by.must(Permission.REPORT_CLOSE)
    released = {line.quarter: line for line in store.releases(by=by)}
    if quarter in released:
        return Closed(quarter, released[quarter].step, already=True)
    waiting = store.waiting(by=by)
    for line in waiting:
        if line.report == MAIN.name and line.quarter == quarter:
            return Closed(quarter, report_rows.must_draft(line.report).step, already=True)
    if gone := report_rows.quarters_gone():
        raise rules.ReleasesGone(gone)
    today = clock.today(country().timezone)
    rules.check_closing(quarter, last=max(released, default=None), today=today)
    for line in waiting:
        raise rules.WaitsForSignatures(str(line.quarter))
    parts = contributions.parts(quarter, by=by)
    try:
        check_parts(parts, quarter, days=country().calendar.release_after_days, today=today)
    except SilenceUnconfirmed as silence:
        _ask_for_confirmation(quarter, silence.codes, by)
        raise
    if missing := register.awaited(quarter, by=by):
        raise PartsOutstanding(missing)
    db.session.rollback()  # nothing is held open while the figures are worked on
    return None


def _ask_for_confirmation(quarter: Quarter, codes: Sequence[str], by: Actor) -> None:
    """Write down that the quarter is to be closed without these; the Responsible Authority finds it in its list."""
    assert by.member_id
    db.session.rollback()
    with transaction() as session:
        for organisation_id in report_rows.not_asked_about(quarter, codes):
            asked = {"asked_by_id": by.member_id, "asked_at": clock.now(), "confirmed_by_id": None}
            session.add(SilentPart(organisation_id=organisation_id, quarter=str(quarter), confirmed_at=None, **asked))
            audit.append(
                session, audit.Event.SILENCE_ASKED, by=by, quarter=str(quarter), organisation_id=organisation_id
            )


def _close(quarter: Quarter, by: Actor, tell: Progress) -> Closed | Refused:
    first = _release(MAIN, quarter, by, tell)
    if isinstance(first, ReportRefused):
        return Refused(quarter, first.findings)
    assert isinstance(first, release_building.Released)  # windows of one quarter never wait
    others = {}
    for report in REPORTS:
        if report is not MAIN and report.name in country().tables:
            tell(f"report {report.name}")
            outcome = _release(report, quarter, by, tell)
            if outcome is not None:
                others[report.name] = outcome
    return Closed(quarter, first.step, first.already, others)


def _release(report: Report | FiledReport, quarter: Quarter, by: Actor, tell: Progress) -> ReportOutcome | None:
    """One report of a quarter: built without a transaction, recorded in one."""
    built = release_building.build(report, quarter, by=by, tell=tell)
    if not isinstance(built, release_building.Built):
        return built
    with transaction() as session:
        outcome = release_building.record(session, built, by=by)
    if isinstance(report, FiledReport):
        shredding.work_off()
    return outcome


def _countersign(quarter: Quarter, by: Actor, tell: Progress, reports: Collection[str] | None = None) -> int:
    """Sign and seal each report of a quarter that the statistician signed; takes seconds; returns how many.

    Raises PaperNotMade at the end: what has no paper is not sealed and can be signed again; the others are.
    """
    waiting = release_signing.signed_drafts(quarter, by=by, reports=reports)
    late = []
    for report in waiting:
        tell(f"report {report}")
        try:
            made = release_signing.signed_files(report, by=by)
        except PdfTooSlow:
            late.append(report)
            with transaction() as session:
                audit.append(session, audit.Event.PAPER_NOT_MADE, by=by, report=report, quarter=str(quarter))
            continue
        with transaction() as session:
            release_signing.seal(session, made, by=by)
    if late:
        raise rules.PaperNotMade(", ".join(late))
    return len(waiting)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    lock = _lock()
    try:
        yield
    finally:
        os.close(lock)


def _lock() -> int:
    """The lock of all long work; two closings at once would do the same work twice. Raises BeingClosed."""
    try:
        return background.lock()
    except background.Busy:
        raise rules.BeingClosed from None


def check(*, by: Actor) -> list[tuple[str, str]]:
    """(quarter, what is wrong) of every sealed release that is not as it was signed; none: all are whole."""
    return [(quarter, problem) for report in SEALED for quarter, problem in _check_chain(report.name, by)]


def _check_chain(report: str, by: Actor) -> Iterator[tuple[str, str]]:
    previous = rules.FIRST_HASH
    for release in store.chain(by=by, report=report):
        hashed = rules.chain_hash(
            previous,
            report=report,
            quarter=release.quarter,
            released_at=release.released_at.isoformat(),
            files=release.files,
        )
        if release.previous_hash != previous:
            yield release.quarter, "does not follow the release before it"
        elif hashed != release.hash:
            yield release.quarter, "a file is not the one that was sealed"
        elif not signing.is_signed(release.signature, release.hash):
            yield release.quarter, "the signature is not this server's"
        previous = release.hash


def verdict(quarter: Quarter, *, report: str = MAIN.name) -> dict[str, Any]:
    """The verdict of the attack on a release: `ok`, `step`, `findings`, `scenarios`, `tables`; no cell and no count.

    It is kept from the day of sealing. The seal, the shape and the frozen opening are checked again now, and what is
    wrong with them is added to the findings. For a report that waits for signatures: what the closing found.
    Raises NotVisible.
    """
    extras.needed()
    from nrm.statistics import attack
    from nrm.statistics.printed import at_step

    by = Actor.system("release")
    waits = report_rows.draft(report)
    if waits is not None and waits.first_quarter <= str(quarter) <= waits.quarter:
        return dict(waits.verdict)
    kept = store.verdict(quarter, by=by, report=report)
    lines = sorted(store.releases(by=by, report=report), key=lambda each: each.quarter)
    place = next(n for n, each in enumerate(lines) if each.first_quarter <= quarter <= each.quarter)
    tables = [
        rules.filled(json.loads(store.release_file(each.quarter, "json", by=by, report=report))) for each in lines
    ]
    table_set = at_step(country().tables[report].of_release(tables[place]), lines[place].step)
    before = tables[place - 1] if place else None
    found = [
        {"table": table, "scenario": scenario, "guarantee": guarantee}
        for table, scenario, guarantee in attack.check_again(table_set, tables[place], before)
    ]
    found += [
        {"table": "*", "scenario": "seal", "guarantee": "G6"}
        for broken, _ in _check_chain(report, by)
        if broken == str(lines[place].quarter)
    ]
    return {**kept, "ok": kept["ok"] and not found, "findings": [*kept["findings"], *found]}


def is_sealed(content: bytes) -> bool:
    """Whether these bytes are a file of a sealed release whose chain is whole."""
    by = Actor.system("release")
    digest = hashlib.sha256(content).digest()
    for report in SEALED:
        broken = {quarter for quarter, _ in _check_chain(report.name, by)}
        for release in store.chain(by=by, report=report.name):
            if any(hashlib.sha256(file).digest() == digest for file in release.files.values()):
                return release.quarter not in broken
    return False


def public_key() -> bytes:
    """The Ed25519 key by which anyone can check what this server signed."""
    return signing.release_public_key()


def public_keys() -> list[tuple[bytes, str, str]]:
    """(key, who signs with it, code of the office) of everybody whose signature may be on a release.

    These are the people whom the key log has or had, those with an account where nobody founded the office, and those
    who signed an earlier release that is whole. No person is named.
    """
    found = [(public_key(), "server", "")]
    found += [(key, SIGNERS[role], office) for key, role, office in signing.keys_of_roles(tuple(SIGNERS))]
    for signer in account_rows.signers(tuple(SIGNERS)):
        if signer.public_key is not None and signing.is_key_outside(signer.member_id, signer.public_key):
            found.append((signer.public_key, SIGNERS[Role(signer.role)], signer.organisation))
    by = Actor.system("release")
    for report in SEALED:
        broken = {quarter for quarter, _ in _check_chain(report.name, by)}
        for release in store.chain(by=by, report=report.name):
            for each in json.loads(release.files["json"])["signatures"] if release.quarter not in broken else ():
                found.append((bytes.fromhex(each["public_key"]), each["signer"], each.get("office", "")))
    return list(dict.fromkeys(found))


def is_genuine(value: Mapping[str, Any]) -> bool:
    """Whether the JSON of a release carries this server's signature over what it says, and those of both offices.

    Every signature on it must be by a key of the signer that it names, and by the key log that of the hour at which it
    says it was signed; a wrong one is as bad as a missing one.
    """
    if not is_signed_by(value, [public_key()]):
        return False
    known = {(key.hex(), signer, office) for key, signer, office in public_keys()}
    signers = set()
    for each in value["signatures"]:
        if not isinstance(each, dict):
            return False
        key = each.get("public_key")
        if not isinstance(key, str) or (key, each.get("signer"), each.get("office", "")) not in known:
            return False
        if not _was_theirs_then(key, each, value):
            return False
        if not is_signed_by({**value, "signatures": [each]}, [bytes.fromhex(key)]):
            return False
        signers.add(each["signer"])
    return signers == _needed(value)


def _was_theirs_then(key: str, entry: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    """Whether the key log, if it has the key, had it as that of such a signer at the hour of the entry."""
    try:
        at = datetime.fromisoformat(entry.get("signed_at") or value["released_at"])
        owner = signing.owner_then(bytes.fromhex(key), at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
    if owner is None:
        return True
    named = (SIGNERS.get(owner.role), owner.office) == (entry.get("signer"), entry.get("office", ""))
    return named and bytes.fromhex(key) in owner.keys


def is_signed_by(value: Mapping[str, Any], keys: Collection[bytes]) -> bool:
    """Whether the JSON of a release carries a signature by each of these Ed25519 keys over what it says.

    If there are more keys than signatures, every signature must be by one of the keys, and there must be enough of
    them.
    """
    signatures = value.get("signatures")
    if not isinstance(signatures, list):
        return False
    found: list[set[bytes]] = []
    for each in signatures:
        try:
            signature = bytes.fromhex(each["signature"])
        except (TypeError, KeyError, ValueError):
            found.append(set())
            continue
        message = rules.message_of(value, each)
        found.append({key for key in keys if message is not None and signing.is_signed(signature, message, key)})
    signed = set[bytes]().union(*found)
    return bool(keys) and (signed == set(keys) or (all(found) and len(signed) >= len(_needed(value))))


def without_time(value: Mapping[str, Any]) -> list[str]:
    """The signers of the JSON of a release whose signatures do not cover the time, because they are older than that."""
    return rules.without_time(value)


def _needed(value: Mapping[str, Any]) -> frozenset[str]:
    if is_statement(value):
        return frozenset({SIGNER})
    named = (report.signers for report in SEALED if report.name == value.get("report"))
    return next(named, rules.SIGNERS)


def carries_signature(content: bytes, keys: Collection[bytes]) -> bool:
    """Whether a printed report, a workbook or the metadata of a CSV carries its one signature by one of these keys.

    Raises seals.CannotCarry.
    """
    message, signature = file_signatures.signed_part(content)
    return any(signing.is_signed(signature, message, key) for key in keys)
