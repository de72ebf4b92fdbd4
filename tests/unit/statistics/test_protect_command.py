"""`nrm protect`: microdata in, safe tables or a refusal out, and every mistake with its file, line and column."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nrm.cli import protect as command
from nrm.cli.refusals import Refused
from nrm.statistics.verdicts import Refused as NothingMade
from nrm.statistics.verdicts import Verdict

SPEC = """
base = 5
impossible = [{ sex = "f", age = "unknown" }]
[dimension.sex]
column = "s"
codes = ["f", "m"]
[dimension.age]
column = "a"
hierarchy = { young = ["0-8", "9-17"], grown = ["18+"] }
codes = ["0-8", "9-17", "18+", "unknown"]
[[table]]
by = ["sex", "age"]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "spec.toml").write_text(SPEC)
    chance = random.Random(1)
    rows = [f"{chance.choice('fmm')},{chance.choice(['0-8', '9-17', '18+', '18+'])}" for _ in range(90)]
    (tmp_path / "people.csv").write_text("s,a\n" + "\n".join(rows) + "\n")
    return tmp_path


def run(place: Path, *more: str, out: str = "out") -> Result:
    arguments = [str(place / "people.csv"), "--spec", str(place / "spec.toml"), "--out", str(place / out), *more]
    return CliRunner().invoke(command.protect, arguments)


def refusal(result: Result) -> tuple[str, int]:
    assert isinstance(result.exception, Refused)
    return str(result.exception), result.exception.code


def figures(place: Path, out: str = "out") -> dict[tuple[str, ...], int]:
    with (place / out / "tables.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0][:4] == ["table", "sex", "age", "value"]
    return {tuple(row[:3]): int(row[3]) for row in rows[1:]}


def verdict(place: Path, out: str = "out") -> dict[str, Any]:
    data: dict[str, Any] = json.loads((place / out / "verdict.json").read_text())
    return data


def test_tables_are_written_with_all_margins_and_a_verdict_beside_them(place: Path) -> None:
    assert run(place).exit_code == 0
    printed = figures(place)
    assert len(printed) == 3 * 7
    assert printed["sex*age", "*", "*"] == 90
    assert printed["sex*age", "*", "young"] == printed["sex*age", "*", "0-8"] + printed["sex*age", "*", "9-17"]
    assert printed["sex*age", "f", "unknown"] == 0
    said = verdict(place)
    assert (said["ok"], said["step"], said["classification"], said["findings"]) == (True, "two_way", "declared", [])
    assert said["scenarios"] == {"A0": True, "A1": True, "A2": True}
    assert set(said["one_person"]) == {"draws", "named", "p95_bits", "by_series"}
    assert (place / "out/verdict.json").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (place / "out").iterdir()) == ["tables.csv", "verdict.json"]


def test_progress_is_told_on_standard_error_alone(place: Path) -> None:
    result = run(place)
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "step two_way, draw 1 of 20",
        "rounding",
        "shape",
        "linear bounds",
        "possible worlds",
    ]


def test_a_seed_repeats_every_byte_and_no_seed_is_secret(place: Path) -> None:
    for out in ("one", "two"):
        assert run(place, "--seed", "7", out=out).exit_code == 0
    assert (place / "one/tables.csv").read_bytes() == (place / "two/tables.csv").read_bytes()

    def secretly() -> bytes:
        assert run(place, out="secret").exit_code == 0
        return (place / "secret/tables.csv").read_bytes()

    # Three of five seeds make the same tables of these people: forty that all do are no chance.
    first = secretly()
    assert any(secretly() != first for _ in range(39))


def test_twenty_people_or_fewer_are_a_total_alone(place: Path) -> None:
    lines = (place / "people.csv").read_text().splitlines()
    (place / "people.csv").write_text("\n".join(lines[:13]) + "\n")
    assert run(place).exit_code == 0
    assert list(figures(place)) == [("total", "", "")]


@pytest.mark.slow
def test_figures_have_inertia_through_history(place: Path) -> None:
    assert run(place, "--seed", "0", out="history/2024").exit_code == 0
    first = figures(place, "history/2024")
    moved = [0, 0]
    for number in range(1, 5):
        for free, more in enumerate((["--history", str(place / "history")], [])):
            assert run(place, *more, "--seed", str(number), out="again").exit_code == 0
            moved[free] += sum(first[members] != figure for members, figure in figures(place, "again").items())
    assert moved[0] < moved[1] / 2


def test_what_a_former_version_left_of_who_was_counted_is_reported_and_not_read(place: Path) -> None:
    assert run(place, "--seed", "0", out="history/1").exit_code == 0
    results = []
    for text in (None, "{}", '{"key": "ab", "contributors": [[[], "cd"]]}'):
        if text is not None:
            (place / "history/1/sticky.json").write_text(text)
        result = run(place, "--history", str(place / "history"), "--seed", "1")
        assert result.exit_code == 0
        assert ("history/1/sticky.json: not read; it tells as much as" in result.stderr) == (text is not None)
        results.append((place / "out/tables.csv").read_bytes())
    assert results == results[:1] * 3
    (place / "out/sticky.json").write_text("{}")
    assert run(place).exit_code == 0
    assert not (place / "out/sticky.json").exists()


