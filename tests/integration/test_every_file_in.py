"""Every command that takes a file, with files that were made to do harm: one line in words, within seconds.

Which readers may be used where is a table of `tests/invariants/test_files_of_others.py`.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from nrm import cli
from nrm.cli.interviews import MOST_UNREADABLE
from tests.integration.test_hostile_files import DRAFTS, SHEET, WORKBOOKS, rows, workbook

Command = Callable[..., tuple[int, bytes, str]]
WITHIN = 10.0  # seconds of processor time, with the child process that reads
HOSTILE: dict[str, Callable[[], bytes]] = {
    "brackets": lambda: b"[" * 200_000,
    "objects": lambda: b'{"a":' * 60_000,
    "a number without an end": lambda: b'{"a": ' + b"9" * 100_000 + b"}",
    "numbers that are none": lambda: b'{"questionnaire": "returnee-1", "a": [1e999, NaN, -Infinity]}',
    "a million columns": lambda: b"," * 1_000_000 + b"\n1\n",
    "a million lines": lambda: b"\n" * 1_000_000,
    "one long line": lambda: b"x" * 3_000_000,
    "a quotation mark that stays open": lambda: b'code,"' + b"a\n" * 400_000,
    "quotation marks": lambda: b'"a""' * 100_000,
    "nothing but zeros": lambda: bytes(1_000_000),
    "nothing": lambda: b"",
    "no text": lambda: b"\xff\xfe\x00\xd8" * 1000,
    "a key of twelve thousand parts": DRAFTS["a key of twelve thousand parts"].encode,
    "a workbook of nested texts": lambda: WORKBOOKS["a text inside a text, a hundred thousand times"],
    "cells merged over a whole sheet": lambda: workbook(
        rows('<c r="A1"><v>1</v></c>').replace(
            "</sheetData>", '</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        )
    ),
    "a hundred thousand sheets": lambda: workbook(
        f'<worksheet xmlns="{SHEET}"><sheetData/></worksheet>' + "<!-- -->" * 100_000
    ),
    "a PDF that does not end": lambda: b"%PDF-1.7\n" + b"startxref " * 50_000,
}
# The words before the file and behind it; a file is named as its readers expect it.
SIGNED_IN = ("--as", "vatra.case_worker")
WAYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "draft.toml check": (("mou", "check"), ()),
    "draft.toml diff": (("mou", "diff", "nrm/countries/albania/mou-2005.toml"), ()),
    "draft.toml diff reversed": (("mou", "diff"), ("nrm/countries/albania/mou-2005.toml",)),
    "facts.json": (("mou", "route", "--facts"), ("--on", "2026-03-04")),
    "q.toml check": (("questionnaire", "check"), ()),
    "q.toml diff": (("questionnaire", "diff", "nrm/countries/albania/questionnaire-returnee-1.toml"), ()),
    "answers.json": (("questionnaire", "profile", "--answers"), ()),
    "ix.json": (("report", "verify"), ("--key", "ab" * 32)),
    "keylog.log": (("keylog", "verify"), ()),
    "d.csv": (("protect",), ("--spec", "{spec}", "--out", "{out}")),
    "t.toml": (("protect", "{data}", "--out", "{out}", "--spec"), ()),
}
WITH_INSTANCE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "residents.csv": (("stays", "import"), SIGNED_IN),
    "interviews.jsonl": (("interviews", "import"), SIGNED_IN),
    "interviews.csv": (("interviews", "import"), SIGNED_IN),
    "interviews.xlsx": (("interviews", "import"), SIGNED_IN),
    "checkpoint.json": (("audit", "verify", "--checkpoint"), ()),
    "draft.toml": (("mou", "simulate"), ("--from", "2026-01-01", "--to", "2026-03-31")),
    "ix.pdf": (("report", "verify"), ()),
}


def _worked() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def tried(name: str, run: Callable[[], tuple[int, bytes, str]], *, most: int = 3) -> None:
    began = _worked()
    code, out, err = run()
    assert _worked() - began < WITHIN, name
    said = out.decode() + err
    assert code in (0, 1, 2), (name, said)
    assert "unexpected" not in said, (name, said)
    assert "Traceback" not in said
    assert 0 < said.count("\n") <= most, (name, said[:2000])
    assert max(map(len, said.splitlines())) < 2000, name


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """A command without an instance: exit code, standard output, standard error."""

    def run(*words: str) -> tuple[int, bytes, str]:
        monkeypatch.setattr(sys, "argv", ["nrm", *words])
        with pytest.raises(SystemExit) as raised:
            cli.main()
        out, err = capsysbinary.readouterr()
        assert isinstance(raised.value.code, int)
        return raised.value.code, out, err.decode()

    return run


@pytest.mark.slow
@pytest.mark.parametrize("way", [*WAYS])
def test_a_command_without_an_instance_refuses_it_in_words(alone: Command, tmp_path: Path, way: str) -> None:
    before, behind = WAYS[way]
    file, spec, data = tmp_path / way.split(" ", maxsplit=1)[0], tmp_path / "spec.toml", tmp_path / "data.csv"
    spec.write_text('[[dimension]]\nname = "a"\ncolumn = "a"\n')
    data.write_text("a\n1\n")
    filled = {"{spec}": str(spec), "{data}": str(data), "{out}": str(tmp_path / "out")}
    words = [filled.get(each, each) for each in (*before, str(file), *behind)]
    for name, content in HOSTILE.items():
        file.write_bytes(content())
        tried(name, lambda: alone(*words))


@pytest.mark.slow
@pytest.mark.parametrize("way", [*WITH_INSTANCE])
def test_a_command_of_an_instance_refuses_it_in_words(app: Flask, command: Command, tmp_path: Path, way: str) -> None:
    before, behind = WITH_INSTANCE[way]
    file = tmp_path / way
    for name, content in HOSTILE.items():
        file.write_bytes(content())
        most = MOST_UNREADABLE + 2 if way.endswith(".jsonl") else 30  # of lines of JSON each is named
        tried(name, lambda: command(app, *before, str(file), *behind), most=most)


HEADERS = {
    "deep": b"[" * 60_000,
    "list": b"[]",
    "other types": json.dumps(
        {"database": ["main"], "taken_at": {}, "revision": [], "pair": [], "inner": [1], "outer": {"a": 1}}
    ).encode(),
    "number": b"1" * 5000,
}


@pytest.mark.slow
@pytest.mark.parametrize("header", [*HEADERS])
@pytest.mark.parametrize("erased", [b"[" * 60_000 + b"\n", b'{"case_id": 1}\n', b'{"a":' * 20_000 + b"\n"])
def test_a_backup_and_a_list_of_what_was_erased_that_were_made_to_do_harm_are_refused(
    app: Flask, typed: Callable[..., object], tmp_path: Path, header: str, erased: bytes
) -> None:
    from nrm.vault.backup_files import backups

    keys = []
    for name in ("a", "b"):
        typed("backup-key", "--out", str(tmp_path / name))
        keys += ["--key", str(tmp_path / name)]
    content = HEADERS[header]
    for name in ("main", "shred"):
        (tmp_path / name).write_bytes(backups._MAGIC + len(content).to_bytes(4, "big") + content)
    (tmp_path / "erased").write_bytes(erased)
    new = tmp_path / "new"
    new.mkdir()
    shutil.copytree(app.extensions["nrm.config"].directory / "keys", new / "keys")
    files = ("--main", str(tmp_path / "main"), "--shred", str(tmp_path / "shred"), "--erased", str(tmp_path / "erased"))
    ended = typed("restore", "--dir", str(new), *files, *keys)
    tried(header, lambda: (ended.returncode, ended.stdout.encode(), ended.stderr))  # type: ignore[attr-defined]
    assert ended.returncode != 0  # type: ignore[attr-defined]
