"""Closing a quarter: when it may be done, in which order, and what a release's seal is made of (ADR 0006)."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from nrm.domain.languages import ByLanguage
from nrm.domain.quarters import Quarter

DATA_FORMATS = ("csv", "csvw", "xlsx", "json")
"""The tables of a release as data; beside them are its pages and its print."""

FORMAT = 2
"""Of the JSON of a release. In the first one, which has no `format`, a structural zero is 0 like any other figure; in
the second one it has no value, and the status `CANNOT_EXIST` (ADR 0080)."""

CANNOT_EXIST = "M"
"""The status of a structural zero, after the code list CL_OBS_STATUS of SDMX: "missing value, data cannot exist". It
stands under `status_key` of the dimensions of its table."""


def formats(languages: Iterable[str]) -> tuple[str, ...]:
    """What a release consists of: the page's markup and the printed report in each language, and the tables as data."""
    spoken = tuple(languages)
    return (*(f"{each}.{language}" for each in ("html", "pdf") for language in spoken), *DATA_FORMATS)


Span = tuple[int, int]
"""The least and the most."""

Finding = tuple[str, str, str]
"""What a refusal says: table, scenario, guarantee; never a cell or a count."""

SIGNED_OVER = "the release without `signatures`: JSON, sorted keys, no blanks, UTF-8"
SIGNED_WITH_TIME = (
    "the release without `signatures` as `release`, beside `signer`, `office` (empty for the server) and `signed_at`: "
    "JSON, sorted keys, no blanks, UTF-8"
)

SERVER = ByLanguage("The NRM's server")
"""What stands for the server among those who signed."""

SIGNERS = frozenset({"server", "statistician", "responsible_authority"})
JOINT_SIGNERS = frozenset({"server", "coordinator"})

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


class ReleasesGone(CannotClose):
    """Sealed reports that the audit chain tells of are not in the database any more; `quarters` are theirs."""

    def __init__(self, quarters: Sequence[str]) -> None:
        super().__init__(", ".join(quarters))
        self.quarters = tuple(quarters)


class WaitsForSignatures(CannotClose):
    """The quarter before is closed, but not signed; the argument is that quarter."""


class BrokenSignature(Exception):
    """The statistician's signature on a draft is not by their present key: they must sign again."""


def bits_told(verdict: Mapping[str, Any]) -> float:
    """What a verdict says that a release tells of one person: the 95th percentile, in bits (ADR 0111)."""
    return float(verdict.get("one_person", {}).get("p95_bits", 0.0))


class PaperNotMade(Exception):
    """The papers of some signed reports were not typeset in time, so these are not sealed; the argument names them."""


@dataclass(frozen=True, slots=True)
class Window:
    """Quarters that are published together, the first and the last of them."""

    first: Quarter
    last: Quarter

    def __contains__(self, quarter: Quarter) -> bool:
        """Whether the quarter is one of them."""
        return self.first <= quarter <= self.last

    def meets(self, other: Window) -> bool:
        """Whether they share a quarter."""
        return self.first <= other.last and other.first <= self.last

    @property
    def quarters(self) -> tuple[str, ...]:
        """All of them, as they are written."""
        found = [self.first]
        while found[-1] < self.last:
            found.append(found[-1].next)
        return tuple(map(str, found))


def of_same_length(window: Window, released: Collection[Window]) -> frozenset[str]:
    """The last quarters of the releases that speak of as many quarters as this window."""
    return frozenset(str(each.last) for each in released if len(each.quarters) == len(window.quarters))


def window_ending(quarter: Quarter, sizes: Sequence[int], released: Collection[Window]) -> tuple[Window | None, bool]:
    """What a report may publish when this quarter is closed, and whether a longer window can still take its people.

    Windows are fixed and do not overlap (`quarter_window`). None: no window ends here, or each shares a quarter with a
    published one.
    """
    fitting = [each for each in map(quarter_window(quarter), sizes) if not any(map(each.meets, released))]
    ending = [each for each in fitting if each.last == quarter]
    if not ending:
        return None, bool(fitting)
    longest = max(ending, key=lambda each: len(each.quarters))
    return longest, any(each.last > quarter for each in fitting)


def last_window(quarter: Quarter, sizes: Sequence[int], released: Collection[Window]) -> Window:
    """The longest window of a quarter that can still be published, else the longest of all."""
    windows = [*map(quarter_window(quarter), sizes)]
    return max([each for each in windows if not any(map(each.meets, released))] or windows, key=lambda each: each.last)


