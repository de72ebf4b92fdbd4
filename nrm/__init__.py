"""A National Referral Mechanism for victims of human trafficking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from config import Config
    from nrm.countries import Country


def create_app(config: Config, *, synchronous: str = "FULL", pages: bool = True) -> Flask:
    """The application. Raises countries.CountryError for a broken country folder.

    `synchronous` is SQLite's; anything but FULL is for building the demo country only. `pages`: see
    `nrm.application.create_app`.
    """
    from nrm import application  # imported late: code that imports only a rule must not load the web

    return application.create_app(config, synchronous=synchronous, pages=pages)


def create_being_made(country: Country, state: Callable[[], Mapping[str, Any]], *, address: str) -> Flask:
    """The pages of a demo country that is being made; `state` says how far it is (`nrm.web.being_made`)."""
    from nrm.web import being_made  # imported late, as above

    return being_made.create(country, state, address=address)
