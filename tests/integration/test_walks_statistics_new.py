"""A statistician of another country, with the documentation alone: quarters of invented people, `nrm protect`."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nrm.cli import protect as command
from nrm.cli.refusals import Refused

DOCUMENT = Path(__file__).parents[2] / "docs" / "statistics.md"
AGES, FORMS = ["0-13", "14-17", "18-24", "25+"], ["sexual", "labour", "begging", "none"]
Line = list[str]


def somebody(chance: random.Random, number: int) -> Line:
    age = chance.choices(AGES, [8, 15, 35, 42])[0]
    forms = FORMS[:3] if age in AGES[:2] else FORMS
    nights = str(chance.randint(1, 92))
    return [f"P{number}", chance.choices(["F", "M"], [3, 1])[0], age, chance.choice(forms), nights]


def written(path: Path, people: list[Line], header: str = "person,sex,age,form,nights") -> Path:
    path.write_text("\n".join([header, *map(",".join, people)]) + "\n")
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three quarters of 120 people, of whom 100 stay, and the description that the documentation gives."""
    place = tmp_path_factory.mktemp("office")
    section = DOCUMENT.read_text("utf-8").split("### Writing `TABLES.toml`\n", 1)[1]
    found = re.search(r"```toml\n(.*?)```", section, re.DOTALL)
    assert found
    (place / "TABLES.toml").write_text(found[1].replace("hierarchy = {", "hierarchy = 'age.csv' # {"))
    (place / "inline.toml").write_text(found[1])
    (place / "age.csv").write_text("code,group\n0-13,child\n14-17,child\n18-24,adult\n25+,adult\n")
    chance = random.Random(7)
    people = [somebody(chance, number) for number in range(120)]
    for quarter in (1, 2, 3):
        written(place / f"2026Q{quarter}.csv", people)
        people = chance.sample(people, 100) + [somebody(chance, 1000 * quarter + number) for number in range(20)]
    return place


def run(place: Path, *arguments: str, spec: str = "TABLES.toml", out: str = "out") -> Result:
    named = [str(place / each) if not each.startswith("-") else each for each in arguments]
    return CliRunner().invoke(command.protect, [*named, "--spec", str(place / spec), "--out", str(place / out)])


def refused(result: Result, place: Path) -> str:
    assert isinstance(result.exception, Refused), result.exception
    assert result.exception.code == 2
    said = str(result.exception)
    assert "\n" not in said
    return said.replace(f"{place}/", "")


def release(place: Path, out: str, name: str = "tables.csv") -> list[dict[str, str]]:
    with (place / out / name).open() as file:
        return list(csv.DictReader(file))


def test_a_new_office_publishes_quarters_and_is_told_what_would_spoil_one(place: Path) -> None:
    first = run(place, "2026Q1.csv", "--history", "releases", out="releases/2026Q1")
    assert first.exit_code == 2  # the folder is not there yet
    (place / "releases").mkdir()
    first = run(place, "2026Q1.csv", "--history", "releases", out="releases/2026Q1")
    assert first.exit_code == 0, first.exception
    assert "releases: there is no earlier release; this one is tried as the first" in first.stderr
    figures = release(place, "releases/2026Q1")
    dashes = {(row["age"], row["form"]) for row in figures if row["obs_status"] == "M"}
    assert dashes == {(age, "none") for age in ("child", *AGES[:2])}
    sums = release(place, "releases/2026Q1", "sums.csv")
    assert {int(row["value"]) % (5 * 92) for row in sums} == {0}

    # The folder of one release for that of all would try the next one against nothing.
    said = refused(run(place, "2026Q2.csv", "--history", "releases/2026Q1", out="releases/2026Q2"), place)
    assert said == "releases/2026Q1: is one release; --history names the folder in which the earlier ones are"

    more = ["--history", "releases", "--compare", "releases/2026Q1"]
    second = run(place, "2026Q2.csv", *more, out="releases/2026Q2")
    assert second.exit_code == 0, second.exception
    assert json.loads((place / "releases/2026Q2/verdict.json").read_text())["scenarios"]["A4"] is True
    assert "figures are in both releases" in second.stdout
    assert "\nSums of nights: 3 are in both releases, " in second.stdout

    compared = run(place, "--compare", "releases/2026Q1", out="releases/2026Q2")
    assert compared.stdout == second.stdout

    # Who types it again is told what a second release of the same people does.
    again = run(place, "2026Q2.csv", *more, out="releases/2026Q2")
    assert again.exit_code == 0
    assert (
        "releases/2026Q2: held a release, which is replaced; if somebody has seen it, publish no second" in again.stderr
    )


def test_changes_of_sums_are_told_with_the_bounds_of_sums(place: Path) -> None:
    for name, total, men in (("early", 4600, 920), ("late", 7360, 460)):
        (place / name).mkdir()
        (place / name / "tables.csv").write_text("table,sex,value\nsex,*,60\nsex,F,50\nsex,M,10\n")
        women = total - men
        lines = f"nights,sex,*,{total}\nnights,sex,F,{women}\nnights,sex,M,{men}\n"
        (place / name / "sums.csv").write_text("sum,table,sex,value\n" + lines)
    told = run(place, "--compare", "early", out="late").stdout
    assert "3 figures are in both releases, 3 of them printed alike." in told
    assert "Sums of nights: 3 are in both releases, 0 of them printed alike." in told
    # A printed sum is less than two units (of 460 nights) from the true one.
    assert "total: 4600 -> 7360: rose by 922 to 4598" in told
    assert "sex M: 920 -> 460: true change -1839 to +919" in told
    (place / "early" / "sums.csv").unlink()
    assert (
        "Sums of nights: not in both releases in multiples of 460, and not compared."
        in run(place, "--compare", "early", out="late").stdout
    )


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        (
            "Person,sex,age,form,nights",
            "",
            "bad.csv:1: column 'Person': is not read; 'person', written so, names people",
        ),
        (" person,sex,age,form,nights", "", "bad.csv:1: column ' person': is not read; 'person', written so, names"),
        ("", ",F,25+,none,3", "bad.csv:5: column 'person': '' names nobody"),
        ("", " ,F,25+,none,3", "bad.csv:5: column 'person': ' ' names nobody"),
        ("", "P1,F,25+,none,93", "bad.csv:5: column 'nights': 93 is more than `most`, 92"),
        ("", "P9,F,14-17,none,3", "bad.csv:5: column 'age': impossible with age, form"),
        ("", "P9,f,25+,none,3", "bad.csv:5: column 'sex': 'f' is not in the classification"),
        ("", "P9,F,25+,none,3.5", "bad.csv:5: column 'nights': '3.5' is not a whole number from 0"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_line_and_column(place: Path, header: str, line: str, said: str) -> None:
    chance = random.Random(3)
    people = [somebody(chance, 10 + number) for number in range(3)] + ([line.split(",")] if line else [])
    written(place / "bad.csv", people, header or "person,sex,age,form,nights")
    for spec in ("TABLES.toml", "inline.toml"):  # the hierarchy in a file, and in the description
        assert refused(run(place, "bad.csv", spec=spec, out="bad"), place).startswith(said)
    assert not (place / "bad").exists()
