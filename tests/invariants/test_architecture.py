"""The map of the house is true: floors, areas, who opens transactions, who asks who is asking.

`python -m tests.invariants.test_architecture` (`make imports`) writes docs/map.md.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import grimp
import pytest

from tests.invariants.test_syntax import trees

TOP = Path(__file__).resolve().parents[2]
NRM = TOP / "nrm"
ARCHITECTURE = TOP / "docs" / "architecture.md"
MAP = TOP / "docs" / "map.md"
AREAS = ("interviews", "referrals", "shelter", "support", "agreement", "reports", "accounts")
FLOORS = {
    "domain": NRM / "domain",
    "models": NRM / "models",
    "rows": NRM / "store" / "rows",
    "store": NRM / "store",
    "steps": NRM / "steps",
    "actions": NRM / "actions",
    "forms": TOP / "forms",
    "web": NRM / "web",
    "templates": TOP / "templates",
}
"""Floors that have areas, from the ground up."""

DATA = ("static", "translations")
MOST_MODULES = 28
OPENS_ITS_OWN = {"accounts/credentials.py"}
"""A failed proof is counted although what it was for never begins (ADR 0053)."""


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")


def nouns(folder: Path) -> set[str]:
    """The nouns of an area on a floor: its modules, or the folders of its templates."""
    if folder.is_relative_to(TOP / "templates"):
        return {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    return {path.stem for path in modules(folder)}


def table(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading of docs/architecture.md, without its head."""
    text = ARCHITECTURE.read_text("utf-8").split(f"## {heading}\n", 1)[1]
    lines = text[text.index("\n| ") :].split("\n\n", 1)[0].strip().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_floors_of_the_document_are_those_of_the_tree() -> None:
    told = {cells[0].strip("`").removeprefix("nrm/") for cells in table("The floors")}
    there = {path.name for path in NRM.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert told == there - {"__init__.py", *DATA}


def test_the_floors_of_the_document_are_in_the_order_of_the_import_contract() -> None:
    contract = (TOP / "pyproject.toml").read_text("utf-8").split("layers = [", 1)[1].split("]", 1)[0]
    layers = [[each.strip() for each in re.split("[|:]", line)] for line in re.findall(r'"([^"]+)"', contract)]
    told = [cells[0].strip("`").removeprefix("nrm/").removesuffix(".py") for cells in table("The floors")]
    at = {name: number for number, names in enumerate(layers) for name in names}
    assert [at[name] for name in told] == sorted(at[name] for name in told)
    assert set(told) == set(at)


def test_the_areas_of_the_document_are_the_folders_of_every_floor() -> None:
    assert [cells[0].strip("`") for cells in table("The areas")] == list(AREAS)
    for floor, folder in FLOORS.items():
        there = {
            path.name
            for path in folder.iterdir()
            if path.is_dir() and path.name != "__pycache__" and (floor == "templates" or any(path.glob("*.py")))
        }
        assert there - set(AREAS) <= {"rows", "errors", "home"}, floor
        assert set(AREAS) - there <= ({"agreement"} if floor == "steps" else set()), floor
    for folder in ("integration", "unit/domain"):
        assert {*AREAS} <= {path.name for path in (TOP / "tests" / folder).iterdir() if path.is_dir()}


def test_every_path_that_the_document_names_exists() -> None:
    text = ARCHITECTURE.read_text("utf-8")
    for name in re.findall(r"`?\b((?:[a-z_]+/)*[a-z_]+\.(?:py|md|toml))\b", text):
        assert any((base / name).exists() for base in (TOP, NRM, TOP / "docs")), name
    for path, function in re.findall(r"\b((?:[a-z_]+/)+[a-z_]+\.py):([a-z_]+)", text):
        assert f"def {function}(" in (NRM / path).read_text("utf-8"), (path, function)


def test_no_folder_has_more_modules_than_one_look_takes_in() -> None:
    for top in (NRM, TOP / "forms"):
        for folder in [top, *(path for path in top.rglob("*") if path.is_dir())]:
            assert len(modules(folder)) <= MOST_MODULES, folder


def test_steps_never_open_a_transaction() -> None:
    for path in (NRM / "steps").rglob("*.py"):
        names = {each.name for node in imports(path) for each in node.names}
        opens = "transaction" in names
        assert opens == (str(path.relative_to(NRM / "steps")) in OPENS_ITS_OWN), path


def imports(path: Path) -> list[ast.ImportFrom]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom)]


