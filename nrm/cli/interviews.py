"""Importing interviews from a file (JSON lines, CSV, XLSX), and an example of such a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from nrm import countries, parsing
from nrm.actions.interviews import interview_imports
from nrm.actions.interviews import interviews as actions
from nrm.cli.places.files import write_template
from nrm.cli.progress import Counting
from nrm.cli.refusals import Refused
from nrm.cli.telling import answer, json_option, remark, tell
from nrm.cli.usage import application, instance_option, login_option, signed_in
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews import answer_warnings
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.import_lines import (
    LONGEST_LINE,
    MESSAGES,
    UnreadableLine,
    read_json,
    read_rows,
    said,
    template_rows,
)
from nrm.domain.interviews.interview_findings import UnacceptableInterview
from nrm.domain.interviews.interviews import Texts
from nrm.domain.languages import SOURCE, text_for
from nrm.domain.reports.grids import UnreadableFile
from nrm.render import sheets

EXAMPLE_TIME = "2026-01-01T10:30"
MOST_UNREADABLE = 1000  # lines of a file; who reads more of them was given another file
Line = dict[str, Any] | UnreadableLine


@click.group()
def interviews() -> None:
    """Interviews taken in from a file."""


@interviews.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "xlsx"]),
    default="jsonl",
    help="One JSON object a line, or a table with a row for each interview.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="The file to write, never over what somebody typed; without it, what is made is printed.",
)
def template(form: str, output: Path | None) -> None:
    """Make a file with one interview that answers every question and can be imported as it is."""
    try:
        questionnaire = countries.load(countries.DEFAULT).questionnaires[actions.CURRENT]
    except countries.CountryError as error:
        raise Refused(str(error)) from None
    answers = example_answers(questionnaire)
    rows = template_rows(questionnaire, EXAMPLE_TIME, answers)
    if form == "csv":
        content = sheets.csv_bytes(rows)
    elif form == "xlsx":
        content = sheets.xlsx_bytes(rows, title=text_for(questionnaire.title, SOURCE))
    else:
        line = {"questionnaire": questionnaire.id, "interviewed_at": EXAMPLE_TIME, "answers": answers}
        content = json.dumps(line, ensure_ascii=False).encode() + b"\n"
    if output is None and form == "xlsx" and sys.stdout.isatty():
        raise Refused("--output: name the file for the workbook")
    if output is None:
        click.echo(content, nl=False)
        return
    write_template(output, content)


@interviews.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@json_option("line", "taken", "findings", lines=True)
@instance_option
@login_option
def import_(file: Path, directory: Path, login: str) -> int:
    """Take in interviews: of each a line with its pseudonym or `anonymous`, or a line for each thing to put right.

    Each line of FILE is `{"questionnaire": "returnee-1", "interviewed_at": "2026-03-04T10:30", "answers": {...}}`; or
    FILE is a CSV or XLSX like the template. What can be taken in is, whatever is wrong with the rest, up to the
    thousandth line that is no interview at all; the same again changes nothing. What is to be put right reads
    `FILE:LINE: QUESTION: what to do`, in the instance's language; so do warnings, which refuse nothing and go to the
    other output.
    """
    app = application(directory)
    language = str(app.extensions["nrm.language"])
    failed = done = unreadable = 0
    with signed_in(app, login) as by:
        if not by.may(Permission.INTERVIEW_CONDUCT):
            raise Refused("--as: this account does not conduct interviews")
        with Counting("lines read", beside_output=True) as counting:
            for number, line in _lines(file):
                found, warned, taken = _take_in(line, by)
                place = f"{file.name}:{number}"
                for name, texts in warned:
                    tell(f"{place}: {name}: {MESSAGES['warning'][language]}: {texts[language]}", err=True)
                findings = [{"question": _shown(name), "what": texts[language]} for name, texts in found]
                lines = [f"{place}: {each['question']}: {each['what']}" for each in findings]
                answer([taken] if taken is not None else lines, line=number, taken=taken, findings=findings)
                done, failed = done + (taken is not None), failed + (taken is None)
                counting.step()
                unreadable += isinstance(line, UnreadableLine)
                if unreadable == MOST_UNREADABLE:
                    last = f"{place}: {unreadable} lines are no interviews, and none after this one was read"
                    tell(f"{last}: put them right, and give the file again", err=True)
                    break
    if not done + failed:
        raise Refused(f"{file}: there is no interview in it")
    remark(f"{done} taken in, {failed} not")
    return 1 if failed else 0


def _lines(file: Path) -> Iterator[tuple[int, Line]]:
    """(number, interview as it stands in the file, or why it cannot be read) of each line or row that is not blank."""
    try:
        with file.open("rb") as stream:
            yield from _lines_of(file, stream)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror or 'cannot be read'}") from None


def _lines_of(file: Path, stream: BinaryIO) -> Iterator[tuple[int, Line]]:
    if file.suffix.lower() not in (".csv", ".xlsx"):
        yield from _json_lines(stream)
        return
    content = stream.read(parsing.LARGEST_TABLE + 1)
    if not content.startswith(b"PK"):
        try:
            content.decode("utf-8-sig")
        except UnicodeDecodeError:  # a guess would make other letters of names
            yield 1, UnreadableLine("line", "utf8")
            return
    try:
        rows = parsing.table(content, head="questionnaire")
    except UnreadableFile as error:
        raise Refused(f"{file}: {error}") from None
    yield from read_rows(rows, actions.questionnaires())


def _json_lines(stream: BinaryIO) -> Iterator[tuple[int, Line]]:
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        whole: bytes | None = raw
        if len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            whole = None
        elif not raw.strip():
            continue
        try:
            yield number, read_json(whole)
        except UnreadableLine as error:
            yield number, error


Findings = list[tuple[str, Texts]]


def _take_in(line: Line, by: Actor) -> tuple[Findings, Findings, str | None]:
    """(what to put right, what to look at, the pseudonym or `anonymous` if it was taken in)."""
    if isinstance(line, UnreadableLine):
        return [(line.key, line.texts)], [], None
    try:
        taken = interview_imports.take_in(line=line, by=by)
    except UnacceptableInterview as error:
        return list(error.findings.items()), [], None
    except actions.UnknownQuestionnaire:
        known = ", ".join(f"`{name}`" for name in actions.questionnaires())
        return [("questionnaire", said("unknown", known=known))], [], None
    except ValueError:
        return [("interviewed_at", said("time"))], [], None
    questionnaire = actions.questionnaires()[line["questionnaire"]]
    warned = [(each.question, each.text) for each in answer_warnings.holding(questionnaire, line["answers"])]
    return [], warned, taken or "anonymous"


def _shown(name: str) -> str:
    """A name from the file on one line, in characters that every terminal takes."""
    if name.isascii() and name.isprintable() and 0 < len(name) <= 60:
        return name
    text = "".join(character if character.isprintable() else "?" for character in name[:60])
    return text.encode("utf-8", "replace").decode() or "(no name)"
