"""`nrm mou route` without an instance."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nrm import countries
from nrm.cli.agreements import mou, parse_instant
from nrm.cli.refusals import Refused
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.unseen import unseen
from nrm.parsing import WORDS
from tests.unit.domain.agreement.agreement_facts import PLAIN
from tests.unit.domain.agreement.sabotage import mutations


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "facts.json"


def _run(file: Path, data: object, on: str = "2026-03-04") -> Result:
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return CliRunner().invoke(mou, ["route", "--facts", str(file), "--on", on])


def _refusal(file: Path, data: object, on: str = "2026-03-04") -> str:
    result = _run(file, data, on)
    assert isinstance(result.exception, Refused)
    assert result.exception.code == 2
    assert result.stdout == ""
    assert "\n" not in str(result.exception)
    return str(result.exception).replace(str(file), "FILE")


def test_the_route_is_json_alone_on_standard_output(file: Path):
    result = _run(file, {**PLAIN, "citizenship_class": "third_country"})
    assert (result.exit_code, result.stderr) == (0, "")
    read: dict[str, Any] = json.loads(result.stdout)
    assert list(read) == ["candidates", "excluded", "obligations", "fallback"]
    assert [(each["party"], each["clause"], each["must"]) for each in read["candidates"]] == [("NRC", "2.1", True)]
    assert read["fallback"] is None


def test_the_same_question_gets_the_same_bytes(file: Path):
    assert _run(file, PLAIN).stdout_bytes == _run(file, dict(reversed(PLAIN.items()))).stdout_bytes


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "--facts: FILE: is not JSON"),
        ("[]", "--facts: the facts must be an object of names and values"),
        ('{"gender": "feminine", "gender": "masculine"}', "--facts: FILE: `gender` stands twice"),
        ("[" * 100_000, f"--facts: FILE: {WORDS['depth']}"),
        ({**PLAIN, "colour": 1}, "--facts: colour: is not a routing fact"),
        ({**PLAIN, "consent": "maybe"}, "--facts: consent: `maybe` is none of given, refused, not_asked_child, "
         "not_asked_urgent"),
        ({}, "--facts: age_class: missing"),
    ],
)  # fmt: skip
def test_facts_that_cannot_be_used_are_refused_in_one_line(file: Path, data: object, message: str):
    assert _refusal(file, data) == message


def test_a_file_that_is_not_there_is_refused(file: Path):
    result = CliRunner().invoke(mou, ["route", "--facts", str(file), "--on", "2026-03-04"])
    assert isinstance(result.exception, Refused)
    assert str(result.exception) == f"--facts: {file}: No such file or directory"


def test_a_file_that_is_not_text_is_refused(file: Path):
    file.write_bytes(b"\xff\xfe{}")
    result = CliRunner().invoke(mou, ["route", "--facts", str(file), "--on", "2026-03-04"])
    assert isinstance(result.exception, Refused)
    assert str(result.exception) == f"--facts: {file}: is not JSON"


@pytest.mark.parametrize(
    "on",
    ["", "yesterday", "2026-02-30", "2026-03-04T25:00", "04.03.2026", "9999-12-31T23:30Z", "0001-01-01T00:30+02:00"],
)
def test_a_time_that_cannot_be_read_is_refused(file: Path, on: str):
    assert _refusal(file, PLAIN, on) == f"--on: `{on}` is not a date and time such as 2026-03-04T22:30"


def test_a_day_before_the_agreement_is_refused(file: Path):
    assert _refusal(file, PLAIN, "2005-07-17") == "no agreement is in force on 2005-07-17"


def test_a_date_alone_means_noon_and_a_zone_is_kept():
    assert parse_instant("2026-03-04").isoformat() == "2026-03-04T12:00:00"
    assert parse_instant("2026-03-04T22:30").isoformat() == "2026-03-04T22:30:00"
    assert parse_instant("2026-03-04T22:30Z") == datetime(2026, 3, 4, 22, 30, tzinfo=UTC)


# check and diff

SHIPPED = countries.FOLDER / "albania" / "mou-2005.toml"


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    """The shipped document with one text replaced."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    draft = tmp_path / "mou-draft.toml"
    draft.write_text(text.replace(old, new), encoding="utf-8")
    return draft


