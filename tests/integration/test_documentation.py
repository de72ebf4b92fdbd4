"""The documents as pages: made without network, every link leads somewhere, and members alone read them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from nrm.web import documentation
from tests.client import Person

TOP = Path(__file__).parents[2]
# No name is resolved and nothing is connected to while the pages are made.
OFFLINE = """
import runpy, socket, sys
def refuse(*_, **__):
    raise OSError("no network")
socket.socket.connect = socket.getaddrinfo = refuse
sys.argv = sys.argv[1:]
sys.path.insert(0, str(__import__("pathlib").Path(sys.argv[0]).parent))
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def make(top: Path, out: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", OFFLINE, top / "deploy/handbook.py", out]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    done = make(TOP, out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
def test_the_pages_hold_no_script_and_nothing_from_outside(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert {"index.html", "docs/operator.html", "docs/adr/index.html"} <= {
        str(each.relative_to(site)) for each in pages
    }
    for page in pages:
        text = page.read_text("utf-8")
        assert not re.search(r"<script|<iframe|<object|@import|\bon\w+=\"", text), page
        for address in re.findall(r'(?:src|<link[^>]* href)="?([^" >]+)', text):
            assert "//" not in address, (page, address)
            assert (page.parent / address).is_file(), (page, address)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["[away](docs/nowhere.md)", "[within](docs/operator.md#no-such-heading)"])
def test_a_link_that_leads_nowhere_stops_it_and_makes_nothing(tmp_path: Path, wrong: str) -> None:
    top = tmp_path / "top"
    for name in ("docs", "deploy/handbook"):
        shutil.copytree(TOP / name, top / name)
    shutil.copy(TOP / "deploy/handbook.py", top / "deploy")
    for name in ("README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"):
        shutil.copy(TOP / name, top)
    with (top / "README.md").open("a") as file:
        file.write(f"\n{wrong}\n")
    done = make(top, tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert re.search(r"nowhere\.md|no-such-heading", done.stderr), done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_members_read_the_documents_and_nobody_else(
    app: Flask, sign_in: Callable[[str], Person], site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = sign_in("rinas.border_officer")
    monkeypatch.setattr(documentation, "FOLDER", tmp_path / "nowhere")
    officer.get("/documentation", 404)  # not installed
    assert "/documentation" not in officer.get("/guide")
    monkeypatch.setattr(documentation, "FOLDER", site)
    assert 'href="/documentation"' in officer.get("/guide")
    assert officer.client.get("/documentation").headers["Location"] == "/documentation/index.html"
    assert "Operator" in officer.get("/documentation/docs/operator.html")
    answer = officer.client.get("/documentation/handbook.css")
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    assert "default-src 'none'" in officer.client.get("/documentation/index.html").headers["Content-Security-Policy"]
    for name in (
        "nothing.html",
        "docs",
        "../../../etc/passwd",
        "..%2f..%2fpyproject.toml",
        "%00",
        "docs//operator.html",
    ):
        assert officer.client.get(f"/documentation/{name}").status_code in (308, 404), name
    stranger = app.test_client().get("/documentation/index.html")
    assert (stranger.status_code, "/sign-in" in stranger.headers["Location"]) == (303, True)
