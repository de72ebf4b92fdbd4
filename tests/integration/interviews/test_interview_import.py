"""Interviews from a file: a line for a line, nothing twice, never a traceback."""

from __future__ import annotations

import dataclasses
import errno
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from click.testing import CliRunner, Result
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from nrm import clock
from nrm.actions.interviews import interviews as interview_actions
from nrm.cli import interviews as cli
from nrm.cli.refusals import Refused
from nrm.db import db
from nrm.domain.interviews.answers import COUNTRIES
from nrm.domain.interviews.import_lines import template_rows
from nrm.domain.interviews.questionnaire_flow import prune, reachable
from nrm.models.interviews.interviews import Interview
from nrm.render import sheets
from nrm.store.countries import country
from tests import factories, screened
from tests.conftest import Command, Person
from tests.factories import PASSWORD, open_instance
from tests.factories_interviews import LOGIN, example, naming_nothing, questionnaire, send_by_name

PSEUDONYM = re.compile(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]")
Import = Callable[..., Result]


@pytest.fixture
def take_in(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """`take_in(lines)` runs `nrm interviews import` over them, on an instance that speaks English."""
    monkeypatch.setenv("NRM_LANGUAGE", "en")
    monkeypatch.setenv("NRM_PASSWORD", PASSWORD)
    monkeypatch.setattr(cli, "application", open_instance)

    def run(*lines: bytes | dict[str, Any], login: str = LOGIN) -> Result:
        file = tmp_path / "interviews.jsonl"
        raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        file.write_bytes(b"\n".join(raw) + b"\n")
        arguments = ["import", str(file), "--dir", str(tmp_path / "instance"), "--as", login]
        return CliRunner().invoke(cli.interviews, arguments, standalone_mode=False)

    return run


def _line(**changed: Any) -> dict[str, Any]:
    answers = prune(questionnaire(), example(**changed))
    return {"questionnaire": "returnee-1", "interviewed_at": "2026-01-02T10:30", "answers": answers}


def _count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def take_in_file(take_in: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Result]:
    """`take_in_file(file)` runs `nrm interviews import` over a file of any kind, in Albanian."""
    assert take_in
    monkeypatch.setenv("NRM_LANGUAGE", "sq")

    def run(file: Path) -> Result:
        arguments = ["import", str(file), "--dir", str(tmp_path / "instance"), "--as", LOGIN]
        return CliRunner().invoke(cli.interviews, arguments, standalone_mode=False)

    return run


def _template(form: str, to: Path) -> Path:
    file = to / f"template.{form}"
    made = CliRunner().invoke(cli.interviews, ["template", "--format", form, "--output", str(file)])
    assert made.exit_code == 0, made.output
    return file


def _table(to: Path, *lines: dict[str, Any], form: str = "csv") -> Path:
    rows: list[list[str]] = []
    for line in lines:
        head, *_, row = template_rows(questionnaire(), line["interviewed_at"], line["answers"])
        rows = [*(rows or [head]), row]
    file = to / f"mine.{form}"
    file.write_bytes(sheets.csv_bytes(rows) if form == "csv" else sheets.xlsx_bytes(rows, title="x"))
    return file


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx"])
def test_every_template_imports_as_it_is_and_warns_only_of_what_is_asked_first(
    take_in_file: Callable[[Path], Result], tmp_path: Path, form: str
) -> None:
    result = take_in_file(_template(form, tmp_path))
    assert PSEUDONYM.fullmatch(result.stdout.strip()), result.output
    warned = re.findall(rf"^template\.{form}:(\d+): (\w+): kujdes: ", result.stderr, re.M)
    assert {question for _, question in warned} == {"hurt", "danger"}, "nothing disagrees"
    assert {number for number, _ in warned} == {"1" if form == "jsonl" else "4"}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_table_says_the_same_of_an_interview_as_a_line_and_keeps_every_text(
    take_in_file: Callable[[Path], Result], tmp_path: Path, form: str
) -> None:
    texts = {
        "given": "Ελένη-Μαρία",
        "family": "Ђорђевић; Ñandú, O'Neil",
        "contact": "=1+1",
        "known_as": "@nena",
        "father": "-",
    }
    line = _line(**texts, story='Tha:\n"Jo", dhe iku; pastaj\tu kthye.')
    result = take_in_file(_table(tmp_path, line, form=form))
    assert PSEUDONYM.fullmatch(result.stdout.strip()), result.output
    interview = db.session.scalars(select(Interview)).one()
    by = factories.actor(LOGIN)
    interview_actions.resume(interview_id=interview.id, by=by)
    kept = interview_actions.read(interview_id=interview.id, by=by).answers
    assert {**kept, "parties": []} == {**line["answers"], "parties": []}


@pytest.mark.slow
def test_each_finding_of_a_table_is_a_line_in_the_language_of_the_instance_and_warnings_refuse_nothing(
    take_in_file: Callable[[Path], Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, warned, fine = _line(), _line(risk="low", given="Dy"), _line(given="Tre")
    wrong["answers"] = {**wrong["answers"], "citizenship": "XX", "birth": "14.3.1998"}
    file = _table(tmp_path, wrong, warned, fine)
    result = take_in_file(file)
    assert result.return_value == 1
    also, bad, *good = result.stdout.splitlines()
    asked = questionnaire().questions
    assert "mine.csv:2: citizenship: Shkruani kodin e vendit me dy shkronja (ISO 3166), për shembull SE: " in bad
    assert also == f"mine.csv:2: birth: Shkruani vitin me katër shifra: {asked['birth'].text['sq']}"
    assert [bool(PSEUDONYM.fullmatch(each)) for each in good] == [True, True]
    assert "mine.csv:3: risk: kujdes: Personi ka frikë" in result.stderr
    assert "mine.csv:4: risk:" not in result.stderr
    monkeypatch.setenv("NRM_LANGUAGE", "en")
    assert "mine.csv:2: citizenship: Enter the country’s code" in take_in_file(file).stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("age\nadult\n", "mine.csv:1: line: Merrni modelin"),
        ("questionnaire,interviewed_at,age,age\n", "mine.csv:1: age: Shkruajeni një herë"),
        ("questionnaire,interviewed_at\nreturnee-1\n", "mine.csv:2: interviewed_at: Shkruajeni; një rresht ka"),
        ("questionnaire,interviewed_at\nreturnee-1,2026-01-01,x\n", "mine.csv:2: line: Hiqni çka është djathtas"),
        ("questionnaire;interviewed_at;given\nreturnee-1;2026-01-01;=1+1\n", "mine.csv:2: given: Shkruani vlerën vetë"),
        ("questionnaire,interviewed_at,shoe\nreturnee-1,2026-01-01,43\n", "mine.csv:2: shoe: Hiqeni këtë përgjigje"),
        ("questionnaire,interviewed_at,age\nother,2026-01-01,x\n", "mine.csv:2: questionnaire: Shkruani një që e ka"),
        (
            "questionnaire,interviewed_at,age\nreturnee-1,2999-01-01,x\n",
            "mine.csv:2: interviewed_at: Shkruani një datë",
        ),
        (
            "questionnaire,interviewed_at,given\nreturnee-1,2026-01-01,Jos\xe9\n",
            "mine.csv:1: line: Ruajeni skedarin si UTF-8",
        ),
    ],
)
def test_a_table_that_is_not_the_template_is_answered_with_what_to_do(
    take_in_file: Callable[[Path], Result], tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(content.encode("latin-1"))
    result = take_in_file(file)
    assert result.exception is None
    assert result.stdout.startswith(message)
    assert result.return_value == 1
    assert _count(Interview) == 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04junk", b'questionnaire,"x', b"a\x00b,c"])
def test_a_file_that_is_no_table_is_bad_usage(
    take_in_file: Callable[[Path], Result], tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "mine.xlsx"
    file.write_bytes(content)
    assert isinstance(take_in_file(file).exception, Refused)


def test_a_table_without_an_interview_is_bad_usage(take_in_file: Callable[[Path], Result], tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("questionnaire,interviewed_at,age\n,,\n")
    assert str(take_in_file(file).exception) == f"{file}: there is no interview in it"


@pytest.mark.slow
def test_the_codes_of_countries_are_those_of_the_locale_data(app: Flask) -> None:
    known = {code for code in Locale.parse("en").territories if len(code) == 2 and code.isalpha()}
    not_iso = {"ZZ", "EU", "EZ", "UN", "XA", "XB", "AC", "CP", "CQ", "DG", "EA", "IC", "TA", "QO"}
    assert known - not_iso == COUNTRIES
    assert set(questionnaire().countries) <= COUNTRIES


@pytest.mark.parametrize("code", ["XX", "al", "ALB", "AC", "EU", "", 7, None, ["AL"]])
def test_what_is_no_country_is_refused(take_in: Import, code: Any) -> None:
    line = _line()
    line["answers"]["returned_from"] = code
    result = take_in(line)
    assert result.stdout.startswith("interviews.jsonl:1: returned_from: Enter the country’s code of two letters")
    assert result.return_value == 1


@pytest.mark.slow
def test_the_example_answers_every_question_of_a_journey_and_imports_as_it_is(take_in: Import) -> None:
    printed = CliRunner().invoke(cli.interviews, ["template", "--format", "jsonl"]).stdout
    assert printed.count("\n") == 1
    example_line = json.loads(printed)
    asked = {question.id for question in reachable(questionnaire(), example_line["answers"])}
    assert asked <= example_line["answers"].keys()
    result = take_in(example_line)
    assert result.return_value == 0
    assert PSEUDONYM.fullmatch(result.stdout.strip())


def test_a_party_that_does_not_exist_cannot_be_struck_out(take_in: Import) -> None:
    result = take_in(_line(parties=["VATTRA"]), _line(parties=["VATRA"]))
    first, second = result.stdout.splitlines()
    assert first.startswith("interviews.jsonl:1: parties: Choose from the parties of the agreement (")
    assert "VATRA" in first
    assert PSEUDONYM.fullmatch(second)
    assert result.return_value == 1


def test_a_line_that_was_taken_in_stays_so_when_a_party_it_strikes_out_has_left(
    take_in: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = take_in(_line(parties=["VATRA"])).stdout
    assert PSEUDONYM.fullmatch(first.strip())
    left = dataclasses.replace(country().in_force(clock.now()), parties={})
    monkeypatch.setattr("nrm.countries.country.Country.in_force", lambda *_: left)
    assert take_in(_line(parties=["VATRA"])).stdout == first
    assert take_in(_line(parties=["VATRA"], given="Tjetër")).stdout.startswith("interviews.jsonl:1: parties: ")


def test_the_same_file_again_creates_nothing_twice_and_prints_the_same(take_in: Import) -> None:
    lines = [
        _line(),
        _line(given="Tjetër"),
        _line(consent_services="no", refusal_reason="fear"),
        _line(**{**naming_nothing(), "assessment": "none", "danger": "no", "risk": "low", "noticed": ["none"]}),
    ]
    first = take_in(*lines)
    assert first.return_value == 0
    assert first.stdout.splitlines()[2:] == ["anonymous", "anonymous"]
    assert len(set(first.stdout.splitlines())) == 3
    again = take_in(*lines)
    assert (again.return_value, again.stdout) == (0, first.stdout)
    assert (_count(Interview), screened.counted().total()) == (2, 2)


def test_what_was_told_is_not_ended_by_a_file_against_it(take_in: Import) -> None:
    """What was seen: forced labour, danger and an official, with "no indicator", left no case, no hold and no word."""
    for told in ({}, {"forms": ["none"], "danger": "yes"}):
        result = take_in(_line(assessment="none", **told))
        assert result.return_value == 1
        assert result.stdout.startswith("interviews.jsonl:1: assessment: Enter the interview on its pages")
    assert (_count(Interview), screened.counted().total()) == (0, 0)


def test_valid_lines_are_kept_whatever_is_wrong_with_others(take_in: Import) -> None:
    wrong = _line()
    wrong["answers"] = {**wrong["answers"], "age": "old", "shoe_size": 43}
    result = take_in(_line(), wrong, b"", _line(given="Tjetër"))
    lines = result.stdout.splitlines()
    assert result.return_value == 1
    assert PSEUDONYM.fullmatch(lines[0])
    assert PSEUDONYM.fullmatch(lines[-1])
    assert lines[1].startswith("interviews.jsonl:2: age: Choose one of the answers in the list: How old is the person?")
    assert (
        "interviews.jsonl:2: shoe_size: Leave this answer out, because the question is not in the questionnaire"
        in lines
    )
    assert _count(Interview) == 2


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"junk", "interviews.jsonl:1: line: Enter one JSON object"),
        (b"[1]", "interviews.jsonl:1: line: Enter one JSON object"),
        (b"\xff\xfe{}", "interviews.jsonl:1: line: Save the file as UTF-8"),
        (b'{"questionnaire": NaN}', "interviews.jsonl:1: line: Enter one JSON object"),
        (b"[" * 100_000, "interviews.jsonl:1: line: Enter one JSON object"),
        (b"1" * 10_000, "interviews.jsonl:1: line: Enter one JSON object"),
        (b"x" * 400_000, "interviews.jsonl:1: line: Enter fewer than 262144 bytes in one line"),
        (b'{"answers": {}, "answers": {}}', "interviews.jsonl:1: answers: Enter it once"),
        (b'{"answers": {}, "extra\\u0000": 1}', "interviews.jsonl:1: extra?: Leave this out"),
        (b'{"questionnaire": "returnee-1", "answers": {}}', "interviews.jsonl:1: interviewed_at: Enter it"),
        (
            b'{"questionnaire": 1, "interviewed_at": "2026-01-01", "answers": {}}',
            "interviews.jsonl:1: questionnaire: Enter its id, such as `returnee-1`",
        ),
        (
            b'{"questionnaire": "other", "interviewed_at": "2026-01-01", "answers": {}}',
            "interviews.jsonl:1: questionnaire: Enter one that this instance has: `returnee-1`",
        ),
        (
            b'{"questionnaire": "returnee-1", "interviewed_at": "2026-01-01", "answers": []}',
            "interviews.jsonl:1: answers: Enter an object of question ids and answers",
        ),
        (
            b'{"questionnaire": "returnee-1", "interviewed_at": "2999-01-01", "answers": {}}',
            "interviews.jsonl:1: interviewed_at: Enter a date and time of the past, such as 2026-03-04T10:30",
        ),
        (
            b'{"questionnaire": "returnee-1", "interviewed_at": "0001-01-01T00:00+14:00", "answers": {}}',
            "interviews.jsonl:1: interviewed_at: Enter a date and time of the past, such as 2026-03-04T10:30",
        ),
        (
            b'{"questionnaire": "returnee-1", "interviewed_at": "2026-01-01", "answers": {"a\\ud800": 1}}',
            "interviews.jsonl:1: a?: Leave this answer out",
        ),
    ],
)
def test_a_line_that_is_no_interview_is_answered_with_what_to_do(take_in: Import, raw: bytes, message: str) -> None:
    result = take_in(raw)
    assert result.return_value == 1, result.exception
    assert result.stdout.startswith(message)
    assert all(line.startswith("interviews.jsonl:1: ") for line in result.stdout.splitlines())
    assert _count(Interview) == screened.counted().total() == 0


@pytest.mark.parametrize("text", ["a\x00b", "a\u202eb", "a\ud800b", "x" * 20_000, ["x"], {"x": 1}, 7, True, 1e300])
def test_a_text_that_cannot_be_kept_names_its_question_and_repeats_nothing(take_in: Import, text: Any) -> None:
    line = _line()
    line["answers"]["given"] = text
    result = take_in(line)
    assert result.return_value == 1, result.exception
    assert result.stdout.startswith("interviews.jsonl:1: given: Enter ")
    assert "xxx" not in result.stdout


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.dictionaries(st.sampled_from(["age", "given", "birth", "needs", "age_stated", "where", "x"]), JSON))
def test_whatever_stands_in_a_line_each_line_of_the_answer_names_it_and_a_question(
    take_in: Import, answers: dict[str, Any]
) -> None:
    result = take_in({"questionnaire": "returnee-1", "interviewed_at": "2026-01-01", "answers": answers})
    assert result.return_value == 1, result.exception
    assert all(re.match(r"interviews\.jsonl:1: \w+: ", line) for line in result.stdout.splitlines())


def test_an_imported_interview_waits_on_the_posts_list_and_is_sent_from_there(
    take_in: Import, sign_in: Callable[[str], Person]
) -> None:
    pseudonym = take_in(_line(official="no", proceedings="none")).stdout.strip()
    person = sign_in(LOGIN)
    home = person.get("/")
    assert "Për t’u referuar" in home
    assert pseudonym in home
    address = person.post(re.findall(r'action="(/interviews/[^"]+/resume)"', home)[0])
    assert address.endswith("/decision")
    assert send_by_name(person, address, example()).endswith("/sent")
    assert pseudonym not in sign_in("durres.border_officer").get("/")


def test_only_who_conducts_interviews_imports_and_a_missing_file_is_bad_usage(take_in: Import, tmp_path: Path) -> None:
    refused = take_in(_line(), login="molsa.statistician")
    assert "does not conduct interviews" in str(refused.exception)
    missing = CliRunner().invoke(cli.interviews, ["import", str(tmp_path / "none"), "--dir", ".", "--as", "x"])
    assert missing.exit_code == 2


def test_a_line_that_is_nested_deeply_fails_alone(take_in: Import) -> None:
    deep = json.dumps(_line()).replace('"answers": {', '"answers": {"x": ' + "[" * 500 + "]" * 500 + ", ").encode()
    first, second = take_in(deep, _line()).stdout.splitlines()
    assert first == "interviews.jsonl:1: line: Enter one JSON object, with lists in lists 32 deep at most"
    assert PSEUDONYM.fullmatch(second)


def test_after_a_thousand_lines_that_are_no_interviews_none_is_read_and_that_is_said(take_in: Import) -> None:
    result = take_in(_line(), *[b"a"] * 1000, _line(age="41"))
    assert result.return_value == 1, result.exception
    taken, *refused = result.stdout.splitlines()
    assert PSEUDONYM.fullmatch(taken)  # what came before them is taken in
    assert refused == [f"interviews.jsonl:{n}: line: Enter one JSON object" for n in range(2, 1002)]
    assert result.stderr.splitlines()[-2:] == [
        "interviews.jsonl:1001: 1000 lines are no interviews, and none after this one was read: "
        "put them right, and give the file again",
        "1 taken in, 1000 not",
    ]
    assert _count(Interview) == 1


def test_a_thousand_interviews_that_lack_something_are_all_named(take_in: Import) -> None:
    lacking = {**_line(), "interviewed_at": "x"}
    result = take_in(*[lacking] * 1001, _line())
    assert sum("interviewed_at" in line for line in result.stdout.splitlines()) == 1001
    assert _count(Interview) == 1


def test_an_older_paper_that_answers_what_is_now_asked_after_the_arrival_is_taken_in(take_in: Import) -> None:
    line, older = _line(), {"method": "at_work", "before": ["poverty"], "why_late": "frikë", "wish_region": "vlore"}
    line["answers"] |= older
    result = take_in(line)
    assert result.return_value == 0
    assert PSEUDONYM.fullmatch(result.stdout.strip())
    wrong = take_in({**line, "answers": line["answers"] | {"method": "dragon", "episode_where": "GR"}})
    assert wrong.return_value == 1  # what cannot be an answer, and a row that only the form has, are said
    assert ":1: method: " in wrong.stdout
    assert ":1: episode_where: " in wrong.stdout


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BrokenPipeError(errno.EPIPE, "x"), 141, ""),
        (OSError(errno.ENOSPC, "x"), 2, "nrm: a file: the disk is full; make room and try again\n"),
    ],
)
def test_an_answer_that_cannot_be_written_is_not_said_of_the_file_that_is_read(
    app: Flask, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, code: int, line: str
) -> None:
    def unwritten(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "answer", unwritten)
    file = tmp_path / "interviews.jsonl"
    file.write_text("{}\n")
    done, _, said = command(app, "interviews", "import", str(file), "--as", LOGIN)
    assert (done, said) == (code, line)