def quarter_window(quarter: Quarter) -> Callable[[int], Window]:
    """The window of a number of quarters that the quarter lies in.

    Time is cut into pieces of so many quarters from the year 0 on: four are a calendar year, eight an even year with
    the odd one after it (ADR 0091).
    """

    def of(size: int) -> Window:
        start = (4 * quarter.year + quarter.number - 1) // size * size
        return Window(*(Quarter(place // 4, place % 4 + 1) for place in (start, start + size - 1)))

    return of


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


def behind(figure: int, *, whole: bool = False) -> Span:
    """How many people a published figure may stand for; `whole`: it is the number of all people of the report."""
    if whole:
        return max(0, figure - 4), figure + 4
    if figure <= 5:
        return (0, 14) if figure else (0, 4)
    return max(5, figure - 9), figure + 9


def filled(release: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tables of a release (its JSON value, of any format) that hold figures: not those that nothing fills.

    As the rounder made them: a structural zero is 0.
    """
    return [
        {**table, "rows": [_rounded(row, table["dimensions"]) for row in _with_codes(table)]}
        for table in release["tables"]
        if not table.get("not_recorded")
    ]


def status_key(dimensions: Collection[str]) -> str:
    """What the observation status is called beside these dimensions: one of them may be called `status`."""
    return "obs_status" if "status" in dimensions else "status"


def _rounded(row: Mapping[str, Any], dimensions: Collection[str]) -> dict[str, Any]:
    key = status_key(dimensions)
    return {**{name: each for name, each in row.items() if name != key}, "value": row["value"] or 0}


def _with_codes(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table. In the first releases of format 2 the status of a structural zero stood in the place of a
    code of a dimension called `status`; the place of the row says which code it was."""
    rows: list[dict[str, Any]] = [dict(row) for row in table["rows"]]
    lost = [row for row in rows if row.get("status") == CANNOT_EXIST and status_key(table["dimensions"]) != "status"]
    if not lost:
        return rows
    after = table["dimensions"][table["dimensions"].index("status") + 1 :]
    codes = list(dict.fromkeys(row["status"] for row in rows if row["status"] != CANNOT_EXIST))
    stride = math.prod(len({row[name] for row in rows}) for name in after)
    for place, row in enumerate(rows):
        row["status"] = codes[place // stride % len(codes)]
    return rows


def with_structural_zeros(
    table: Mapping[str, Any], is_impossible: Callable[[Mapping[str, str]], bool]
) -> list[dict[str, Any]]:
    """The rows of a table of any format as the newest one has them; `is_impossible` says of {dimension: member} that
    nobody can be all of them. Only what is 0 can be a structural zero."""
    return [
        {**row, "value": None, status_key(table["dimensions"]): CANNOT_EXIST}
        if not row["value"] and is_impossible({n: row[n] for n in table["dimensions"] if row[n] != "*"})
        else row
        for row in _with_codes(table)
    ]


def due_on(quarter: Quarter, days: int) -> date:
    """The day the report of the quarter is due."""
    return quarter.end + timedelta(days=days)


def canonical(release: Mapping[str, Any]) -> bytes:
    """The release without its signatures: what older signatures inside its JSON cover, which do not cover the time.

    JSON with sorted keys, no blanks, UTF-8.
    """
    content = {key: value for key, value in release.items() if key != "signatures"}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed_message(release: Mapping[str, Any], signer: str, office: str, signed_at: str) -> bytes:
    """What a signature inside a release's JSON is over: the release, and who signs it for which office at what time."""
    content = {
        "release": {key: value for key, value in release.items() if key != "signatures"},
        "signer": signer,
        "office": office,
        "signed_at": signed_at,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def message_of(release: Mapping[str, Any], entry: object) -> bytes | None:
    """The message that this entry of `signatures` claims to cover; None when it is neither of the two kinds.

    An entry cannot be changed from one kind to the other without signing again, because the messages always differ.
    """
    if not isinstance(entry, dict):
        return None
    if entry.get("over") == SIGNED_OVER:
        return canonical(release)
    parts = [entry.get("signer"), entry.get("office", ""), entry.get("signed_at")]
    if entry.get("over") != SIGNED_WITH_TIME or not all(isinstance(each, str) for each in parts):
        return None
    return signed_message(release, *map(str, parts))


def without_time(release: Mapping[str, Any]) -> list[str]:
    """The signers whose older signatures do not cover the time: the time next to them is not proved."""
    entries = [each for each in release.get("signatures", ()) if isinstance(each, dict)]
    return [str(each.get("signer")) for each in entries if each.get("over") == SIGNED_OVER]


def signature_of(
    signer: str, office: str, signed_at: str, key: bytes, signature: bytes, *, over: str = SIGNED_WITH_TIME
) -> dict[str, str]:
    """An entry of `signatures`; of the server, `office` is empty."""
    return {
        "signer": signer,
        **({"office": office} if office else {}),
        "signed_at": signed_at,
        "algorithm": "Ed25519",
        "over": over,
        "public_key": key.hex(),
        "signature": signature.hex(),
    }


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
