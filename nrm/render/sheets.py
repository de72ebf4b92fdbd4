"""Tables as CSV: UTF-8, one row a figure, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# A cell that begins so is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
TOTAL = "*"
COLUMNS_BEFORE = ("report", "quarter", "table")


def cell(value: object) -> str:
    """The text of one cell; what a spreadsheet would run gets an apostrophe in front. Numbers stay numbers."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as CSV with a byte order mark, without which spreadsheets misread ë and ç."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def release_csv(release: Mapping[str, Any]) -> bytes:
    """A whole release, one row a figure: report, quarter, table, a column per dimension, value.

    `release` is the JSON shape of a sealed release. A dimension that the table does not have is empty, a total is `*`.
    A figure that cannot exist has no value.
    """
    dimensions = list(dict.fromkeys(name for table in release["tables"] for name in table["dimensions"]))
    rows: list[Sequence[object]] = [[*COLUMNS_BEFORE, *dimensions, "value"]]
    for table in release["tables"]:
        for row in table["rows"]:
            members = [row.get(name, TOTAL) if name in table["dimensions"] else "" for name in dimensions]
            rows.append([release["report"], release["quarter"], table["name"], *members, row["value"]])
    return csv_bytes(rows)
