"""Looking whether the instance is well. Reads no row about anybody, and needs no key."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from config import Config, key_files
from nrm import clock
from nrm.db import db
from nrm.domain.health import LEAST_FREE, Part, Reading, by_age, by_look

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


def readings() -> list[Reading]:
    """All parts but the key log, which takes a second to verify, in the order in which they are told."""
    config: Config = current_app.extensions["nrm.config"]
    checkpoints = config.directory / "checkpoints"
    return [
        by_look(Part.MAIN_DATABASE, well=_answers(db.engine)),
        by_look(Part.SHRED_DATABASE, well=_answers(db.engines["shred"])),
        by_look(
            Part.KEYS, well=all(os.access(path, os.R_OK) for path in key_files(os.environ, config.directory).values())
        ),
        by_look(Part.DISK, well=all(_free(place) >= LEAST_FREE for place in _places(config))),
        by_age(Part.TENDING, _since(config.directory / TENDED)),
        by_age(Part.CHECKPOINT, _newest(checkpoints, "????-??-??.json")),
        by_age(Part.BACKUP, _newest(config.backups, "shred-*Z") if config.backups else None),
        by_age(Part.DRILL, _since(config.directory / DRILLED)),
    ]


def _answers(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            return connection.execute(text("SELECT 1")).scalar() == 1
    except SQLAlchemyError:
        return False


def _places(config: Config) -> set[Path]:
    urls = [make_url(address) for address in (config.database, config.shred_database)]
    files = {Path(url.database).parent for url in urls if url.get_backend_name() == "sqlite" and url.database}
    return {config.directory, *files, *([config.backups] if config.backups else [])}


def _free(place: Path) -> int:
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return 0


def _since(path: Path) -> timedelta | None:
    try:
        changed = path.stat().st_mtime
    except OSError:
        return None
    return max(timedelta(), clock.now() - datetime.fromtimestamp(changed, UTC))


def _newest(folder: Path, names: str) -> timedelta | None:
    return min((age for path in folder.glob(names) if (age := _since(path)) is not None), default=None)
