"""A line of the log as JSON: one line, what was said and nothing that Python knows beside it."""

from __future__ import annotations

import json
import logging

from hypothesis import given
from hypothesis import strategies as st

from nrm.log_lines import FIELDS, JsonLine

SECRET = "Teuta Kola"


def record(message: str, *args: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("nrm", logging.ERROR, "/x/nrm/web/errors.py", 7, message, args, None)
    made.__dict__.update(more)
    return made


@given(st.text(), st.text())
def test_whatever_is_said_is_one_line_that_is_read_back(message: str, value: str) -> None:
    text = JsonLine().format(record("%s: %s", message, value, **{FIELDS: {"code": value}}))
    assert text.splitlines() == [text] or not set("\n\r") & set(text)
    read = json.loads(text)
    assert list(read) == ["at", "level", "source", "message", "code"]
    assert (read["level"], read["source"]) == ("error", "nrm.errors")
    assert (read["message"], read["code"]) == (f"{message}: {value}", value)
    assert read["at"].endswith("+00:00")


def test_the_message_of_an_exception_and_what_else_python_knows_is_left_out() -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        made = record(
            "unexpected", exc_info=(type(error), error, error.__traceback__), stack_info=SECRET, person=SECRET
        )
    assert SECRET not in JsonLine().format(made)


def test_what_is_no_plain_value_is_written_as_its_text() -> None:
    assert (
        json.loads(JsonLine().format(record("x", **{FIELDS: {"page": ValueError}})))["page"] == "<class 'ValueError'>"
    )
