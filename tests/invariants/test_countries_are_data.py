"""No rule, page or command knows a country: its codes stand in its folder, and so do the names of its demo."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from nrm import countries

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
