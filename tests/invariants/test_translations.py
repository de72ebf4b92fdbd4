"""Every sentence exists in Albanian, no language has one that there is not, and the places to fill in agree.

Another language is useful from its first sentence (ADR 0139); `nrm translations coverage` says what it lacks.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from nrm import catalogues
from nrm.cli import translations
from tests.invariants.test_syntax import trees

TOP = Path(__file__).resolve().parents[2]
OTHERS = catalogues.languages()
WHOLE = ("sq",)
FILLED = re.compile(r"%\((\w+)\)[sd]")
MARKS = ("gettext", "ngettext", "pgettext", "npgettext", "N_", "NP_", "ByLanguage", "CountedByLanguage")
Key = tuple[str, ...]
"""The context, and the sentence or its two counted forms."""


@cache
def sentences() -> dict[Key, str]:
    """Every marked sentence (or its two counted forms) and the first place where it stands."""
    marked = (each for each in translations.sentences() if each.id)
    return {key_of(each): ":".join(map(str, each.locations[0])) for each in marked}


def key_of(entry: Message) -> Key:
    return (entry.context or "", *((entry.id,) if isinstance(entry.id, str) else entry.id))


def texts_of(entry: Message) -> list[str]:
    return [entry.string] if isinstance(entry.string, str) else list(entry.string or ())


@pytest.mark.slow
def test_sentences_are_found_in_templates_in_forms_and_in_rules() -> None:
    places = {place.split("/")[0] for place in sentences().values()}
    assert "templates" in places
    assert len(sentences()) > 50


@pytest.mark.slow
@pytest.mark.parametrize("code", WHOLE)
def test_every_sentence_is_translated(code: str) -> None:
    known = {key_of(entry) for _, entry in catalogues.entries(code) if all(texts_of(entry)) and texts_of(entry)}
    assert {sentence: place for sentence, place in sentences().items() if sentence not in known} == {}


@pytest.mark.slow
@pytest.mark.parametrize("code", OTHERS)
def test_no_translation_is_left_over(code: str) -> None:
    left = [f"{path.name}: {entry.id}" for path, entry in catalogues.entries(code) if key_of(entry) not in sentences()]
    assert left == []


def test_no_sentence_is_marked_inside_of_another_string() -> None:
    """The search for sentences sees a string in braces as a part of the text around it: nobody would translate it."""
    hidden = [
        f"{path}:{call.lineno}: {ast.unparse(call)}"
        for path, tree in trees().items()
        for text in ast.walk(tree)
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in MARKS
        if call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert hidden == []


@pytest.mark.parametrize("code", OTHERS)
def test_no_translation_is_a_guess(code: str) -> None:
    assert [f"{path.name}: {entry.id}" for path, entry in catalogues.entries(code) if entry.fuzzy] == []


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_said_once_in_another_language(code: str) -> None:
    """Babel takes a second translation of the same sentence without a word, and chooses by the alphabet."""
    twice = re.compile(r'^msgstr ".*"\n(?:".*"\n)*msgstr ".*"', re.MULTILINE)
    found = [(path.name, twice.findall(path.read_text(encoding="utf-8"))) for path, _ in catalogues.files(code)]
    assert [each for each in found if each[1]] == []


@pytest.mark.parametrize("code", OTHERS)
def test_translations_fill_in_what_their_sentence_fills_in(code: str) -> None:
    wrong = []
    for path, entry in catalogues.entries(code):
        wanted = [set(FILLED.findall(text)) for text in ([entry.id] if isinstance(entry.id, str) else entry.id)]
        for text in filter(None, texts_of(entry)):
            # One of several forms may spell its number out.
            if set(FILLED.findall(text)) not in wanted or "%" in FILLED.sub("", text).replace("%%", ""):
                wrong.append(f"{path.name}: {entry.id}")
    assert wrong == []


@pytest.mark.parametrize("code", OTHERS)
def test_the_files_of_a_language_agree_with_each_other(code: str) -> None:
    merged = catalogues.catalogue(code)
    assert merged.singular
    for path, entry in catalogues.entries(code):
        key = catalogues.key_of(entry)
        if texts := catalogues.texts_of(entry):
            assert (merged.plural[key] if key in merged.plural else (merged.singular[key],)) == texts, path
