"""The program that reads files of other people, in a process of its own: one file in, one answer out.

Started by `nrm.parsing` as a plain file, so that it imports neither the application nor its keys, with the limits in
its first argument (JSON) and the file on standard input. It limits its own memory and time before it reads the first
byte, and writes no file. The answer is one letter and what belongs to it: `K` JSON, `L` the limit that was reached
(`memory`, `depth`, `size`), `D` why the file is damaged, as a code or as the reader's own sentence.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import resource
import sys
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any

FORMULA = "\x00formula"
_READ_AT_ONCE = 64 * 1024
_LONGEST_SENTENCE = 300
_SEPARATORS = (";", "\t", ",")
_GUARDED = ("=", "+", "-", "@", "\t", "\r")
SPREAD = ("mergeCell", "hyperlink")  # elements by which one line becomes a cell for each place of a range

Limits = dict[str, Any]


class Limit(Exception):
    """The file goes beyond a limit; the text is which."""


class Damaged(Exception):
    """The file is none that can be read; the text is a code, or the reader's sentence."""


def check_shape(value: Any, limits: Limits) -> None:
    """Raise Limit for a value that is nested too deeply or has too many parts. Does not recurse."""
    parts, level = 0, [value]
    for _ in range(limits["depth"]):
        deeper: list[Any] = []
        for each in level:
            if isinstance(each, (dict, list)):
                parts += len(each)
                deeper.extend(each.values() if isinstance(each, dict) else each)
        if parts > limits["parts"]:
            raise Limit("size")
        if not deeper:
            return
        level = deeper
    raise Limit("depth")


def packed(value: Any) -> Any:
    """TOML as JSON: dates and times as `{"kind": ..., "text": ...}`, tables as `{"table": ...}`."""
    if isinstance(value, dict):
        return {"table": {key: packed(each) for key, each in value.items()}}
    if isinstance(value, list):
        return [packed(each) for each in value]
    for kind in (datetime, date, time):
        if isinstance(value, kind):
            return {"kind": kind.__name__, "text": value.isoformat()}
    return value


def toml(content: bytes, limits: Limits) -> Any:
    """A TOML document."""
    try:
        value = tomllib.loads(content.decode("utf-8-sig"))
    except ValueError as error:  # also a number of more digits than Python reads
        raise Damaged(str(error)) from None
    check_shape(value, limits)
    return packed(value)


def check_json(content: bytes, limits: Limits) -> None:
    """Raise Limit for a JSON document beyond the limits, and Damaged for what is not JSON."""
    try:
        value = json.loads(content)
    except ValueError:
        raise Damaged("json") from None
    check_shape(value, limits)


def grid(content: bytes, limits: Limits) -> list[list[str]]:
    """The first sheet of a workbook, or a CSV: rows of cells."""
    rows = workbook(content, limits) if content.startswith(b"PK") else separated(content, limits)
    if len(rows) > limits["rows"] or any(len(row) > limits["columns"] for row in rows):
        raise Damaged("larger")
    return rows


