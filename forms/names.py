"""Countries and languages by their names, as people write them: in the languages of staff, or as they are called there.

Names are those of the Unicode locale data (CLDR). A name is compared without case, accents and punctuation.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from nrm.domain.interviews.answers import COUNTRIES
from nrm.domain.languages import ByLanguage

# These are tried first; the names in each country's own languages only if these do not have the name.
FIRST = ("sq", "en", "it", "el", "mk", "sr", "sr_Latn", "ro", "ru", "tr", "uk", "bg", "ar", "de", "fr")
# Names that CLDR gives differently or not at all.
ALIASES: Mapping[str, str] = {
    "anglia": "GB",
    "britania e madhe": "GB",
    "england": "GB",
    "great britain": "GB",
    "uk": "GB",
    "holland": "NL",
    "shba": "US",
    "usa": "US",
    "amerika": "US",
    "kosova": "XK",
    "mal i zi": "ME",
    "mali i zi": "ME",
    "maqedonia": "MK",
    "macedonia": "MK",
    "македонија": "MK",
    "англија": "GB",
    "америка": "US",
    "turkey": "TR",
}
LANGUAGE_ALIASES: Mapping[str, str] = {
    "bangla": "bn",
    "dari": "fa",
    "farsi": "fa",
    "gjuha e shenjave": "sgn",
    "gjuhe shenjash": "sgn",
    "hindisht": "hi",
    "indisht": "hi",
    "panjabi": "pa",
    "pashtu": "ps",
    "rom": "rom",
    "rome": "rom",
    "rromani": "rom",
    "rromisht": "rom",
    "sign language": "sgn",
    "urduisht": "ur",
    # Nobody at the post knows which it is: the talk must not stop at that.
    "nuk dihet": "und",
    "nuk e di": "und",
    "not known": "und",
    "unknown": "und",
}
# What CLDR has no name for.
LANGUAGE_NAMES: Mapping[str, Mapping[str, str]] = {"sgn": ByLanguage("sign language")}
# Languages that are also found by what they are called in themselves.
OWN = ("bn", "es", "fa", "hi", "hu", "ku", "pl", "ps", "pt", "so", "sw", "ti", "ur", "vi", "zh")


def folded(name: str) -> str:
    """The name without case, accents and punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def country_code(name: str) -> str | None:
    """The ISO 3166 alpha-2 code (XK for Kosovo) of a country's name or code, or None."""
    return _code_named(name, _countries(), _local_countries)


def language_code(name: str) -> str | None:
    """The ISO 639 code of a language's name or code, or None."""
    return _code_named(name, _languages(), dict)


def country_name(code: str, language: str) -> str:
    """The country's name in `language`; the code itself when there is none."""
    return str(Locale.parse(language).territories.get(code, code))


def language_name(code: str, language: str) -> str:
    """The language's name in `language`; the code itself when there is none."""
    if code in LANGUAGE_NAMES:
        return LANGUAGE_NAMES[code][language]
    return str(Locale.parse(language).languages.get(code, code))


@cache
def direction(language: str) -> str:
    """`rtl` for a language that is written from right to left, else `ltr`."""
    return str(Locale.parse(language).text_direction)


def _code_named(name: str, names: Mapping[str, str], further: object) -> str | None:
    if len(name) > 100:
        return None
    wanted = folded(name)
    for form in _forms(wanted):
        if form in names:
            return names[form]
    more: Mapping[str, str] = further() if callable(further) else {}
    return more.get(wanted)


def _forms(wanted: str) -> Iterator[str]:
    """The name, and the indefinite forms an Albanian definite one can come from (Greqia -> Greqi, Franca -> Francë)."""
    yield wanted
    if wanted.endswith("a") and len(wanted) > 3:
        yield wanted[:-1]
        yield wanted[:-1] + "e"
    if wanted.endswith("ja") and len(wanted) > 4:
        yield wanted[:-2]


def _named(languages: Iterable[str], attribute: str, wanted: Iterable[str] | None = None) -> dict[str, str]:
    names: dict[str, str] = {}
    for language in languages:
        try:
            entries: Mapping[str, str] = getattr(Locale.parse(language), attribute)
        except (UnknownLocaleError, ValueError):
            continue
        for code in entries if wanted is None else wanted:
            if code in entries:
                names.setdefault(folded(entries[code]), code)
    return names


@cache
def _countries() -> Mapping[str, str]:
    names = {name: code for name, code in _named(FIRST, "territories").items() if _is_country(code)}
    return {**names, **{code.casefold(): code for code in _codes()}, **ALIASES}


@cache
def _languages() -> Mapping[str, str]:
    names = _named(FIRST, "languages")
    every: Mapping[str, str] = getattr(Locale.parse("en"), "languages")  # noqa: B009 - babel types its keys too widely
    codes = [code for code in every if code.isalpha() and 2 <= len(code) <= 3]
    own = {name: code for each in OWN for name, code in _named([each], "languages", [each]).items()}
    found = {name: code for name, code in {**own, **names}.items() if code in codes}
    return {**found, **{code: code for code in codes}, **LANGUAGE_ALIASES}


def _is_country(code: str) -> bool:
    return code in COUNTRIES


def _codes() -> list[str]:
    every: Mapping[str, str] = getattr(Locale.parse("en"), "territories")  # noqa: B009 - babel types its keys too widely
    return [code for code in every if _is_country(code)]


@cache
def _local_countries() -> dict[str, str]:
    """Every country by its name in its own official languages."""
    names: dict[str, str] = {}
    spoken: Mapping[str, Mapping[str, Mapping[str, object]]] = get_global("territory_languages")
    for code in _codes():
        official = [tongue for tongue, about in spoken.get(code, {}).items() if about.get("official_status")]
        names.update(
            _named((tongue for tongue in official if tongue.partition("_")[0] not in FIRST), "territories", [code])
        )
    return names
