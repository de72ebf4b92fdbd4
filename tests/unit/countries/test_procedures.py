"""`rollout.toml` and `directives.toml` of a country, and a broken copy of each kind with its exact message."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nrm import countries
from nrm.countries import FOLDER, CountryError

USE = '[[use]]\ncrossing_point = "rinas"\nquestionnaire = "returnee-1"\nstarts_on = 2026-01-01\n'
TEXTS = "\n".join(f'{name} = {{ sq = "a", en = "b" }}' for name in ("issuer", "title", "text"))
DIRECTIVE = (
    '[[directive]]\nid = "apart"\nversion = 1\nparty = "BORDER_POLICE"\nstarts_on = 2026-01-01\npages = ["screen"]\n'
    f"{TEXTS}\n"
)  # fmt: skip


@pytest.fixture
def load_with(tmp_path: Path) -> Callable[[str, str], countries.Country]:
    """The country with another text in one of the two files."""

    def load(name: str, text: str) -> countries.Country:
        folder = tmp_path / "albania"
        shutil.copytree(FOLDER / "albania", folder)
        (folder / name).write_text(text, "utf-8")
        return countries.load("albania", folder)

    return load


def test_albania_says_who_begins_when_and_what_officers_are_told() -> None:
    albania = countries.load("albania")
    assert albania.uses[0].crossing_point == "rinas"  # the airport first
    assert all(use.starts_on >= albania.uses[0].starts_on for use in albania.uses)
    assert {each.party for each in albania.directives} == {"BORDER_POLICE", "HELPLINE"}
    assert all(each.text["sq"] != each.text["en"] for each in albania.directives)


def test_a_country_without_the_files_has_neither(tmp_path: Path) -> None:
    folder = tmp_path / "albania"
    shutil.copytree(FOLDER / "albania", folder)
    (folder / "rollout.toml").unlink()
    (folder / "directives.toml").unlink()
    assert (countries.load("albania", folder).uses, countries.load("albania", folder).directives) == ((), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[use", "file: is not TOML "),
        (USE.replace("rinas", "nowhere"), "use[1].crossing_point: `nowhere` is none of durres, "),
        (USE.replace("rinas", "other"), "use[1].crossing_point: `other` is none of durres, "),
        (USE.replace("returnee-1", "x"), "use[1].questionnaire: `x` is none of returnee-1"),
        (USE.replace("2026-01-01", "'soon'"), "use[1].starts_on: must be a date such as 2005-07-18"),
        (USE + USE, "use[2].starts_on: rinas begins with another questionnaire on that day"),
        (USE + "colour = 1\n", "use[1].colour: is not a key of this table"),
        ("colour = 1\n" + USE, "colour: is not a key of this table"),
    ],
)
def test_a_mistake_in_the_rollout_is_named(
    load_with: Callable[[str, str], countries.Country], text: str, message: str
) -> None:
    with pytest.raises(CountryError) as caught:
        load_with("rollout.toml", text)
    assert str(caught.value).startswith(f"rollout.toml: {message}")


SECOND = DIRECTIVE.replace("version = 1", "version = 2").replace("2026-01-01", "2026-02-01")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DIRECTIVE.replace('"apart"', '"A part"'), "directive[1].id: has small letters, digits and _, at most 40"),
        (DIRECTIVE.replace("version = 1", "version = 2"),
         "directive[1].version: the versions of `apart` are 1, 2, 3, one after the other"),
        (DIRECTIVE + DIRECTIVE, "directive[2].version: the versions of `apart` are 1, 2, 3, one after the other"),
        (DIRECTIVE + SECOND.replace("2026-02-01", "2026-01-01"),
         "directive[2].starts_on: must be after version 1 of `apart` began"),
        (DIRECTIVE + SECOND.replace("BORDER_POLICE", "HELPLINE"),
         "directive[2].party: `apart` is a directive of BORDER_POLICE"),
        (DIRECTIVE.replace("BORDER_POLICE", "POST_OFFICE"), "directive[1].party: `POST_OFFICE` is none of "),
        (DIRECTIVE.replace("screen", "attic"), "directive[1].pages: `attic` is none of apart, check, "),
        (DIRECTIVE.replace("starts_on", "ends_on = 2025-12-31\nstarts_on"),
         "directive[1].ends_on: lies before the beginning"),
        (DIRECTIVE.replace('text = { sq = "a", en = "b" }', 'text = { sq = "a" }'), "directive[1].text.en: missing"),
        (DIRECTIVE.replace('text = { sq = "a"', f'text = {{ sq = "{"a" * 601}"'),
         "directive[1].text.sq: has more than 600 characters"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_directive_is_named(
    load_with: Callable[[str, str], countries.Country], text: str, message: str
) -> None:
    with pytest.raises(CountryError) as caught:
        load_with("directives.toml", text)
    assert str(caught.value).startswith(f"directives.toml: {message}")
