"""Disclosure control as a tool of its own: any microdata, any tables, no database (ADR 0042)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nrm import parsing
from nrm.cli.csv_files import read_csv, text_of
from nrm.cli.progress import Progress
from nrm.cli.refusals import Refused
from nrm.cli.said import comparing
from nrm.cli.telling import answer, json_option, remark, wants_json
from nrm.statistics.description import parse
from nrm.statistics.release import make
from nrm.statistics.tables import BASE, TOTAL, UNCLASSIFIED, MalformedMicrodata, MalformedTableSet, TableSet
from nrm.statistics.verdicts import Draft

PERSON = "person"
STICKY = "sticky.json"  # written by former versions: marks of who was counted in which figure
REFUSED_CODE = 3
TABLES, SUMS = "tables.csv", "sums.csv"
HELD = "held a release, which is replaced; if somebody has seen it, publish no second one of the same people"
MOST_PEOPLE = 1_000_000
SAMPLE = 2000  # of more groups, and of more records, the attack asks about so many
STATUS, A_FIGURE, CANNOT_BE = "obs_status", "A", "M"  # SDMX: a published figure; a structural zero (ADR 0080)


@click.command()
@click.argument("microdata", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--spec", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="TABLES.toml")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option("--seed", help="The same seed and input give the same bytes; without it the noise is secret.")
@click.option(
    "--history",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of earlier --out folders, in name order.",
)
@click.option(
    "--compare",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An earlier --out folder: print what changed since. Without MICRODATA, compare with what is in --out.",
)
@json_option("out", "published", "compared")
def protect(
    microdata: Path | None, spec: Path, out: Path, seed: str | None, history: Path | None, compare: Path | None
) -> None:
    """Publish tables of MICRODATA that nobody can be found in, or refuse (exit 3).

    MICRODATA is a CSV with commas, one line a person. A column `person`, if there is one, names them: lines of the same
    person are counted once.
    """
    if microdata is None and compare is None:
        raise click.MissingParameter(param_type="argument", param_hint="MICRODATA", ctx=click.get_current_context())
    if compare is not None and compare.resolve() == out.resolve():
        raise Refused(f"{compare}: is the folder of --out; name an earlier one")
    for folder in [] if compare is None else [compare] if microdata is not None else [compare, out]:
        if not (folder / TABLES).is_file():
            raise Refused(f"{folder}: there is no {TABLES}")
    if history is not None and (history / TABLES).is_file():
        raise Refused(f"{history}: is one release; --history names the folder in which the earlier ones are")
    if microdata is not None and seed is None and (out / TABLES).is_file():
        click.echo(f"{out}: {HELD}", err=True)
    table_set = _read_spec(spec)
    published = _publish(microdata, table_set, out, seed, history) if microdata is not None else None
    lines, compared = (
        _compare(compare, out, table_set) if compare is not None and published is not False else ([], None)
    )
    if wants_json():
        answer([], out=str(out), published=published, compared=compared)
    else:
        for line in lines:
            click.echo(line)
    if published is False:
        raise Refused("refused: no tables could be made that survive the attack; see verdict.json", REFUSED_CODE)


def _publish(microdata: Path, table_set: TableSet, out: Path, seed: str | None, history: Path | None) -> bool:
    """Write the tables, if any survive the attack; returns whether they did."""
    rows, lines = _read_rows(microdata, table_set)
    classification = "observed" if any(d.observed for d in table_set.dimensions.values()) else "declared"
    releases = _earlier(history, out)
    table_set = table_set.with_observed(_classifying(table_set, rows, releases))
    secret = hashlib.sha256(b"nrm protect " + seed.encode()).digest() if seed is not None else secrets.token_bytes(32)
    earlier = [_read_release(release, table_set) for release in releases]
    try:
        with Progress() as progress:
            made = make(
                table_set,
                rows,
                seed=secret,
                history=earlier,
                sample=SAMPLE,
                progress=progress.phase,
                open_questions=progress.remaining,
            )
    except MalformedMicrodata as error:
        column = error.dimension.removeprefix(TOTAL)
        if column in table_set.dimensions and column == error.dimension:
            column = table_set.dimensions[column].column
        hint = "; name it under `codes`" if releases and error.problem.endswith(UNCLASSIFIED) else ""
        raise Refused(f"{microdata}:{lines[error.row]}: column {column!r}: {error.problem}{hint}") from None
    verdict = {**made.verdict.operator(), "classification": classification}
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write(out / "verdict.json", json.dumps(verdict, ensure_ascii=False, indent=2) + "\n", 0o600)
        if isinstance(made, Draft):
            if made.sums:
                _write(out / SUMS, _sums_csv(table_set, made.sums), 0o644)
            else:
                (out / SUMS).unlink(missing_ok=True)
            _write(out / TABLES, _tables_csv(table_set, made.tables), 0o644)
        else:
            (out / TABLES).unlink(missing_ok=True)
            (out / SUMS).unlink(missing_ok=True)
        (out / STICKY).unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{out}: {error.strerror}") from None
    return isinstance(made, Draft)


def _read_spec(path: Path) -> TableSet:
    try:
        data = parsing.toml(text_of(path))
        for name, entry in data.get("dimension", {}).items() if isinstance(data.get("dimension"), dict) else ():
            if isinstance(entry, dict) and isinstance(entry.get("hierarchy"), str):
                entry["hierarchy"] = _read_hierarchy(path.parent / entry["hierarchy"], f"{path}: dimension.{name}")
        table_set = parse(data)
    except (MalformedTableSet, parsing.Damaged, parsing.BeyondLimits) as error:
        raise Refused(f"{path}: {error}") from None
    if STATUS in table_set.dimensions:
        raise Refused(f"{path}: dimension.{STATUS}: tables.csv has a column of this name; choose another")
    return table_set


def _read_hierarchy(path: Path, place: str) -> dict[str, list[str]]:
    """The groups of a CSV of `code,group`, or of a file of tau-ARGUS (`.hrc`): a group before its codes with `@`."""
    if not path.is_file():
        raise Refused(f"{place}.hierarchy: there is no file {path}")
    groups: dict[str, list[str]] = {}
    if path.suffix != ".hrc":
        header, rows = read_csv(path)
        for column in ("code", "group"):
            if column not in header:
                raise Refused(f"{path}:1: there is no column {column!r}")
        for _, fields in rows:
            if fields["group"]:
                groups.setdefault(fields["group"], []).append(fields["code"])
        return groups
    above = None
    for number, line in enumerate(text_of(path).splitlines(), 1):
        name = line.strip().lstrip("@").strip()
        depth = len(line.strip()) - len(line.strip().lstrip("@"))
        if not name:
            continue
        if depth > 1:
            raise Refused(f"{path}:{number}: {name!r} is in a group of a group; groups of codes alone can be printed")
        if depth and above is None:
            raise Refused(f"{path}:{number}: {name!r} has no group before it")
        if depth:
            groups.setdefault(str(above), []).append(name)
        else:
            above = name
    return groups


def _read_rows(path: Path, table_set: TableSet) -> tuple[list[dict[str, str]], list[int]]:
    """Records by dimension, each with a `person` and its amounts, and their lines.

    Without a column `person`, or if it is a dimension, each line is a person of its own: two equal lines are two
    people. A line with a weight stands for as many people, who are alike.
    """
    header, read = read_csv(path)
    columns = {name: table_set.dimensions[name].column for name in table_set.roots}
    amounts = {table.key: table.column for table in table_set.sums}
    weight = table_set.stands_for
    for column in (*columns.values(), *amounts.values(), *([weight] if weight else [])):
        if column not in header:
            hint = "; separate columns with commas" if len(header) == 1 and {*";\t"} & {*header[0]} else ""
            raise Refused(f"{path}:1: there is no column {column!r}{hint}")
    for column in header if PERSON not in header else []:
        if column.strip().casefold() == PERSON and column not in {*columns.values(), *amounts.values(), weight}:
            raise Refused(f"{path}:1: column {column!r}: is not read; {PERSON!r}, written so, names people")
    names = PERSON in header and PERSON not in columns.values()
    met: Counter[tuple[str, ...]] = Counter()
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    for line, fields in read:
        row = {name: fields[column] for name, column in columns.items()}
        for name, column in columns.items():
            if row[name] in ("", TOTAL):
                raise Refused(f"{path}:{line}: column {column!r}: {row[name]!r} is not a code")
        same = tuple(fields.values())
        met[same] += 1
        named = fields[PERSON] if names else ""
        if names and not named.strip():
            raise Refused(f"{path}:{line}: column {PERSON!r}: {named!r} names nobody")
        row[PERSON] = named or repr((same, met[same]))
        row |= {key: fields[column] for key, column in amounts.items()}
        people = 1
        if weight:
            written = fields[weight]
            if not (written.isascii() and written.isdigit() and len(written) <= len(str(MOST_PEOPLE))):
                raise Refused(f"{path}:{line}: column {weight!r}: {written!r} is not a whole number of people")
            people = int(written)
            if len(rows) + people > MOST_PEOPLE:
                raise Refused(f"{path}:{line}: column {weight!r}: there are more than {MOST_PEOPLE} people")
        rows += [row | {PERSON: f"{row[PERSON]} {number}"} for number in range(people)] if weight else [row]
        lines += [line] * people
    return rows, lines


def _tables_csv(table_set: TableSet, tables: Sequence[Mapping[str, Any]]) -> str:
    return _csv(table_set, [], (([], table) for table in tables))


def _sums_csv(table_set: TableSet, sums: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    return _csv(table_set, ["sum"], (([column], table) for column, tables in sums.items() for table in tables))


def _csv(table_set: TableSet, first: list[str], tables: Iterable[tuple[list[str], Mapping[str, Any]]]) -> str:
    """Where a rule says that some cells cannot be, a last column says which; their value stays 0, so that sums hold."""
    names = list(table_set.dimensions)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*first, "table", *names, "value", *([STATUS] if table_set.impossible else [])])
    for before, table in tables:
        for row in table["rows"]:
            status = []
            if table_set.impossible:
                fixed = [(table_set.dimensions[name].root, row[name]) for name in table["dimensions"]]
                cell = tuple(sorted(each for each in fixed if each[1] != TOTAL))
                status = [CANNOT_BE if table_set.is_impossible(cell) else A_FIGURE]
            writer.writerow([*before, table["name"], *(row.get(name, "") for name in names), row["value"], *status])
    return text.getvalue()


def _compare(before: Path, after: Path, table_set: TableSet) -> comparing.Compared:
    """What changed between two releases, and what may be concluded from it."""
    folders = [before, after]
    table_set = table_set.with_observed(_classifying(table_set, [], folders, quietly=True))
    then, now = (
        {cell: BASE * figure for cell, figure in _read_figures(folder / TABLES, table_set)} for folder in folders
    )
    lines, values = comparing.counts(then, now)
    old, new = (_read_sums(each / SUMS, table_set) if (each / SUMS).is_file() else {} for each in folders)
    values["sums"] = {}
    for column, most in {table.column: table.most for table in table_set.sums}.items():
        before_it, after_it = (dict(each[column]) if column in each else None for each in (old, new))
        more, values["sums"][column] = comparing.sums(column, before_it, after_it, most)
        lines += more
    return [*lines, comparing.READ_SO], values


def _earlier(folder: Path | None, out: Path) -> list[Path]:
    """The folders of earlier releases in name order."""
    inside = sorted(folder.iterdir()) if folder is not None else []
    releases = [each for each in inside if (each / TABLES).is_file() and each.resolve() != out.resolve()]
    if folder is not None and not releases:
        remark(f"{folder}: there is no earlier release; this one is tried as the first")
    return releases


def _classifying(
    table_set: TableSet, rows: Sequence[Mapping[str, str]], releases: Sequence[Path], *, quietly: bool = False
) -> list[Mapping[str, str]]:
    """Add the codes of dimensions that list none: those of the earlier releases, else those of the file.

    A code that appears and disappears with a single person would reveal that person.
    """
    observed = [name for name, each in table_set.dimensions.items() if each.observed and not each.codes]
    printed = [line for release in releases for _, line in read_csv(release / TABLES)[1]] if observed else []
    found: list[Mapping[str, str]] = []
    for name in observed:
        before = [{name: line[name]} for line in printed if line.get(name) not in (None, "", TOTAL)]
        if not before and not quietly:
            column = table_set.dimensions[name].column
            click.echo(f"column {column!r}: each code in the tables tells that somebody has it; name `codes`", err=True)
        found += before or [{name: row[name]} for row in rows if name in row]
    return found


def _read_release(release: Path, table_set: TableSet) -> dict[str, Any]:
    """The kept value of an earlier release: what it printed. What a former version left beside that is not read."""
    if (release / STICKY).is_file():
        click.echo(f"{release / STICKY}: not read; it tells as much as the microdata: delete it", err=True)
    kept = {"format": 1, "base": BASE, "figures": _read_figures(release / TABLES, table_set)}
    path = release / SUMS
    return kept | ({"sums": _read_sums(path, table_set)} if table_set.sums and path.is_file() else {})


def _read_sums(path: Path, table_set: TableSet) -> dict[str, list[Any]]:
    """The sums of an earlier release by column, in units of what one person can have at most five times.

    A column that was added up by another `most` then has other units, and says nothing of what is expected now.
    """
    header, read = read_csv(path)
    for name in ("sum", "table", "value"):
        if name not in header:
            raise Refused(f"{path}:1: there is no column {name!r}")
    units = {table.column: BASE * table.most for table in table_set.sums}
    found: dict[str, dict[tuple[tuple[str, str], ...], int]] = {}
    for line, fields in read:
        if fields["sum"] not in units:
            continue
        if not fields["value"].isascii() or not fields["value"].isdigit():
            raise Refused(f"{path}:{line}: column 'value': {fields['value']!r} is not a number")
        fixed = [
            (table_set.dimensions[name].root, fields[name])
            for name in header
            if name in table_set.dimensions and fields[name] not in ("", TOTAL)
        ]
        found.setdefault(fields["sum"], {})[tuple(sorted(fixed))] = int(fields["value"])
    alike = {name: of for name, of in found.items() if not any(value % units[name] for value in of.values())}
    for name in found.keys() - alike:
        click.echo(f"{path}: sums of {name!r} are no multiples of {units[name]}: read without them", err=True)
    return {name: [[cell, value // units[name]] for cell, value in of.items()] for name, of in alike.items()}


def _read_figures(path: Path, table_set: TableSet) -> list[Any]:
    header, read = read_csv(path)
    names = [name for name in header if name not in ("table", "value", STATUS)]
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
