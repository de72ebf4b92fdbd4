"""A sentence of the program in any language: its own, the country's default, English."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nrm import catalogues
from nrm.domain import languages
from nrm.domain.agreement.routes import EXCLUSIONS, Exclusion
from nrm.domain.languages import ByLanguage, CountedByLanguage, text_for
from nrm.domain.quarters import Quarter

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Greek says a sentence, Macedonian another; the country's default is Macedonian."""
    forms = 'msgstr[0] "%(num)s κρεβάτι"\nmsgstr[1] "%(num)s κρεβάτια"\n'
    left = 'msgctxt "of a house"\nmsgid "Left"\nmsgstr "Лево"\n'
    for code, text in (
        ("el", f'msgid "%(num)s bed"\nmsgid_plural "%(num)s beds"\n{forms}'),
        ("mk", f'msgid "Full: %(place)s"\nmsgstr "Полно: %(place)s"\n\n{left}'),
    ):
        (tmp_path / code).mkdir()
        (tmp_path / code / "a.po").write_text(f"{HEAD}\n{text}", "utf-8")
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    monkeypatch.setattr(languages, "_default", "mk")
    catalogues.forget()
    yield tmp_path
    catalogues.forget()


def test_a_sentence_is_said_in_the_language_asked_for_else_in_the_default_else_in_english(folder: Path) -> None:
    full = ByLanguage("Full: %(place)s", place={"mk": "Дом", "en": "House"})
    assert full["mk"] == full["el"] == "Полно: Дом"
    assert full["en"] == "Full: House"
    assert list(full) == ["mk", "en"], "who says it, and not who is answered"
    assert full.among(("el", "en")) == {"el": "Полно: Дом", "en": "Full: House"}
    assert text_for(full, "el") == "Полно: Дом"
    assert ByLanguage("100%% of %(one)s").of("el", one="it") == "100% of it"
    beds = CountedByLanguage("%(num)s bed", "%(num)s beds")
    assert [beds.of(number, "el") for number in (1, 2)] == ["1 κρεβάτι", "2 κρεβάτια"]
    assert beds.of(1, "mk") == "1 bed"


def test_the_same_words_in_another_context_are_another_sentence(folder: Path) -> None:
    assert catalogues.said("Left", "mk", context="of a house") == "Лево"
    assert catalogues.said("Left", "mk") is None
    assert catalogues.said("Left", "mk", context="of a person") is None


def test_a_third_language_says_what_stands_in_the_code() -> None:
    assert Quarter(2026, 1).label("mk") == "прво тримесечје од 2026 година"
    assert Quarter(2026, 1).label("sq") == "tremujori i parë 2026"
    assert EXCLUSIONS[Exclusion.NO_ROOM]["mk"] == "Нема слободно место."
    assert set(EXCLUSIONS[Exclusion.WITHHELD].among(("sq", "mk", "en")).values()) == {""}