def test_codes_taken_from_the_file_are_said_to_be_observed(place: Path) -> None:
    (place / "spec.toml").write_text('[dimension.sex]\ncolumn = "s"\n[[table]]\nby = ["sex"]\n')
    assert run(place).exit_code == 0
    assert verdict(place)["classification"] == "observed"


def test_a_code_that_comes_or_goes_with_one_person_tells_nothing_of_them(place: Path) -> None:
    (place / "spec.toml").write_text('[dimension.sex]\ncolumn = "s"\n[[table]]\nby = ["sex"]\n')
    common, rare = "s\n" + "f\n" * 119, "m\n"
    (place / "people.csv").write_text(common)
    first = run(place, out="history/1")
    assert first.exit_code == 0
    assert "each code in the tables tells that somebody has it" in first.output
    (place / "people.csv").write_text(common + rare)
    said, code = refusal(run(place, "--history", str(place / "history"), out="later"))
    assert (said.removeprefix(f"{place}/"), code) == (
        "people.csv:121: column 's': 'm' is not in the classification; name it under `codes`",
        2,
    )
    assert run(place, out="history/1").exit_code == 0
    (place / "people.csv").write_text(common)
    assert run(place, "--history", str(place / "history"), out="later").exit_code == 0
    with (place / "later" / "tables.csv").open() as file:
        assert [row["sex"] for row in csv.DictReader(file)] == ["*", "f", "m"]


def test_a_history_that_says_nothing_of_the_people_counted_is_tried_and_said_so(place: Path) -> None:
    assert run(place, out="history/1").exit_code == 0
    assert "A4" not in verdict(place, "history/1")["scenarios"]
    assert run(place, "--history", str(place / "history")).exit_code == 0
    assert verdict(place)["scenarios"]["A4"] is True


def test_a_refusal_removes_old_tables_and_says_why(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(place).exit_code == 0
    none = NothingMade(Verdict(False, "refused", (), {}, (), (), 0, 0, 0.0, 0.0, 0, 0.1))
    monkeypatch.setattr(command, "make", lambda *_, **__: none)
    assert refusal(run(place))[1] == 3
    assert sorted(path.name for path in (place / "out").iterdir()) == ["verdict.json"]
    assert verdict(place)["ok"] is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s\nf\n", "people.csv:1: there is no column 'a'"),
        ("", "people.csv:1: there is no column 's'"),
        ("s,a,s\n", "people.csv:1: column 's' is there twice"),
        ("s,a\nf,18+\nf\n", "people.csv:3: column 2: 1 fields, the header has 2"),
        ("s,a\nf,18+\nx,18+\n", "people.csv:3: column 's': 'x' is not in the classification"),
        ("s,a\nf,\n", "people.csv:2: column 'a': '' is not a code"),
        ("s,a\n*,18+\n", "people.csv:2: column 's': '*' is not a code"),
        ("s,a\nf,unknown\n", "people.csv:2: column 's': impossible with sex, age"),
        (
            "s,a,person\nf,18+,1\nm,18+,1\n",
            "people.csv:3: column 'person': the same person was met with other codes",
        ),
        ('s,a\nf,"18+\n', "people.csv:2: column 2: unexpected end of data"),
        ('s,a\n"f"x,18+\n', "people.csv:2: column 1: ',' expected after '\"'"),
        ('s,a\nf,18+\n"f,\n""",18+,"x"y\n', "people.csv:4: column 3: ',' expected after '\"'"),
        ('"s","a\n', "people.csv:1: column 2: unexpected end of data"),
        ("s;a\nf;18+\n", "people.csv:1: there is no column 's'; separate columns with commas"),
    ],
)
def test_a_mistake_in_the_microdata_is_named_with_file_line_and_column(place: Path, text: str, message: str) -> None:
    (place / "people.csv").write_text(text)
    said, code = refusal(run(place))
    assert (said.removeprefix(f"{place}/"), code) == (message, 2)


@pytest.mark.parametrize("name", ["people.csv", "spec.toml"])
def test_a_letter_that_is_not_utf_8_is_named_where_it_stands(place: Path, name: str) -> None:
    (place / name).write_bytes(b"s,a\nf,Shqip\xebri\n")
    said, code = refusal(run(place))
    assert (said.removeprefix(f"{place}/"), code) == (f"{name}:2: column 8: not UTF-8", 2)


@pytest.mark.parametrize(
    "written",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\n\n").rstrip().encode(),
        lambda text: "".join(f'"{"".join(line)}"\n'.replace(",", '","') for line in text.splitlines()).encode(),
    ],
    ids=["byte order mark", "CRLF", "empty lines", "quotation marks"],
)
def test_the_same_people_give_the_same_tables_however_the_file_is_written(
    place: Path, written: Callable[[str], bytes]
) -> None:
    assert run(place, "--seed", "1", out="plain").exit_code == 0
    (place / "people.csv").write_bytes(written((place / "people.csv").read_text()))
    (place / "spec.toml").write_bytes(b"\xef\xbb\xbf" + SPEC.encode())
    assert run(place, "--seed", "1").exit_code == 0
    assert figures(place) == figures(place, "plain")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_nobody_and_one_person_are_a_total_that_says_nothing_of_them(place: Path, number: int) -> None:
    (place / "people.csv").write_text("s,a\n" + "f,18+\n" * number)
    assert run(place).exit_code == 0
    assert list(figures(place)) == [("total", "", "")]
    assert figures(place)["total", "", ""] in (0, 5)


