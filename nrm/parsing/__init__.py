"""Reading files of other people, only here: by maintained libraries, in a child process with limits (ADR 0048).

A file may be made to use all memory, all time or the whole stack of its reader. So a new interpreter reads it, which
has none of this program's modules, keys or settings, and is ended when it reaches a limit. It answers with data, or
with a refusal in words. A process reads one file at a time; a person who would have to wait too long is asked to try
again.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Any

from nrm.domain.reports import grids
from nrm.domain.reports.grids import Grid, UnreadableFile
from nrm.domain.words import N_, Phrase

CHILD = Path(__file__).with_name("child.py")
MEBI = 1024 * 1024
MEMORY, LARGE_MEMORY = 256 * MEBI, 2048 * MEBI
CPU_SECONDS, LARGE_CPU_SECONDS = 2, 20
LONGEST_SECONDS, LARGE_LONGEST_SECONDS = 6.0, 60.0
WAIT_SECONDS = 3.0
LARGEST_ANSWER = 8 * MEBI
LARGEST_DOCUMENT = 2 * MEBI
# Of a table of interviews.
LARGEST_TABLE, MOST_LINES, MOST_QUESTIONS, LONGEST_TEXT = 4 * MEBI, 2000, 200, 16_000
MOST_SPREAD = 100_000  # cells of a range that is merged or linked
DEEPEST, MOST_PARTS, LARGE_MOST_PARTS = 32, 100_000, 1_000_000


class FileLimit(StrEnum):
    """What keeps a file from being read; the child process answers with the value."""

    TIME = "time"
    MEMORY = "memory"
    DEPTH = "depth"
    SIZE = "size"
    BUSY = "busy"


WORDS: Mapping[FileLimit, Phrase] = {
    FileLimit.TIME: N_(
        "This file could not be read within the limits: it takes too long. Save it again, as simply as possible"
    ),
    FileLimit.MEMORY: N_(
        "This file could not be read within the limits: it takes too much memory. Save it again, as simply as possible"
    ),
    FileLimit.DEPTH: N_(
        "This file could not be read within the limits: it is nested too deeply. Save it again, as simply as possible"
    ),
    FileLimit.SIZE: N_(
        "This file could not be read within the limits: it has too many parts or figures. Send a smaller one"
    ),
    FileLimit.BUSY: N_("Another file is being read at this moment. Wait a few seconds, then send yours again"),
}
_TABLES: Mapping[str, Phrase] = {
    "larger": N_("The table is larger than the template. Copy the figures into the template and send that"),
    "neither": N_("This is neither a CSV nor an XLSX file. Save the table as one of the two"),
    "csv": N_("The CSV is damaged: a quotation mark is opened and not closed"),
    "entries": N_("The workbook has too many parts. Copy the figures into the template and send that"),
    "unpacked": N_("The workbook unpacks to too much. Copy the figures into the template and send that"),
    "workbook": N_("The workbook cannot be read. Save it as XLSX again, or send a CSV"),
}
_KINDS = {each.__name__: each for each in (date, datetime, time)}
_one_at_a_time = threading.Lock()
# After a fork the child process reads no file yet, even if the parent was reading one.
os.register_at_fork(after_in_child=_one_at_a_time._at_fork_reinit)  # type: ignore[attr-defined]


class BeyondLimits(ValueError):
    """The file could not be read within the limits; the text is a sentence for the person who sent it."""

    def __init__(self, limit: FileLimit) -> None:
        super().__init__(WORDS[limit])
        self.limit = limit
        self.phrase = WORDS[limit]


class Damaged(ValueError):
    """The file is not what it should be; the text is what its reader says."""


def grid(content: bytes) -> Grid:
    """Rows of cells of a CSV or XLSX, by what the content is and not by its name. Raises UnreadableFile."""
    if not content:
        raise UnreadableFile(N_("Choose a file: this one is empty"))
    if len(content) > grids.LARGEST_FILE:
        raise UnreadableFile(N_("The file is larger than 256 KB. Copy the figures into the template and send that"))
    limits = {
        "rows": grids.MOST_ROWS,
        "columns": grids.MOST_COLUMNS,
        "cell": grids.LONGEST_CELL,
        "entries": grids.MOST_ENTRIES,
        "part": grids.LARGEST_PART,
        "unpacked": grids.LARGEST_UNPACKED,
    }
    try:
        found: Grid = _read("grid", content, more=limits)
    except BeyondLimits as error:
        raise UnreadableFile(error.phrase) from None
    except Damaged as error:
        raise UnreadableFile(_TABLES.get(str(error), _TABLES["workbook"])) from None
    return found


def table(content: bytes, *, head: str) -> Grid:
    """As `grid`, of a table of texts with many columns, whose first cell is `head`. Raises UnreadableFile."""
    if not content:
        raise UnreadableFile(N_("Choose a file: this one is empty"))
    limits = {
        "rows": MOST_LINES,
        "columns": MOST_QUESTIONS,
        "cell": LONGEST_TEXT,
        "entries": grids.MOST_ENTRIES,
        "part": LARGEST_TABLE * 4,
        "unpacked": LARGEST_TABLE * 4,
        "texts": 1,
    }
    try:
        found: Grid = _read("grid", content, large=True, more={**limits, "bytes": LARGEST_TABLE}, head=head)
    except BeyondLimits as error:
        raise UnreadableFile(error.phrase) from None
    except Damaged as error:
        raise UnreadableFile(_TABLES.get(str(error), _TABLES["workbook"])) from None
    return found


def toml(text: str) -> dict[str, Any]:
    """What `tomllib.loads` gives, of a text that somebody sent. Raises BeyondLimits, Damaged."""
    found: dict[str, Any] = _unpacked(_read("toml", text.encode("utf-8", "replace")))
    return found


def check_json(content: bytes) -> None:
    """Whether a JSON document given to a command may be read: its depth, its parts. Raises BeyondLimits, Damaged."""
    _read("json", content, large=True)


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "table" in value:
        return {key: _unpacked(each) for key, each in value["table"].items()}
    return _KINDS[value["kind"]].fromisoformat(value["text"])


def _read(
    kind: str, content: bytes, *, large: bool = False, more: Mapping[str, int] | None = None, head: str = "code"
) -> Any:
    most = (more or {}).get("bytes", len(content) if large else LARGEST_DOCUMENT)
    if len(content) > most:
        raise BeyondLimits(FileLimit.SIZE)
    settings = {
        "kind": kind,
        "bytes": most,
        "memory": LARGE_MEMORY if large else MEMORY,
        "seconds": LARGE_CPU_SECONDS if large else CPU_SECONDS,
        "depth": DEEPEST,
        "parts": LARGE_MOST_PARTS if large else MOST_PARTS,
        "head": head,
        "spread": MOST_SPREAD,
        **(more or {}),
    }
    if not _one_at_a_time.acquire(timeout=WAIT_SECONDS):
        raise BeyondLimits(FileLimit.BUSY)
    try:
        answer = _asked(settings, content, LARGE_LONGEST_SECONDS if large else LONGEST_SECONDS)
    finally:
        _one_at_a_time.release()
    letter, rest = answer[:1], answer[1:]
    if letter == b"L" and rest.decode() in list(FileLimit):
        raise BeyondLimits(FileLimit(rest.decode()))
    if letter == b"D":
        raise Damaged(rest.decode("utf-8", "replace"))
    try:
        return json.loads(rest)
    except (ValueError, RecursionError):
        raise BeyondLimits(FileLimit.SIZE) from None


def _asked(settings: dict[str, Any], content: bytes, seconds: float) -> bytes:
    """The child's answer to one file; the child process has ended afterwards in every case."""
    # -P keeps this folder out of the child's module path; TOML and JSON need no installed package either.
    flags = ["-P"] if settings["kind"] == "grid" else ["-P", "-S"]
    child = subprocess.Popen(  # noqa: S603 - our own file, no shell
        [sys.executable, *flags, str(CHILD), json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={name: os.environ[name] for name in ("PYTHONPATH", "PYTHONHOME") if name in os.environ},
    )
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    limit = threading.Timer(seconds, end)
    limit.daemon = True
    limit.start()
    assert child.stdin
    assert child.stdout
    try:
        with contextlib.suppress(BrokenPipeError):  # it reached a limit before it read everything
            child.stdin.write(content)
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        answer = child.stdout.read(LARGEST_ANSWER + 1)
    finally:
        limit.cancel()
        child.kill()
        child.stdout.close()
        code = child.wait()
    if len(answer) > LARGEST_ANSWER:
        raise BeyondLimits(FileLimit.SIZE)
    if late.is_set() or code == -signal.SIGXCPU or (not answer and code == -signal.SIGKILL):
        raise BeyondLimits(FileLimit.TIME)
    if not answer:
        raise BeyondLimits(FileLimit.MEMORY)  # the interpreter itself fell over
    return answer
