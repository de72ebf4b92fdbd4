"""What the documents say of the tree is so: decisions, words and verdict keys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
DECISIONS = sorted((TOP / "docs" / "adr").glob("[0-9]*.md"))
INDEX = (TOP / "docs" / "adr" / "README.md").read_text("utf-8")
FORM = re.compile(
    r"# (?P<number>\d+)\. (?P<title>[^\n]+)\n\n"
    r"- Date: (?P<date>\d{4}-\d{2}-\d{2})\n"
    r"- Status: (?P<status>[^\n]+)\n\n"
    r"## Context\n\n.+\n\n## Decision\n\n.+\n\n## Consequences\n\n.+\n",
    re.DOTALL,
)
STATUS = re.compile(
    r"(accepted|superseded by \[\d{4}\]\([^)]+\))(; (amended by|amends) \[\d{4}\]\([^)]+\)(, \[.+?\))*)*"
)
CITED_IN = ("nrm", "forms", "migrations", "bench")
NOT_ABOUT_CODE: frozenset[str] = frozenset()  # numbers of decisions on documents and process alone


def form(path: Path) -> re.Match[str]:
    found = FORM.fullmatch(path.read_text("utf-8"))
    assert found, f"{path.name}: title, date, status, context, decision, consequences"
    return found


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_the_form_and_its_line_in_the_index(path: Path) -> None:
    found = form(path)
    number = path.name[:4]
    assert int(found["number"]) == int(number)
    assert STATUS.fullmatch(found["status"]), found["status"]
    assert f"| [{number}. {found['title']}]({path.name}) | {found['status']} |\n" in INDEX


def test_the_index_names_no_other_decision_and_explains_each_missing_number() -> None:
    names = [path.name for path in DECISIONS]
    assert sorted(re.findall(r"^\| \[\d{4}\. [^\n]*?\]\(([^)]+)\) \|", INDEX, re.M)) == names
    numbers = {int(name[:4]) for name in names}
    assert len(numbers) == len(names)
    for missing in set(range(1, max(numbers))) - numbers:
        assert f"{missing:04}" in INDEX, missing


def test_a_decision_that_is_amended_and_the_one_that_amends_it_say_so_both() -> None:
    def named(path: Path, word: str) -> set[str]:
        part = re.search(rf"{word} (\[[^;\n]+)", form(path)["status"])
        links = re.findall(r"\[(\d{4})\]\(([^)]+)\)", part[1]) if part else []
        assert all((path.parent / target).is_file() and target.startswith(number) for number, target in links)
        return {number for number, _ in links}

    amended = {(number, path.name[:4]) for path in DECISIONS for number in named(path, "amends")}
    assert amended == {(path.name[:4], number) for path in DECISIONS for number in named(path, "amended by")}


def test_every_accepted_decision_is_cited_by_the_code_that_rests_on_it() -> None:
    texts = [path.read_text("utf-8") for top in CITED_IN for path in (TOP / top).rglob("*.py")]
    cited = {number for text in texts for number in re.findall(r"ADR (\d{4})", text)}
    accepted = {path.name[:4] for path in DECISIONS if form(path)["status"].startswith("accepted")}
    assert accepted - NOT_ABOUT_CODE <= cited
    assert cited <= {path.name[:4] for path in DECISIONS}
