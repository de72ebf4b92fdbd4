"""What all tests share: a populated instance to copy, and clients that speak as one of its people."""

from __future__ import annotations

import contextvars
import fcntl
import gc
import hashlib
import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pypdf
import pytest
from flask import Flask
from hypothesis import HealthCheck, settings

from config import ARGON2_FLOOR_KIB, ARGON2_FLOOR_PASSES
from nrm import cli, clock, db
from nrm.domain.quarters import Quarter
from nrm.render import pdf
from nrm.render import reports as render
from nrm.statistics import one_person
from tests import accommodated, costs, factories, postgres, shared, world
from tests.client import WARNED, Person, token_in, whole  # noqa: F401 - as tests know them

# Whether an example is quick is a question for bench/: a busy machine must not fail a test.
settings.register_profile("nrm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nrm")

Made = TypeVar("Made")
CLOSED = (Quarter(2026, 1), Quarter(2026, 2))
CLOSED_ON = date(2026, 7, 20)
BROWSER = Path(__file__).parent / "browser"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--costs", type=int, default=0, metavar="N", help="print the N tests that cost most processor time"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(costs.Costs(config.getoption("--costs")))
    # What every application makes of the same files is made once in each process of the run: modules of tests read
    # their country while they are collected.
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    shared.start(patch)


def pytest_collection() -> None:
    """What collecting makes is kept to the end: there is nothing for the garbage collector to find in it."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser or a PostgreSQL server: by its folder, and by the fixtures it asks for or is given."""
    for item in items:
        if BROWSER in item.path.parents:
            item.add_marker("browser")
        given = getattr(item, "callspec", None)
        if "postgres_server" in getattr(item, "fixturenames", ()) or (
            given and "postgres_app" in given.params.values()
        ):
            item.add_marker("postgresql")


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector need not walk through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)
    gc.enable()


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Made]) -> tuple[Path, Made]:
    """A folder that the first worker of the run to need it makes for all, and what `make` gave of it; never changed."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    given, folder = root / f"{name}.given", root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not given.exists():
            given.write_bytes(pickle.dumps(make(folder)))
    value: Made = pickle.loads(given.read_bytes())
    return folder, value


@pytest.fixture(scope="session", autouse=True)
def nobody_comes_or_leaves() -> Iterator[None]:
    """The gate for differences takes one to ten seconds a release; the tests about it let people come (`PEOPLE`)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_person, "PEOPLE", 0)
        yield


@contextmanager
def papers(to_pdf: Callable[..., bytes]) -> Iterator[None]:
    """Let the papers of releases be made so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "to_pdf", to_pdf)
        yield


def blank(html: str, **_: object) -> bytes:
    """A paper on which nothing stands; a different one for other words."""
    sheet = pypdf.PdfWriter()
    sheet.add_blank_page(595, 842)
    sheet.add_metadata({"/Title": hashlib.sha256(html.encode()).hexdigest()})
    with io.BytesIO() as made:
        sheet.write(made)
        return made.getvalue()


def only_the_first() -> Callable[..., bytes]:
    """Make the paper of the main report, which comes first, and blank ones for the others."""
    made: list[str] = []

    def to_pdf(html: str, **options: Any) -> bytes:
        made.append(html)
        return pdf.to_pdf(html, **options) if len(made) == 1 else blank(html)

    return to_pdf


@pytest.fixture(scope="session", autouse=True)
def papers_are_blank() -> Iterator[None]:
    """The paper of a release takes ten seconds in two languages; who reads it asks for `typeset`."""
    with papers(blank):
        yield


@pytest.fixture
def typeset() -> Iterator[None]:
    """The papers of the releases that this test makes are real ones."""
    with papers(pdf.to_pdf):
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A populated instance that tests copy and never change."""
    return once(tmp_path_factory, "template", factories.build_instance)[0]


