"""No rule, page or command knows a country: its codes stand in its folder, and so do the names of its demo."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from nrm import catalogues, countries
from tests.invariants.test_syntax import trees

TOP = Path(__file__).resolve().parents[2]
ALLOWED = {
    "albania": {("nrm/domain/shelter/resident_lines.py", "AL"), ("nrm/domain/accounts/accounts.py", "albania")},
    "north_macedonia": {("forms/names.py", "MK")},
}
"""An example of a line that a shelter fills in; a password that is too easy to guess; what people call countries."""
NO_CODE_OF_ITS_OWN = {"other"}
SHIPPED = sorted(file.parent.name for file in countries.FOLDER.glob("*/country.toml"))


def texts() -> Iterator[tuple[str, str]]:
    """(path, text) of all that runs for every country."""
    for top in ("nrm", "forms", "templates"):
        for path in sorted((TOP / top).rglob("*")):
            if path.suffix in (".py", ".html", ".js"):
                yield str(path.relative_to(TOP)), path.read_text("utf-8")
    for name in ("config.py", "wsgi.py"):
        yield name, (TOP / name).read_text("utf-8")


def codes_of(country: countries.Country) -> set[str]:
    """Whatever only this country calls so."""
    older = {code for codes in country.formerly.values() for code in codes}
    parties = {code for agreement in country.agreements for code in agreement.parties}
    own = {country.code, country.iso, str(country.timezone), *country.regions, *country.crossing_points}
    return (own | older | parties | set(country.organisations)) - NO_CODE_OF_ITS_OWN


@pytest.mark.parametrize("code", SHIPPED)
def test_no_code_of_a_country_stands_in_the_program(code: str) -> None:
    words = "|".join(sorted(map(re.escape, codes_of(countries.load(code)))))
    quoted = re.compile(rf"""(["'])({words})\1""")
    found = {(path, match[2]) for path, text in texts() for match in quoted.finditer(text)}
    assert found == ALLOWED.get(code, set())  # what is allowed is still there


def test_the_search_finds_what_it_looks_for() -> None:
    albania = codes_of(countries.load("albania"))
    assert albania >= {"AL", "albania", "albanian", "tirana", "Europe/Tirane", "RA", "NRC", "rinas", "vlore"}
    macedonia = codes_of(countries.load("north_macedonia"))
    assert macedonia >= {"MK", "north_macedonia", "Europe/Skopje", "COORDINATOR", "SOCIAL_WORK", "tabanovce", "polog"}
    assert {path for path, _ in texts()} >= {
        "nrm/web/formats.py",
        "config.py",
        "templates/agreement/contracts/index.html",
    }


def test_no_message_of_a_page_names_a_country() -> None:
    """What a page says of citizens and money comes from the country's own words."""
    own = "Albanians?|Albania|Tirana|lek|Macedonians?|Macedonia|Skopje|denars?"
    named = re.compile(rf"""N?_\(\s*["'][^"']*\b({own})\b""")
    found = {(path, match[0]) for path, text in texts() for match in named.finditer(text)}
    # The language of a PDF, and the languages in which a text of the agreement is written.
    assert {path for path, _ in found} <= {"nrm/web/reports/reports.py", "forms/agreement/agreement_drafts.py"}


@pytest.mark.parametrize("code", SHIPPED)
def test_the_demo_invents_people_from_the_data_of_a_country(code: str) -> None:
    """Names and sentences of `demo.toml` stand nowhere in the program."""
    told = tomllib.loads((countries.FOLDER / code / "demo.toml").read_text("utf-8"))
    own = {*told["names"]["feminine"].split(), *told["names"]["family"].split(), *told["writes"].values()}
    program = "".join(path.read_text("utf-8") for path in (TOP / "nrm" / "demo").glob("*.py"))
    assert {word for word in own if f'"{word}' in program} == set()
    assert re.search("[ëçËÇЀ-ӿ]", program) is None


def words_by_language() -> Iterator[str]:
    """Where a text stands beside the code of its language in what runs for every country: `sq="..."`, `{"mk": ...}`."""
    spoken = {*catalogues.languages(), catalogues.SOURCE}
    for path, tree in trees().items():
        if path.split("/")[0] not in ("nrm", "forms"):
            continue
        for node in ast.walk(tree):
            pairs: list[tuple[object, ast.expr]] = []
            if isinstance(node, ast.Dict):
                named = [getattr(each, "value", None) for each in node.keys]
                pairs = list(zip(named, node.values, strict=True))
            elif isinstance(node, ast.Call):
                pairs = [(each.arg, each.value) for each in node.keywords]
            yield from (f"{path}:{value.lineno}" for code, value in pairs if code in spoken and _is_text(value))


def _is_text(value: ast.expr) -> bool:
    """A text, or a table or row of some; a locale such as en_GB is none."""
    texts = [each.value for each in ast.walk(value) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return any(not is_locale(each) for each in texts)


def is_locale(text: str) -> bool:
    return re.fullmatch(r"[a-z]{2,3}_[A-Z]{2}", text) is not None


@pytest.mark.slow
def test_the_words_of_the_program_are_in_the_catalogues_and_no_language_stands_beside_a_rule() -> None:
    assert list(words_by_language()) == []


def test_the_words_beside_a_rule_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    source = ast.parse('{"sq": "Gjithsej", "en": "Total"}\nf(mk="Вкупно")\n{"en": "en_GB"}\n{"se": "x"}\nf(sq=1)\n')
    monkeypatch.setattr(f"{__name__}.trees", lambda: {"nrm/a.py": source, "tests/b.py": source})
    assert list(words_by_language()) == ["nrm/a.py:1", "nrm/a.py:1", "nrm/a.py:2"]
