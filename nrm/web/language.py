"""The language of a page: the reader's choice, and what templates use to speak. `nrm.catalogues` has the sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel import Locale
from flask import Flask, Response, current_app, g, has_app_context, request
from markupsafe import Markup

from forms.names import direction
from nrm import catalogues
from nrm.domain.languages import SOURCE, text_for, use_default
from nrm.domain.words import N_, NP_, Hundredths, Moment, Number, Phrase, masked
from nrm.web import formats

COOKIE = "lang"
COOKIE_SECONDS = 365 * 24 * 3600


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
    try:
        language: str | None = _here().get("language")
    except RuntimeError:
        return SOURCE
    return language or _default()


# What `g` stands for now: a page asks for its language a hundred times, and `g` itself takes three times as long.
_here: Callable[[], Any] = g._get_current_object


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
    return _filled(language, message, "", values)


def _filled(language: str, message: str, context: str, values: Mapping[str, object]) -> str:
    text = _singular(message, language, context) or message
    return text % values if "%" in text else text


def _singular(message: str, language: str, context: str = "") -> str | None:
    """The entry of the catalogue of `language`, else of the default; None where the source says it."""
    text = catalogues.said(message, language, context=context)
    if text is not None or language == SOURCE:
        return text
    return catalogues.said(message, *_then(), context=context)


def _then() -> tuple[str, ...]:
    return (_default(),) if has_app_context() else ()


def in_language_counted(language: str, one: str, many: str, num: int, /, **values: object) -> str:
    """The form of the sentence that fits `num`, which is also the value `%(num)s`."""
    text = catalogues.counted(one, many, num, language, *_then())
    return text % {"num": formats.number(num, language), **values} if "%" in text else text


def gettext(message: str, /, **values: object) -> str:
    """`message` in the language of the request."""
    return in_language(current_language(), message, **values)


def pgettext(context: str, message: str, /, **values: object) -> str:
    """`message` as it is meant in `context`: English has one word there where another language has two."""
    return _filled(current_language(), message, context, values)


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
        values = {name: _value(each, language) for name, each in text.values.items()}
        return _filled(language, text.message, text.context, values)
    if isinstance(text, Markup):
        return text
    return _singular(text, language) or text


def _value(value: object, language: str) -> object:
    """What stands in a phrase, as the language writes it."""
    if isinstance(value, Phrase):
        return translated(value, language)
    if isinstance(value, Number):
        return formats.number(int(value), language)
    if isinstance(value, Hundredths):
        return str(value).replace(".", formats.habits(language).decimal)
    if isinstance(value, Moment):
        return formats.moment(value, language)
    return value


def text_in(texts: Mapping[str, str] | str, language: str | None = None) -> str:
    """Country data `{sq = "...", en = "..."}` in the reader's language, else in that which comes next (ADR 0139)."""
    if isinstance(texts, str):
        return texts
    language = language or current_language()
    return texts.get(language) or text_for(texts, language, _order())


def _markup_gettext(message: str, /, **values: object) -> Markup:
    return _markup_pgettext("", message, **values)


def _markup_pgettext(context: str, message: str, /, **values: object) -> Markup:
    text = _singular(message, current_language(), context) or message
    return Markup(text) % values if "%" in text else Markup(text)  # noqa: S704 - catalogue text, values are escaped


def _markup_ngettext(one: str, many: str, num: int, /, **values: object) -> Markup:
    return _markup_npgettext("", one, many, num, **values)


def _markup_npgettext(context: str, one: str, many: str, num: int, /, **values: object) -> Markup:
    language = current_language()
    filled = {"num": formats.number(num, language), **values}
    text = catalogues.counted(one, many, num, language, *_then(), context=context)
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
    links = language_links() if request else []
    return {"lang": current_language(), "lang_links": links, "languages": languages}


def dir_of(language: str) -> Markup:
    """The attribute of a page in a language that is written from right to left, with the blank before it; none for the
    others, which is what a browser takes for granted."""
    return Markup(" dir=rtl") if direction(language) == "rtl" else Markup("")


def register(
    app: Flask, *, spoken: Sequence[str] = (SOURCE,), default: str = "", timezone: ZoneInfo | None = None
) -> None:
    """Give `app` its languages: the choice per request, and the words and formats of its templates.

    `spoken`: the country's, in the order of the links; `default`: until a reader chooses, the first without it.

    Templates get: `lang`, `lang_links`; `_`, `gettext`, `ngettext`, `pgettext`, `npgettext`, `{% trans %}`,
    `N_`, `NP_`; the filters `translated`,
    `text_in`, `direction`, `dir_of`, `isolated`, `day`, `month`, `weekday`, `moment`, `clock`, `quarter`, `number`,
    `percent`, `masked`.
    """
    default = default or spoken[0]
    app.extensions["nrm.languages"] = tuple(spoken)
    app.extensions["nrm.language"] = default
    use_default(default)
    app.extensions["nrm.speaking"] = speaking  # for files that are made once, in every language
    if timezone:
        formats.use_timezone(timezone)
    for language in spoken:
        catalogues.catalogue(language)
    env = app.jinja_env
    env.add_extension("jinja2.ext.i18n")
    env.policies["ext.i18n.trimmed"] = True
    env.newstyle_gettext = True  # type: ignore[attr-defined]
    env.globals.update(
        _=_markup_gettext,
        gettext=_markup_gettext,
        ngettext=_markup_ngettext,
        pgettext=_markup_pgettext,
        npgettext=_markup_npgettext,
        N_=N_,
        NP_=NP_,
    )
    env.filters.update(
        translated=translated,
        text_in=text_in,
        masked=masked,
        direction=direction,
        dir_of=dir_of,
        isolated=isolated,
        day=lambda value: formats.day(value, current_language()),
        month=lambda value: formats.month(value, current_language()),
        weekday=lambda value: formats.weekday(value, current_language()),
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
    "current_language",
    "gettext",
    "in_language",
    "in_language_counted",
    "language_links",
    "languages",
    "ngettext",
    "own_name",
    "pgettext",
    "register",
    "speaking",
    "text_in",
    "translated",
]
