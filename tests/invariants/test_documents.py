"""What the documents say of the tree is so: decisions, words and verdict keys."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from nrm.cli import nrm
from tests.invariants.test_syntax import trees

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


STATISTICS = TOP / "docs" / "statistics.md"
OF_ACCOUNTS = {"G8"}  # kept by what accounts reach, so that no finding names it


def first_column(heading: str) -> list[str]:
    """The code words in the first column of the table below a heading of docs/statistics.md."""
    section = re.split(r"^#+ ", STATISTICS.read_text("utf-8").split(f"### {heading}\n", 1)[1], maxsplit=1, flags=re.M)[
        0
    ]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def words_of_the_code() -> set[str]:
    """The texts that the attacker, the reports and their commands write."""
    return {
        node.value
        for path, tree in trees().items()
        if path.startswith("nrm/statistics/") or (path.startswith("nrm/") and path.endswith("/reports.py"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.slow
def test_the_guarantees_and_scenarios_are_those_that_a_verdict_names() -> None:
    words = words_of_the_code()
    guarantees = {word for word in words if re.fullmatch(r"G\d+", word)}
    scenarios = {word for word in words if re.fullmatch(r"A\d", word)}
    in_order = sorted(guarantees | OF_ACCOUNTS, key=lambda word: int(word[1:]))
    assert first_column("Guarantees: G1 to G10") == in_order
    assert first_column("Scenarios: A0 to A5") == sorted(scenarios)


def test_the_keys_and_steps_are_those_of_a_verdict() -> None:
    from nrm.statistics.printed import STEPS  # the solvers take a second to load
    from nrm.statistics.tables import SIZES
    from nrm.statistics.verdicts import Verdict  # the solvers take a second to load

    verdict = Verdict(False, "refused", (), {}, (), (), 0, 0, 0.0, 0.0, 0, 0.0)
    keys = first_column("The keys of a verdict")
    assert sorted(keys) == sorted({*verdict.operator(), "classification"})
    assert set(keys[: len(verdict.public())]) == set(verdict.public())
    assert first_column("Steps") == [*(name for name, _, _ in STEPS), verdict.step]
    one, two, three = SIZES[1:]
    assert f"from {one} on one, from {two} on two, from {three} on three" in STATISTICS.read_text("utf-8")


GLOSSARY = TOP / "docs" / "glossary.md"
GROUPS = (
    "People and bodies",
    "An interview",
    "A referral",
    "A shelter",
    "An agreement",
    "Keys and records",
    "Statistics",
    "Running it",
)


def glossary() -> dict[str, list[list[str]]]:
    """The rows of each group: word, the field's term, meaning, where it is."""
    groups = {}
    for section in re.split(r"^## ", GLOSSARY.read_text("utf-8"), flags=re.M)[1:]:
        name, _, text = section.partition("\n")
        lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
        groups[name] = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return groups


def names_of_the_tree() -> set[str]:
    """Base names of the files under nrm/, and the names of classes, functions and constants in its modules."""
    found = {path.name for path in (TOP / "nrm").rglob("*") if path.is_file()}
    for path, tree in trees().items():
        if not path.startswith("nrm/"):
            continue
        for node in tree.body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                found.add(node.name)
            elif isinstance(node, ast.Assign):
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def test_the_glossary_has_its_groups_in_the_order_of_the_alphabet() -> None:
    groups = glossary()
    assert tuple(groups) == GROUPS
    for name, rows in groups.items():
        assert all(len(row) == 4 and all(row) for row in rows), name
        words = [row[0].casefold() for row in rows]
        assert words == sorted(set(words)), name


def test_whatever_the_glossary_says_lives_in_the_tree_exists() -> None:
    names = names_of_the_tree()
    for rows in glossary().values():
        for word, _, meaning, where in rows:
            assert meaning.endswith("."), word
            code = re.findall(r"`([^`]+)`", where)
            assert code, word
            for each in code:
                if each.startswith("nrm "):
                    assert_command(each)
                else:
                    assert each in names, (word, each)


def assert_command(text: str) -> None:
    command: click.Command = nrm
    for part in text.split()[1:]:
        assert isinstance(command, click.Group), text
        found = command.get_command(click.Context(command), part)
        assert found is not None, text
        command = found


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md", "docs/operator.md", "docs/threat-model.md"])
def test_a_document_has_none_of_the_words_that_stop_a_reader(name: str) -> None:
    text = re.sub(r'```.*?```|`[^`\n]*`|"[^"\n]*"', "", (TOP / name).read_text("utf-8"), flags=re.S)
    assert re.findall(r"\b(?:anew|who(?:m|so)?ever)\b", text, re.I) == []


def test_the_changelog_says_of_each_change_whom_it_concerns() -> None:
    text = (TOP / "CHANGELOG.md").read_text("utf-8")
    releases = re.split(r"^## ", text, flags=re.M)[1:]
    assert releases
    for release in releases:
        before, *audiences = re.split(r"^### ", release, flags=re.M)
        assert not re.search(r"^- ", before, re.M), before.splitlines()[0]
        heads = [part.splitlines()[0] for part in audiences]
        assert heads, before
        assert all(head.startswith("For ") for head in heads), heads
        assert len(heads) == len(set(heads)), heads


def test_every_link_from_a_document_to_a_file_leads_somewhere() -> None:
    documents = [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md"), TOP / "bench" / "README.md"]
    for document in documents:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8")):
            assert "://" in target or (document.parent / target).exists(), (document.name, target)