def test_codes_may_be_written_in_any_letters(place: Path) -> None:
    spec = SPEC.replace('"f", "m"', '"femër", "mashkull ♂"').replace('sex = "f"', 'sex = "femër"')
    (place / "spec.toml").write_text(spec)
    text = (place / "people.csv").read_text().replace("f,", "femër,").replace("m,", "mashkull ♂,")
    (place / "people.csv").write_text(text)
    assert run(place).exit_code == 0
    assert ("sex*age", "mashkull ♂", "*") in figures(place)


def test_a_cell_that_cannot_be_is_told_from_a_published_zero_and_other_files_stay_as_they_were(place: Path) -> None:
    assert run(place).exit_code == 0
    with (place / "out/tables.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["table", "sex", "age", "value", "obs_status"]
    cannot_be = {("f", "unknown")}
    assert {(row["sex"], row["age"]) for row in rows if row["obs_status"] == "M"} == cannot_be
    assert {row["value"] for row in rows if row["obs_status"] == "M"} == {"0"}
    assert [row["obs_status"] for row in rows if (row["sex"], row["age"]) == ("m", "unknown")] == ["A"]
    # What was printed is read again, with the column and without it.
    assert run(place, "--history", str(place), out="zlater").exit_code == 0
    (place / "spec.toml").write_text(SPEC.replace("impossible", "#"))
    assert run(place, "--history", str(place), out="zlast").exit_code == 0
    assert (place / "zlast/tables.csv").read_text().startswith("table,sex,age,value\n")


def test_no_dimension_has_the_name_of_a_column(place: Path) -> None:
    (place / "spec.toml").write_text(
        '[dimension.obs_status]\ncolumn = "s"\ncodes = ["f", "m"]\n[[table]]\nby = ["obs_status"]\n'
    )
    assert "tables.csv has a column of this name" in refusal(run(place))[0]


def test_a_dimension_may_be_read_from_a_column_called_person(place: Path) -> None:
    """Then it names nobody: forty children are forty, not one."""
    (place / "people.csv").write_text("person\n" + "child\n" * 40 + "adult\n" * 30)
    (place / "spec.toml").write_text(
        '[dimension.kind]\ncolumn = "person"\ncodes = ["child", "adult"]\n[[table]]\nby = ["kind"]\n'
    )
    assert run(place).exit_code == 0
    with (place / "out/tables.csv").open() as file:
        assert abs(int(next(csv.DictReader(file))["value"]) - 70) <= 4


def test_a_person_on_two_lines_is_one(place: Path) -> None:
    (place / "people.csv").write_text("s,a,person\n" + "".join(f"f,18+,{number // 2}\n" for number in range(60)))
    assert run(place).exit_code == 0
    assert 25 <= figures(place)["sex", "*", ""] <= 35


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[dimension.""]\ncolumn = "s"\n', "spec.toml: dimension.: a name may not be empty nor contain '*'"),
        ("base = 5\n[dimension.sex]\ncolumn = 3\n", "spec.toml: dimension.sex.column: a text is needed"),
        ("base = \n", "spec.toml: Invalid value (at line 1, column 8)"),
    ],
)
def test_a_mistake_in_the_description_is_named(place: Path, text: str, message: str) -> None:
    (place / "spec.toml").write_text(text)
    said, code = refusal(run(place))
    assert (said.removeprefix(f"{place}/"), code) == (message, 2)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("tables.csv", "table,sex\n", "tables.csv:1: there is no column 'value'"),
        ("tables.csv", "table,height,value\n", "tables.csv:1: column 'height': not a dimension of the tables"),
        ("tables.csv", "table,sex,value\nsex,x,5\n", "tables.csv:2: column 'sex': 'x' is not in the classification"),
        ("tables.csv", "table,sex,value\nsex,*,7\n", "tables.csv:2: column 'value': '7' is not a multiple of 5"),
        (
            "tables.csv",
            "table,sex,value\nsex,*,5\nsex,*,10\n",
            "tables.csv:3: column 'value': the same figure is printed with another value before",
        ),
        ("tables.csv", "table,sex,value\nsex,f,5\n", "tables.csv: there is no total"),
        (
            "tables.csv",
            "table,sex,value\nsex,*,90\nsex,f,30\nsex,m,65\n",
            "tables.csv: the figures of 'sex' do not add up",
        ),
    ],
)
def test_a_damaged_history_is_named(place: Path, name: str, text: str, message: str) -> None:
    assert run(place, out="history/1").exit_code == 0
    (place / "history/1" / name).write_text(text)
    said, code = refusal(run(place, "--history", str(place / "history")))
    assert (said.removeprefix(f"{place}/history/1/"), code) == (message, 2)
