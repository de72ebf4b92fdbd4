"""The wheel and the source package: they hold all that the program reads, and an installed one serves pages."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
FOLDERS = ("forms", "migrations", "nrm", "templates")
FILES = ("config.py", "wsgi.py")
PACKED = (
    *FOLDERS,
    *FILES,
    "deploy",
    "requirements.lock",
    "requirements-statistics.lock",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "SECURITY.md",
)
SDIST = "import sys, setuptools.build_meta as meta; print(meta.build_sdist(sys.argv[1]))"
INSTANCE = """
import sys
from pathlib import Path
import nrm
from nrm.cli.instance import make_instance
make_instance(Path(sys.argv[1]), "albania", language="sq", synthetic=True)
print(nrm.__file__)
"""


def run(*words: str | Path, cwd: Path, at: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(at)} if at else dict(os.environ)
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as it is, without what tools leave in it: a build writes beside the files that it packs."""
    place = tmp_path_factory.mktemp("source")
    for name in PACKED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / name, place)
    return place


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run("-m", "pip", "wheel", "-q", "--no-index", "--no-deps", "--no-build-isolation", "-w", out, ".", cwd=source)
    (found,) = out.iterdir()
    return found


def of_the_program(source: Path) -> set[str]:
    files = (path for folder in FOLDERS for path in (source / folder).rglob("*") if path.is_file())
    return {*(str(path.relative_to(source)) for path in files), *FILES}


@pytest.mark.slow
def test_the_wheel_holds_every_file_that_the_program_reads_and_no_other(source: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if ".dist-info/" not in name}
    manual = {name for name in names if name.endswith(".data/data/share/man/man1/nrm.1")}
    assert len(manual) == 1
    assert names - manual == of_the_program(source)


@pytest.mark.slow
def test_the_source_package_builds_the_same(source: Path, tmp_path: Path) -> None:
    name = run("-c", SDIST, tmp_path, cwd=source).splitlines()[-1]
    with tarfile.open(tmp_path / name) as packed:
        names = {member.partition("/")[2] for member in packed.getnames()}
    shipped = {"deploy/install.sh", "deploy/man/nrm.1", "deploy/systemd/nrm.service"}
    assert of_the_program(source) | shipped | {"requirements.lock", "requirements-statistics.lock"} <= names
    assert not {each for each in names if "tests" in each or "__pycache__" in each}


@pytest.fixture
def address(wheel: Path, tmp_path: Path) -> Iterator[str]:
    """Of an instance that was made and is served by the wheel alone."""
    place = tmp_path / "installed"
    run("-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", place, wheel, cwd=tmp_path)
    assert Path(run("-c", INSTANCE, tmp_path / "instance", cwd=tmp_path, at=place).strip()) == place / "nrm/__init__.py"
    port = free_port()
    words = [place / "bin/nrm", "serve", "--dir", tmp_path / "instance", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, *map(str, words)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(place)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        with selectors.DefaultSelector() as ready:
            ready.register(process.stderr, selectors.EVENT_READ)
            assert ready.select(timeout=60), "nothing was said within a minute"
        assert process.stderr.readline() == f"serving at http://127.0.0.1:{port}\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stderr.close()  # type: ignore[union-attr]


@pytest.mark.slow
def test_what_is_installed_from_the_wheel_serves_its_pages(address: str) -> None:
    direct = build_opener(ProxyHandler({})).open
    with direct(f"{address}/sign-in", timeout=60) as answer:
        page = answer.read().decode()
    assert 'name="password"' in page
    assets = re.findall(r'(?:href|src)="?(/assets/[^"\s>]+)', page)
    assert assets
    for asset in assets:
        with direct(address + asset, timeout=60) as answer:
            assert answer.status == 200
