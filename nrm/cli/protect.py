"""Disclosure control as a tool of its own: any microdata, any tables, no database (ADR 0042)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nrm import parsing
from nrm.cli.usage import Refused
from nrm.statistics.description import parse
from nrm.statistics.release import Draft, make
from nrm.statistics.tables import BASE, TOTAL, UNCLASSIFIED, MalformedMicrodata, MalformedTableSet, TableSet

PERSON = "person"
STICKY = "sticky.json"  # written by former versions: marks of who was counted in which figure
REFUSED_CODE = 3
LARGEST_FILE, MOST_COLUMNS = 256 * 1024 * 1024, 1000
_FIELD = re.compile(r'(?:"(?:[^"]|"")*"|(?!")[^,\r\n]*),')  # with the comma that ends it


@click.command()
@click.argument("microdata", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--spec", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="TABLES.toml")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option("--seed", help="The same seed and input give the same bytes; without it the noise is secret.")
@click.option(
    "--history",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of earlier --out folders, in name order.",
)
def protect(microdata: Path, spec: Path, out: Path, seed: str | None, history: Path | None) -> None:
    """Publish tables of MICRODATA that nobody can be found in, or refuse (exit 3).

    MICRODATA is a CSV with commas, one line a person. A column `person`, if there is one, names them: lines of the same
    person are counted once.
    """
    table_set = _read_spec(spec)
    rows, lines = _read_rows(microdata, table_set)
    classification = "observed" if any(d.observed for d in table_set.dimensions.values()) else "declared"
    releases = _earlier(history, out)
    table_set = table_set.with_observed(_classifying(table_set, rows, releases))
    secret = hashlib.sha256(b"nrm protect " + seed.encode()).digest() if seed is not None else secrets.token_bytes(32)
    earlier = [_read_release(release, table_set) for release in releases]
    try:
        made = make(
            table_set,
            rows,
            seed=secret,
            history=earlier,
            progress=lambda what: click.echo(what, err=True),
        )
    except MalformedMicrodata as error:
        column = PERSON if error.dimension == PERSON else table_set.dimensions[error.dimension].column
        hint = "; name it under `codes`" if releases and error.problem.endswith(UNCLASSIFIED) else ""
        raise Refused(f"{microdata}:{lines[error.row]}: column {column!r}: {error.problem}{hint}") from None
    verdict = {**made.verdict.operator(), "classification": classification}
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write(out / "verdict.json", json.dumps(verdict, ensure_ascii=False, indent=2) + "\n", 0o600)
        if isinstance(made, Draft):
            _write(out / "tables.csv", _tables_csv(table_set, made.tables), 0o644)
        else:
            (out / "tables.csv").unlink(missing_ok=True)
        (out / STICKY).unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{out}: {error.strerror}") from None
    if not isinstance(made, Draft):
        raise Refused("refused: no tables could be made that survive the attack; see verdict.json", REFUSED_CODE)


def _read_spec(path: Path) -> TableSet:
    try:
        return parse(parsing.toml(_text(path)))
    except (MalformedTableSet, parsing.Damaged, parsing.BeyondLimits) as error:
        raise Refused(f"{path}: {error}") from None


def _text(path: Path) -> str:
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


def _read_csv(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The header, and each row with the line it ends on. Raises Refused with file, line and column."""
    lines = list(io.StringIO(_text(path), newline=""))
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


def _read_rows(path: Path, table_set: TableSet) -> tuple[list[dict[str, str]], list[int]]:
    """Records by dimension, each with a `person`, and their lines.

    Without a column `person`, or if it is a dimension, each line is a person of its own: two equal lines are two
    people.
    """
    header, read = _read_csv(path)
    columns = {name: table_set.dimensions[name].column for name in table_set.roots}
    for column in columns.values():
        if column not in header:
            hint = "; separate columns with commas" if len(header) == 1 and {*";\t"} & {*header[0]} else ""
            raise Refused(f"{path}:1: there is no column {column!r}{hint}")
    met: Counter[tuple[str, ...]] = Counter()
    rows, lines = [], []
    for line, fields in read:
        row = {name: fields[column] for name, column in columns.items()}
        for name, column in columns.items():
            if row[name] in ("", TOTAL):
                raise Refused(f"{path}:{line}: column {column!r}: {row[name]!r} is not a code")
        same = tuple(fields.values())
        met[same] += 1
        named = "" if PERSON in columns.values() else fields.get(PERSON)
        row[PERSON] = named or repr((same, met[same]))
        rows.append(row)
        lines.append(line)
    return rows, lines


