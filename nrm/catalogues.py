"""The catalogues: what each language says for the English sentences of the source.

The one place that reads `nrm/translations/<language>/*.po`, one file per noun, merged; pages, commands, print and rules
ask here (ADR 0143). A sentence with a context (`msgctxt`) is another one than the same words without it. A literal
percent sign in an entry is written `%%`, with or without values.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from gettext import c2py
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po

FOLDER = Path(__file__).resolve().parent / "translations"
TIMES = FOLDER / "times.toml"
PEOPLE = FOLDER / "people.toml"
SOURCE = "en"
"""The language of the sentences in the source: the entries of every catalogue."""
ONE_FILE = "messages.po"
"""Where a translator's one file of a language lies."""
_BETWEEN = "\x04"  # what gettext itself puts between a context and its sentence


class UnreadableCatalogue(Exception):
    """A file of translations cannot be read; the message names it."""


class ConflictingTranslation(UnreadableCatalogue):
    """Two files of one language translate the same sentence differently; the message names both."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language's sentences, by `key`. `form_of(n)` says which of the plural forms the number n takes."""

    singular: Mapping[str, str]
    plural: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of one file of sentences a language says; `missing` are the sentences that it lacks."""

    file: str
    messages: int
    missing: tuple[str, ...]

    @property
    def translated(self) -> int:
        """How many sentences it says."""
        return self.messages - len(self.missing)


@dataclass(frozen=True, slots=True)
class Times:
    """How a language writes times: patterns of its units with their minutes, and of numbers in letters."""

    minutes: Mapping[str, int]
    numbers: Mapping[str, float]


@cache
def times() -> Mapping[str, Times]:
    """`Times` by language, for those in which somebody wrote them down."""
    return {language: Times(**words) for language, words in tomllib.loads(TIMES.read_text("utf-8")).items()}


@cache
def people() -> Mapping[str, Mapping[str, str]]:
    """Patterns of the words for groups of people by language, for those in which somebody wrote them down."""
    return tomllib.loads(PEOPLE.read_text("utf-8"))


def key(message: str, context: str = "") -> str:
    """Under which a catalogue has a sentence; of a counted one, its first form."""
    return f"{context}{_BETWEEN}{message}" if context else message


def message_of(name: str) -> str:
    """The sentence of a key, without its context."""
    return name.rpartition(_BETWEEN)[2]


def key_of(entry: Message) -> str:
    """The key of an entry of a file."""
    return key(entry.id if isinstance(entry.id, str) else entry.id[0], entry.context or "")


def texts_of(entry: Message) -> tuple[str, ...]:
    """What an entry says, each plural form; empty where it lacks one, or is only a guess."""
    texts = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
    return texts if texts and all(texts) and not entry.fuzzy else ()


def languages() -> tuple[str, ...]:
    """The languages that have a folder of translations."""
    return tuple(sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir() and is_language(folder.name)))


def is_language(code: str) -> bool:
    """Whether it is the code of a language that Babel knows, such as mk or sr_Latn."""
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def files(language: str) -> Iterator[tuple[Path, Catalog]]:
    """Each file of a language as Babel reads it. Raises UnreadableCatalogue."""
    for path in sorted((FOLDER / language).glob("*.po")):
        try:
            with path.open("rb") as stream:
                yield path, read_po(stream, locale=language, abort_invalid=True)
        except (PoFileError, UnicodeDecodeError) as error:
            raise UnreadableCatalogue(f"{path.parent.name}/{path.name}: {error}") from None


def entries(language: str) -> Iterator[tuple[Path, Message]]:
    """Each sentence of each file, translated or not. Raises UnreadableCatalogue."""
    for path, read in files(language):
        yield from ((path, entry) for entry in read if entry.id)


@cache
def catalogue(language: str) -> Catalogue:
    """The merged catalogue of `language`, read once; empty for the source's own. Raises UnreadableCatalogue."""
    singular: dict[str, str] = {}
    plural: dict[str, tuple[str, ...]] = {}
    origin: dict[str, str] = {}
    form_of = c2py("n != 1")
    for path, read in files(language):
        form_of = c2py(read.plural_expr)
        for entry in read:
            texts = texts_of(entry)
            if not entry.id or not texts:
                continue
            name = key_of(entry)
            known = (singular[name],) if name in singular else plural.get(name)
            if known is not None and known != texts:
                shown = name.replace(_BETWEEN, " / ")
                raise ConflictingTranslation(
                    f"{language}: {path.name} and {origin[name]} translate {shown!r} differently"
                )
            origin[name] = path.name
            if isinstance(entry.id, str):
                singular[name] = texts[0]
            else:
                plural[name] = texts
    return Catalogue(singular, plural, form_of)


def said(message: str, *languages: str, context: str = "") -> str | None:
    """The sentence in the first of `languages` that says it; None where the source says it."""
    name = key(message, context)
    for each in languages:
        if each == SOURCE:
            return None
        text = catalogue(each).singular.get(name)
        if text is not None:
            return text
    return None


def counted(one: str, many: str, num: int, language: str, *then: str, context: str = "") -> str:
    """The form of a counted sentence that fits `num`: in `language`, else in the first of `then` that says it."""
    name = key(one, context)
    for each in (language, *then):
        if each == SOURCE:
            break
        known = catalogue(each)
        if name in known.plural:
            return known.plural[name][known.form_of(num)]
    return one if num == 1 else many


def coverage(language: str) -> list[Coverage]:
    """What `language` says of each file of sentences. The sentences and their files are those of the
    most complete language; Albanian has all of them, which a test holds. Raises UnreadableCatalogue."""
    known = catalogue(language)
    found: dict[str, list[str]] = {}
    for name, file in _homes().items():
        found.setdefault(file, []).append(name)
    return [
        Coverage(
            file,
            len(names),
            ()
            if language == SOURCE
            else tuple(
                each.replace(_BETWEEN, " / ")
                for each in names
                if each not in known.singular and each not in known.plural
            ),
        )
        for file, names in sorted(found.items())
    ]


@cache
def _homes() -> Mapping[str, str]:
    """Key -> file of every sentence that the most complete language says. What only another one says is left over from
    a sentence that the program has no more."""
    by_language = [
        {key_of(entry): path.name for path, entry in entries(language) if texts_of(entry)} for language in languages()
    ]
    return max(by_language, key=len, default={})


def forget() -> None:
    """Read the files again when somebody asks next."""
    catalogue.cache_clear()
    _homes.cache_clear()


def whole(parts: Iterable[Coverage], language: str) -> Coverage:
    """All files of a language together."""
    listed = list(parts)
    return Coverage(language, sum(each.messages for each in listed), tuple(m for each in listed for m in each.missing))
