"""Closing a quarter: when it may be done, in which order, and what a release's seal is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from nrm.domain.quarters import Quarter

REPORT = "ix"
"""Everyone accommodated in shelters in the quarter (Action Plan II.1(b)(ix))."""

FORMATS = ("html.sq", "html.en", "pdf.sq", "pdf.en", "csv", "json")
"""What a release consists of: the page's markup and the printed report in both languages, and the tables as data."""

Finding = tuple[str, str, str]
"""What a refusal says: table, scenario, guarantee; never a cell or a count."""

FIRST_HASH = bytes(32)
_CHAIN = b"nrm release 1\0"


class CannotClose(Exception):
    """The quarter cannot be closed now."""


class QuarterNotEnded(CannotClose):
    """It is not over."""


class QuarterOutOfOrder(CannotClose):
    """Another quarter comes first; `expected` says which."""

    def __init__(self, expected: Quarter) -> None:
        super().__init__(f"{expected} comes first")
        self.expected = expected


class BeingClosed(CannotClose):
    """Somebody is closing a quarter at this moment."""


def next_to_close(last: Quarter | None, today: date) -> Quarter | None:
    """The quarter that is offered for closing, or None when there is none yet; `last` is the last one released."""
    quarter = last.next if last else Quarter.of(today).previous
    return quarter if quarter.end < today else None


def check_closing(quarter: Quarter, *, last: Quarter | None, today: date) -> None:
    """Raise QuarterNotEnded or QuarterOutOfOrder.

    The first release may be of any quarter that has ended; after it every quarter is closed in its turn, none left
    out, because the people there at the opening are those of the closing before.
    """
    if last is not None and quarter != last.next:
        raise QuarterOutOfOrder(last.next)
    if today <= quarter.end:
        raise QuarterNotEnded(str(quarter))


def due_on(quarter: Quarter, days: int) -> date:
    """The day the report of the quarter is due."""
    return quarter.end + timedelta(days=days)


def canonical(release: Mapping[str, Any]) -> bytes:
    """What the signature inside a release's JSON is over: the release without its signatures.

    JSON with sorted keys, no blanks, UTF-8.
    """
    content = {key: value for key, value in release.items() if key != "signatures"}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chain_hash(previous: bytes, *, report: str, quarter: str, released_at: str, files: Mapping[str, bytes]) -> bytes:
    """The hash of a release: over the one before it and every byte of its files, whatever their order."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    entry = {"report": report, "quarter": quarter, "released_at": released_at, "files": digests}
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(_CHAIN + previous + text.encode()).digest()


def findings_code(findings: Iterable[Finding]) -> str:
    """Findings as one code for the audit chain; `findings_of` reads it back."""
    return " ".join(":".join(finding) for finding in findings)


def findings_of(code: str) -> tuple[Finding, ...]:
    """(table, scenario, guarantee) of each finding."""
    read = []
    for each in code.split():
        table, scenario, guarantee = each.split(":")
        read.append((table, scenario, guarantee))
    return tuple(read)
