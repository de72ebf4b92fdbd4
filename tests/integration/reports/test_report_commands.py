"""`nrm report`: exit codes, one line for what is wrong, bytes alone on standard output."""

from __future__ import annotations

import json
import re
from pathlib import Path

import openpyxl
import pypdf
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, update

from nrm.actions.reports import reports as actions
from nrm.cli import reports
from nrm.cli.refusals import Refused
from nrm.cli.reports import report
from nrm.db import transaction
from nrm.domain.quarters import Quarter
from nrm.models.reports.reports import ReleaseFile, SilentPart
from nrm.statistics import release as statistics
from nrm.statistics.printed import STEPS
from nrm.store.countries import country
from nrm.store.reports import reports as store
from tests import accommodated, factories
from tests.conftest import Command
from tests.integration.reports import test_reports
from tests.integration.reports.test_reports import TODAY


@pytest.mark.parametrize(("format_", "name"), [("json", "json"), ("csv", "csv"), ("pdf", "pdf.sq")])
def test_the_sealed_bytes_come_alone_on_standard_output(
    closed: Flask, command: Command, format_: str, name: str
) -> None:
    words = ("--quarter", "2026Q2", "--as", "molsa.statistician", "--format", format_)
    assert command(closed, "report", "ix", *words) == (0, test_reports.sealed(name), "")


def test_bytes_that_were_changed_in_the_database_are_not_printed(closed: Flask, command: Command) -> None:
    content = test_reports.sealed("csv") + b" "
    with transaction() as session:
        session.execute(update(ReleaseFile).where(ReleaseFile.format == "csv").values(content=content))
    words = ("--quarter", "2026Q2", "--as", "molsa.statistician", "--format")
    code, out, err = command(closed, "report", "ix", *words, "csv")
    assert (code, out) == (1, b"")
    assert err == "nrm: 2026Q2: the report is not as it was sealed; see nrm report audit 2026Q2\n"


def test_a_quarter_that_is_not_released_ends_with_3_and_one_line(closed: Flask, command: Command) -> None:
    code, out, err = command(closed, "report", "ix", "--quarter", "2026Q3", "--as", "oms.monitor")
    assert (code, out, err.count("\n")) == (3, b"", 1)
    assert "not released" in err


def test_a_report_of_few_people_that_waits_for_other_quarters_says_so(closed: Flask, command: Command) -> None:
    code, out, err = command(closed, "report", "vi", "--quarter", "2026Q2", "--as", "molsa.statistician")
    assert (code, out) == (3, b"")
    assert err == ("nrm: not released: quarters with few people are published together, at the latest with 2027Q4\n")


def test_a_report_whose_attack_found_something_says_so(
    closed: Flask, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "attempt", lambda *_, **__: ("refused", (("age*gender", "A0", "G3"),)))
    code, _, err = command(closed, "report", "trp", "--quarter", "2026Q2", "--as", "molsa.statistician")
    assert (code, err) == (3, "nrm: not released: refused (age*gender: A0 G3)\n")


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


def test_closing_again_says_of_each_report_what_became_of_it(closed: Flask, command: Command) -> None:
    code, out, _ = command(closed, "report", "close", "2026Q2", "--as", "molsa.statistician")
    lines = dict(line.split(": ", 1) for line in out.decode().splitlines())
    by = factories.actor("molsa.statistician")
    released = {
        name
        for name in country().tables
        for line in store.releases(by=by, report=name)
        if line.first_quarter <= Quarter(2026, 2) <= line.quarter
    }
    assert code == 0
    assert len(released) > 1
    assert {name for name in country().tables if "was released before" in lines[f"2026Q2 {name}"]} == released
    assert lines["2026Q2 victims"] == "not made, its tables were not filed"
    assert "two_way" not in out.decode()
    assert "one_way" not in out.decode()


def test_every_step_of_detail_has_words() -> None:
    assert list(reports._DETAIL) == [name for name, _, _ in STEPS]


