"""Which text a reader gets: in the language that is asked for, else in the country's, the default first, else in
English, in which the program is written, else in any.

Decided in ADR 0139; the program's own words are entries of the catalogues (ADR 0143).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nrm import catalogues
from nrm.catalogues import SOURCE

_default = SOURCE  # until the country is known


def use_default(language: str) -> None:
    """Say the program's own words in this language where there are none in the reader's (one per process)."""
    global _default  # noqa: PLW0603 - set once at start
    _default = language


class ByLanguage(Mapping[str, str]):
    """A sentence of the program by language, for what is made outside of a page: files, print, commands, rows.

    `ByLanguage("Total")` marks the sentence for the catalogues, as `N_` does. Any language can be asked for; one that
    lacks the sentence is answered in the country's default, or in English. `values` fill its `%(name)s`; one that is by
    language itself is taken in the same.
    """

    __slots__ = ("filling", "message")

    def __init__(self, message: str, /, **values: object) -> None:
        self.message = message
        self.filling = values

    def __getitem__(self, language: str) -> str:
        if not self.message:
            return ""
        text = catalogues.said(self.message, language, _default) or self.message
        if "%" not in text:
            return text
        return text % {name: _spoken(each, language) for name, each in self.filling.items()}

    def __iter__(self) -> Iterator[str]:
        """The languages that say it, English last."""
        yield from (each for each in (*catalogues.languages(), SOURCE) if self.is_said_in(each))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def is_said_in(self, language: str) -> bool:
        """Whether the language has it, and is not answered in another one."""
        return language == SOURCE or self.message in catalogues.catalogue(language).singular

    def of(self, language: str, **values: object) -> str:
        """The sentence in `language` with these values."""
        return self.filled(**values)[language] if values else self[language]

    def filled(self, **values: object) -> ByLanguage:
        """The same sentence with these values."""
        return ByLanguage(self.message, **values)

    def among(self, languages: Iterable[str]) -> dict[str, str]:
        """The sentence in each of these languages, as it is kept in a row or a file."""
        return {each: self[each] for each in languages}


QUOTED = ByLanguage("“%(text)s”")
"""A text in the quotation marks of a language."""


class CountedByLanguage:
    """A counted sentence of the program by language: `CountedByLanguage("%(num)s bed", "%(num)s beds")`."""

    __slots__ = ("many", "one")

    def __init__(self, one: str, many: str, /) -> None:
        self.one = one
        self.many = many

    def of(self, num: int, language: str) -> str:
        """The form that fits `num`, which is also the value `%(num)s`."""
        return catalogues.counted(self.one, self.many, num, language, _default) % {"num": num}


def _spoken(value: object, language: str) -> object:
    return text_for(value, language, (_default,)) if isinstance(value, Mapping) else value


def words_in(table: Mapping[str, Mapping[str, str]], language: str) -> dict[str, str]:
    """A table of such sentences in one language."""
    return {name: text[language] for name, text in table.items()}


def text_for(texts: Mapping[str, str], language: str, order: Iterable[str] = ()) -> str:
    """A text of country data or of a row in `language`, else in the first of `order`, in English, or in any; empty for
    none. `order`: the country's languages, the default first."""
    for each in (language, *order, SOURCE):
        if texts.get(each):
            return texts[each]
    return next((text for text in texts.values() if text), "")


__all__ = ["SOURCE", "ByLanguage", "CountedByLanguage", "text_for", "use_default", "words_in"]
