"""PDF files from finished HTML: made one at a time, outside the process that answers requests (ADR 0007); those of one
report two at a time where there are two processors (ADR 0218).

WeasyPrint blocks the interpreter for half a second and needs about 90 MB. It runs in a child process that starts with
the first document and ends when there was no document for a while, so that an idle server does not need the memory.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from nrm import catalogues
from nrm.catalogues import SOURCE

TYPESETTER = Path(__file__).with_name("typesetter.py")
IDLE_SECONDS = 30.0
LONGEST_SECONDS = 120.0


MARK: ContextVar[str] = ContextVar("mark of every page", default="")
"""The sentence that stands on top of every page that is made here, each in the language of its document: in a training,
that it is one (ADR 0189)."""
_LANGUAGE = re.compile(r'<html\b[^>]*?\blang="?([A-Za-z_-]+)')


class PdfUnavailable(Exception):
    """The PDF cannot be made on this server (WeasyPrint or Pango is missing, or it did not come back)."""


class PdfTooSlow(PdfUnavailable):
    """The typesetter is here and had not come back after LONGEST_SECONDS, twice: the machine is too busy."""


class PdfRefused(Exception):
    """The document asked for an address; nothing is fetched, and no PDF is made."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the PDF; readers show `name` and `description`."""

    name: str
    content: bytes
    description: str


@dataclass(slots=True)
class _Press:
    """The child process and who may talk to it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    child: subprocess.Popen[bytes] | None = None
    idle: threading.Timer | None = None


_press = _Press()
_presses = (_press, _Press())[: len(os.sched_getaffinity(0))]
# Whether a document may take any press. What a page asks for takes the first: people wait for the other processor.
_ANY: ContextVar[bool] = ContextVar("any press", default=False)


def to_pdf(html: str, *, attachments: Sequence[Attachment] = (), following: Sequence[str] = ()) -> bytes:
    """The document as PDF/A-3a and PDF/UA-1 (tagged, Noto Sans embedded).

    `following`: further documents in the same file, whose pages are counted from 1 again.

    `<html lang>` and a neutral `<title>` are the caller's. Raises PdfUnavailable, PdfTooSlow or PdfRefused.
    """
    job = {
        "html": _marked(html),
        "following": [_marked(each) for each in following],
        "attachments": [
            {
                "name": attachment.name,
                "description": attachment.description,
                "content": base64.b64encode(attachment.content).decode(),
            }
            for attachment in attachments
        ],
    }
    kind, payload = _print(json.dumps(job).encode())
    if kind == b"S":
        kind, payload = _print(json.dumps(job).encode())
    if kind == b"S":
        raise PdfTooSlow
    if kind == b"K":
        return payload
    if kind == b"R":
        raise PdfRefused(payload.decode())
    raise PdfUnavailable(payload.decode())


def side_by_side(documents: Sequence[Callable[[], bytes]]) -> list[bytes | None]:
    """What `to_pdf` makes in each of these, on all presses; None for one that this server cannot make.

    Raises PdfTooSlow or PdfRefused if one of them does.
    """
    with ThreadPoolExecutor(len(_presses)) as pool:
        begun = [pool.submit(copy_context().run, _made_or_none, document) for document in documents]
        return [each.result() for each in begun]


def _made_or_none(document: Callable[[], bytes]) -> bytes | None:
    _ANY.set(True)
    try:
        return document()
    except PdfTooSlow:
        raise
    except PdfUnavailable:
        return None


def _marked(html: str) -> str:
    if not (sentence := MARK.get()):
        return html
    language = _LANGUAGE.search(html)
    mark = json.dumps(catalogues.said(sentence, language[1] if language else SOURCE) or sentence, ensure_ascii=False)
    return html.replace(
        "</head>", f"<style>@page {{ @top-center {{ content: {mark}; font-weight: 700 }} }}</style></head>", 1
    )


@contextmanager
def _free_press() -> Iterator[_Press]:
    """A press that nobody else uses, the first one before the second; else it waits for the first."""
    allowed = _presses if _ANY.get() else _presses[:1]
    press = next((each for each in allowed if each.lock.acquire(blocking=False)), None)
    if press is None:
        press = _press
        press.lock.acquire()
    try:
        yield press
    finally:
        press.lock.release()


def _print(job: bytes) -> tuple[bytes, bytes]:
    with _free_press() as press:
        return _print_on(press, job)


def _print_on(press: _Press, job: bytes) -> tuple[bytes, bytes]:
    if press.idle:
        press.idle.cancel()
    if press.child is None or press.child.poll() is not None:
        # -P keeps this folder out of the child's module path; the child gets no password or setting of this program.
        press.child = subprocess.Popen(  # noqa: S603 - our own file, no shell
            [sys.executable, "-P", str(TYPESETTER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith("NRM_")},
        )
    child = press.child
    ended = threading.Event()

    def end() -> None:
        ended.set()
        child.kill()

    limit = threading.Timer(LONGEST_SECONDS, end)
    limit.daemon = True
    limit.start()
    try:
        assert child.stdin
        assert child.stdout
        child.stdin.write(len(job).to_bytes(8, "big") + job)
        child.stdin.flush()
        head = _exactly(child.stdout, 9)
        return head[:1], _exactly(child.stdout, int.from_bytes(head[1:], "big"))
    except (OSError, EOFError):
        _end(press)
        return (b"S", b"") if ended.is_set() else (b"U", b"the typesetter did not come back")
    finally:
        limit.cancel()
        press.idle = threading.Timer(IDLE_SECONDS, _end_when_idle, [press])
        press.idle.daemon = True
        press.idle.start()


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _end_when_idle(press: _Press) -> None:
    if press.lock.acquire(blocking=False):
        try:
            _end(press)
        finally:
            press.lock.release()


@atexit.register
def _close() -> None:
    for press in _presses:
        _end(press)


def _end(press: _Press) -> None:
    """End the child and free its pipes."""
    child, press.child = press.child, None
    if child is None:
        return
    if press.idle:
        press.idle.cancel()
    for stream in (child.stdin, child.stdout):
        if stream:
            try:
                stream.close()
            except OSError:
                continue
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _forget() -> None:
    """In a process that was forked: the children and their pipes are the parent's; left open, they could not end."""
    for press in _presses:
        child = press.child
        press.lock, press.child, press.idle = threading.Lock(), None, None
        if child is not None:
            for stream in (child.stdin, child.stdout):
                if stream:
                    stream.close()
            child.returncode = 0  # nothing to wait for here


os.register_at_fork(after_in_child=_forget)
