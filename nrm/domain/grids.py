"""A spreadsheet that somebody sends, as rows of text: CSV or XLSX, small, without formulas.

A workbook is an archive of XML. What it says of its own sizes is not believed, no more is unpacked than a matrix needs,
and no document type is accepted (so no entities that grow). Only the first sheet is read.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import cast
from xml.parsers import expat

from nrm.domain.words import N_

LARGEST_FILE = 256 * 1024
LARGEST_PART = 2 * 1024 * 1024
MOST_PARTS = 100
MOST_ROWS, MOST_COLUMNS = 300, 60
LONGEST_CELL = 2000
FORMULA = "\x00formula"
"""What stands in the place of a cell that holds a formula: no text that is sent can be this."""

Grid = list[list[str]]
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_SEPARATORS = (";", "\t", ",")
# The line of codes shows what separates cells: a remark above it may hold anything.
_SEPARATED = re.compile(r'^"?code"?([;,\t])', re.IGNORECASE | re.MULTILINE)


class UnreadableFile(ValueError):
    """The file is none that can be read; the argument is a sentence that says what to do."""


def read(content: bytes) -> Grid:
    """Rows of cells, by what the content is and not by its name. Raises UnreadableFile."""
    if not content:
        raise UnreadableFile(N_("Choose a file: this one is empty"))
    if len(content) > LARGEST_FILE:
        raise UnreadableFile(N_("The file is larger than 256 KB. Copy the figures into the template and send that"))
    grid = _workbook(content) if content.startswith(b"PK") else _separated(content)
    if len(grid) > MOST_ROWS or any(len(row) > MOST_COLUMNS for row in grid):
        raise UnreadableFile(
            N_("The table is larger than the template. Copy the figures into the template and send that")
        )
    return grid


def place(row: int, column: int) -> str:
    """As spreadsheets name a cell, both counted from 0: (4, 2) is C5."""
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def _separated(content: bytes) -> Grid:
    text = _text(content)
    if "\x00" in text:
        raise UnreadableFile(N_("This is neither a CSV nor an XLSX file. Save the table as one of the two"))
    said = _SEPARATED.search(text)
    separator = said[1] if said else max(_SEPARATORS, key=text.count)
    rows: Grid = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            rows.append([_cell(value) for value in row[: MOST_COLUMNS + 1]])
            if len(rows) > MOST_ROWS:
                break
    except csv.Error:
        raise UnreadableFile(N_("The CSV is damaged: a quotation mark is opened and not closed")) from None
    return rows


def _text(content: bytes) -> str:
    """Codes and figures are ASCII, so a wrong guess harms no more than a label, which nobody reads."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _cell(value: str) -> str:
    text = value[:LONGEST_CELL].strip().removeprefix("'")
    # A formula to a spreadsheet; a figure with a sign is judged as a figure.
    return FORMULA if text[:1] in ("=", "@") else text


def _workbook(content: bytes) -> Grid:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if len(names) > MOST_PARTS:
                raise UnreadableFile(
                    N_("The workbook has too many parts. Copy the figures into the template and send that")
                )
            sheet = _first_sheet(archive, names)
            shared = _shared(_part(archive, "xl/sharedStrings.xml")) if "xl/sharedStrings.xml" in names else []
            return _sheet(_part(archive, sheet), shared)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        LookupError,  # a part that is not there, an encoding that nobody knows
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        if isinstance(error, UnreadableFile):
            raise
        raise _damaged() from None
    except expat.ExpatError:
        raise _damaged() from None


def _damaged() -> UnreadableFile:
    return UnreadableFile(N_("The workbook cannot be read. Save it as XLSX again, or send a CSV"))


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One part, unpacked as far as it may reach; what the archive says of its size is not believed."""
    with archive.open(name) as stream:
        found = stream.read(LARGEST_PART + 1)
    if len(found) > LARGEST_PART:
        raise UnreadableFile(N_("The workbook unpacks to too much. Copy the figures into the template and send that"))
    return found


def _first_sheet(archive: zipfile.ZipFile, names: Sequence[str]) -> str:
    """The part that holds the first sheet, by the workbook's own list."""
    ids: list[str] = []
    targets: dict[str, str] = {}

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "sheet":
            ids.extend(value for key, value in attributes.items() if _local(key) == "id")

    def target(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    _parse(_part(archive, "xl/workbook.xml"), start=sheet)
    _parse(_part(archive, "xl/_rels/workbook.xml.rels"), start=target)
    found = targets[ids[0]] if ids else ""
    part = found.lstrip("/") if found.startswith("/") else f"xl/{found}"
    if part not in names:
        raise KeyError(part)
    return part


def _shared(content: bytes) -> list[str]:
    """Texts that cells refer to by number; phonetic hints (`rPh`) are no part of a text."""
    found: list[str] = []
    inside: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        inside.append(_local(name))
        if inside[-1] == "si":
            found.append("")

    def end(_: str) -> None:
        inside.pop()

    def text(data: str) -> None:
        if inside[-1:] == ["t"] and "rPh" not in inside and found and len(found[-1]) < LONGEST_CELL:
            found[-1] += data

    _parse(content, start=start, end=end, text=text)
    return found


def _sheet(content: bytes, shared: Sequence[str]) -> Grid:
    cells: dict[tuple[int, int], str] = {}
    here: dict[str, object] = {"inside": [], "row": -1, "column": -1, "kind": "", "text": "", "formula": False}

    def start(name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        cast(list[str], here["inside"]).append(local)
        if local == "row":
            here["row"], here["column"] = cast(int, here["row"]) + 1, -1
        elif local == "c":
            found = _PLACE.fullmatch(attributes.get("r", ""))
            if found:
                here["row"], here["column"] = int(found[2]) - 1, _column(found[1])
            else:
                here["column"] = cast(int, here["column"]) + 1
            here.update(kind=attributes.get("t", "n"), text="", formula=False)
        elif local == "f":
            here["formula"] = True

    def end(name: str) -> None:
        cast(list[str], here["inside"]).pop()
        if _local(name) != "c":
            return
        row, column = cast(int, here["row"]), cast(int, here["column"])
        value = FORMULA if here["formula"] else _value(str(here["kind"]), str(here["text"]), shared)
        if not value:
            return  # an empty cell that only has a format
        if row >= MOST_ROWS or column >= MOST_COLUMNS or row < 0:
            raise UnreadableFile(
                N_("The table is larger than the template. Copy the figures into the template and send that")
            )
        cells[row, column] = value

    def text(data: str) -> None:
        inside = cast(list[str], here["inside"])
        if inside[-1:] in (["v"], ["t"]) and "c" in inside and "rPh" not in inside:
            here["text"] = (str(here["text"]) + data)[:LONGEST_CELL]

    _parse(content, start=start, end=end, text=text)
    rows = max((row for row, _ in cells), default=-1) + 1
    columns = max((column for _, column in cells), default=-1) + 1
    return [[cells.get((row, column), "") for column in range(columns)] for row in range(rows)]


def _value(kind: str, text: str, shared: Sequence[str]) -> str:
    if kind == "s":
        number = int(text)
        return _cell(shared[number]) if 0 <= number < len(shared) else ""
    if kind == "n" and re.fullmatch(r"[0-9]{1,9}\.0+", text):
        return text.partition(".")[0]  # spreadsheets keep whole numbers as 12.0, too
    return _cell(text)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _parse(
    content: bytes,
    *,
    start: Callable[[str, dict[str, str]], None] | None = None,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Walk through XML. A document type is refused: it is the only way to name entities."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise _damaged()

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.Parse(content, True)
