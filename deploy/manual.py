"""The manual page nrm(1), and the table of `--json` in docs/commands.md: made from the commands themselves.

`python deploy/manual.py` writes both again; a test says when that is due.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click

from nrm.cli import leaves, nrm
from nrm.cli.telling import json_keys

ROOT = Path(__file__).resolve().parent.parent
PAGE, TABLE = ROOT / "deploy" / "man" / "nrm.1", ROOT / "docs" / "commands.md"
_CODES = (
    ("0", "done, or nothing is wrong"),
    ("1", "what was checked has findings, or some lines of the input could not be taken in"),
    ("2", "bad usage, bad input, or a disk or a database that refuses: one line on standard error says which"),
    ("3", "refused by the protection of figures, or not released"),
    ("130", "stopped by Ctrl-C"),
    ("141", "nobody reads its output any more"),
)
_HEAD = """# Commands

Made from the commands themselves by `python deploy/manual.py`; do not edit. `man nrm`
and `nrm COMMAND --help` say more.

Every command has `--help` and `--quiet` (nothing but the answer, and what has to be put right). The answer is on
standard output alone; progress and remarks are on standard error: a bar on a terminal, a line every ten seconds
elsewhere. Colours are on a terminal alone, and not if `NO_COLOR` is set. A command without `--json` prints a file, or
nothing.

| exit code | it means |
|---|---|
"""


def page() -> str:
    """The manual page."""
    lines = [
        '.\\" Made by deploy/manual.py; do not edit.',
        '.TH NRM 1 "" "nrm" "National Referral Mechanism"',
        ".SH NAME",
        "nrm \\- a National Referral Mechanism for victims of human trafficking",
        ".SH SYNOPSIS",
        ".B nrm",
        "[\\-h] [\\-\\-version]",
        ".I COMMAND",
        "[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]",
        ".SH DESCRIPTION",
        "The commands of whoever runs an instance, and of its members who work at a command line.",
        "The answer is on standard output alone; progress, remarks and refusals are on standard error.",
        ".SH COMMANDS",
    ]
    for path, command in leaves():
        context = click.Context(command, info_name=" ".join(path), parent=click.Context(nrm, info_name="nrm"))
        called = _escaped(" ".join(["nrm", *path, *command.collect_usage_pieces(context)]))
        lines += [f'.SS "{called}"', *_paragraphs(command.help or "")]
        for option in command.params:
            record = option.get_help_record(context)
            if record is not None:
                lines += [".TP", f".B {_escaped(record[0])}", _escaped(" ".join(record[1].split()))]
    lines.append(".SH EXIT STATUS")
    for code, meaning in _CODES:
        lines += [".TP", f".B {code}", _escaped(meaning)]
    lines += [
        ".SH ENVIRONMENT",
        "NRM_DIR is the instance's folder, in place of \\-\\-dir. NRM_PASSWORD and NRM_TOTP hold password and code of",
        "\\-\\-as, which are else asked. NO_COLOR: no colours. All other settings stand in the operator's guide.",
    ]
    return "\n".join(lines) + "\n"


def table() -> str:
    """docs/commands.md."""
    lines = [f"| {code} | {meaning} |" for code, meaning in _CODES]
    lines += ["", "| command | keys of `--json` |", "|---|---|"]
    for path, command in leaves():
        keys = json_keys(command)
        told = "—" if keys is None else ", ".join(f"`{key}`" if re.fullmatch(r"\w+", key) else key for key in keys)
        lines.append(f"| `nrm {' '.join(path)}` | {told} |")
    return _HEAD + "\n".join(lines) + "\n"


def _paragraphs(text: str) -> list[str]:
    found = [" ".join(each.split()) for each in inspect.cleandoc(text).split("\n\n")]
    return [line for each in found for line in (".PP", _escaped(each))]


def _escaped(text: str) -> str:
    """The text as troff reads it: a line never begins a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("’", "\\(cq")
    return f"\\&{text}" if text[:1] in ".'" else text


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
    TABLE.write_text(table(), "utf-8")
