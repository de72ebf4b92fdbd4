"""The country's closed lists as choices of a form, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask

from forms import SelectChoice
from forms.names import language_name
from nrm.store.countries import country
from nrm.web.language import current_language, languages, text_in


def label_of(name: str, code: str) -> str:
    """The words of a code in the closed list `name`; the code itself where the list does not have it."""
    words = country().lists[name].get(code)
    return text_in(words) if words is not None else code


def register(app: Flask) -> None:
    """Templates write a code of a closed list in words, `label_of(list, code)`, and `currency()` of the country."""
    app.jinja_env.globals.update(label_of=label_of, currency=_currency)


def _currency() -> str:
    words = text_in(country().currency)
    return words[:1].upper() + words[1:]


def of_list(name: str, codes: Iterable[str] | None = None) -> list[SelectChoice]:
    """Every code of the list `name`, or the given ones, with its words."""
    wanted = country().lists[name] if codes is None else codes
    return [SelectChoice(value=str(code), label=label_of(name, str(code))) for code in wanted]


def language_choices() -> list[SelectChoice]:
    """The languages of the country, each by its own name."""
    return [SelectChoice(value=code, label=name) for code, name in languages().items()]


def called() -> dict[str, str]:
    """What the reader calls the languages of the country, by code."""
    return {code: language_name(code, current_language()) for code in languages()}
