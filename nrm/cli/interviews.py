"""Importing interviews from a file with one JSON object per line, and an example of such a line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from nrm import countries
from nrm.actions.interviews import interviews as actions
from nrm.cli.usage import Refused, application, instance_option, login_option, signed_in
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews.example_interview import example_answers

DEFAULT_COUNTRY = "albania"
EXAMPLE_TIME = "2026-01-01T10:30"
KEYS = ("questionnaire", "interviewed_at", "answers")
LONGEST_LINE = 256 * 1024
DEEPEST = 32
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]')
TELL_EVERY = 100


@click.group()
def interviews() -> None:
    """Interviews taken in from a file."""


@interviews.command()
@click.option("--format", "form", type=click.Choice(["jsonl"]), default="jsonl", help="One JSON object a line.")
def template(form: str) -> None:  # noqa: ARG001 - there is one format
    """Print one line that answers every question of an interview and can be imported as it is."""
    try:
        questionnaire = countries.load(DEFAULT_COUNTRY).questionnaires[actions.CURRENT]
    except countries.CountryError as error:
        raise Refused(str(error)) from None
    line = {
        "questionnaire": questionnaire.id,
        "interviewed_at": EXAMPLE_TIME,
        "answers": example_answers(questionnaire),
    }
    click.echo(json.dumps(line, ensure_ascii=False))


@interviews.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@instance_option
@login_option
def import_(file: Path, directory: Path, login: str) -> int:
    """Take in interviews: a line for each, its pseudonym, `anonymous`, or what to do.

    Each line of FILE is `{"questionnaire": "returnee-1", "interviewed_at": "2026-03-04T10:30", "answers": {...}}`.
    Lines that can be taken in are, whatever is wrong with others; the same line again changes nothing.
    """
    app = application(directory)
    failed = done = 0
    with signed_in(app, login) as by:
        if not by.may(Permission.INTERVIEW_CONDUCT):
            raise Refused("--as: this account does not conduct interviews")
        try:
            with file.open("rb") as stream:
                for number, raw in _numbered_lines(stream):
                    answer, fine = _take_in(number, raw, by)
                    click.echo(answer)
                    done, failed = done + fine, failed + (not fine)
                    if (done + failed) % TELL_EVERY == 0:
                        print(f"{done + failed} lines read", file=sys.stderr)  # noqa: T201
        except OSError as error:
            raise Refused(f"{file}: {error.strerror or 'cannot be read'}") from None
    print(f"{done} taken in, {failed} not", file=sys.stderr)  # noqa: T201
    return 1 if failed else 0


def _numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """(number, bytes) of each line that is not blank; None in place of one that is too long to be an interview."""
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        elif raw.strip():
            yield number, raw


def _take_in(number: int, raw: bytes | None, by: Actor) -> tuple[str, bool]:
    """(what is printed for the line, whether it was taken in)."""
    try:
        line = _read(raw)
    except _Unreadable as error:
        return f"line {number}: {error}", False
    try:
        return actions.take_in(line=line, by=by) or "anonymous", True
    except actions.UnacceptableInterview as error:
        found = [f"{_shown(name)}: {texts['en']}" for name, texts in error.findings.items()]
        return f"line {number}: {'; '.join(found)}", False
    except actions.UnknownQuestionnaire:
        known = ", ".join(f"`{name}`" for name in actions.questionnaires())
        return f"line {number}: questionnaire: Enter one that this instance has: {known}", False
    except ValueError:
        return (
            f"line {number}: interviewed_at: Enter a date and time of the past, such as 2026-03-04T10:30",
            False,
        )


class _Unreadable(ValueError):
    """A line that is not an interview; the text is `question: what to do`."""


def _read(raw: bytes | None) -> dict[str, Any]:
    """The object of a line, with its three keys of the right kinds; raises _Unreadable."""
    if raw is None:
        raise _Unreadable(f"line: Enter fewer than {LONGEST_LINE} bytes in one line")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Unreadable("line: Save the file as UTF-8") from None
    if not _is_flat(text):
        raise _Unreadable(f"line: Enter one JSON object, with lists in lists {DEEPEST} deep at most")
    try:
        line = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except _Unreadable:
        raise
    except (ValueError, RecursionError):
        raise _Unreadable("line: Enter one JSON object") from None
    if not isinstance(line, dict):
        raise _Unreadable("line: Enter one JSON object")
    for key in line:
        if key not in KEYS:
            raise _Unreadable(f"{_shown(key)}: Leave this out; a line has {', '.join(KEYS)}")
    for key in KEYS:
        if key not in line:
            raise _Unreadable(f"{key}: Enter it; a line has {', '.join(KEYS)}")
    if not isinstance(line["questionnaire"], str):
        raise _Unreadable("questionnaire: Enter its id, such as `returnee-1`")
    if not isinstance(line["answers"], dict):
        raise _Unreadable("answers: Enter an object of question ids and answers")
    return line


def _is_flat(text: str) -> bool:
    """Whether brackets outside texts are not nested too deeply; as the line is short, no other check is needed."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            if depth > DEEPEST:
                return False
        elif found[0] in ("]", "}"):
            depth -= 1
    return True


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        if name in read:
            raise _Unreadable(f"{_shown(name)}: Enter it once")
        read[name] = value
    return read


def _no_constant(_: str) -> Any:
    raise ValueError("not JSON")


def _shown(name: str) -> str:
    """A name from the file on one line, in characters that every terminal takes."""
    text = "".join(character if character.isprintable() else "?" for character in name[:60])
    return text.encode("utf-8", "replace").decode() or "(no name)"
