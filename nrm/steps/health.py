"""Looking whether the instance is well. Reads no row about anybody, and needs no key."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy import URL, Engine, create_engine, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from config import Config, account_name, key_files, missing_database
from nrm import clock, faults, open_files, revisions
from nrm.db import db
from nrm.domain.checkpoints import END, NoCheckpoint, read
from nrm.domain.clock_jumps import Jump, jump
from nrm.domain.health import (
    LEAST_FREE,
    WHAT_TO_DO,
    Part,
    Reading,
    State,
    by_age,
    by_finding,
    by_look,
    checkpoint_by_age,
)
from nrm.models.audit import AuditEntry
from nrm.vault import shredding

TENDED, DRILLED = "tended", "drilled"
"""Empty files of the instance's folder, whose time says when it was done last."""
FIGURES = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which the workers of a server count, as the library asks for it; without it nothing is counted."""
RECEIVED = "nrm.received"
"""In a request: when all of it was there, as `time.perf_counter()` says. Set by the gateway (ADR 0041)."""


def note(directory: Path, what: str) -> None:
    """Note in the instance's folder that it was done now."""
    path = directory / what
    path.touch(mode=0o600)
    now = clock.now().timestamp()
    os.utime(path, (now, now))


def tended_at(directory: Path) -> datetime | None:
    """When the instance was tended last; None for never."""
    return _at(directory / TENDED)


def clock_jump(directory: Path) -> Jump | None:
    """How the clock jumped since the instance was tended last."""
    return jump(tended_at(directory), clock.now())


def clock_doubted(directory: Path) -> str:
    """What is to be said of a clock that jumped; nothing of another one."""
    found, last = clock_jump(directory), tended_at(directory)
    if found is None or last is None:
        return ""
    now, tended = (each.isoformat(" ", "minutes") for each in (clock.now(), last))
    said = "nrm tend --clock-is-right"
    if found is Jump.AHEAD:
        return (
            f"it says {now}, and the instance was tended last at {tended}: by time nothing is ended and nothing erased "
            "until somebody looked; alarms, e-mail and the checkpoint of the last minute go on. "
            f"If it is wrong, set it. If it is right, and the machine was off, say: {said}"
        )
    return (
        f"it says {now}, and the instance was tended at {tended} already: set it, as codes of telephones are refused "
        f"and what is due comes late. If it is right now and was ahead before, say: {said}"
    )


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of an instance lie."""

    directory: Path
    database: str
    shred_database: str
    backups: Path | None


def readings() -> list[Reading]:
    """All parts but the key log, which takes a second to verify, in the order in which they are told."""
    config: Config = current_app.extensions["nrm.config"]
    keys = key_files(os.environ, config.directory).values()
    return [
        by_finding(Part.MAIN_DATABASE, _silent(db.engine, Part.MAIN_DATABASE)),
        by_finding(Part.SHRED_DATABASE, _silent(db.engines["shred"], Part.SHRED_DATABASE)),
        by_look(Part.KEYS, well=all(os.access(path, os.R_OK) for path in keys)),
        *map(_with_chain, _of_places(Places(config.directory, config.database, config.shred_database, config.backups))),
    ]


def _with_chain(reading: Reading) -> Reading:
    """Of checkpoints, whether the audit chain has the entry of the last minute as that one has it: an end that was cut
    off, and written anew since, is told there and not in the log alone."""
    path = current_app.extensions["nrm.config"].directory / "checkpoints" / END
    if reading.part is not Part.CHECKPOINT or not path.is_file():
        return reading
    try:
        last = read(path.read_bytes()).checkpoint
        there = db.session.execute(select(AuditEntry.hash).where(AuditEntry.id == last.entry)).scalar()
    except (OSError, NoCheckpoint, SQLAlchemyError):
        return reading  # said of the file by the log, of the database by its own part
    finally:
        db.session.rollback()
    return reading if there == last.hash else by_finding(reading.part, BROKEN_CHAIN)


def readings_from_outside(places: Places, keys: str) -> list[Reading]:
    """As `readings`, of an instance of which no application can be made; `keys`: what is wrong with its key files.

    No database is made where one is not there.
    """
    return [
        by_finding(Part.MAIN_DATABASE, _missing(places.database, Part.MAIN_DATABASE, places.directory)),
        by_finding(Part.SHRED_DATABASE, _missing(places.shred_database, Part.SHRED_DATABASE, places.directory)),
        by_finding(Part.KEYS, keys),
        *_of_places(places),
    ]


def _of_places(places: Places) -> list[Reading]:
    return [
        by_finding(Part.DISK, _disk(places)),
        by_finding(Part.CLOCK, clock_doubted(places.directory)),
        by_age(Part.TENDING, _since(places.directory / TENDED)),
        checkpoint_by_age(
            _newest(places.directory / "checkpoints", "????-??-??.json"), _since(places.directory / "instance.toml")
        ),
        by_age(Part.BACKUP, _newest(places.backups, "shred-*Z"))
        if places.backups
        else Reading(Part.BACKUP, State.UNKNOWN, why=WHERE_BACKUPS_LIE),
        by_age(Part.DRILL, _since(places.directory / DRILLED)),
    ]


def _silent(engine: Engine, part: Part) -> str:
    """What is to be said of the database of the running application; nothing if it answers."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1")).scalar_one()
    except SQLAlchemyError as error:
        return _why_silent(error, engine.url, part)
    gone = open_files.gone(engine)
    return f"{gone} is not the file any more that the server has open: {LEFT}" if gone is not None else ""


