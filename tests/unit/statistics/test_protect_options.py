"""`nrm protect` beyond counts of lines: weights, sums, hierarchies in files, what changed, and what it is doing."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nrm.cli import protect as command
from nrm.cli.progress import Counting, Progress, Steps
from nrm.cli.refusals import Refused

SPEC = """
[dimension.sex]
column = "s"
codes = ["f", "m"]
[dimension.age]
column = "a"
codes = ["0-8", "9-17", "18+", "unknown"]
hierarchy = { young = ["0-8", "9-17"] }
[[table]]
by = ["sex", "age"]
"""
NIGHTS = SPEC + '[[table]]\nby = ["sex"]\nsum = "nights"\nmost = 92\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    chance = random.Random(1)
    rows = [
        f"{chance.choice('fmm')},{chance.choice(['0-8', '9-17', '18+', '18+'])},{chance.randint(0, 92)},1"
        for _ in range(90)
    ]
    (tmp_path / "people.csv").write_text("s,a,nights,w\n" + "\n".join(rows) + "\n")
    return tmp_path


def run(place: Path, spec: str, *more: str, out: str = "out", people: bool = True) -> Result:
    (place / "spec.toml").write_text(spec)
    arguments = [str(place / "people.csv")] if people else []
    arguments += ["--spec", str(place / "spec.toml"), "--out", str(place / out), "--seed", "1", *more]
    return CliRunner().invoke(command.protect, arguments)


def refusal(result: Result, place: Path) -> str:
    assert isinstance(result.exception, Refused)
    assert result.exception.code == 2
    return str(result.exception).replace(f"{place}/", "")


def table(place: Path, name: str = "tables.csv", out: str = "out") -> list[dict[str, str]]:
    with (place / out / name).open() as file:
        return list(csv.DictReader(file))


# Weights and sums


def test_a_line_with_a_weight_is_as_many_people(place: Path) -> None:
    assert run(place, SPEC, out="lines").exit_code == 0
    lines = (place / "people.csv").read_text().splitlines()
    weighted = [lines[0], *(line[:-1] + "3" for line in lines[1:31]), *(line[:-1] + "0" for line in lines[31:])]
    (place / "people.csv").write_text("\n".join(weighted) + "\n")
    assert run(place, 'weight = "w"\n' + SPEC).exit_code == 0
    written_out = [lines[0], *(line for line in lines[1:31] for _ in range(3))]
    (place / "people.csv").write_text("\n".join(written_out) + "\n")
    assert run(place, SPEC, out="thrice").exit_code == 0
    assert table(place) == table(place, out="thrice") != table(place, out="lines")


@pytest.mark.parametrize("written", ["", "1.5", "-1", "9999999"])
def test_a_weight_that_is_no_number_of_people_is_named(place: Path, written: str) -> None:
    (place / "people.csv").write_text(f"s,a,nights,w\nf,18+,1,1\nf,18+,1,{written}\n")
    said = refusal(run(place, 'weight = "w"\n' + SPEC), place)
    assert said.startswith("people.csv:3: column 'w': ")
    assert "people" in said


def test_sums_of_an_earlier_release_are_read_and_other_units_are_said(place: Path) -> None:
    (place / "past").mkdir()
    assert run(place, NIGHTS, out="past/1").exit_code == 0
    before = table(place, "sums.csv", "past/1")
    for seed in ("2", "3", "4"):  # the last --seed counts
        assert run(place, NIGHTS, "--history", str(place / "past"), "--seed", seed).exit_code == 0
        assert table(place, "sums.csv") == before
    other = run(place, NIGHTS.replace("most = 92", "most = 93"), "--history", str(place / "past"))
    assert other.exit_code == 0
    assert "sums of 'nights' are no multiples of 465: read without them" in other.output
    (place / "past/1/sums.csv").write_text("sum,table,sex,value\nnights,sex,*,many\n")
    assert "sums.csv:2: column 'value': 'many' is not a number" in refusal(
        run(place, NIGHTS, "--history", str(place / "past")), place
    )


def test_sums_are_a_file_of_their_own_and_the_counts_stay_as_they_were(place: Path) -> None:
    assert run(place, SPEC, out="counts").exit_code == 0
    assert not (place / "counts/sums.csv").exists()
    assert run(place, NIGHTS).exit_code == 0
    assert table(place) == table(place, out="counts")
    sums = table(place, "sums.csv")
    assert [(row["sum"], row["table"], row["sex"], row["age"]) for row in sums] == [
        ("nights", "sex", code, "") for code in "*fm"
    ]
    whole, women, men = (int(row["value"]) for row in sums)
    assert women + men == whole
    assert all(int(row["value"]) % 460 == 0 for row in sums)
    nights = [int(line.split(",")[2]) for line in (place / "people.csv").read_text().splitlines()[1:]]
    assert abs(whole - sum(nights)) < 920
    said = json.loads((place / "out/verdict.json").read_text())
    assert said["sums"]["nights"]["base"] == 460
    assert run(place, SPEC).exit_code == 0
    assert not (place / "out/sums.csv").exists()


@pytest.mark.parametrize(
    ("line", "problem"),
    [("f,18+,93,1", "93 is more than `most`, 92"), ("f,18+,x,1", "'x' is not a whole number from 0")],
)
def test_an_amount_that_cannot_be_is_named_with_its_line(place: Path, line: str, problem: str) -> None:
    (place / "people.csv").write_text(f"s,a,nights,w\nf,18+,1,1\n{line}\n")
    assert refusal(run(place, NIGHTS), place) == f"people.csv:3: column 'nights': {problem}"
    (place / "people.csv").write_text("s,a\nf,18+\n")
    assert refusal(run(place, NIGHTS), place) == "people.csv:1: there is no column 'nights'"


# Hierarchies in files


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("age.csv", "code,group\n0-8,young\n9-17,young\n18+,\n"),
        ("age.hrc", "young\n@0-8\n@9-17\n18+\nunknown\n"),
    ],
)
def test_a_hierarchy_may_stand_in_a_file_beside_the_description(place: Path, name: str, text: str) -> None:
    assert run(place, SPEC, out="inside").exit_code == 0
    (place / name).write_text(text)
    spec = SPEC.replace('{ young = ["0-8", "9-17"] }', f'"{name}"')
    assert run(place, spec).exit_code == 0
    assert table(place) == table(place, out="inside")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("age.csv", "code\n0-8\n", "age.csv:1: there is no column 'group'"),
        (
            "age.csv",
            "code,group\n0-8,young\n0-8,old\n",
            "dimension.age.hierarchy: code '0-8' is in 'young' and in 'old'",
        ),
        ("age.hrc", "@0-8\n", "age.hrc:1: '0-8' has no group before it"),
        ("age.hrc", "all\n@young\n@@0-8\n", "age.hrc:3: '0-8' is in a group of a group"),
        ("", "", "dimension.age.hierarchy: there is no file"),
    ],
)
def test_a_mistake_in_a_file_of_a_hierarchy_is_named(place: Path, name: str, text: str, message: str) -> None:
    if name:
        (place / name).write_text(text)
    spec = SPEC.replace('{ young = ["0-8", "9-17"] }', f'"{name or "none.csv"}"')
    assert message in refusal(run(place, spec), place)


# What changed


def test_what_changed_is_told_with_what_it_may_mean(place: Path) -> None:
    assert run(place, SPEC, out="first").exit_code == 0
    same = run(place, SPEC, "--compare", str(place / "first"))
    assert same.exit_code == 0
    assert same.stdout.startswith("18 figures are in both releases, 18 of them printed alike.\n")
    assert "Certain" not in same.stdout
    assert "Nothing here says who came or left" in " ".join(same.stdout.split())
    with (place / "people.csv").open("a") as file:
        file.write("m,18+,1,1\n" * 40)
    told = run(place, SPEC, "--compare", str(place / "first"))
    assert told.exit_code == 0
    assert "total: 90 -> 130: rose by 32 to 48" in told.stdout
    assert "the true number may have risen, fallen or stayed" not in told.stdout or "true change" in told.stdout
    again = run(place, SPEC, "--compare", str(place / "first"), people=False)
    assert again.stdout == told.stdout
    back = run(place, SPEC, "--compare", str(place / "out"), people=False, out="first")
    assert "total: 130 -> 90: fell by 32 to 48" in back.stdout


def test_every_change_that_is_called_certain_is_so_for_all_numbers_behind_the_figures() -> None:
    from nrm.statistics.comparison import changes
    from nrm.statistics.protect import domain
    from nrm.statistics.tables import Cell

    cell: Cell = (("sex", "f"),)
    behind: dict[int, list[int]] = {}
    for true in range(80):
        for value in domain(true):
            behind.setdefault(5 * value, []).append(true)
    for before in range(0, 50, 5):
        assert not list(changes({cell: before}, {cell: before}))
        for after in range(0, 50, 5):
            for change in changes({cell: before}, {cell: after}):
                moves = [now - then for then in behind[before] for now in behind[after]]
                assert (change.least, change.most) == (min(moves), max(moves))
                assert (change.certain == "rose") == all(move > 0 for move in moves)
                assert (change.certain == "fell") == all(move < 0 for move in moves)


def test_a_comparison_needs_two_releases(place: Path) -> None:
    (place / "empty").mkdir()
    assert refusal(run(place, SPEC, "--compare", str(place / "empty")), place) == "empty: there is no tables.csv"
    assert not (place / "out").exists()
    assert run(place, SPEC).exit_code == 0
    assert "is the folder of --out" in refusal(run(place, SPEC, "--compare", str(place / "out")), place)
    nobody = run(place, SPEC, people=False)
    assert nobody.exit_code == 2
    assert "Missing argument MICRODATA" in nobody.stderr


# What it is doing


def test_a_pipe_gets_a_line_for_a_phase_and_one_for_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    progress = Progress(lambda: now[0])
    progress.phase("rounding")
    now[0] += 12
    assert progress.line() == "rounding, 12 s"
    progress.phase("possible worlds")
    progress.remaining(870)
    now[0] += 10
    assert progress.line() == "possible worlds, 870 questions open, 22 s"
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.splitlines() == ["rounding", "possible worlds"]


def test_many_small_steps_become_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A minute with five steps a second."""
    now = [0.0]
    for tell in (Progress(lambda: now[0]).phase, Steps(lambda: now[0]).tell):
        for _ in range(300):
            now[0] += 0.2
            tell("linear bounds")
        assert len(capsys.readouterr().err.splitlines()) == 6