def tree(path: Path) -> ast.Module:
    return trees()[path.relative_to(TOP).as_posix()]


LINE = re.compile(
    r"\b(Seen|\w+Line|\w+View|SeenCase|Case|ReturnLine|PlaceLine|Identification|IdentificationLook|Status)\b"
)


def readings() -> list[tuple[str, ast.FunctionDef]]:
    return [
        (f"{area}/{path.name}:{node.name}", node)
        for area in AREAS
        for path in modules(NRM / "store" / area)
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


@pytest.mark.parametrize(("name", "function"), readings(), ids=lambda each: each if isinstance(each, str) else "")
def test_a_reading_takes_who_asks_or_a_line_that_was_read_for_them(name: str, function: ast.FunctionDef) -> None:
    given = [*function.args.args, *function.args.kwonlyargs]
    if any(each.arg == "by" for each in given):
        return
    first = given[0].annotation
    assert first is not None, name
    assert LINE.search(ast.unparse(first)), f"{name}: takes neither by nor a line"


def map_of_the_house() -> str:
    """docs/map.md: which noun stands on which floor, and which floor imports which."""
    lines = [
        "# Where each noun has a module",
        "",
        "Made by `make imports` from the tree; a test compares them. The floors stand in the order of imports, the",
        "ground floor first. [architecture.md](architecture.md) says what each is for.",
        "",
    ]
    for area in AREAS:
        found = {floor: nouns(folder / area) for floor, folder in FLOORS.items()}
        lines += [f"## {area}", "", f"| noun | {' | '.join(FLOORS)} |", "|" + "---|" * (len(FLOORS) + 1)]
        for noun in sorted(set().union(*found.values())):
            lines.append(f"| {noun} | {' | '.join('x' if noun in found[floor] else '' for floor in FLOORS)} |")
        lines.append("")
    lines += ["## Modules in each folder", "", f"| area | {' | '.join(FLOORS)} |", "|" + "---|" * (len(FLOORS) + 1)]
    for area in AREAS:
        lines.append(f"| {area} | {' | '.join(str(len(nouns(folder / area))) for folder in FLOORS.values())} |")
    at_top = " | ".join(str(len(modules(folder))) if folder != TOP / "templates" else "" for folder in FLOORS.values())
    lines += [f"| top of the floor | {at_top} |", ""]
    lines += [
        "## Imports from floor to floor",
        "",
        "Arrows go from who imports to what is imported. None goes back: there is no circle.",
        "",
        "```mermaid",
        "flowchart TD",
        *(f"    {source} --> {target}" for source, target in sorted(floor_imports())),
        "```",
        "",
    ]
    return "\n".join(lines)


@cache
def floor_imports() -> Counter[tuple[str, str]]:
    """(importing floor, imported floor) -> how many imports, of the packages nrm and forms."""

    def floor(module: str) -> str:
        return "forms" if module.split(".", maxsplit=1)[0] == "forms" else module.split(".")[1]

    graph = grimp.build_graph("nrm", "forms", cache_dir=None)
    found: Counter[tuple[str, str]] = Counter()
    for source in graph.modules:
        for target in graph.find_modules_directly_imported_by(source):
            if "." in source and "." in target and floor(source) != floor(target):
                found[floor(source), floor(target)] += 1
    return found


def test_imports_go_down_alone_so_there_is_no_circle() -> None:
    below: dict[str, set[str]] = {}
    for source, target in floor_imports():
        below.setdefault(source, set()).add(target)
    left = dict(below)
    while left:
        ground = [source for source, targets in left.items() if not targets & left.keys()]
        assert ground, left
        for source in ground:
            del left[source]


def test_the_map_is_the_tree() -> None:
    assert MAP.read_text("utf-8") == map_of_the_house(), "run `make imports`"


if __name__ == "__main__":
    MAP.write_text(map_of_the_house(), "utf-8")
    for (source, target), number in floor_imports().most_common():
        print(f"{number:5}  {source} -> {target}")
