"""Files that were made to do harm: refused in words within seconds, while others are answered; also by the commands."""

from __future__ import annotations

import io
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from nrm import cli
from tests import factories_agreements as texts
from tests import factories_filings as filed
from tests.conftest import Person

SignIn = Callable[[str], Person]
Command = Callable[..., tuple[int, bytes, str]]
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TABLE = "/register/2026Q2/arrests"
WITHIN = 12.0  # seconds on a machine that is busy with other tests; alone it takes less than three
LIMITS = "This file could not be read within the limits"


def workbook(sheet: str, shared: str = "") -> bytes:
    """An archive with as little as a workbook needs."""
    offices = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types"><Override PartName="/xl/workbook.xml" '
        f'ContentType="{kind}.sheet.main+xml"/>'
        + (f'<Override PartName="/xl/t.xml" ContentType="{kind}.sharedStrings+xml"/>' if shared else "")
        + "</Types>",
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{offices}"><sheets><sheet name="a" sheetId="1" '
        'r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships"><Relationship Id="a" '
        f'Type="{offices}/worksheet" Target="s.xml"/></Relationships>',
        "xl/s.xml": sheet,
        **({"xl/sharedStrings.xml": shared} if shared else {}),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_LZMA if len(sheet) > 2**22 else zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return content.getvalue()


def rows(inside: str) -> str:
    return f'<worksheet xmlns="{SHEET}"><sheetData><row r="1">{inside}</row></sheetData></worksheet>'


def nested(number: int) -> str:
    return "<t>x" * number + "</t>" * number


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
WORKBOOKS = {
    "a text inside a text, a hundred thousand times": workbook(
        rows('<c r="A1" t="s"><v>0</v></c>'), f'<sst xmlns="{SHEET}"><si>{nested(100_000)}</si></sst>'
    ),
    "the same in a cell": workbook(rows(f'<c r="A1" t="inlineStr"><is>{nested(60_000)}</is></c>')),
    "entities of entities": workbook(
        f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>' + rows('<c r="A1" t="inlineStr"><is><t>&l9;</t></is></c>')
    ),
    "five megabytes in a part": workbook(rows(" " * 5_000_000)),
    "a cell a million lines further down": workbook(
        rows('<c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c>').replace(
            "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'
        )
    ),
    "cells merged over a whole sheet": workbook(
        rows('<c r="A1"><v>1</v></c>').replace(
            "</sheetData>", '</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        )
    ),
    "a link over a whole sheet": workbook(
        rows('<c r="A1"><v>1</v></c>').replace(
            "</sheetData>", '</sheetData><hyperlinks><hyperlink ref="$A$1:$XFD$1048576" location="a"/></hyperlinks>'
        )
    ),
    "a number of two hundred thousand digits": workbook(rows(f'<c r="A1"><v>{"9" * 200_000}</v></c>')),
}
DRAFTS = {
    "a key of twelve thousand parts": ".".join("a" * 12_000) + " = 1",
    "a table of two thousand parts": "[" + ".".join("a" * 2_000) + "]",
    "arrays in arrays": "a = " + "[" * 400 + "]" * 400,
    "tables in tables": "a = " + "{a=" * 400 + "1" + "}" * 400,
    "a number of ten thousand digits": "a = " + "9" * 10_000,
}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """`command("mou", "check", FILE)` -> exit code, standard output, standard error; without an instance."""

    def run(*words: str) -> tuple[int, bytes, str]:
        monkeypatch.setattr(sys, "argv", ["nrm", *words])
        with pytest.raises(SystemExit) as raised:
            cli.main()
        out, err = capsysbinary.readouterr()
        assert isinstance(raised.value.code, int)
        return raised.value.code, out, err.decode()

    return run


@pytest.fixture
def begun(app: Flask) -> Flask:
    filed.begin(date(2026, 7, 10))
    return app


def test_the_smallest_of_them_have_less_than_two_kilobytes() -> None:
    assert sum(len(content) < 2048 for content in WORKBOOKS.values()) >= 4
    assert len(DRAFTS["a key of twelve thousand parts"]) < 25_000


@pytest.mark.parametrize("name", [*WORKBOOKS])
def test_a_hostile_workbook_is_refused_in_words_within_seconds(begun: Flask, sign_in: SignIn, name: str) -> None:
    focal = sign_in("mopo.focal_point")
    _memory()
    before, began = _memory(), time.monotonic()
    page = focal.post(f"{TABLE}/upload?lang=en", {"file": (io.BytesIO(WORKBOOKS[name]), "t.xlsx")}, status=422)
    assert time.monotonic() - began < WITHIN
    assert _memory() - before < 24 * 1024
    assert 'id="file-error"' in page
    assert any(words in page for words in (LIMITS, "The workbook", "The table is larger", "it is not in the file"))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*DRAFTS])
