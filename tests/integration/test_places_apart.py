"""Key files and the two databases lie in three places, or somebody said that they may lie together."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from config import load_config, lying_together

Typed = Callable[..., subprocess.CompletedProcess[str]]
INIT = ("init", "--country", "albania")


@pytest.fixture
def apart(tmp_path: Path) -> dict[str, str]:
    for name in ("main", "second"):
        (tmp_path / name).mkdir()
    return {
        "NRM_KEYS": str(tmp_path / "keys"),
        "NRM_DATABASE": str(tmp_path / "main" / "main.db"),
        "NRM_SHRED_DATABASE": str(tmp_path / "second" / "shred.db"),
    }


@pytest.mark.slow
def test_in_one_folder_nothing_is_made_until_somebody_says_so(tmp_path: Path, typed: Typed) -> None:
    folder = tmp_path / "new"
    refused = typed(*INIT, "--dir", str(folder))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1
    for named in ("key files", "main database", "second database", "NRM_KEYS", "NRM_SHRED_DATABASE", "--one-folder"):
        assert named in refused.stderr
    assert not folder.exists()
    assert typed(*INIT, "--dir", str(folder), "--one-folder").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2)])
def test_at_a_terminal_it_is_asked(
    tmp_path: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    folder = tmp_path / "new"
    asked: list[str] = []

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return answer == "y"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.confirm", confirm)
    assert typed(*INIT, "--dir", str(folder)).returncode == code
    assert len(asked) == 1
    assert "one thief" in asked[0]
    assert folder.exists() is (code == 0)


@pytest.mark.slow
def test_three_places_are_made_without_a_question_and_used(
    tmp_path: Path, typed: Typed, apart: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pepper = tmp_path / "stick" / "pepper"
    for name, value in {**apart, "NRM_PEPPER": str(pepper)}.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "new"
    assert typed(*INIT, "--dir", str(folder)).returncode == 0
    assert {path.name for path in folder.iterdir() if path.suffix == ".db"} == set()
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {"store", "release", "match"}
    assert pepper.stat().st_mode & 0o777 == 0o400
    config = load_config({**apart, "NRM_DIR": str(folder), "NRM_PEPPER": str(pepper)})
    assert config.secrets.pepper == pepper.read_bytes()
    assert typed("tend", "--dir", str(folder)).returncode == 0
    monkeypatch.delenv("NRM_PEPPER")
    refused = typed("tend", "--dir", str(folder))
    assert refused.returncode == 2
    assert refused.stderr.startswith("nrm: NRM_KEYS: ")
    monkeypatch.setenv("NRM_PEPPER", str(tmp_path / "nowhere"))
    assert typed("tend", "--dir", str(folder)).stderr.startswith("nrm: NRM_PEPPER: ")


def test_two_of_three_in_one_place_are_named_and_links_between_folders_are_followed(
    tmp_path: Path, apart: dict[str, str]
) -> None:
    folder = tmp_path / "new"
    assert lying_together(apart, folder) is None
    found = lying_together({**apart, "NRM_SHRED_DATABASE": str(tmp_path / "main" / "shred.db")}, folder)
    assert found is not None
    assert found.settings == ("NRM_DATABASE", "NRM_SHRED_DATABASE")
    (tmp_path / "link").symlink_to(tmp_path / "main")
    found = lying_together({**apart, "NRM_KEYS": str(tmp_path / "link" / "keys")}, folder)
    assert found is not None
    assert found.parts == ("key files", "main database")
    servers = {"NRM_DATABASE": "postgresql://a@one/main", "NRM_SHRED_DATABASE": "postgresql://b:x@one/shred"}
    found = lying_together({**apart, **servers}, folder)
    assert found is not None
    assert found.parts == ("main database", "second database")
    servers["NRM_SHRED_DATABASE"] = "postgresql://b:x@two/shred"
    assert lying_together({**apart, **servers}, folder) is None


def test_a_database_that_is_none_is_one_line(tmp_path: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NRM_DATABASE", "mysql://x")
    refused = typed(*INIT, "--dir", str(tmp_path / "new"))
    assert refused.returncode == 2
    assert refused.stderr.startswith("nrm: NRM_DATABASE: ")