def test_the_shipped_document_is_checked_without_a_finding():
    result = CliRunner().invoke(mou, ["check", str(SHIPPED)])
    assert (result.exit_code, result.stdout) == (0, "")
    accepted, last = result.stderr.splitlines()
    assert accepted.startswith("accepted, with a reason: weakened: safeguard 17: ")
    assert last == "mou-2005.toml: no finding in 132,784,131,413,391,704,064 combinations of facts"


def test_what_is_accepted_is_so_for_the_very_document_and_a_weakening_names_somebody(tmp_path: Path):
    draft = _changed(tmp_path, 'within = "PT15M", grant', 'within = "P1D", grant')
    result = CliRunner().invoke(mou, ["check", str(draft)])
    assert result.exit_code == 1
    late = "weakened: safeguard 1: CHILD_PROTECTION is told within P1D; must be within PT15M: age_class child or unsure"
    assert any(line.startswith(f"{late} (for example: age_class child; ") for line in result.stdout.splitlines())
    assert "weakened: safeguard 17: " in result.stdout
    assert "accepted" not in result.stderr


def test_a_document_that_does_not_fit_the_country_is_told_by_key(tmp_path: Path):
    draft = _changed(tmp_path, '"kakavija", ', "")
    result = CliRunner().invoke(mou, ["check", str(draft)])
    assert result.exit_code == 1
    assert "country: fact.entry_point.values: `kakavija` of the country is missing" in result.stdout.splitlines()
    result = CliRunner().invoke(mou, ["check", str(draft), "--country", "atlantis"])
    assert isinstance(result.exception, Refused)
    assert str(result.exception) == "--country: atlantis: country.toml: there is no such country"


def test_a_finding_is_one_line_and_exit_1(tmp_path: Path):
    draft = _changed(tmp_path, 'refer_to = ["NRC", "IOM", "ngo_shelter"]', 'refer_to = ["IOM"]')
    result = CliRunner().invoke(mou, ["check", str(draft)])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines
    allowed = tuple(f"weakened: safeguard {number}: " for number in (17, 22, 38, 41))
    assert all(line.startswith(("gap: ", *allowed)) for line in lines)
    assert any("age_class child or unsure" in line for line in lines)


@pytest.mark.slow
def test_forty_sabotaged_documents_are_told_from_the_shipped_one(monkeypatch: pytest.MonkeyPatch):
    """Rules dropped, widened, narrowed and delayed: each harm is named, by its safeguard where it is one."""
    albania = countries.load("albania")
    monkeypatch.setattr(countries, "load", lambda _: albania)
    usual = (
        CliRunner()
        .invoke(mou, ["check", str(SHIPPED)])
        .stderr.splitlines()[0]
        .removeprefix("accepted, with a reason: ")
    )
    harmed = []
    for name, data in mutations():
        agreement = parse_agreement(data)
        monkeypatch.setattr(countries, "read_agreement", lambda _, read=agreement: read)
        result = CliRunner().invoke(mou, ["check", "draft.toml"])
        assert result.exit_code == 1, name
        named = [line for line in result.stdout.splitlines() if line != usual]
        assert all(
            re.match(r"(gap|contradiction|dead|unreached|deadline|forgotten|weakened|country|text): ", line)
            for line in named
        )
        harmed += [name] if named else []
    assert len(harmed) >= 40


def test_a_document_compared_with_itself_says_nothing():
    result = CliRunner().invoke(mou, ["diff", str(SHIPPED), str(SHIPPED)])
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_difference_is_grouped_by_the_old_and_the_new_way(tmp_path: Path):
    draft = _changed(tmp_path, 'refer_to = ["NRC", "IOM", "ngo_shelter"]', 'refer_to = ["NRC", "ngo_shelter"]')
    result = CliRunner().invoke(mou, ["diff", str(SHIPPED), str(draft)])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[-1] == "clause 4.3 changes: refer to"
    assert "NRC, IOM -> NRC" in lines
    profile = lines[lines.index("NRC, IOM -> NRC") + 1]
    assert profile.startswith("    age_class adult; ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff", "mou-draft.toml: file: is not TOML ("),
        (b"version = ", "mou-draft.toml: file: is not TOML ("),
        (b'version = "1"', "mou-draft.toml: from: missing"),
    ],
)
def test_a_document_that_cannot_be_read_is_one_line(tmp_path: Path, content: bytes, message: str):
    draft = tmp_path / "mou-draft.toml"
    draft.write_bytes(content)
    for command in (["check", str(draft)], ["diff", str(SHIPPED), str(draft)]):
        result = CliRunner().invoke(mou, command)
        assert isinstance(result.exception, Refused)
        assert result.exception.code == 2
        assert str(result.exception).startswith(message)
        assert "\n" not in str(result.exception)