def test_a_hostile_draft_is_refused_in_words_within_seconds(app: Flask, sign_in: SignIn, name: str) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    _memory()
    before, began = _memory(), time.monotonic()
    file = (io.BytesIO(DRAFTS[name].encode()), "draft.toml")
    page = coordinator.post("/agreements?lang=en", {"file": file}, status=422)
    assert time.monotonic() - began < WITHIN
    assert _memory() - before < 24 * 1024
    assert LIMITS in page or "Correct the draft" in page
    file = (io.BytesIO(DRAFTS[name].encode()), "draft.toml")
    assert "Error:" not in coordinator.post("/agreements?lang=sq", {"file": file}, status=422)


@pytest.mark.slow
def test_others_are_answered_while_hostile_files_are_read(begun: Flask, sign_in: SignIn) -> None:
    focal, coordinator = sign_in("mopo.focal_point"), sign_in(texts.COORDINATOR)
    worst = WORKBOOKS["a text inside a text, a hundred thousand times"]
    statuses: list[int] = []

    def send() -> None:
        fields = {"csrf_token": focal.csrf_token, "file": (io.BytesIO(worst), "t.xlsx")}
        statuses.append(focal.client.post(f"{TABLE}/upload", data=fields).status_code)

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    slowest = 0.0
    while any(sender.is_alive() for sender in senders):
        began = time.monotonic()
        assert "/agreements" in coordinator.get("/")
        slowest = max(slowest, time.monotonic() - began)
    assert statuses == [422] * 3
    assert slowest < 5.0


@pytest.mark.slow
@pytest.mark.parametrize("words", [("mou", "check"), ("questionnaire", "check")])
@pytest.mark.parametrize("name", [*DRAFTS])
def test_a_command_refuses_a_hostile_file_with_one_line(
    command: Command, tmp_path: Path, name: str, words: tuple[str, str]
) -> None:
    file = tmp_path / "draft.toml"
    file.write_text(DRAFTS[name])
    began = time.monotonic()
    code, out, err = command(*words, str(file))
    assert time.monotonic() - began < WITHIN
    assert code in (1, 2)
    assert (out.decode() + err).count("\n") == 1
    assert "draft.toml" in out.decode() + err
    assert "unexpected" not in err


@pytest.mark.slow
def test_the_rounder_refuses_hostile_tables_and_a_hostile_description(command: Command, tmp_path: Path) -> None:
    spec, data = tmp_path / "t.toml", tmp_path / "d.csv"
    data.write_text("a\n1\n")
    for text in DRAFTS.values():
        spec.write_text(text)
        assert _refused(command, data, spec, tmp_path) == 2
    spec.write_text('[[dimension]]\nname = "a"\ncolumn = "a"\n')
    for content in (",".join(f"c{n}" for n in range(60_000)) + "\n1\n", '"' + "x" * 200_000 + '"\n1\n', "a\n\x00\n"):
        data.write_text(content)
        assert _refused(command, data, spec, tmp_path) == 2


def _refused(command: Command, data: Path, spec: Path, folder: Path) -> int:
    began = time.monotonic()
    words = ("protect", str(data), "--spec", str(spec), "--out", str(folder / "out"))
    code, out, err = command(*words)
    assert time.monotonic() - began < WITHIN
    assert (out, err.count("\n")) == (b"", 1), err
    assert "unexpected" not in err
    return code


@pytest.mark.slow
@pytest.mark.parametrize("content", ["[" * 100_000, '{"signatures":' * 50_000, "[" + "[]," * 2_000_000 + "[]]"])
def test_a_release_that_is_a_hostile_json_is_refused_with_one_line(
    command: Command, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "ix.json"
    file.write_text(content)
    code, out, err = command("report", "verify", str(file), "--key", "ab" * 32)
    assert (code in (1, 2), out, err.count("\n")) == (True, b"", 1)
    facts = command("mou", "route", "--facts", str(file), "--on", "2026-03-04")
    assert (facts[0], facts[1], facts[2].count("\n")) == (2, b"", 1)


def _memory() -> int:
    """The most this process had in memory since this was asked last, in KiB."""
    status = Path("/proc/self/status").read_text()
    Path("/proc/self/clear_refs").write_text("5")
    return int(status.partition("VmHWM:")[2].split()[0])
