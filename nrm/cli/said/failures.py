"""How a command ends that failed: one line on standard error, and an exit code."""

from __future__ import annotations

import errno
import fcntl
import os
import sys

import click

from nrm import extras
from nrm.cli.refusals import Refused
from nrm.cli.said import usage_errors
from nrm.cli.telling import coloured
from nrm.domain.unseen import escaped

STOPPED = 130  # as a shell says it of a command that Ctrl-C ended
NOBODY_READS = 141  # as a shell says it of a command whose reader, such as `head`, went away
_WORDS = {
    errno.ENOSPC: "the disk is full; make room and try again",
    errno.EDQUOT: "the disk is full for this user; make room and try again",
    errno.EFBIG: "the file would be larger than this user may write",
    errno.EROFS: "lies on a disk that can only be read",
    errno.EACCES: "this user may not read or write there",
    errno.EPERM: "this user may not read or write there",
}
TAKES_NOTHING = "the disk takes nothing: it is full, or can only be read"
_KEPT = "what was done before stays, and the last step was not written"
"""A command may have ended many transactions before: nobody may believe that all of its work is undone."""
_OF_DATABASES = {
    "SQLITE_FULL": f"the disk of a database is full: {_KEPT}; make room and try again",
    "SQLITE_READONLY": f"a database can only be read by this user: {_KEPT}",
    "SQLITE_CANTOPEN": "a database cannot be opened: look at its folder and whose it is",
    "SQLITE_PERM": "a database cannot be opened: look at its folder and whose it is",
    "SQLITE_IOERR": f"the disk of a database does not read or write: look at the system's log; {_KEPT}",
    "SQLITE_NOTADB": "a database is damaged; put back a backup",
    "SQLITE_CORRUPT": "a database is damaged; put back a backup",
    "SQLITE_BUSY": "a database is being written by another command; try again",
}


def ended_by(error: BaseException) -> int:
    """Say in one line why the command ended; returns its exit code."""
    code, line = _described(error)
    if line:
        prefix = coloured("nrm:", "red", sys.stderr)
        shown = line if line.startswith("unexpected ") else escaped(line)  # of several lines, with no value in them
        print(f"{prefix} {shown}", file=sys.stderr)  # noqa: T201
    return code


def _described(error: BaseException) -> tuple[int, str]:
    if isinstance(error, KeyboardInterrupt):
        return STOPPED, "stopped"
    if isinstance(error, click.exceptions.Abort):
        return (STOPPED if isinstance(error.__context__, KeyboardInterrupt) else 2), "stopped"
    if isinstance(error, click.UsageError):
        return error.exit_code, usage_errors.told(error)
    if isinstance(error, click.ClickException):
        return error.exit_code, error.format_message()
    if isinstance(error, Refused):
        return error.code, str(error)
    if isinstance(error, extras.NotInstalled):
        return 2, str(error)
    if isinstance(error, BrokenPipeError):
        return NOBODY_READS, ""
    if (reason := _of_system(error)) is not None or (reason := _of_database(error)) is not None:
        return 2, reason
    from nrm import faults  # what it knows of databases takes time to load

    return 1, f"unexpected {faults.described(error)}"


def _of_system(error: BaseException) -> str | None:
    """What the operating system refused; its message names a file or nothing, and never what is in it."""
    if not isinstance(error, OSError) or error.errno is None:
        return None
    if error.errno == errno.EBADF and _output_is_closed():
        return "standard output: is closed"
    return f"{error.filename if isinstance(error.filename, str) else 'a file'}: {reason(error)}"


def reason(error: OSError) -> str:
    """Why the operating system refused, in words for whoever runs the machine."""
    return _WORDS.get(error.errno or 0) or error.strerror or "cannot be read or written"


def of_port(error: OSError) -> str:
    """Why nobody can listen at a port, and what to do where somebody does already."""
    more = "; is it served there already? Else name another port" if error.errno == errno.EADDRINUSE else ""
    return f"{error.strerror}{more}"


def _output_is_closed() -> bool:
    """Whether nothing can be written to standard output: a shell closed it (`>&-`)."""
    return fcntl.fcntl(1, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def _of_database(error: BaseException) -> str | None:
    """What a database refused that whoever runs the machine can mend; None for what is a mistake of the program."""
    driver = getattr(error, "orig", error)
    if type(driver).__module__ == "sqlite3":
        name = getattr(driver, "sqlite_errorname", None) or ""
        found = next((words for code, words in _OF_DATABASES.items() if name.startswith(code)), None)
        return found and f"NRM_DATABASE, NRM_SHRED_DATABASE: {found}"
    if type(driver).__module__.partition(".")[0] == "psycopg":
        from nrm import faults

        if getattr(driver, "sqlstate", None) == "53100":
            return f"NRM_DATABASE, NRM_SHRED_DATABASE: {_OF_DATABASES['SQLITE_FULL']}"
        if faults.is_of_a_database_that_is_gone(error):
            return "NRM_DATABASE, NRM_SHRED_DATABASE: the databases cannot be reached"
    return None
