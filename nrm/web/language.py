"""The language of a page: catalogues, the reader's choice, and what templates use to speak.

English sentences are the entries themselves; every other language is a folder of `.po` files, one per noun, merged at
start. A literal percent sign in an entry is written `%%`, with or without values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from gettext import c2py
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from flask import Flask, Response, current_app, g, has_app_context, request
from markupsafe import Markup

from forms.names import direction
from nrm.domain.languages import SOURCE, text_for, use_default
from nrm.domain.words import N_, Phrase, masked
from nrm.web import formats

FOLDER = Path(__file__).resolve().parent.parent / "translations"
COOKIE = "lang"
COOKIE_SECONDS = 365 * 24 * 3600


class ConflictingTranslation(Exception):
    """Two files of one language translate the same sentence differently; the message names both."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language's sentences. `form_of(n)` says which of the plural forms the number n takes."""

    singular: Mapping[str, str]
    plural: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]


@cache
def catalogue(language: str) -> Catalogue:
    """The merged catalogue of `language`, read once. Raises ConflictingTranslation."""
    singular: dict[str, str] = {}
    plural: dict[str, tuple[str, ...]] = {}
    origin: dict[str, str] = {}
    form_of = c2py("n != 1")
    for path in sorted((FOLDER / language).glob("*.po")):
        entries = read_file(path, language)
        form_of = c2py(entries.plural_expr)
        for entry in entries:
            if not entry.id or entry.fuzzy:
                continue
            key = entry.id if isinstance(entry.id, str) else entry.id[0]
            texts = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
            if not all(texts):
                continue
            known = (singular[key],) if key in singular else plural.get(key)
            if known is not None and known != texts:
                raise ConflictingTranslation(f"{path.name} and {origin[key]} translate {key!r} differently")
            origin[key] = path.name
            if isinstance(entry.id, str):
                singular[key] = texts[0]
            else:
                plural[key] = texts
    return Catalogue(singular, plural, form_of)


def read_file(path: Path, language: str) -> Catalog:
    """One `.po` file as Babel sees it."""
    with path.open("rb") as stream:
        return read_po(stream, locale=language, abort_invalid=True)


def languages() -> Mapping[str, str]:
    """The languages of pages, by their own names, in the order of the links on a page."""
    if not has_app_context():
        return {SOURCE: own_name(SOURCE)}
    there = current_app.extensions.get("nrm.country")  # another version of its files may count since today (ADR 0136)
    spoken: Sequence[str] = there.languages if there is not None else current_app.extensions["nrm.languages"]
    return {each: own_name(each) for each in spoken}


@cache
def own_name(language: str) -> str:
    """What a language is called in itself, as a heading: Shqip, English, Македонски."""
    name = str(Locale.parse(language).display_name)
    return name[:1].upper() + name[1:]


def current_language() -> str:
    """The language of this request (or of the `speaking` block); English outside of an application."""
    if not has_app_context():
        return SOURCE
    language: str | None = g.get("language")
    return language or _default()


def _default() -> str:
    default: str = current_app.extensions["nrm.language"]
    return default


def _order() -> tuple[str, ...]:
    """Which language comes next where a text lacks the reader's: the default, then the country's others."""
    return (_default(), *languages()) if has_app_context() else ()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Render in `language` whatever the request says; needs an application context."""
    before = g.get("language")
    g.language = language
    try:
        yield
    finally:
        g.language = before


def in_language(language: str, message: str, /, **values: object) -> str:
    """`message` in `language`, its `%(name)s` filled from `values`."""
    text = _singular(message, language) or message
    return text % values if "%" in text else text


def _singular(message: str, language: str) -> str | None:
    """The entry of the catalogue of `language`, else of the default; None where the source says it."""
    if language == SOURCE:
        return None
    known = catalogue(language).singular.get(message)
    if known is not None or not has_app_context() or (default := _default()) in (language, SOURCE):
        return known
    return catalogue(default).singular.get(message)


def in_language_counted(language: str, one: str, many: str, num: int, /, **values: object) -> str:
    """The form of the sentence that fits `num`, which is also the value `%(num)s`."""
    text = _counted(language, one, many, num)
    return text % {"num": formats.number(num, language), **values} if "%" in text else text


def _counted(language: str, one: str, many: str, num: int) -> str:
    if language != SOURCE:
        for each in dict.fromkeys((language, _default() if has_app_context() else language)):
            known = catalogue(each)
            if one in known.plural:
                return known.plural[one][known.form_of(num)]
            if each == SOURCE:
                break
    return one if num == 1 else many


def gettext(message: str, /, **values: object) -> str:
    """`message` in the language of the request."""
    return in_language(current_language(), message, **values)


def ngettext(one: str, many: str, num: int, /, **values: object) -> str:
    """The counted form in the language of the request."""
    return in_language_counted(current_language(), one, many, num, **values)


def translated(text: str, language: str | None = None) -> str:
    """A phrase of a form or a rule in the reader's language, with phrases in it; other text stays as it is if no
    catalogue knows it.

    Text already marked safe stays marked.
    """
    language = language or current_language()
    if isinstance(text, Phrase):
        values = {
            name: translated(each, language) if isinstance(each, Phrase) else each for name, each in text.values.items()
        }
        return in_language(language, text.message, **values)
    if isinstance(text, Markup):
        return text
    return _singular(text, language) or text


def text_in(texts: Mapping[str, str] | str, language: str | None = None) -> str:
    """Country data `{sq = "...", en = "..."}` in the reader's language, else in that which comes next (ADR 0139)."""
    return texts if isinstance(texts, str) else text_for(texts, language or current_language(), _order())


