"""Bringing the residents of the first day from a file, and an example of such a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from nrm import countries
from nrm.actions.shelter import direct_intake as actions
from nrm.cli.places.files import write_template
from nrm.cli.progress import Counting
from nrm.cli.refusals import Refused
from nrm.cli.telling import answer, json_option, remark
from nrm.cli.usage import application, instance_option, login_option, signed_in
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.resident_lines import (
    COLUMNS,
    EXAMPLE,
    MOST_LINES,
    REMARK,
    UnreadableResident,
    check_head,
    codes,
    notes,
    read,
    refused,
    said,
)
from nrm.domain.shelter.stays import ImpossibleStay
from nrm.store import days
from nrm.store.countries import country

LARGEST = 4 * 1024 * 1024


@click.group()
def stays() -> None:
    """Residents taken in from a file."""


@stays.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="The file to write, never over what somebody typed; without it, what is made is printed.",
)
def template(output: Path | None) -> None:
    """Make a CSV with one invented resident, and a row that says what each column may hold."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerow(notes(codes(_lists())))
    writer.writerow(EXAMPLE)
    content = text.getvalue().encode()
    if output is None:
        click.echo(content, nl=False)
        return
    write_template(output, content)


def _lists() -> Mapping[str, Mapping[str, object]]:
    try:
        return countries.load(countries.DEFAULT).lists
    except countries.CountryError as error:
        raise Refused(str(error)) from None


@stays.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@json_option("line", "taken", "findings", lines=True)
@instance_option
@login_option
def import_(file: Path, directory: Path, login: str) -> int:
    """Take in the residents of the first day: of each a line with the code of the case, or a line for each thing to
    put right.

    FILE is a CSV in UTF-8 like the template, a line a person. Who can be taken in is, whatever is wrong with the rest;
    the same again changes nothing and prints the same codes. What is to be put right reads `FILE:LINE: COLUMN: what to
    do`, in the instance's language.
    """
    app = application(directory)
    language = str(app.extensions["nrm.language"])
    failed = done = 0
    with signed_in(app, login) as by:
        if not by.may(Permission.STAY_MANAGE) or by.kind is None or not by.kind.takes_people_in:
            raise Refused("--as: this account admits nobody to a shelter")
        with Counting("lines read", beside_output=True) as counting:
            for number, cells in _lines(file):
                taken, findings = None, []
                try:
                    taken = _take_in(cells, by)
                except UnreadableResident as error:
                    findings = [{"column": name, "what": texts[language]} for name, texts in error.findings.items()]
                lines = [f"{file.name}:{number}: {each['column']}: {each['what']}" for each in findings]
                answer([taken] if taken is not None else lines, line=number, taken=taken, findings=findings)
                done, failed = done + (taken is not None), failed + (taken is None)
                counting.step()
    remark(f"{done} taken in, {failed} not")
    return 1 if failed else 0


def _lines(file: Path) -> Iterator[tuple[int, Mapping[str, str] | UnreadableResident]]:
    """(number, cells by column or why they cannot be read) of each line that is neither blank nor a remark."""
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror or 'cannot be read'}") from None
    if len(content) > LARGEST:
        raise Refused(f"{file}: is larger than {LARGEST // 1024 // 1024} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # a guess would make other letters of names
        yield 1, UnreadableResident({"line": said("utf8")})
        return
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    names: list[str] | None = None
    try:
        for row in rows:
            if not any(cell.strip() for cell in row) or row[0].startswith(REMARK):
                continue
            if names is None:
                names = [name.strip() for name in row]
                try:
                    check_head(names)
                except UnreadableResident as error:
                    yield rows.line_num, error
                    return
            elif len(row) > len(names):
                yield rows.line_num, UnreadableResident({"line": said("csv")})
            elif rows.line_num > MOST_LINES:
                yield rows.line_num, UnreadableResident({"line": said("lines", most=MOST_LINES)})
                return
            else:
                yield rows.line_num, dict(zip(names, row, strict=False))
    except csv.Error:
        yield rows.line_num, UnreadableResident({"line": said("csv")})
    if names is None:
        yield 1, UnreadableResident({"line": said("head", columns=", ".join(COLUMNS))})


def _delimiter(text: str) -> str:
    """What stands between the names of columns: a comma, or the semicolon of spreadsheets where a comma is decimal."""
    head = next((line for line in text.splitlines() if line.strip() and not line.startswith(REMARK)), "")
    return ";" if ";" in head and "," not in head else ","


def _take_in(cells: Mapping[str, str] | UnreadableResident, by: Actor) -> str:
    """The code of the case; raises UnreadableResident."""
    if isinstance(cells, UnreadableResident):
        raise cells
    try:
        resident = read(cells, codes=codes(country().lists), home=country().iso, today=days.today())
        return actions.take_in(resident=resident, line=cells, by=by)
    except ImpossibleStay as error:
        raise refused(error.reason) from None
    except NotVisible:
        raise refused(None) from None