@pytest.mark.slow
def test_a_quarter_is_closed_once(app: Flask, command: Command) -> None:
    accommodated.at(TODAY)
    accommodated.many(14, seed=3)
    code, out, err = command(app, "report", "close", "2026Q2", "--as", "molsa.statistician")
    assert (code, out, err.count("\n")) == (2, b"", 1)
    assert "the Responsible Authority is asked to confirm" in err
    with transaction() as session:
        session.execute(delete(SilentPart))
    accommodated.without(Quarter(2026, 2))
    code, out, err = command(app, "report", "close", "2026Q2", "--as", "molsa.statistician")
    assert (code, out.splitlines()[0]) == (
        0,
        b"2026Q2 ix: closed, waits for two signatures, with the number in all alone",
    )
    assert b"2026Q2 vi: waits for the quarters that follow" in out
    assert b"2026Q2 victims: not made, its tables were not filed" in out
    told = [line.split(b":")[0].split()[-1].decode() for line in out.splitlines()[1:]]
    assert sorted(told) == sorted(set(country().tables) - {"ix"})  # of each report one line
    # Nothing is counted there but the draws.
    said = re.sub(r"draw \d+ of \d+", "draw", err)
    assert [line for line in said.splitlines() if any(sign.isdigit() for sign in line)] == []
    code, out, _ = command(app, "report", "close", "2026Q2", "--as", "molsa.statistician")
    assert (code, out.splitlines()[0]) == (0, b"2026Q2 ix: was closed before, waits for its signatures")


@pytest.mark.slow
def test_what_was_closed_is_out_with_the_second_signature(app: Flask, command: Command) -> None:
    accommodated.at(TODAY)
    accommodated.without(Quarter(2026, 2))
    read = ("report", "ix", "--quarter", "2026Q2", "--as", "oms.reader")
    assert command(app, "report", "sign", "2026Q2", "--as", "molsa.statistician")[0] == 2
    assert command(app, "report", "close", "2026Q2", "--as", "molsa.statistician")[0] == 0
    assert command(app, "report", "sign", "2026Q2", "--as", "ra.duty_officer")[0] == 2  # not before the statistician
    assert command(app, *read)[0] == 3
    code, out, _ = command(app, "report", "audit", "2026Q2")  # before anybody signs
    assert (code, json.loads(out)["ok"]) == (0, True)
    code, out, _ = command(app, "report", "sign", "2026Q2", "--as", "molsa.statistician")
    assert (code, out) == (0, b"2026Q2: signed; the Responsible Authority signs next\n")
    assert command(app, *read)[0] == 3
    assert command(app, "report", "sign", "2026Q2", "--as", "oms.reader")[0] == 2
    code, out, _ = command(app, "report", "sign", "2026Q2", "--as", "ra.duty_officer")
    assert (code, out) == (0, b"2026Q2: signed and released\n")
    code, out, _ = command(app, *read)
    value = json.loads(out)
    assert (code, [each["signer"] for each in value["signatures"]]) == (
        0,
        ["server", "statistician", "responsible_authority"],
    )
    assert [each.get("office") for each in value["signatures"]] == [None, "MOLSA", "RA"]
    assert "VATRA" in value["no_report_from"]


