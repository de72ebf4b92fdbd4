"""A National Referral Mechanism for victims of human trafficking."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Config


def create_app(config: Config, *, synchronous: str = "FULL") -> Flask:
    """The application. Raises countries.CountryError for a broken country folder.

    `synchronous` is SQLite's; anything but FULL is for building the demo country only.
    """
    from nrm import application  # imported late: code that imports only a rule must not load the web

    return application.create_app(config, synchronous=synchronous)
