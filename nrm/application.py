"""Making the Flask application from its parts."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, request
from flask.logging import default_handler
from flask.templating import Environment
from flask.typing import ResponseReturnValue
from jinja2 import Template
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from sqlalchemy.exc import OperationalError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule

from config import Config, MisConfigured
from nrm import countries, db, log_lines, web
from nrm.actions import instances
from nrm.steps.agreement import known_versions
from nrm.web import (
    access,
    assets,
    choices,
    errors,
    headers,
    health,
    hosts,
    language,
    metrics,
    sessions,
    spent_keys,
    telephones,
)
from nrm.web.accounts import access_log, refused, screen_lock, told_once
from nrm.web.shelter import shifts

_TOP = Path(__file__).resolve().parent.parent  # the tree, or what a wheel was installed into (ADR 0133)
LARGEST_REQUEST = 512 * 1024
MOST_FIELDS = 500


TIMES_AGAIN = 3


class _Rule(Rule):
    """A rule of Werkzeug whose two functions that write addresses are compiled when it first writes one.

    To compile those of 700 rules took a third of a second of every start, and a process writes few of them (ADR 0219).
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(super(_Rule, self)._compile_builder(append_unknown))
            return compiled[0](rule, **values)

        return build


class _Template(Template):
    """A template that does not compare, at each import of its pieces, the names that it and the page have from the
    environment: all templates have the same."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:  # noqa: ARG002
        return super()._get_default_module()


class _Environment(Environment):
    template_class = _Template


class _Application(Flask):
    """Flask without what it checks dozens of times per request for nothing: whether a function is a coroutine, and
    whether a blueprint adds values to an address. None is, and none does."""

    url_rule_class = _Rule
    jinja_environment = _Environment

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        if self.url_default_functions:
            super().inject_url_defaults(endpoint, values)

    def dispatch_request(self) -> ResponseReturnValue:
        """Answer the request; repeat it if PostgreSQL ended its transaction in a deadlock, because nothing was kept."""
        for _ in range(TIMES_AGAIN):
            try:
                return super().dispatch_request()
            except OperationalError as error:
                if not db.is_deadlock(error):
                    raise
                self.logger.warning("begun again after a deadlock: %s", request.url_rule)
                for file in (each for files in request.files.listvalues() for each in files):
                    file.stream.seek(0)
        return super().dispatch_request()


def create_app(config: Config, *, synchronous: str = "FULL", pages: bool = True) -> Flask:
    """The application.

    Raises countries.CountryError for a broken country folder, MisConfigured for a language that the country has not.

    `synchronous` is SQLite's; anything but FULL is for building the demo country only. `pages`: without them for a
    command that serves none and would wait for them.
    """
    country = countries.load(config.country, config.country_folder)
    app = _Application("nrm", static_folder=None, template_folder=str(_TOP / "templates"), root_path=str(_TOP / "nrm"))
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        MAX_FORM_PARTS=MOST_FIELDS,
    )
    app.extensions["nrm.config"] = config
    app.extensions["nrm.country"] = country
    app.jinja_env.globals.pop("config", None)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    db.init_app(
        app,
        database=config.database,
        shred_database=config.shred_database,
        release_database=config.release_database,
        synchronous=synchronous,
    )
    if config.language and config.language not in country.languages:
        raise MisConfigured(f"NRM_LANGUAGE: {config.language!r} is not one of {', '.join(country.languages)}")
    language.register(app, spoken=country.languages, default=config.language, timezone=country.timezone)
    assets.register(app)
    telephones.register(app)
    log_lines.register(config.log_format, former=default_handler)
    choices.register(app)
    headers.register(app, tls=config.tls_certificate is not None or config.proxies > 0)
    errors.register(app)
    sessions.register(app)
    access.register(app)
    spent_keys.register(app)
    screen_lock.register(app)
    shifts.register(app)
    told_once.register(app)
    refused.register(app)
    _know_the_instance(app, config)
    if pages:
        _add_pages(app)
    health.register(app)
    metrics.register(app, config.metrics_token)  # inside of what reads the headers of proxies: it asks from where
    hosts.register(app, config.address)
    if config.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies, x_host=config.proxies
        )
    headers.catch(app)
    access_log.register(app, config.access_log, config.log_format)
    return app


def _add_pages(app: Flask) -> None:
    from nrm.web.agreement import agreements  # late: it loads what proposes and compares versions of the agreement

    for blueprint in _pages():
        app.register_blueprint(blueprint)
    agreements.register(app)


@cache
def _pages() -> tuple[Blueprint, ...]:
    """The blueprint of every module below nrm.web that has one; what a page does not allow by its marks is denied."""
    modules = (importlib.import_module(each.name) for each in pkgutil.walk_packages(web.__path__, f"{web.__name__}."))
    found = (getattr(module, "blueprint", None) for module in modules)
    return tuple(each for each in found if isinstance(each, Blueprint))


def _know_the_instance(app: Flask, config: Config) -> None:
    """Read from the database whether the people are synthetic; only then plain HTTP is allowed."""
    with app.app_context():
        synthetic, second_factor = instances.nature()
        known_versions.refresh()
    app.extensions["nrm.synthetic"] = synthetic
    app.extensions["nrm.second_factor"] = second_factor
    app.extensions["nrm.secure"] = not synthetic or config.tls_certificate is not None or config.proxies > 0
