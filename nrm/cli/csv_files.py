"""Reading a CSV that is given to a command: every mistake with its file, line and column."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from nrm.cli.usage import Refused

LARGEST_FILE, MOST_COLUMNS = 256 * 1024 * 1024, 1000
_FIELD = re.compile(r'(?:"(?:[^"]|"")*"|(?!")[^,\r\n]*),')  # with the comma that ends it


def text_of(path: Path) -> str:
    """The text of a file, with or without a byte order mark. Raises Refused with line and column."""
    with path.open("rb") as stream:
        content = stream.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise Refused(f"{path}: is larger than {LARGEST_FILE // 2**20} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].split(b"\n")
        raise Refused(f"{path}:{len(before)}: column {len(before[-1]) + 1}: not UTF-8") from None


def read_csv(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The header, and each row with the line it ends on. Raises Refused with file, line and column."""
    lines = list(io.StringIO(text_of(path), newline=""))
    reader = csv.reader(lines, strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    begins = 0  # the line on which a record begins, from 0
    try:
        header = next(reader, [])
        if len(header) > MOST_COLUMNS:
            raise Refused(f"{path}:1: column {MOST_COLUMNS + 1}: there are more than {MOST_COLUMNS} columns")
        for name in header:
            if header.count(name) > 1:
                raise Refused(f"{path}:1: column {name!r} is there twice")
        begins = reader.line_num
        for fields in reader:
            begins = reader.line_num
            if not fields:
                continue
            if len(fields) != len(header):
                problem = f"{len(fields)} fields, the header has {len(header)}"
                raise Refused(f"{path}:{reader.line_num}: column {min(len(fields), len(header)) + 1}: {problem}")
            rows.append((reader.line_num, dict(zip(header, fields, strict=True))))
    except csv.Error as error:
        column = _broken("".join(lines[begins : reader.line_num]))
        raise Refused(f"{path}:{reader.line_num}: column {column}: {error}") from None
    return header, rows


def _broken(record: str) -> int:
    """The number of the first field that does not end at a comma, from 1."""
    number, place = 1, 0
    while field := _FIELD.match(record, place):
        number, place = number + 1, field.end()
    return number
