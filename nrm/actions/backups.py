"""Backups of both databases, and what must happen after one is restored.

A backup is a pair of files of one moment. `nrm.db.one_instant` explains why the two fit together;
`nrm.vault.backup_files` explains what is in them and who opens them. The main file may be kept for years. The shred
file is deleted after seven days: from then on the main file cannot open what had ended before either.
"""

from __future__ import annotations

import fcntl
import os
import random
import re
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy import create_engine, delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import Config
from nrm import audit, clock, revisions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.clock_jumps import TOLERATED
from nrm.models.accounts.accounts import MemberSession
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, Erasure, Grant, Opening, SealedCompartment
from nrm.steps import health, key_files
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.support import feedback
from nrm.vault import compartments, epochs, erased, keyrings, shredding, sweeping
from nrm.vault import rows as marked
from nrm.vault.backup_files import backups as vault
from nrm.vault.backup_files import dumping
from nrm.vault.keylog import belief, copies, files, log

SHRED_DAYS = 7
KEY_LOG = files.LOG
CannotOpen = vault.CannotOpen
NotABackup = vault.NotABackup
ForgedList = erased.ForgedList
Unreadable = dumping.Unreadable
new_key_files = vault.new_key_files
foreign = vault.foreign
recipient_in = vault.recipient_in
private_key_in = vault.private_key_in
_NAME = re.compile(r"(main|shred)-(\d{8}T\d{6}\.\d{3}Z)")
# The events that end somebody's access: after an older pair is restored, each must be ended again.
ENDING = frozenset(
    {
        audit.Event.SHARE_ENDED,
        audit.Event.MATCH_REFUSED,
        audit.Event.REFERRAL_ACCEPTED,
        audit.Event.REFERRAL_DECLINED,
        audit.Event.REFERRAL_WITHDRAWN,
        audit.Event.REFERRAL_EXPIRED,
        audit.Event.CASE_CLOSED,
        audit.Event.SUPPLEMENT_TAKEN,
        audit.Event.MEMBER_DISABLED,
        audit.Event.MEMBER_BEGINS_ANEW,
        audit.Event.ORGANISATION_SUSPENDED,
        audit.Event.PASSWORD_CHANGED,
        audit.Event.RECOVERY_CODE_MADE,
        audit.Event.SECOND_FACTOR_SET,
        audit.Event.SECOND_FACTOR_RESET,
        audit.Event.SECOND_FACTOR_EXCHANGED,
        audit.Event.KEYRING_RENEWED,
        audit.Event.SEALED_ANEW,
        audit.Event.KEYS_DESTROYED,
    }
)


class Busy(Exception):
    """Another backup is being written into the same folder."""


class OlderSchema(Exception):
    """The databases do not have the schema revision that this program works with."""


class OldList(Exception):
    """The list of erasures lacks something that was erased before the backup: it is another list or an older one."""


class NotThisChain(Exception):
    """The given audit chain does not continue the one in the backup."""


