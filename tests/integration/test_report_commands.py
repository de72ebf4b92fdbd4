"""`nrm report` and `nrm audit`: exit codes, one line for what is wrong, bytes alone on standard output."""

from __future__ import annotations

import contextvars
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from nrm import audit, cli
from nrm.actions import reports as actions
from nrm.db import db
from nrm.statistics import release as statistics
from tests import accommodated, factories
from tests.integration import test_reports
from tests.integration.test_reports import TODAY

pytestmark = pytest.mark.xdist_group("reports")
closed_instance, closed = test_reports.closed_instance, test_reports.closed

Command = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """`command(app, "report", "keys")` -> exit code, standard output, standard error."""
    monkeypatch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
    monkeypatch.setenv("NRM_PASSWORD", factories.PASSWORD)

    def run(app: Flask, *words: str) -> tuple[int, bytes, str]:
        directory = str(app.extensions["nrm.config"].directory)
        monkeypatch.setattr(sys, "argv", ["nrm", *words, "--dir", directory])
        with pytest.raises(SystemExit) as raised:
            contextvars.Context().run(cli.main)
        out, err = capsysbinary.readouterr()
        assert isinstance(raised.value.code, int)
        return raised.value.code, out, err.decode()

    return run


@pytest.mark.parametrize(("format_", "name"), [("json", "json"), ("csv", "csv"), ("pdf", "pdf.sq")])
def test_the_sealed_bytes_come_alone_on_standard_output(
    closed: Flask, command: Command, format_: str, name: str
) -> None:
    words = ("--quarter", "2026Q2", "--as", "molsa.statistician", "--format", format_)
    assert command(closed, "report", "ix", *words) == (0, test_reports.sealed(name), "")


