"""What reads the files of other people: any bytes give a value or a refusal in words, and the reader knows no key."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import tomllib
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from nrm import parsing
from nrm.domain.reports import grids
from nrm.parsing import child
from nrm.render.sheets import xlsx_bytes

SAMPLE = """
name = "n"  # \u00eb
on = 2026-03-04
at = 2026-03-04T22:30:00+01:00
here = 2026-03-04T22:30:00
hour = 22:30:00
table = {table = 1, kind = "date", text = "x"}
[[list]]
numbers = [1, 2.5, true, inf, [[]]]
"""


def test_a_document_comes_back_as_it_is_read_here() -> None:
    assert parsing.toml(SAMPLE) == tomllib.loads(SAMPLE)


def test_both_sides_mean_the_same_by_a_formula() -> None:
    assert child.FORMULA == grids.FORMULA


@pytest.mark.slow
@settings(max_examples=40)
@given(
    some.one_of(some.text(max_size=200), some.lists(some.sampled_from([*"[]{}=.,\"'#\na1"]), max_size=80).map("".join))
)
def test_any_text_is_a_document_or_refused_in_words(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except ValueError:
        with pytest.raises(parsing.Damaged, match=r"\w"):
            parsing.toml(text)
    else:
        assert parsing.toml(text) == expected


@pytest.mark.slow
@settings(max_examples=30)
@given(some.binary(max_size=300), some.sampled_from(["", "PK\x03\x04", "PK\x05\x06", "code;", '"']))
def test_any_bytes_are_a_table_or_refused_in_words(content: bytes, beginning: str) -> None:
    try:
        found = parsing.grid(beginning.encode("latin-1") + content)
    except grids.UnreadableFile as error:
        found = [[str(error)]]
    assert all(isinstance(cell, str) for row in found for cell in row)


@pytest.mark.slow
@settings(max_examples=25)
@given(some.data())
def test_a_workbook_whose_parts_hold_anything_is_a_table_or_refused_in_words(data: some.DataObject) -> None:
    parts = dict(PARTS)
    name = data.draw(some.sampled_from(sorted(parts)))
    inside = bytearray(parts[name])
    for _ in range(data.draw(some.integers(1, 5))):
        inside[data.draw(some.integers(0, len(inside) - 1))] = data.draw(some.sampled_from(b'<>/"&;!= 09aZ'))
    parts[name] = bytes(inside)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, text in parts.items():
            archive.writestr(each, text)
    with suppress(grids.UnreadableFile):
        parsing.grid(content.getvalue())


with zipfile.ZipFile(io.BytesIO(xlsx_bytes([["code", "a"], ["b", 1]], title="t"))) as _archive:
    PARTS = {name: _archive.read(name) for name in _archive.namelist()}


def test_the_reader_has_no_setting_and_no_key_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import json, os, sys\nsys.stdout.write('K' + json.dumps({'table': {'env': sorted(os.environ), "
        "'files': len(os.listdir('/proc/self/fd')), 'ours': [n for n in sys.modules if n.startswith('nrm')]}}))"
    )
    monkeypatch.setattr(parsing, "CHILD", spy)
    monkeypatch.setenv("NRM_SECRET", "x")
    with (tmp_path / "open").open("w"):
        found = parsing.toml("a = 1")
    assert set(found["env"]) <= {"PYTHONPATH", "PYTHONHOME", "LC_CTYPE"}
    assert (found["files"], found["ours"]) == (4, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "limit"),
    [
        ("while True: pass", "time"),
        ("import time; time.sleep(60)", "time"),
        ("import os; os.abort()", "memory"),
        ("import sys; sys.stdout.write('K' + 'x' * 9_000_000)", "size"),
        ("import sys; sys.stdout.write('K{' * 9)", "size"),
        ("import sys; sys.stdout.write('Lnothing')", "size"),
    ],
)
def test_a_reader_that_was_taken_over_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, limit: str
) -> None:
    (tmp_path / "bad.py").write_text(program)
    monkeypatch.setattr(parsing, "CHILD", tmp_path / "bad.py")
    monkeypatch.setattr(parsing, "LONGEST_SECONDS", 1.0)
    with pytest.raises(parsing.BeyondLimits) as caught:
        parsing.toml("a = 1")
    assert caught.value.limit == limit


def test_a_reader_writes_no_file_and_gets_no_more_memory_than_it_is_given(tmp_path: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(parsing.CHILD.parent)!r})
import child
child.restrict({{"memory": 200 * 2**20, "seconds": 2}})
try:
    bytearray(300 * 2**20)
except MemoryError:
    print("no memory")
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open({str(tmp_path / "out")!r}, "w") as file:
        file.write("x")
except OSError:
    print("no file")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "no memory\nno file\n", done.stderr


def test_who_would_wait_long_for_another_file_is_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "WAIT_SECONDS", 0.05)
    with parsing._one_at_a_time:
        told: list[str] = []

        def read() -> None:
            try:
                parsing.toml("a = 1")
            except parsing.BeyondLimits as error:
                told.append(error.limit)

        other = threading.Thread(target=read)
        other.start()
        other.join()
    assert told == ["busy"]
    assert parsing.toml("a = 1") == {"a": 1}