def _markup_gettext(message: str, /, **values: object) -> Markup:
    language = current_language()
    text = _singular(message, language) or message
    return Markup(text) % values if "%" in text else Markup(text)  # noqa: S704 - catalogue text, values are escaped


def _markup_ngettext(one: str, many: str, num: int, /, **values: object) -> Markup:
    language = current_language()
    filled = {"num": formats.number(num, language), **values}
    text = _counted(language, one, many, num)
    return Markup(text) % filled if "%" in text else Markup(text)  # noqa: S704 - as above


def isolated(number: str) -> str:
    """A telephone number that keeps its order in a text from right to left, also where no markup can say so: set apart
    (UAX 9, 2.4.2), with spaces that hold its parts together."""
    return f"\u2066{number.replace(' ', chr(0xA0))}\u2069"


def language_links() -> list[tuple[str, str, str]]:
    """(code, own name, address of this page in that language) of each language."""
    kept = [(key, value) for key, value in request.args.items(multi=True) if key != COOKIE] if request.args else []
    return [(code, name, "?" + urlencode([*kept, (COOKIE, code)])) for code, name in languages().items()]


def _choose() -> None:
    asked = request.args.get(COOKIE) if request.query_string else None
    if asked in languages():
        g.language = g.language_chosen = asked
        return
    kept = request.cookies.get(COOKIE)
    g.language = kept if kept in languages() else _of_browser() or _default()


def _of_browser() -> str | None:
    """The country's language that the browser asks for first (`Accept-Language`); None if it asks for none of them."""
    if not request.accept_languages:
        return None
    codes = {each.replace("_", "-"): each for each in languages()}  # sr_Latn is sr-Latn there
    return codes.get(request.accept_languages.best_match(codes) or "")


def _keep(response: Response) -> Response:
    chosen: str | None = g.get("language_chosen")
    if chosen and chosen != request.cookies.get(COOKIE):
        response.set_cookie(
            COOKIE, chosen, max_age=COOKIE_SECONDS, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return response


def _for_templates() -> dict[str, object]:
    return {"lang": current_language(), "lang_links": language_links() if request else []}


def dir_of(language: str) -> Markup:
    """The attribute of a page in a language that is written from right to left, with the blank before it; none for the
    others, which is what a browser takes for granted."""
    return Markup(" dir=rtl") if direction(language) == "rtl" else Markup("")


def register(
    app: Flask, *, spoken: Sequence[str] = (SOURCE,), default: str = "", timezone: ZoneInfo | None = None
) -> None:
    """Give `app` its languages: the choice per request, and the words and formats of its templates.

    `spoken`: the country's, in the order of the links; `default`: until a reader chooses, the first without it.

    Templates get: `lang`, `lang_links`; `_`, `gettext`, `ngettext`, `{% trans %}`, `N_`; the filters `translated`,
    `text_in`, `direction`, `dir_of`, `isolated`, `day`, `month`, `moment`, `clock`, `quarter`, `number`, `percent`,
    `masked`.
    """
    default = default or spoken[0]
    app.extensions["nrm.languages"] = tuple(spoken)
    app.extensions["nrm.language"] = default
    use_default(default)
    app.extensions["nrm.speaking"] = speaking  # for files that are made once, in every language
    if timezone:
        formats.use_timezone(timezone)
    for language in spoken:
        catalogue(language)
    env = app.jinja_env
    env.add_extension("jinja2.ext.i18n")
    env.policies["ext.i18n.trimmed"] = True
    env.newstyle_gettext = True  # type: ignore[attr-defined]
    env.globals.update(_=_markup_gettext, gettext=_markup_gettext, ngettext=_markup_ngettext, N_=N_)
    env.filters.update(
        translated=translated,
        text_in=text_in,
        masked=masked,
        direction=direction,
        dir_of=dir_of,
        isolated=isolated,
        day=lambda value: formats.day(value, current_language()),
        month=lambda value: formats.month(value, current_language()),
        moment=lambda value: formats.moment(value, current_language()),
        clock=formats.clock,
        quarter=lambda name, last="": formats.quarter(name, current_language(), last),
        number=lambda value: formats.number(value, current_language()),
        percent=lambda value: formats.percent(value, current_language()),
    )
    # Before every other check: the page that refuses must speak the reader's language too.
    app.before_request_funcs.setdefault(None, []).insert(0, _choose)
    app.after_request(_keep)
    app.context_processor(_for_templates)


__all__ = [
    "SOURCE",
    "Catalogue",
    "ConflictingTranslation",
    "catalogue",
    "current_language",
    "gettext",
    "in_language",
    "in_language_counted",
    "language_links",
    "languages",
    "ngettext",
    "own_name",
    "read_file",
    "register",
    "speaking",
    "text_in",
    "translated",
]
