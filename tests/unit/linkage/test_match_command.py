"""`nrm match evaluate`: what matching would do on somebody's own names, and every mistake in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nrm.cli import matching as command
from nrm.cli.refusals import Refused

KNOWN = """given,family,birth,town
Arta,Xhaferi,1999-03-12,Vlorë
Ελένη,Παπαδοπούλου,2001-07-30,
Драгана,Ђорђевић,1995-11-02,Niš
Ștefania,Țurcanu,2003-04-05,
"""
ARRIVING = """family,given,birth,town
Dzaferi,Arta,12.03.1999,Vlora
Papadopoulou,Eleni,20010730,
Djordjevic,Dragana,1995,
Popa,Ana,1988-01-20,
"""
TRUTH = "a,b\n0,0\n1,1\n2,2\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, text in (("a.csv", KNOWN), ("b.csv", ARRIVING), ("links.csv", TRUTH)):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(place: Path, *more: str, known: str = "a.csv", arriving: str = "b.csv") -> Result:
    arguments = ["evaluate", str(place / known), str(place / arriving), "--truth", str(place / "links.csv"), *more]
    return CliRunner().invoke(command.match, arguments)


def refusal(result: Result) -> str:
    assert isinstance(result.exception, Refused)
    assert result.exception.code == 2
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_it_says_how_well_people_are_found(place: Path) -> None:
    result = run(place, "--json")
    assert result.exit_code == 0, result.exception
    found = json.loads(result.stdout)
    assert list(found) == [
        *("top1", "top5", "recall_fa1", "recall_fa5", "recall_fa10", "f1", "precision", "recall"),
        *("shown", "false_shown", "seconds", "pairs_per_second"),
    ]
    assert (found["shown"], found["false_shown"]) == (1, 0)
    assert found["top1"] == found["top5"] == found["f1"] == found["precision"] == found["recall"] == 1
    said = run(place).stdout
    assert "Found first: 100.0 %" in said
    assert "at the bands of the program: 100.0 % of the pairs, and 0.00 others for each who arrives" in said


def test_columns_are_named(place: Path) -> None:
    (place / "a.csv").write_text(KNOWN.replace("given,family,birth", "first, last,born"))
    (place / "b.csv").write_text(ARRIVING.replace("family,given,birth", "last,first,born"))
    assert "there is no column 'given' or 'family'" in refusal(run(place))
    assert json.loads(run(place, "--columns", "given=first, family=last,birth=born", "--json").stdout)["top1"] == 1
    assert "there is no column 'town2'" in refusal(run(place, "--columns", "given=first,place=town2"))
    for wrong in ("given", "name=first", "given=", "given=first,given=last", "birth=born", ""):
        assert refusal(run(place, "--columns", wrong)).startswith("--columns: ")


def test_in_one_file_each_pair_counts_once(place: Path) -> None:
    _, *lines = ARRIVING.splitlines()
    turned = [",".join((line.split(",")[1], line.split(",")[0], *line.split(",")[2:])) for line in lines]
    (place / "a.csv").write_text(KNOWN + "\n".join(turned) + "\n")
    (place / "links.csv").write_text("a,b\n0,4\n4,0\n5,1\n2,6\n")
    found = json.loads(run(place, "--json", arriving="a.csv").stdout)
    assert found["top1"] == found["f1"] == 1
    (place / "links.csv").write_text("a,b\n3,3\n")
    assert "links.csv:2: row 3 is paired with itself" in refusal(run(place, arriving="a.csv"))


def test_births_that_are_none_are_told_and_count_as_not_known(place: Path) -> None:
    (place / "b.csv").write_text(ARRIVING.replace("20010730", "in July"))
    result = run(place)
    assert result.exit_code == 0
    assert "1 of 4 births are no date, the first on line 3; they count as not known" in result.stderr
    (place / "b.csv").write_text("given,family,birth\nArta,Dzaferi,March\n")
    (place / "links.csv").write_text("a,b\n0,0\n")
    assert "1 of 1 births are no date, the first on line 2; write them as 1987-03-12" in refusal(run(place))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "there is no column 'given' or 'family'"),
        ("a.csv", "given,family\n", "there is nobody in it"),
        ("a.csv", "given,family\nArta\n", "a.csv:2: column 2: 1 fields, the header has 2"),
        ("a.csv", 'given,family\n"Arta,Xhaferi\n', "a.csv:2: column 1: "),
        ("a.csv", "given,given \nArta,B\n", "two columns differ in blanks alone"),
        ("links.csv", "a,c\n0,0\n", "links.csv:1: there is no column 'b'"),
        ("links.csv", "a,b\n0,4\n", "links.csv:2: column 'b': '4' is no row number from 0 to 3"),
        ("links.csv", "a,b\n-1,0\n", "links.csv:2: column 'a': '-1' is no row number from 0 to 3"),
        ("links.csv", "a,b\n٣,0\n", "is no row number from 0 to 3"),
        ("links.csv", "a,b\n", "there is no pair in it"),
    ],
)
def test_a_mistake_is_one_line(place: Path, name: str, text: str, said: str) -> None:
    (place / name).write_text(text)
    assert said in refusal(run(place))


def test_what_is_not_utf_8_is_named(place: Path) -> None:
    (place / "a.csv").write_bytes("given,family\nÇela,Ana\n".encode("cp1252"))
    assert "a.csv:2: column 1: not UTF-8" in refusal(run(place))
