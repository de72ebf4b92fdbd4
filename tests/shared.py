"""What the thousands of applications of one run compile alike, compiled once: a test pays for what it does itself.

Nothing of an instance is shared: only what follows from the program's own files, and is never changed after.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sqlite3
import tomllib
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask_sqlalchemy import SQLAlchemy
from jinja2.bccache import Bucket, BytecodeCache
from ortools.sat.python.cp_model import CpModel
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.pool import Pool
from sqlalchemy.util import LRUCache
from werkzeug.routing import Map, Rule, RuleFactory
from werkzeug.routing.map import DEFAULT_CONVERTERS
from werkzeug.routing.matcher import State, StateMachineMatcher

from nrm import application, countries, db, parsing, revisions, schema
from nrm.countries.country import Country
from nrm.render import pdf
from nrm.web import assets


def start(patch: pytest.MonkeyPatch) -> None:
    """Share from now on, until `patch` is undone."""
    _countries(patch)
    _documents(patch)
    _papers(patch)
    _assets(patch)
    _addresses(patch)
    _pages(patch)
    _templates(patch)
    _tables(patch)
    _statements(patch)
    _connections()
    # Each model of OR-Tools is given fifty methods under the names they had once; nobody here calls them so.
    patch.setattr(CpModel, "_add_pre_pep8_methods", lambda self: None)


def _connections() -> None:
    """A test lets go of its applications; what their pools hold is closed then, of which Python warns from 3.13 on."""
    closing: dict[int, weakref.finalize[Any, Any]] = {}

    def opened(connection: Any, record: Any) -> None:
        closing[id(connection)] = found = weakref.finalize(record, connection.close)
        found.atexit = False
        weakref.finalize(record, closing.pop, id(connection), None).atexit = False

    def detached(connection: Any, _: object) -> None:
        if (found := closing.pop(id(connection), None)) is not None:
            found.detach()

    event.listen(Pool, "connect", opened)
    event.listen(Pool, "detach", detached)


@contextmanager
def connections_of_a_process() -> Iterator[None]:
    """A command leaves its connections to the end of its process. Here the process goes on, and closes them: from
    Python 3.13 on the collector warns of those that it finds, in whichever test runs then."""
    opened: list[Any] = []

    def note(connection: Any, _: object) -> None:
        opened.append(connection)

    event.listen(Pool, "connect", note)
    try:
        yield
    finally:
        event.remove(Pool, "connect", note)
        for each in opened:
            each.close()


def _countries(patch: pytest.MonkeyPatch) -> None:
    """The countries that are shipped are read from their files once; a test's own folder each time."""
    read = countries.load
    shipped = functools.cache(read)

    def load(code: str, folder: Path | None = None) -> Country:
        return shipped(code) if folder is None else read(code, folder)

    patch.setattr(countries, "load", load)


READ_APART = parsing.toml


def _documents(patch: pytest.MonkeyPatch) -> None:
    """In a copy of a country, only the files that a test changed are read in a process of their own, which is started
    for each. `READ_APART` reads any text there."""
    shipped = {file.read_text("utf-8") for file in countries.FOLDER.rglob("*.toml")}
    patch.setattr(parsing, "toml", lambda text: tomllib.loads(text) if text in shipped else READ_APART(text))


PRINT_APART = pdf._print


def _papers(patch: pytest.MonkeyPatch) -> None:
    """A document is typeset once: the text of an agreement takes four seconds, and everybody who walks through the
    pages asks for it. `PRINT_APART` typesets each time."""
    printed = LRUCache(100)

    def print_once(job: bytes) -> tuple[bytes, bytes]:
        document = (pdf.TYPESETTER, hashlib.sha256(job).digest())
        if document in printed:
            return printed[document]
        answer = PRINT_APART(job)
        if answer[0] == b"K":
            printed[document] = answer
        return answer

    patch.setattr(pdf, "_print", print_once)


def _assets(patch: pytest.MonkeyPatch) -> None:
    """The style and the script that are shipped are compressed once."""
    read = assets.load
    shipped = functools.cache(read)
    patch.setattr(assets, "load", lambda folder=assets.FOLDER: shipped() if folder == assets.FOLDER else read(folder))


def _addresses(patch: pytest.MonkeyPatch) -> None:
    """Werkzeug parses each rule and compiles two functions that build its addresses: 0.1 s for all of an application's.

    What comes of it follows from the rule's text and is never changed after.
    """
    compiled: dict[Any, tuple[Any, ...]] = {}
    make = Rule.compile

    def compile_once(rule: Rule) -> None:
        key = (type(rule), rule.rule, rule.merge_slashes, rule.subdomain, rule.host, rule.map.host_matching)
        if rule.defaults or rule.map.converters != DEFAULT_CONVERTERS:
            make(rule)
        elif key in compiled:
            rule._parts, rule._trace, rule._converters, rule.arguments, build, build_unknown = compiled[key]
            rule._build, rule._build_unknown = build.__get__(rule), build_unknown.__get__(rule)
        else:
            make(rule)
            built = (rule._build.__func__, rule._build_unknown.__func__)
            compiled[key] = (rule._parts, rule._trace, rule._converters, rule.arguments, *built)

    patch.setattr(Rule, "compile", compile_once)


class _Addresses(Map):
    """The addresses of another map, shared with it until one is added to either."""

    def __init__(self, shared: Map) -> None:
        self.__dict__.update(shared.__dict__)
        self._shares = True

    def add(self, rulefactory: RuleFactory) -> None:
        if self._shares:
            matcher = StateMachineMatcher(self._matcher.merge_slashes)
            matcher._root = _copied(self._matcher._root)
            self._matcher, self._shares = matcher, False
            self._rules_by_endpoint = {name: list(rules) for name, rules in self._rules_by_endpoint.items()}
        super().add(rulefactory)