def separated(content: bytes, limits: Limits) -> list[list[str]]:
    """A CSV, whatever separates its cells."""
    text = decoded(content)
    if "\x00" in text:
        raise Damaged("neither")
    # The line of codes, which begins so, shows what separates cells: a remark above it may hold anything.
    said = re.search(rf'^"?{re.escape(limits["head"])}"?([;,\t])', text, re.IGNORECASE | re.MULTILINE)
    separator = said[1] if said else max(_SEPARATORS, key=text.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            rows.append([cell(value, limits) for value in row[: limits["columns"] + 1]])
            if len(rows) > limits["rows"]:
                break
    except csv.Error:
        raise Damaged("csv") from None
    return rows


def decoded(content: bytes) -> str:
    """Codes and figures are ASCII, so a wrong guess harms no more than a label, which nobody reads."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def cell(value: str, limits: Limits) -> str:
    """What a cell says. A formula to a spreadsheet is none; a figure with a sign is judged as a figure.

    In a table of texts an apostrophe before what would be a formula says that it is a text.
    """
    text = value[: limits["cell"]].strip()
    if limits.get("texts"):
        return text[1:] if text[:1] == "'" and text[1:2] in _GUARDED else FORMULA if text[:1] == "=" else text
    text = text.removeprefix("'")
    return FORMULA if text[:1] in ("=", "@") else text


def workbook(content: bytes, limits: Limits) -> list[list[str]]:
    """The first sheet, read by openpyxl with defusedxml, after every part was measured."""
    measure(content, limits)
    os.environ["OPENPYXL_LXML"] = "False"  # else defusedxml is passed over
    sys.modules.update({"numpy": None})  # type: ignore[dict-item]  # openpyxl would take it along for nothing
    import warnings

    import openpyxl

    warnings.simplefilter("ignore")
    try:
        sheet = openpyxl.load_workbook(io.BytesIO(content), keep_links=False).worksheets[0]
        found = {place: shown(each, limits) for place, each in sheet._cells.items()}
    except (MemoryError, RecursionError, Limit):
        raise
    except Exception:  # noqa: BLE001 - of a damaged workbook the reader raises whatever it meets
        raise Damaged("workbook") from None
    found = {place: text for place, text in found.items() if text}  # others only have a format
    rows, columns = max((row for row, _ in found), default=0), max((column for _, column in found), default=0)
    if rows > limits["rows"] or columns > limits["columns"]:
        raise Damaged("larger")
    return [[found.get((row, column), "") for column in range(1, columns + 1)] for row in range(1, rows + 1)]


def shown(each: Any, limits: Limits) -> str:
    """What a cell of openpyxl says; whole numbers as they are read, also where a spreadsheet kept 12.0."""
    value = each.value
    if each.data_type == "f":
        return FORMULA
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value) if abs(value) < 1e15 else value
    return cell(str(value), limits)


def measure(content: bytes, limits: Limits) -> None:
    """Unpack every part up to the limits and go through its elements; sizes that the archive states are not trusted."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > limits["entries"]:
                raise Damaged("entries")
            left = limits["unpacked"]
            for part in parts:
                with archive.open(part) as stream:
                    found = b"".join(chunks(stream, min(left, limits["part"])))
                left -= len(found)
                if part.filename.endswith((".xml", ".rels")):
                    walk(found, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, LookupError, NotImplementedError, OSError, ValueError):
        raise Damaged("workbook") from None
    except RuntimeError as error:
        if isinstance(error, RecursionError):
            raise
        raise Damaged("workbook") from None  # a part under a password


def chunks(stream: Any, most: int) -> Iterator[bytes]:
    """The stream in pieces; Damaged once it goes beyond so many bytes."""
    while found := stream.read(_READ_AT_ONCE):
        most -= len(found)
        if most < 0:
            raise Damaged("unpacked")
        yield found


def walk(content: bytes, limits: Limits) -> None:
    """Refuse XML that is nested too deeply, or names a document type: the only way to name entities."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    depth = 0
    try:
        for event, element in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            if depth > limits["depth"]:
                raise Limit("depth")
            if element.tag.rpartition("}")[2] in SPREAD and area(element.get("ref", "")) > limits["spread"]:
                raise Damaged("larger")
            if event == "end":
                element.clear()
    except (ParseError, DefusedXmlException):
        raise Damaged("workbook") from None


def area(ref: str) -> int:
    """How many cells a range such as `A1:XFD1048576` has; 1 for what is none."""
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})", ref)
    if found is None:
        return 1
    left, right = (int(sum(26**at * (ord(each) - 64) for at, each in enumerate(found[n][::-1]))) for n in (1, 3))
    columns, rows = abs(right - left) + 1, abs(int(found[4]) - int(found[2])) + 1
    return columns * rows


READ: dict[str, Callable[[bytes, Limits], Any]] = {"grid": grid, "toml": toml, "json": check_json}


def restrict(limits: Limits) -> None:
    """From here on: so much memory and time, no file, no other process, no image of this memory on a disk."""
    for what, most in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["seconds"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main() -> None:
    """Answer for the one file that comes in."""
    limits = json.loads(sys.argv[1])
    restrict(limits)
    try:
        content = sys.stdin.buffer.read(limits["bytes"] + 1)
        if len(content) > limits["bytes"]:
            raise Limit("size")
        answer = "K" + json.dumps(READ[limits["kind"]](content, limits))
    except Limit as error:
        answer = f"L{error}"
    except MemoryError:
        answer = "Lmemory"
    except RecursionError:
        answer = "Ldepth"
    except Damaged as error:
        answer = f"D{str(error)[:_LONGEST_SENTENCE]}"
    except ValueError:
        answer = "Lsize"  # a number of more digits than can be written
    sys.stdout.buffer.write(answer.encode("utf-8", "replace"))


if __name__ == "__main__":
    os.nice(5)  # pages go before files
    main()