@pytest.mark.parametrize(("of", "line"), [(400, "moving grants: 120 of 400"), (None, "moving grants: 120")])
def test_of_many_like_things_a_pipe_is_told_how_many_are_done(of: int | None, line: str) -> None:
    with Counting("moving grants", of) as counting:
        counting.step(100)
        counting.step(20)
        assert counting.line() == line


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    class Bar:
        def __init__(self, _: object, length: int | None, **more: object) -> None:
            self.length, self.pos, self.label = length, 0, ""

        def __enter__(self) -> None:
            drawn.append(0)

        def __exit__(self, *_: object) -> None:
            drawn.append(-1)

        def update(self, steps: int) -> None:
            self.pos += steps
            drawn.append(self.pos)

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "progressbar", Bar)
    with Progress() as progress:
        progress.phase("possible worlds")
        for left in (100, 40, 70, 0):  # another scenario begins with 70
            progress.remaining(left)
    assert drawn == [0, 0, 60, -1, 0, 0, 70, -1]
    for of_like_things in (Counting("moving grants", 5), Counting("lines read")):
        drawn.clear()
        with of_like_things:
            of_like_things.step(2)
        assert drawn == [0, 2, -1]
    drawn.clear()
    with Steps() as steps:
        steps.tell("main: cases")
        steps.tell("main: grants")
    assert drawn == [0, 1, 2, -1]