def _copied(state: State) -> State:
    dynamic = [(part, _copied(after)) for part, after in state.dynamic]
    return State(dynamic, list(state.rules), {words: _copied(after) for words, after in state.static.items()})


class _Pages:
    """Every page of the program, registered as one blueprint is. The first application of the process registers each
    address: 30 ms. The others take its map, and from the blueprints all that is not an address."""

    def __init__(self, blueprints: tuple[Blueprint, ...]) -> None:
        self._blueprints = blueprints
        self._map: Map | None = None
        self._before: list[str] = []  # the views that an application has before its pages
        self._views: dict[str, Any] = {}
        self._else: dict[str, list[Any]] = {}

    def register(self, app: Flask, options: dict[str, Any]) -> None:
        if self._map is None:
            self._before = list(app.view_functions)
            for blueprint in self._blueprints:
                self._first(app, blueprint)
            self._views = {name: view for name, view in app.view_functions.items() if name not in self._before}
            self._map = app.url_map
            self._map.update()
        else:
            assert self._before == list(app.view_functions)
            app.view_functions.update(self._views)
            for blueprint in self._blueprints:
                app.blueprints[blueprint.name] = blueprint
                blueprint._merge_blueprint_funcs(app, blueprint.name)
                state = blueprint.make_setup_state(app, options, first_registration=True)
                for deferred in self._else[blueprint.name]:
                    deferred(state)
        app.url_map = _Addresses(self._map)

    def _first(self, app: Flask, blueprint: Blueprint) -> None:
        """Register it, and keep what else it does than adding addresses."""
        assert not any((blueprint.has_static_folder, blueprint.cli.commands, blueprint._blueprints))
        kept: list[Any] = []
        deferred = blueprint.deferred_functions

        def watched(do: Any) -> Any:
            def call(state: Any) -> None:
                rules = sum(map(len, app.url_map._rules_by_endpoint.values()))
                do(state)
                if rules == sum(map(len, app.url_map._rules_by_endpoint.values())):
                    kept.append(do)

            return call

        blueprint.deferred_functions = [watched(do) for do in deferred]
        try:
            app.register_blueprint(blueprint)
        finally:
            blueprint.deferred_functions = deferred
        self._else[blueprint.name] = kept


def _pages(patch: pytest.MonkeyPatch) -> None:
    """The pages of every application are the same: see `_Pages`."""
    blueprints = application._pages
    patch.setattr(application, "_pages", functools.cache(lambda: (_Pages(blueprints()),)))


class _Kept(BytecodeCache):
    """The code of templates as this process compiled it, by their text and by what their environment changes in it."""

    def __init__(self) -> None:
        self._codes: dict[Any, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get(self._key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[self._key(bucket)] = bucket.code

    @staticmethod
    def _key(bucket: Bucket) -> Any:
        environment = bucket.environment
        spaces = (environment.trim_blocks, environment.lstrip_blocks, environment.keep_trailing_newline)
        return bucket.key, bucket.checksum, spaces, tuple(environment.extensions)


def _templates(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": _Kept()})


MIGRATE = schema.upgrade


def _tables(patch: pytest.MonkeyPatch) -> None:
    """A hundred migrations bring an empty pair of SQLite databases to the newest tables, and to the same each time: the
    second pair of a process is copied. `MIGRATE` migrates; so do the tests of migrations, and PostgreSQL."""
    made: dict[str | None, sqlite3.Connection] = {}

    def upgrade(revision: str = "head") -> None:
        pair = {bind: db.db.engines[bind] for bind in (None, "shred")}
        if revision not in ("head", revisions.newest()) or not all(map(_empty, pair.values())):
            MIGRATE(revision)
        elif made:
            for bind, engine in pair.items():
                with _driver_of(engine) as connection:
                    made[bind].backup(connection)
                    if bind is None:  # the one value that is drawn by lot
                        (sealed,) = connection.execute("SELECT sealed_counts FROM request_limits").fetchone()
                        drawn = sealed[:1] + os.urandom(len(sealed) - 1)
                        connection.execute("UPDATE request_limits SET sealed_counts = ?", (drawn,))
        else:
            MIGRATE(revision)
            for bind, engine in pair.items():
                kept = sqlite3.connect(":memory:", check_same_thread=False)
                with _driver_of(engine) as connection:
                    connection.backup(kept)
                made[bind] = kept

    patch.setattr(schema, "upgrade", upgrade)


@contextmanager
def _driver_of(engine: Engine) -> Iterator[sqlite3.Connection]:
    lent = engine.raw_connection()
    try:
        assert isinstance(lent.dbapi_connection, sqlite3.Connection)
        yield lent.dbapi_connection
    finally:
        lent.close()


def _empty(engine: Engine) -> bool:
    """Whether it is an SQLite database without a table."""
    if engine.dialect.name != "sqlite":
        return False
    with _driver_of(engine) as connection:
        return connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def _statements(patch: pytest.MonkeyPatch) -> None:
    """A statement is compiled once for each kind of database, and not once for each engine.

    SQLAlchemy asks whether a compiled statement was made for the same dialect. Two dialects of one class speak the same
    here: one library, one server, no options of their own.
    """
    kept = LRUCache(10_000)
    make = SQLAlchemy._make_engine

    def engine(self: SQLAlchemy, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        made = make(self, bind_key, options, app)
        made._compiled_cache = kept
        return made

    patch.setattr(SQLAlchemy, "_make_engine", engine)
    patch.setattr(DefaultDialect, "__eq__", lambda self, other: type(self) is type(other))
    patch.setattr(DefaultDialect, "__hash__", lambda self: hash(type(self)))