@pytest.fixture(scope="session")
def closed_instance(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance with a hundred people and two closed quarters, to be copied."""

    def make(folder: Path) -> None:
        with papers(pdf.to_pdf), factories.copy_instance(template, folder).app_context():
            accommodated.at(CLOSED_ON)
            accommodated.many(100, seed=7)
            by = factories.actor("molsa.statistician")
            for quarter in CLOSED:
                assert accommodated.release(quarter, by=by).step != "total"
            db.disconnect()
        clock.set_clock(None)

    return once(tmp_path_factory, "closed", make)[0]


@pytest.fixture
def closed(closed_instance: Path, tmp_path: Path) -> Iterator[Flask]:
    """A copy of the instance with two closed quarters, on the day they were closed."""
    app = factories.copy_instance(closed_instance, tmp_path / "closed")
    with app.app_context():
        accommodated.at(CLOSED_ON)
        yield app
        db.disconnect()
    clock.set_clock(None)


@pytest.fixture
def app(template: Path, tmp_path: Path) -> Iterator[Flask]:
    """An application on a fresh copy, with an application context."""
    app = factories.copy_instance(template, tmp_path / "instance")
    with app.app_context():
        yield app
        db.disconnect()
    clock.set_clock(None)


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], Person]:
    """`sign_in("rinas.border_officer")`."""
    return lambda login: Person(app.test_client(), login)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    """A PostgreSQL server for the whole run of this worker."""
    with postgres.running(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(
    postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str]:
    """A populated instance on PostgreSQL that tests copy: its folder, its main and its shred database."""
    folder = tmp_path_factory.mktemp("postgres-template") / "instance"
    main, shred = postgres_server.new_database(), postgres_server.new_database()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NRM_DATABASE", main)
        environment.setenv("NRM_SHRED_DATABASE", shred)
        factories.build_instance(folder)
    return folder, main, shred


@pytest.fixture
def postgres_app(
    postgres_server: postgres.Server,
    postgres_template: tuple[Path, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Flask]:
    """An application whose two databases are PostgreSQL's, populated, with an application context."""
    folder, main, shred = postgres_template
    monkeypatch.setenv("NRM_DATABASE", postgres_server.new_database(copy_of=main))
    monkeypatch.setenv("NRM_SHRED_DATABASE", postgres_server.new_database(copy_of=shred))
    app = factories.copy_instance(folder, tmp_path / "instance")
    with app.app_context():
        yield app
        db.disconnect()
    clock.set_clock(None)


@pytest.fixture(scope="session")
def world_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, world.World]:
    """An instance with one of everything in it, to copy."""

    def make(folder: Path) -> world.World:
        with factories.copy_instance(template, folder).app_context():
            built = world.build()
            db.disconnect()
        return built

    return once(tmp_path_factory, "world", make)


@pytest.fixture
def world_app(world_template: tuple[Path, world.World], tmp_path: Path) -> Iterator[tuple[Flask, world.World]]:
    """An application on a fresh copy of that instance, with an application context."""
    folder, built = world_template
    app = factories.copy_instance(folder, tmp_path / "world")
    with app.app_context():
        yield app, built
        db.disconnect()
    clock.set_clock(None)


@pytest.fixture(autouse=True, scope="session")
def _stays_this_process() -> Iterator[None]:
    """`nrm serve` begins again in a process that wipes; one that a test calls in this process must not."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("nrm.cli.wiping.begin_again", lambda: None)
        yield


Command = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """`command(app, "report", "keys")` -> exit code, standard output, standard error."""
    monkeypatch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
    monkeypatch.setenv("NRM_PASSWORD", factories.PASSWORD)

    def run(app: Flask, *words: str) -> tuple[int, bytes, str]:
        directory = str(app.extensions["nrm.config"].directory)
        monkeypatch.setattr(sys, "argv", ["nrm", *words, "--dir", directory])
        with pytest.raises(SystemExit) as raised, shared.connections_of_a_process():
            contextvars.Context().run(cli.main)
        out, err = capsysbinary.readouterr()
        assert isinstance(raised.value.code, int)
        return raised.value.code, out, err.decode()

    return run


@pytest.fixture
def typed(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`typed("tend", "--dir", "x")`: the command as somebody types it, but in this process: a start costs a second.

    For what is refused, and for commands that end. That the installed program does the same is tested where it runs.
    """
    for name in [name for name in os.environ if name.startswith("NRM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NRM_ARGON2_KIB", str(ARGON2_FLOOR_KIB))
    monkeypatch.setenv("NRM_ARGON2_PASSES", str(ARGON2_FLOOR_PASSES))
    monkeypatch.setenv("NRM_PASSWORD", factories.PASSWORD)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["nrm", *words])
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as raised, shared.connections_of_a_process():
            contextvars.Context().run(cli.main)
        out, err = capsysbinary.readouterr()
        assert isinstance(raised.value.code, int)
        return subprocess.CompletedProcess(["nrm", *words], raised.value.code, out.decode(), err.decode())

    return run
