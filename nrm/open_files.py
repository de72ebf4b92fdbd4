"""Whether the file of an SQLite database is still the one that is open: a file that was deleted or moved away takes
what is written, and nobody finds it after the next start."""

from __future__ import annotations

import os
import weakref
from pathlib import Path

from sqlalchemy import Engine

_OPENED: weakref.WeakKeyDictionary[Engine, tuple[int, int]] = weakref.WeakKeyDictionary()


def remember(engine: Engine) -> None:
    """Call when a connection was opened: the first one says which file it is."""
    if engine not in _OPENED and (found := _file(engine)) is not None:
        _OPENED[engine] = found


def forget(engine: Engine) -> None:
    """Call when every connection was closed: the next one may be to another file."""
    _OPENED.pop(engine, None)


def gone(engine: Engine) -> Path | None:
    """The path at which the file that is open does not lie any more; None while it does, and for a server."""
    opened = _OPENED.get(engine)
    return None if opened is None or opened == _file(engine) else Path(engine.url.database or "")


def _file(engine: Engine) -> tuple[int, int] | None:
    try:
        found = os.stat(engine.url.database or "")
    except OSError:
        return None
    return found.st_dev, found.st_ino
