"""Which text a reader gets: in the language that is asked for, else in the country's, the default first, else in
English, in which the program is written, else in any.

Decided in ADR 0139.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

SOURCE = "en"
"""The language of the sentences in the source: the entries of every catalogue."""

Said = TypeVar("Said")
Name = TypeVar("Name")

_default = SOURCE  # until the country is known


def use_default(language: str) -> None:
    """Say the program's own words in this language where there are none in the reader's (one per process)."""
    global _default  # noqa: PLW0603 - set once at start
    _default = language


class ByLanguage(dict[str, Said]):
    """Words of the program by language, English among them. A language that they lack is answered in the country's
    default, or in English."""

    def __missing__(self, language: str) -> Said:
        return self[_default if _default in self else SOURCE]


def each_by_language(messages: Mapping[Name, Mapping[str, Said]]) -> Mapping[Name, ByLanguage[Said]]:
    """A table of such words."""
    return MappingProxyType({name: ByLanguage(words) for name, words in messages.items()})


def text_for(texts: Mapping[str, str], language: str, order: Iterable[str] = ()) -> str:
    """A text of country data or of a row in `language`, else in the first of `order`, in English, or in any; empty for
    none. `order`: the country's languages, the default first."""
    for each in (language, *order, SOURCE):
        if texts.get(each):
            return texts[each]
    return next((text for text in texts.values() if text), "")