def _why_silent(error: SQLAlchemyError, url: URL, part: Part) -> str:
    """What is to be done about a database that does not answer: where it is a file, what its disk and its owner say."""
    file = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
    if file is not None and faults.is_of_a_disk_that_takes_nothing(error):
        return (
            f"the disk of {file} is full, or can only be read: make room in {file.parent}; nothing has to be restarted"
        )
    if file is not None and _is_closed_to_us(file):
        return (
            f"{account_name(os.geteuid())} may not open {file}, which may well be there: run it as the user of the "
            "service, or look whose the file and its folders are (chown)"
        )
    return WHAT_TO_DO[part]


LEFT = (
    "it was deleted, moved or exchanged, and nothing is written until the server is stopped and the right file, or the "
    "two of one backup, lie there"
)


BROKEN_CHAIN = (
    "the audit chain does not go on from the checkpoint of the last minute: entries were changed or taken out in the "
    "main database. Keep a copy of it as evidence; nrm audit verify says from which entry on"
)


WHERE_BACKUPS_LIE = "NRM_BACKUPS is not set, so nobody can tell: set it to the folder that `nrm backup` writes to"


LAGS = (
    "it lacks keys of what lies sealed in the main one: it is of an earlier hour, or rows were taken away. Stop the "
    "server, and put back the second database of the same hour, or the two of one backup"
)


def second_database_lags() -> bool:
    """Whether keys are not there that the main database needs; it reads a row for each sealed part."""
    return shredding.missing() > 0


def connections() -> Callable[[], dict[Part, int]]:
    """What tells how many connections to each database this process holds, of the application in context; called
    outside of it."""
    engines = {Part.MAIN_DATABASE: db.engine, Part.SHRED_DATABASE: db.engines["shred"]}

    def held() -> dict[Part, int]:
        pools = {part: engine.pool for part, engine in engines.items()}
        return {
            part: pool.checkedin() + pool.checkedout() for part, pool in pools.items() if isinstance(pool, QueuePool)
        }

    return held


def lost_files() -> list[Path]:
    """The files of databases that were deleted, moved or exchanged while this program had them open."""
    return [gone for engine in db.engines.values() if (gone := open_files.gone(engine)) is not None]


_SETTING = {Part.MAIN_DATABASE: "NRM_DATABASE", Part.SHRED_DATABASE: "NRM_SHRED_DATABASE"}


def _missing(address: str, part: Part, directory: Path) -> str:
    url = make_url(address)
    if url.get_backend_name() == "sqlite" and not _may_be_there(file := Path(url.database or "")):
        return missing_database(os.environ, _SETTING[part], file, directory)
    engine = create_engine(address, hide_parameters=True)
    try:
        with engine.connect() as connection:
            return "" if revisions.revision(connection) else "the database is empty; put back a backup"
    except SQLAlchemyError as error:
        return _why_silent(error, url, part)
    finally:
        engine.dispose()


def _is_closed_to_us(file: Path) -> bool:
    try:
        file.open("rb").close()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _may_be_there(file: Path) -> bool:
    """Whether there is such a file, or a folder on the way to it that this account may not look into."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def _disk(places: Places) -> str:
    urls = [make_url(address) for address in (places.database, places.shred_database)]
    files = {Path(url.database).parent for url in urls if url.get_backend_name() == "sqlite" and url.database}
    folders = {places.directory, *files, *([places.backups] if places.backups else [])}
    absent = sorted(str(folder) for folder in folders if not folder.is_dir())
    if absent:
        return f"there is no folder {', '.join(absent)}: is its disk mounted, and the setting right?"
    short = sorted(str(folder) for folder in folders if _free(folder) < LEAST_FREE)
    return f"{WHAT_TO_DO[Part.DISK]}: {', '.join(short)}; make room, or give it a larger disk" if short else ""


def _free(place: Path) -> int:
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return 0


def _at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _since(path: Path) -> timedelta | None:
    at = _at(path)
    return None if at is None else max(timedelta(), clock.now() - at)


def _newest(folder: Path, names: str) -> timedelta | None:
    return min((age for path in folder.glob(names) if (age := _since(path)) is not None), default=None)