def _tables_csv(table_set: TableSet, tables: Sequence[Mapping[str, Any]]) -> str:
    names = list(table_set.dimensions)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", *names, "value"])
    for table in tables:
        for row in table["rows"]:
            writer.writerow([table["name"], *(row.get(name, "") for name in names), row["value"]])
    return text.getvalue()


def _earlier(folder: Path | None, out: Path) -> list[Path]:
    """The folders of earlier releases in name order."""
    releases = sorted(folder.iterdir()) if folder is not None else []
    return [each for each in releases if (each / "tables.csv").is_file() and each.resolve() != out.resolve()]


def _classifying(
    table_set: TableSet, rows: Sequence[Mapping[str, str]], releases: Sequence[Path]
) -> list[Mapping[str, str]]:
    """Add the codes of dimensions that list none: those of the earlier releases, else those of the file.

    A code that appears and disappears with a single person would reveal that person.
    """
    observed = [name for name, each in table_set.dimensions.items() if each.observed and not each.codes]
    printed = [line for release in releases for _, line in _read_csv(release / "tables.csv")[1]] if observed else []
    found: list[Mapping[str, str]] = []
    for name in observed:
        before = [{name: line[name]} for line in printed if line.get(name) not in (None, "", TOTAL)]
        if not before:
            column = table_set.dimensions[name].column
            click.echo(f"column {column!r}: each code in the tables tells that somebody has it; name `codes`", err=True)
        found += before or [{name: row[name]} for row in rows if name in row]
    return found


def _read_release(release: Path, table_set: TableSet) -> dict[str, Any]:
    """The kept value of an earlier release: what it printed. What a former version left beside that is not read."""
    if (release / STICKY).is_file():
        click.echo(f"{release / STICKY}: not read; it tells as much as the microdata: delete it", err=True)
    return {"format": 1, "base": BASE, "figures": _read_figures(release / "tables.csv", table_set)}


def _read_figures(path: Path, table_set: TableSet) -> list[Any]:
    header, read = _read_csv(path)
    names = [name for name in header if name not in ("table", "value")]
    for name in ("table", "value"):
        if name not in header:
            raise Refused(f"{path}:1: there is no column {name!r}")
    for name in names:
        if name not in table_set.dimensions:
            raise Refused(f"{path}:1: column {name!r}: not a dimension of the tables")
    figures: dict[tuple[tuple[str, str], ...], int] = {}
    for line, fields in read:
        fixed = []
        for name in names:
            root = table_set.dimensions[table_set.dimensions[name].root]
            if fields[name] in ("", TOTAL):
                continue
            if fields[name] not in root.codes and fields[name] not in root.groups:
                raise Refused(f"{path}:{line}: column {name!r}: {fields[name]!r} is not in the classification")
            fixed.append((root.name, fields[name]))
        if not fields["value"].isascii() or not fields["value"].isdigit() or int(fields["value"]) % BASE:
            raise Refused(f"{path}:{line}: column 'value': {fields['value']!r} is not a multiple of {BASE}")
        figure = int(fields["value"]) // BASE
        if figures.setdefault(tuple(sorted(fixed)), figure) != figure:
            raise Refused(f"{path}:{line}: column 'value': the same figure is printed with another value before")
    if () not in figures:
        raise Refused(f"{path}: there is no total")
    for cell, figure in figures.items():
        for name in set(table_set.roots) - {root for root, _ in cell}:
            parts = [figures.get(tuple(sorted((*cell, (name, code))))) for code in table_set.dimensions[name].codes]
            known = [part for part in parts if part is not None]
            if len(known) == len(parts) and sum(known) != figure:
                raise Refused(f"{path}: the figures of {name!r} do not add up")
    return [[cell, figure] for cell, figure in figures.items()]


def _write(path: Path, text: str, mode: int) -> None:
    """Write the whole file or nothing; it is never readable by others, not even for a moment."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