def test_a_refusal_ends_with_3_and_names_no_cell(app: Flask, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    accommodated.at(TODAY)
    accommodated.without(Quarter(2026, 2))
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
    for file, expected in ((other, 1), (tmp_path / "missing.json", 2)):
        code, out, err = command(closed, "report", "verify", str(file))
        assert (code, out, err.count("\n")) == (expected, b"", 1)


def test_a_scenario_that_was_not_tried_is_not_said_to_be_withstood(closed: Flask, command: Command) -> None:
    assert command(closed, "report", "audit", "2026Q2", "--scenario", "A4")[0] == 0
    code, out, err = command(closed, "report", "audit", "2026Q2", "--report", "referrals", "--scenario", "A3")
    assert (code, out) == (2, b"")
    assert err.startswith("nrm: 2026Q2: A3 was not tried on report referrals: ")
    code, out, err = command(closed, "report", "audit", "2026Q2", "--report", "vi")
    assert (code, out) == (3, b"")
    assert "published together" in err


@pytest.fixture
def shared(closed: Flask, tmp_path: Path) -> Path:
    """The files of a release as they are handed on, and nothing of the instance."""
    folder = tmp_path / "shared"
    folder.mkdir()
    names = {"json": "ix.json", "csv": "ix.csv", "csvw": "ix.csv-metadata.json", "xlsx": "ix.xlsx", "pdf.sq": "ix.pdf"}
    for format_, name in names.items():
        (folder / name).write_bytes(test_reports.sealed(format_))
    return folder


def verify_alone(file: Path, *keys: bytes) -> tuple[int, str]:
    """`nrm report verify` without an instance: exit code and what is said."""
    words = [word for key in keys for word in ("--key", key.hex())]
    result = CliRunner(env={"NRM_DIR": None}).invoke(report, ["verify", str(file), *words])
    if isinstance(result.exception, Refused):
        return result.exception.code, str(result.exception)
    assert result.exception is None
    return result.exit_code, result.output


SHARED = ("ix.json", "ix.csv", "ix.csv-metadata.json", "ix.xlsx", "ix.pdf")


@pytest.mark.parametrize("name", SHARED)
def test_anybody_checks_a_file_by_the_public_key_alone(closed: Flask, shared: Path, name: str) -> None:
    key = actions.public_key()
    assert verify_alone(shared / name, key)[0] == 0
    assert verify_alone(shared / name, bytes(31) + b"\1")[0] == 1
    assert verify_alone(shared / name, *(each for each, _, _ in actions.public_keys()))[0] == 0


def test_a_whole_line_of_the_keys_is_read_by_its_first_word(closed: Flask, command: Command, shared: Path) -> None:
    _, out, _ = command(closed, "report", "keys")
    line = out.decode().splitlines()[0]
    assert line.split()[1:] == ["server"]
    checked = CliRunner(env={"NRM_DIR": None}).invoke(report, ["verify", str(shared / "ix.json"), "--key", line])
    assert checked.exit_code == 0
    for wrong in ("server", "", " ", f"server {line}", line[2:]):
        refused = CliRunner(env={"NRM_DIR": None}).invoke(report, ["verify", str(shared / "ix.json"), "--key", wrong])
        assert "64 hexadecimal digits" in str(refused.exception), wrong


def test_many_keys_do_not_make_up_for_a_signature_that_is_missing(closed: Flask, shared: Path) -> None:
    keys = [key for key, _, _ in actions.public_keys()]
    value, file = test_reports.published(), shared / "ix.json"
    first, second, third = value["signatures"]
    forged = {**third, "signature": second["signature"]}
    for signatures in ([first], [first, second], [first, second, forged], [first, first, first]):
        file.write_text(json.dumps({**value, "signatures": signatures}))
        assert verify_alone(file, *keys)[0] == 1


def test_a_json_in_which_a_name_stands_twice_is_not_what_was_signed(
    closed: Flask, command: Command, shared: Path
) -> None:
    file = shared / "ix.json"
    file.write_bytes(file.read_bytes().replace(b'"tables"', b'"tables": [], "tables"', 1))
    assert verify_alone(file, actions.public_key())[0] == 1
    assert command(closed, "report", "verify", str(file))[0] == 1


@pytest.mark.parametrize("name", ["ix.csv", "ix.xlsx", "ix.pdf"])
def test_a_changed_file_is_a_finding_of_the_instance_too(
    closed: Flask, command: Command, shared: Path, name: str
) -> None:
    (shared / "ix.csv-metadata.json").unlink()
    assert command(closed, "report", "verify", str(shared / name))[0] == 0
    (shared / name).write_bytes((shared / name).read_bytes() + b"\n")
    assert command(closed, "report", "verify", str(shared / name))[0] == 1
    if name != "ix.csv":
        assert verify_alone(shared / name, actions.public_key())[0] == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARED)
