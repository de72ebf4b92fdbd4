"""Which folders and databases of an instance every account of the machine can write into or read."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import make_url

from config import Config, key_files

_ENTER, _WRITE, _READ_OR_WRITE = 0o001, 0o002, 0o006


def open_to_others(config: Config) -> str:
    """What stands open, and how it is closed; nothing where a folder above keeps everybody out."""
    urls = [make_url(address) for address in (config.database, config.shred_database)]
    files = {Path(url.database) for url in urls if url.get_backend_name() == "sqlite" and url.database}
    keys = {path.parent for path in key_files(os.environ, config.directory).values()}
    folders = {config.directory, *keys, *(file.parent for file in files), *([config.backups] if config.backups else [])}
    found = [
        *(path for path in sorted(folders) if _lets_others(path.absolute(), _WRITE)),
        *(path for path in sorted(files) if _lets_others(path.absolute(), _READ_OR_WRITE)),
    ]
    named = " ".join(str(path) for path in found)
    return f"every account of this machine can read or write there: chmod o-rwx {named}" if found else ""


def _lets_others(path: Path, how: int) -> bool:
    try:
        return bool(path.stat().st_mode & how) and all(each.stat().st_mode & _ENTER for each in path.parents)
    except OSError:
        return False  # that it is not there is told of its own part