def test_a_quarter_that_is_not_released_ends_with_3_and_one_line(closed: Flask, command: Command) -> None:
    code, out, err = command(closed, "report", "ix", "--quarter", "2026Q3", "--as", "oms.monitor")
    assert (code, out, err.count("\n")) == (3, b"", 1)
    assert "not released" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ix", "--quarter", "2026Q5", "--as", "molsa.statistician"), "as in 2006Q1"),
        (("ix", "--quarter", "2026Q2", "--as", "vatra.case_worker"), "role does not do that"),
        (("ix", "--quarter", "2026Q2", "--as", "nobody.here"), "do not belong together"),
        (("close", "2026Q3", "--as", "molsa.statistician"), "is not over"),
        (("close", "2026Q4", "--as", "molsa.statistician"), "the next one is 2026Q3"),
        (("close", "2026Q3", "--as", "ra.duty_officer"), "role does not do that"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_one_line(
    closed: Flask, command: Command, words: tuple[str, ...], said: str
) -> None:
    code, out, err = command(closed, "report", *words)
    assert (code, out, err.count("\n")) == (2, b"", 1)
    assert said in err


def test_a_quarter_is_closed_once(app: Flask, command: Command) -> None:
    accommodated.at(TODAY)
    accommodated.many(14, seed=3)
    code, out, err = command(app, "report", "close", "2026Q2", "--as", "molsa.statistician")
    assert (code, out) == (0, b"2026Q2: released, total\n")
    assert [line for line in err.splitlines() if any(sign.isdigit() for sign in line)] == []
    code, out, _ = command(app, "report", "close", "2026Q2", "--as", "molsa.statistician")
    assert (code, out) == (0, b"2026Q2: was released before, total\n")


def test_a_refusal_ends_with_3_and_names_no_cell(app: Flask, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    accommodated.at(TODAY)
    monkeypatch.setattr(statistics, "make", test_reports.refused)
    code, out, err = command(app, "report", "close", "2026Q2", "--as", "molsa.statistician")
    assert (code, out, err.count("\n")) == (3, b"", 1)
    assert "nationality*sex: A1 G3" in err
    assert "MD" not in err


def test_a_release_is_verified_by_its_signature(closed: Flask, command: Command, tmp_path: Path) -> None:
    genuine, forged, other = tmp_path / "genuine.json", tmp_path / "forged.json", tmp_path / "other.json"
    genuine.write_bytes(test_reports.sealed("json"))
    value = test_reports.published()
    value["tables"][0]["rows"][0]["value"] += 5
    forged.write_text(json.dumps(value))
    other.write_text("[1]")
    assert command(closed, "report", "verify", str(genuine))[0] == 0
    code, out, err = command(closed, "report", "verify", str(forged))
    assert (code, out, err.count("\n")) == (1, b"", 1)
    for file in (other, tmp_path / "missing.json"):
        code, out, err = command(closed, "report", "verify", str(file))
        assert (code, out, err.count("\n")) == (2, b"", 1)


def test_the_key_that_is_printed_is_the_one_releases_are_signed_with(closed: Flask, command: Command) -> None:
    code, out, _ = command(closed, "report", "keys")
    assert (code, out.decode().strip()) == (0, test_reports.published()["signatures"][0]["public_key"])
    assert out.decode().strip() == actions.public_key().hex()


# The audit chain

COLUMNS = "event, at, member_id, organisation_id, details, hash"


def tamper(app: Flask, *statements: str) -> None:
    db.session.remove()
    connection = sqlite3.connect(app.extensions["nrm.config"].directory / "main.db")
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_whole_chain_ends_with_0_and_one_line(app: Flask, command: Command) -> None:
    code, out, err = command(app, "audit", "verify")
    assert (code, out.count(b"\n")) == (0, 1)
    assert out.startswith(b"whole: ")
    assert "entries" in err


@pytest.mark.parametrize(
    ("statements", "entry"),
    [
        (["UPDATE audit_entries SET event = 'signed_out' WHERE id = 7"], 7),
        (["UPDATE audit_entries SET details = '{}' WHERE id = 2"], 2),
        (["UPDATE audit_entries SET at = '2020-01-01T00:00:00+00:00' WHERE id = 7"], 7),
        (["DELETE FROM audit_entries WHERE id = 7"], 7),
        (["DELETE FROM audit_entries WHERE id = 1"], 1),
        (
            ["DELETE FROM audit_entries WHERE id = 7", "UPDATE audit_entries SET id = 7 WHERE id = 8"],
            7,
        ),
        (
            [
                "UPDATE audit_entries SET id = 100007 WHERE id = 7",
                "UPDATE audit_entries SET id = 7 WHERE id = 8",
                "UPDATE audit_entries SET id = 8 WHERE id = 100007",
            ],
            7,
        ),
        (
            [
                "UPDATE audit_entries SET id = -id WHERE id > 7",
                "UPDATE audit_entries SET id = 1 - id WHERE id < 0",
                f"INSERT INTO audit_entries (id, {COLUMNS}) SELECT 8, {COLUMNS} FROM audit_entries WHERE id = 7",
            ],
            8,
        ),
        ([f"INSERT INTO audit_entries (id, {COLUMNS}) SELECT 0, {COLUMNS} FROM audit_entries WHERE id = 1"], 1),
        (
            [f"INSERT INTO audit_entries (id, {COLUMNS}) SELECT max(id) + 2, {COLUMNS} FROM audit_entries"],
            None,
        ),
        (["UPDATE audit_entries SET hash = zeroblob(32) WHERE id = 7"], 7),
        (["UPDATE audit_entries SET hash = 'text' WHERE id = 7"], 7),
    ],
    ids=[
        *("event", "details", "time", "deleted", "first deleted", "deleted and closed up", "exchanged", "inserted"),
        *("put before", "put behind", "hash", "hash of another type"),
    ],
)
def test_the_first_bad_entry_of_a_tampered_chain_is_named(
    app: Flask, command: Command, statements: list[str], entry: int | None
) -> None:
    expected = entry or audit.length(db.session()) + 1
    tamper(app, *statements)
    code, out, _ = command(app, "audit", "verify")
    assert code == 1
    assert out.decode().splitlines()[0].startswith(f"entry {expected}: ")


def test_an_instance_without_a_database_is_one_line(app: Flask, command: Command) -> None:
    db.session.remove()
    (app.extensions["nrm.config"].directory / "main.db").write_bytes(b"this is no database, whatever its name says")
    code, out, err = command(app, "audit", "verify")
    assert (code, out, err.count("\n")) == (2, b"", 1)