def test_a_file_that_was_changed_anywhere_is_not_what_was_signed(closed: Flask, shared: Path, name: str) -> None:
    key, file = actions.public_key(), shared / name
    genuine = file.read_bytes()
    # Of the JSON what it says is signed, not how it is laid out; and the signatures of others are their own.
    signed = genuine.index(b'"signatures"') if name == "ix.json" else len(genuine)
    for place in range(0, signed, max(1, signed // 60)):
        if name == "ix.json" and genuine[place : place + 1].isspace():
            continue
        file.write_bytes(genuine[:place] + bytes([genuine[place] ^ 1]) + genuine[place + 1 :])
        assert verify_alone(file, key)[0] in (1, 2), place
    for more in (b"\n%%EOF\n", b"PK", b"x"):
        file.write_bytes(genuine + more)
        assert verify_alone(file, key)[0] in (1, 2), more


@pytest.mark.slow
def test_the_signed_files_open_as_before(closed: Flask, shared: Path) -> None:
    assert len(pypdf.PdfReader(shared / "ix.pdf", strict=True).pages) > 1
    assert openpyxl.load_workbook(shared / "ix.xlsx")["data"]["A1"].value == "report"
    assert json.loads((shared / "ix.csv-metadata.json").read_bytes())["url"] == "ix-2026Q2.csv"


def test_a_csv_without_its_metadata_cannot_be_checked_and_says_so(closed: Flask, shared: Path) -> None:
    key = actions.public_key()
    (shared / "ix.csv-metadata.json").rename(shared / "elsewhere")
    code, said = verify_alone(shared / "ix.csv", key)
    assert (code, said.removeprefix(f"{shared}/")) == (
        2,
        "ix.csv: a file without a signature; a CSV is checked by ix.csv-metadata.json beside it",
    )
    (shared / "ix.csv-metadata.json").write_text("{}")
    assert verify_alone(shared / "ix.csv", key)[0] == 1
    (shared / "ix.csv-metadata.json").write_bytes(test_reports.sealed("csvw", test_reports.FIRST))
    assert verify_alone(shared / "ix.csv", key)[0] == 1


def test_the_keys_that_are_printed_are_those_releases_are_signed_with(closed: Flask, command: Command) -> None:
    code, out, _ = command(closed, "report", "keys")
    lines = out.decode().splitlines()
    signatures = test_reports.published()["signatures"]
    assert (code, lines[0]) == (0, f"{actions.public_key().hex()} server")
    assert {
        " ".join(filter(None, (each["public_key"], each["signer"], each.get("office")))) for each in signatures
    } <= set(lines)
    assert len({line.split()[0] for line in lines}) == len(lines)


@pytest.mark.slow
def test_a_changed_time_of_a_signature_is_found_by_key_and_by_the_instance(
    closed: Flask, command: Command, shared: Path
) -> None:
    value, file = test_reports.published(), shared / "ix.json"
    keys = [key for key, _, _ in actions.public_keys()]
    for place in range(3):
        signatures = [dict(each) for each in value["signatures"]]
        signatures[place]["signed_at"] = "2020-01-01T00:00:00+00:00"
        file.write_text(json.dumps({**value, "signatures": signatures}))
        assert verify_alone(file, bytes.fromhex(signatures[place]["public_key"]))[0] == 1
        assert verify_alone(file, *keys)[0] == 1
        assert command(closed, "report", "verify", str(file))[0] == 1
    file.write_text(json.dumps(value))
    code, _, err = command(closed, "report", "verify", str(file))
    assert (code, "time not signed" in err) == (0, False)