def test_a_folder_or_nothing_in_the_place_of_a_document_is_one_line(tmp_path: Path):
    (tmp_path / "empty.toml").touch()
    for name, reason in (
        ("", "is a folder; name the file of a text"),
        ("none.toml", "there is no such file"),
        ("empty.toml", "is empty"),
    ):
        result = CliRunner().invoke(mou, ["check", str(tmp_path / name)])
        assert isinstance(result.exception, Refused)
        assert str(result.exception) == f"{tmp_path / name}: {reason}"


def test_every_clause_that_cannot_be_read_is_one_line_with_its_number(tmp_path: Path):
    draft = _changed(tmp_path, 'then = ["IOM", "ngo_shelter"]', 'then = ["NOBODY"]')
    text = draft.read_text("utf-8").replace(
        """must = true
then = ["NOBODY"]""",
        """must = true
then = ["NOBODY"]
overrides = ["5.2"]""",
        1,
    )
    draft.write_text(text.replace('within = "P1D" }]', 'within = "a day" }]'), "utf-8")
    result = CliRunner().invoke(mou, ["check", str(draft)])
    assert result.exit_code == 1
    said = result.stdout.splitlines()
    day = "`a day` is not a duration such as PT30M or P1D"
    assert {
        "text: clause 1.2: clause[2].deadline[1].within: " + day,
        "text: clause 2.1: clause[6].then: `NOBODY` is neither a party nor a kind of party",
        "text: clause 5.2: clause[16].notify[1].within: " + day,
    } <= set(said)
    assert all(line.startswith(("text: clause ", "text: path[")) for line in said)


def test_what_deceives_the_eye_is_a_finding_as_on_the_page(tmp_path: Path):
    for old, new, finding in (
        ('en = "IOM Tirana"', 'en = "National Reception Center"', "party[2].names.en: is the name of `NRC`, too, or "),
        ("merr vesh", "merr vesh\u00ad", "U+00AD"),
        ('on_call = "+355 4 000 0109"', 'on_call = "+355 4\u200b 000 0109"', "party[10].on_call: is no telephone"),
        ('step = "legal_counsel"', 'step = "legal_counse1"', "is no known step, and looks like `legal_counsel`"),
        ('version = "2005"', 'version = "2OO5"', "text: version: looks like `2005`"),
    ):
        result = CliRunner().invoke(mou, ["check", str(_changed(tmp_path, old, new))])
        assert result.exit_code == 1
        assert any(line.startswith("text: ") and finding in line for line in result.stdout.splitlines()), finding


def test_another_name_or_number_of_a_party_is_a_finding(tmp_path: Path):
    for old, new, number in (
        ('sq = "OIM Tiranë"', 'sq = "Policia e Shtetit"', "34: the party with the code IOM takes the name “Policia"),
        ('"+355 33 000 103"', '"+355 69 111 1111"', "28: VATRA is called at +355 69 111 1111; was at"),
    ):
        result = CliRunner().invoke(mou, ["check", str(_changed(tmp_path, old, new))])
        assert f"weakened: safeguard {number}" in result.stdout


def test_what_a_document_says_moves_no_cursor(tmp_path: Path):
    """`mou check` and `mou diff` print names and numbers of the file: characters that nobody sees are written out."""
    shipped = (countries.FOLDER / "albania" / "mou-2005.toml").read_text("utf-8")
    hostile = tmp_path / "hostile.toml"
    hostile.write_text(shipped.replace('number = "5.4"', 'number = "5.4\\u202e\\u001b[2J"', 1), "utf-8")
    old = tmp_path / "old.toml"
    old.write_text(shipped, "utf-8")
    for words in (["check", str(hostile)], ["diff", str(old), str(hostile)]):
        result = CliRunner().invoke(mou, words)
        said = result.output + str(result.exception or "")
        assert [each for each in said if unseen(each) and each != "\n"] == []
        assert "U+202E" in said