@dataclass(frozen=True, slots=True)
class Written:
    """The files of one backup, and how many shred files were deleted because their seven days are over."""

    main: Path
    shred: Path
    deleted: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A pair that was read from end to end: when it was taken, for which instance, how many rows each table has."""

    header: vault.Header
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Settled:
    """What `settle` did: compartments erased again, keys without use destroyed; entries of the key log that a longer
    copy had, and accounts and organisations that the log has otherwise than the backup: who left since stays out."""

    erased_again: int
    keys_swept: int
    key_log_entries: int = 0
    rows_followed: int = 0


def take(to: Path, recipients: tuple[bytes, bytes], *, tell: Callable[[str], None]) -> Written:
    """Write a pair into the folder while others continue to work. Raises Busy, OlderSchema, OSError.

    The files get their final names when both are complete and safely on the disk.
    """
    with db.engine.connect() as main, db.engines["shred"].connect() as shred:
        if {revisions.revision(main), revisions.revision(shred)} != {revisions.newest()}:
            raise OlderSchema
    config: Config = current_app.extensions["nrm.config"]
    with _backup_lock(to):
        with transaction() as session:
            feedback.seal_anew(session)
        for left in to.glob("*.partial"):
            left.unlink()
        at = clock.now().astimezone(UTC)
        name = f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03}Z"
        about = vault.About(at.isoformat(), config.country, config.language)
        partial = {each: to / f"{each}-{name}.partial" for each in vault.DATABASES}
        with (
            vault.nothing_half_written(partial.values()),
            _new_private_file(partial["main"]) as main_file,
            _new_private_file(partial["shred"]) as shred_file,
        ):
            vault.write_pair(main_file, shred_file, recipients, about, tell)
            for file in (main_file, shred_file):
                file.flush()
                os.fsync(file.fileno())
        whole = {each: path.rename(path.with_suffix("")) for each, path in partial.items()}
        _sync(to)
        erasure_steps.complete_lists(to)
        _copy_key_log(to)
        deleted = forget_shred_files(to)
    with transaction() as session:
        audit.append(session, audit.Event.BACKUP_MADE, by=Actor.system("backup"), taken_at=at.isoformat())
    return Written(whole["main"], whole["shred"], deleted)


def _copy_key_log(to: Path) -> None:
    """Copy `keylog.log` beside the pairs; a longer copy that is there already, of a machine that was lost, stays."""
    log.write_file()
    here, there = log.here(), to / files.LOG
    content = here.read_bytes()
    if there.is_file() and not content.startswith(there.read_bytes()):
        current_app.logger.error("%s is another key log, or a longer one: it is left as it is", there)
        return
    partial = to / f"{files.LOG}.partial"
    with suppress(FileNotFoundError):
        partial.unlink()
    with _new_private_file(partial) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(there)
    _sync(to)


@contextmanager
def _backup_lock(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / "backup.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Busy from None
    finally:
        os.close(descriptor)


def _new_private_file(path: Path):  # type: ignore[no-untyped-def]
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def forget_shred_files(folder: Path | None) -> int:
    """Delete the folder's shred files that are seven days old by their name; returns how many. None while nobody should
    believe the clock: one that is ahead calls the file of last night an old one."""
    if folder is None or not folder.is_dir():
        return 0
    if health.clock_jump(current_app.extensions["nrm.config"].directory) is not None:
        return 0
    gone = 0
    for path in folder.glob("shred-*"):
        with suppress(FileNotFoundError):
            at = _begun(path, clock.now())
            if at is not None and at <= clock.now() - timedelta(days=SHRED_DAYS) and not vault.is_of_another(path):
                path.unlink()
                gone += 1
    return gone


def _begun(path: Path, now: datetime) -> datetime | None:
    """When the seven days of a shred file began. With the name of a day to come it was written while the clock was
    ahead: nobody knows when, so they begin when it is seen first, and its time says so from then on."""
    at = taken_at(path.name.removesuffix(".partial"))
    if at is None or not _is_to_come(at, now):
        return at
    seen = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if _is_to_come(seen, now):
        os.utime(path, (now.timestamp(), now.timestamp()))
        return now
    return seen


def _is_to_come(at: datetime, now: datetime) -> bool:
    return at > now + TOLERATED


def taken_at(name: str) -> datetime | None:
    """When the backup file of that name was taken; None for another name."""
    match = _NAME.fullmatch(name)
    return datetime.strptime(match[2], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC) if match else None


def newest_pair(folder: Path) -> tuple[Path, Path] | None:
    """The newest backup of which both files are there; one with the name of a day to come, which a clock that was ahead
    gave it, only where there is no other."""
    times = sorted((path.name.removeprefix("shred-") for path in folder.glob("shred-*Z")), reverse=True)
    pairs = [
        (at, time)
        for time in times
        if (at := taken_at(f"main-{time}")) is not None and (folder / f"main-{time}").is_file()
    ]
    if not pairs:
        return None
    now = clock.now()
    time = next((time for at, time in pairs if not _is_to_come(at, now)), pairs[0][1])
    return folder / f"main-{time}", folder / f"shred-{time}"


def check_pair(main: Path, shred: Path, privates: Collection[bytes]) -> Checked:
    """Read both files from beginning to end, before anything is restored from them.

    Raises NotABackup (also for two files that are no pair), CannotOpen, Unreadable, OSError.
    """
    with main.open("rb") as main_file, shred.open("rb") as shred_file:
        headers = vault.header_of(main_file), vault.header_of(shred_file)
        if (headers[0].database, headers[1].database) != vault.DATABASES or headers[0].pair != headers[1].pair:
            raise NotABackup
        if headers[0].revision != headers[1].revision or headers[0].revision not in revisions.known():
            raise NotABackup
        rows = {**vault.check(main_file, privates), **vault.check(shred_file, privates)}
    return Checked(headers[0], rows)


def fill(main: Path, shred: Path, privates: Collection[bytes]) -> None:
    """Make the tables of the backup's revision, fill in the rows of a checked pair, and migrate to this program's.

    The databases of the application in context are empty. Raises as `check_pair`.
    """
    from nrm import schema  # late: it loads Alembic, which no page needs

    with main.open("rb") as main_file, shred.open("rb") as shred_file:
        schema.upgrade(vault.header_of(main_file).revision)
        vault.load(main_file, privates)
        vault.load(shred_file, privates)
    schema.upgrade()


def settle(listed: Path | None, key_logs: Collection[Path] = (), *, sure: Collection[str] = ()) -> Settled:
    """After `fill`: take up the longest copy of the key log that goes on from the backup's, end all sessions, erase
    again what is on the list, destroy keys that nothing needs.

    `key_logs`: files of the key log; one that is none, or another, is passed over. `sure`: the key files of which
    the header said that they are right; of the others the rows say it. Raises OtherKeys, OldList, ForgedList, OSError.
    """
    key_files.compare_rows(sure)
    taken_up = _take_up(key_logs)
    known = erased.read(listed) if listed is not None else []
    before = {(row.case_id, row.compartment) for row in db.session.scalars(select(Erasure)) if marked.is_erasure(row)}
    db.session.rollback()
    if listed is not None and before - {(each.case_id, each.compartment) for each in known}:
        raise OldList
    again = 0
    with transaction() as session:
        session.execute(delete(MemberSession))
        session.execute(delete(Opening))
        for each in known:
            there = each.compartment in compartments.compartments_of(session, each.case_id)
            epochs.erase(session, each.case_id, [each.compartment], at=each.erased_at)
            if there:
                erasure_steps.follow(session, each.case_id, each.compartment)
                again += 1
        belief.freeze(session)  # a backup from before the key log is as an upgrade
        followed = _follow(session)
        audit.append(session, audit.Event.BACKUP_RESTORED, by=Actor.system("restore"), erased_again=again)
    log.settle()
    shredding.work_off()
    keyrings.settle()
    sweeping.forget_when()  # nobody could put rows back in a database that was not there
    return Settled(again, sweeping.sweep(), taken_up, followed)


def _take_up(key_logs: Collection[Path]) -> int:
    """Append the entries of the longest copy that goes on from the backup's log; how many."""
    longest = copies.longest(key_logs)
    if longest is None:
        return 0
    with transaction() as session:
        return copies.put_back(session, longest, afresh=False)


