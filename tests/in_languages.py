"""The shipped country with other languages: each text that it has by language, said in those of a test."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit

from nrm.countries import FOLDER

SHIPPED = {"sq", "en"}
Speak = Callable[[str, str], str]
"""(language, English text) -> the text in that language."""


def mark(language: str, text: str) -> str:
    """The English text behind a sign of the language, so that a page shows which one was taken."""
    return f"{language}~{text}"


def copy_in(folder: Path, languages: Sequence[str], say: Speak = mark) -> Path:
    """A copy of the shipped country in these languages, the default first."""
    shutil.copytree(FOLDER / "albania", folder)
    for file in folder.glob("*.toml"):
        data = _said(tomllib.loads(file.read_text("utf-8")), languages, say)
        file.write_text(tomlkit.dumps(data), "utf-8")
    return folder


def _said(value: Any, languages: Sequence[str], say: Speak) -> Any:
    if isinstance(value, list):
        if all(isinstance(each, str) for each in value) and set(value) >= SHIPPED:
            return [*languages, *(each for each in value if each not in {*SHIPPED, *languages})]
        return [_said(each, languages, say) for each in value]
    if not isinstance(value, Mapping):
        return value
    if not value.keys() >= SHIPPED:
        return {
            name: _said(each, languages, say)
            for name, each in value.items()
            if name != "to_child" or set(each) <= set(languages)  # how a child is asked in Albanian
        }
    others = {name: _said(each, languages, say) for name, each in value.items() if name not in SHIPPED}
    return {each: _in_language(value, each, say) for each in languages} | others


def _in_language(texts: Mapping[str, Any], language: str, say: Speak) -> Any:
    if language in texts:
        return texts[language]
    english = texts["en"]
    return say(language, english) if isinstance(english, str) else _spoken(english, language, say)


def _spoken(value: Any, language: str, say: Speak) -> Any:
    """A whole table in one language, such as a leaflet: every text of it but its codes."""
    if isinstance(value, Mapping):
        return {
            name: each if name in ("status", "translator") else _spoken(each, language, say)
            for name, each in value.items()
        }
    return say(language, value) if isinstance(value, str) else value
