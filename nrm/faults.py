"""An unexpected exception as it may be logged: where it happened and of what kind, never its message.

The message of an exception often repeats the value that was not expected: a KeyError its key, a ValueError the text,
a database the row that was there already. Any of them can be somebody's name.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

# Classes and codes of SQLSTATE: no connection, shut down or not yet ready, no connection left.
_NO_CONNECTION, _STOPPED, _TOO_MANY = "08", "57P0", "53300"


def is_of_a_database_that_is_gone(error: BaseException) -> bool:
    """Whether the exception says that a database server cannot be reached, or gives no connection in time.

    It also knows the driver's own exceptions, because some statements go directly to the driver.
    """
    if isinstance(error, exc.TimeoutError) or getattr(error, "connection_invalidated", False):
        return True
    driver = getattr(error, "orig", error)
    if type(driver).__module__.partition(".")[0] != "psycopg" and not hasattr(driver, "sqlstate"):
        return False
    state = getattr(driver, "sqlstate", None)
    if state is None:
        return any(each.__name__ in ("OperationalError", "InterfaceError") for each in type(driver).__mro__)
    return str(state).startswith((_NO_CONNECTION, _STOPPED, _TOO_MANY))


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_UNWRITTEN = (
    "SQLITE_FULL",
    "SQLITE_READONLY",
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_TRUNCATE",
    "SQLITE_IOERR_SHM",
)
_DISK_FULL = "53100"  # of SQLSTATE


def is_of_a_disk_that_takes_nothing(error: BaseException) -> bool:
    """Whether the exception says that a disk is full, or can only be read: what was asked for was not written."""
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    driver = getattr(error, "orig", error)
    name = getattr(driver, "sqlite_errorname", None) or ""
    return name.startswith(_UNWRITTEN) or getattr(driver, "sqlstate", None) == _DISK_FULL


@contextmanager
def though_a_disk_is_full() -> Iterator[None]:
    """What is only noted beside what was asked for: on a full disk it is left out, and pages are read all the same."""
    try:
        yield
    except Exception as error:
        if not is_of_a_disk_that_takes_nothing(error):
            raise


def described(error: BaseException) -> str:
    """The kind and the place of the exception and of those that led to it, without their messages."""
    parts: list[str] = []
    following: BaseException | None = error
    seen: set[int] = set()
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        frames = traceback.extract_tb(following.__traceback__)
        places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        parts.append(f"{type(following).__name__}{places}")
        following = following.__cause__ or following.__context__
    return "\nafter ".join(parts)
