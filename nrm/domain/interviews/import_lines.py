"""Interviews in a file: a line of JSON, or a row of a table, becomes what an interview is taken in from.

A table has a column for each question and a row for each interview; a cell holds codes, several with semicolons. A row
that begins with `#` is for readers. What is wrong is said in each staff language, with the key or question it is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from nrm.domain.interviews.interviews import Answers, Question, Questionnaire, Texts
from nrm.domain.languages import ByLanguage
from nrm.domain.reports.grids import FORMULA

KEYS = ("questionnaire", "interviewed_at", "answers")
HEAD = KEYS[:2]
LONGEST_LINE = 256 * 1024
DEEPEST = 32
REMARK = "#"
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]')
_BETWEEN = re.compile(r"[;,\s]+")
_MIDNIGHT = re.compile(r"[ T]00:00:00$")

MESSAGES: Mapping[str, ByLanguage] = MappingProxyType(
    {
        "shorter": ByLanguage("Enter fewer than %(bytes)s bytes in one line"),
        "utf8": ByLanguage("Save the file as UTF-8"),
        "flat": ByLanguage("Enter one JSON object, with lists in lists %(deepest)s deep at most"),
        "object": ByLanguage("Enter one JSON object"),
        "leave_out": ByLanguage("Leave this out; a line has %(keys)s"),
        "missing": ByLanguage("Enter it; a line has %(keys)s"),
        "once": ByLanguage("Enter it once"),
        "id": ByLanguage("Enter its id, such as `returnee-1`"),
        "answers": ByLanguage("Enter an object of question ids and answers"),
        "unknown": ByLanguage("Enter one that this instance has: %(known)s"),
        "time": ByLanguage("Enter a date and time of the past, such as 2026-03-04T10:30"),
        "head": ByLanguage("Take the template: its first row has the names of the questions, and begins with %(keys)s"),
        "formula": ByLanguage("Enter the value itself, and no formula"),
        "too_many": ByLanguage("Take out what is right of the template's last column"),
        "warning": ByLanguage("warning"),
    }
)


class UnreadableLine(ValueError):
    """A line that is no interview; `key` is what is wrong in it, `texts` say by staff language what to do."""

    def __init__(self, key: str, message: str, **values: object) -> None:
        super().__init__(message)
        self.key = key
        self.texts = said(message, **values)


def said(message: str, **values: object) -> Texts:
    """The message in any language."""
    return MESSAGES[message].filled(**values)


# -- a line of JSON


@cache
def _decoder() -> json.JSONDecoder:
    """One for all lines: `json.loads` would make another for each, which takes longer than reading a short one."""
    return json.JSONDecoder(object_pairs_hook=_without_repeats, parse_constant=_no_constant)


def read_json(raw: bytes | None) -> dict[str, Any]:
    """The object of a line, with its three keys of the right kinds; None stands for a line that is too long.

    Raises UnreadableLine.
    """
    if raw is None:
        raise UnreadableLine("line", "shorter", bytes=LONGEST_LINE)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableLine("line", "utf8") from None
    if not _is_flat(text):
        raise UnreadableLine("line", "flat", deepest=DEEPEST)
    try:
        line = _decoder().decode(text)
    except UnreadableLine:
        raise
    except (ValueError, RecursionError):
        raise UnreadableLine("line", "object") from None
    if not isinstance(line, dict):
        raise UnreadableLine("line", "object")
    for key in line:
        if key not in KEYS:
            raise UnreadableLine(key, "leave_out", keys=", ".join(KEYS))
    for key in KEYS:
        if key not in line:
            raise UnreadableLine(key, "missing", keys=", ".join(KEYS))
    if not isinstance(line["questionnaire"], str):
        raise UnreadableLine("questionnaire", "id")
    if not isinstance(line["answers"], dict):
        raise UnreadableLine("answers", "answers")
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
            raise UnreadableLine(name, "once")
        read[name] = value
    return read


def _no_constant(_: str) -> Any:
    raise ValueError("not JSON")


# -- a table


def template_rows(questionnaire: Questionnaire, interviewed_at: str, answers: Answers) -> list[list[str]]:
    """The table that is filled in: names, two rows that say what to enter, and an interview as an example."""
    asked = list(questionnaire.questions.values())
    return [
        [*HEAD, *(each.id for each in asked)],
        [REMARK, "", *(" / ".join(each.text[name] for name in questionnaire.languages) for each in asked)],
        [REMARK, "", *(_to_enter(each, questionnaire.languages) for each in asked)],
        [questionnaire.id, interviewed_at, *(_in_a_cell(answers.get(each.id)) for each in asked)],
    ]


def _to_enter(question: Question, languages: Sequence[str]) -> str:
    """What a cell may hold: codes with their words, or a form."""
    if question.kind == "country":
        return "ISO 3166: AL, GR, IT ..."
    if question.kind == "language":
        return "ISO 639: sq, en, el ..."
    if question.kind == "partial_date":
        return "2024, 2024-03, 2024-03-15"
    if question.options:
        several = " (;)" if question.kind == "some_of" else ""
        words = (f"{each.code} = {' / '.join(each.text[name] for name in languages)}" for each in question.options)
        return " | ".join(words) + several
    return ""


def _in_a_cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def read_rows(
    rows: Sequence[Sequence[str]], questionnaires: Mapping[str, Questionnaire]
) -> Iterator[tuple[int, dict[str, Any] | UnreadableLine]]:
    """(number of the row, its line as in a file of JSON or why it cannot be read) of each row with an interview."""
    names = [name.strip() for name in rows[0]] if rows else []
    if tuple(names[:2]) != HEAD:
        yield 1, UnreadableLine("line", "head", keys=", ".join(HEAD))
        return
    repeated = next((name for name in names if name and names.count(name) > 1), None)
    if repeated is not None:
        yield 1, UnreadableLine(repeated, "once")
        return
    for number, row in enumerate(rows[1:], start=2):
        if any(row) and not row[0].startswith(REMARK):
            try:
                yield number, _read_row(names, row, questionnaires)
            except UnreadableLine as error:
                yield number, error


def _read_row(names: Sequence[str], row: Sequence[str], questionnaires: Mapping[str, Questionnaire]) -> dict[str, Any]:
    cells: dict[str, str] = {}
    for place, text in enumerate(row):
        name = names[place] if place < len(names) else ""
        if not text:
            continue
        if not name:
            raise UnreadableLine("line", "too_many")
        if text == FORMULA:
            raise UnreadableLine(name, "formula")
        cells[name] = text
    for key in HEAD:
        if key not in cells:
            raise UnreadableLine(key, "missing", keys=", ".join(HEAD))
    questionnaire = questionnaires.get(cells["questionnaire"])
    asked = questionnaire.questions if questionnaire is not None else {}
    answers = {name: _answer(asked.get(name), text) for name, text in cells.items() if name not in HEAD}
    return {**{key: cells[key] for key in HEAD}, "answers": answers}


def _answer(question: Question | None, text: str) -> object:
    """What the cell says; whether the question may have it is judged later, as for a page."""
    if question is None:
        return text
    if question.kind in ("some_of", "parties"):
        return [code for code in _BETWEEN.split(text) if code]
    if question.kind == "number" and text.isascii() and text.isdigit() and len(text) < 7:
        return int(text)
    if question.kind == "partial_date":  # a spreadsheet makes an instant of a day
        return _MIDNIGHT.sub("", text)
    return text