def _follow(session: Session) -> int:
    try:
        return copies.follow(session, log.state(session))
    except log.LogWrong:
        return 0


def ended_since(address: str) -> list[dict[str, object]]:
    """The accesses that ended after the backup, read from the audit chain at `address`. Call it before `settle`.

    That chain must continue the restored one, entry by entry; otherwise raises NotThisChain.
    """
    last = db.session.execute(select(AuditEntry.__table__).order_by(AuditEntry.id.desc()).limit(1)).one()
    pseudonyms = {row.id: row.pseudonym for row in db.session.execute(select(Case.id, Case.pseudonym))}
    db.session.rollback()
    engine = create_engine(address)
    try:
        with engine.connect() as connection:
            found = audit.after(connection, last.id, last.hash)
    except (SQLAlchemyError, audit.BrokenChain):
        raise NotThisChain from None
    finally:
        engine.dispose()
    ended = [entry for entry in found if entry["event"] in ENDING]
    return [{**entry, "code": _code(entry, pseudonyms)} for entry in ended]


def _code(entry: Mapping[str, object], pseudonyms: Mapping[uuid.UUID, str]) -> str | None:
    case_id = entry.get("case_id")
    return pseudonyms.get(uuid.UUID(str(case_id))) if case_id else None


def findings(checked: Checked | None, listed: Path | None) -> list[str]:
    """What is wrong with the restored databases of the application in context; empty if the backup is sound.

    `checked`: what must be there; for a call before `settle`. `listed`: the list of what must not be there; for a call
    after it.
    """
    found = []
    if checked is not None:
        there = vault.counts()
        found += [
            f"{name}: {there.get(name, 0)} rows of {rows}"
            for name, rows in checked.rows.items()
            if there.get(name) != rows
        ]
    found += [f"audit entry {number}: {what}" for number, what in audit.verify(db.session())]
    dead = {(each.case_id, each.compartment) for each in (erased.read(listed) if listed is not None else [])}
    places = select(SealedCompartment.case_id, SealedCompartment.compartment)
    live = {(row.case_id, row.compartment) for row in db.session.execute(places)}
    db.session.rollback()
    found += [f"{case_id}: {compartment}: is erased and there" for case_id, compartment in sorted(dead & live)]
    if without := shredding.missing():
        found.append(f"{without} compartments without their shred key")
    if (wrong := copies.first_wrong()) is not None:
        found.append(f"key log: entry {wrong[0]} is wrong or missing")
    if differ := keyrings.disagreeing():
        found.append(f"{len(differ)} organisations whose newest keyring is not the one that the second database knows")
    return found


def sample_opens(size: int, *, by: Actor) -> tuple[int, int]:
    """(how many open, how many were tried) of compartments at random that the actor's organisation was granted."""
    granted = select(Grant.case_id, Grant.compartment).where(Grant.organisation_id == by.organisation_id)
    places = [(row.case_id, row.compartment) for row in db.session.execute(granted)]
    tried = random.SystemRandom().sample(places, min(size, len(places)))
    opened = sum(compartments.opens(db.session(), case_id, compartment, by=by) for case_id, compartment in tried)
    db.session.rollback()
    return opened, len(tried)
