"""`deploy/release.py`: what may be released, and that the folder which is given out can be checked."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.integration.test_install import DEPLOY, fill_wheels, new_key

NOTES = "\n".join(
    f"### For {whom}\n\n- Something.\n"
    for whom in ("officers and the help line", "shelters", "the ministry", "operators")
)


@pytest.fixture
def releasing(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DEPLOY))
    for name in ("bundle", "release"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("release")


def git(top: Path, *words: str) -> None:
    who = [
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.al",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "tag.gpgsign=false",
    ]
    subprocess.run(["git", *who, *words], cwd=top, check=True, capture_output=True, timeout=60)


def changelog(
    top: Path, heading: str = "9.9 — 2026-11-29", notes: str = f"{NOTES}\n### For developers\n\n- Nothing.\n"
) -> None:
    (top / "CHANGELOG.md").write_text(f"# Changelog\n\n## {heading}\n\n{notes}\n## 9.8 — 2026-11-01\n", "utf-8")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A tree that may be released."""
    top = tmp_path / "tree"
    (top / "tests/releases").mkdir(parents=True)
    (top / "tests/releases/9.9.tar.xz").touch()
    (top / "pyproject.toml").write_text('[project]\nversion = "9.9"\n')
    changelog(top)
    git(top, "init", "-q")
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "Release 9.9")
    return top


def refusal(releasing: ModuleType, top: Path) -> str:
    git(top, "add", "-A")
    git(top, "commit", "-q", "--allow-empty", "-m", "A change")
    with pytest.raises(releasing.Refused) as refused:
        releasing.check(top)
    return str(refused.value)


def test_a_version_without_notes_for_each_who_reads_them_is_refused(releasing: ModuleType, top: Path) -> None:
    assert releasing.check(top).startswith("nrm 9.9\n\n### For officers and the help line\n")
    (top / "new").touch()
    with pytest.raises(releasing.Refused, match=r"not what was committed: \?\? new"):
        releasing.check(top)
    git(top, "tag", "-a", "v9.9", "-m", "nrm 9.9")
    assert "v9.9 is the tag of another commit" in refusal(releasing, top)
    git(top, "tag", "-d", "v9.9")
    changelog(top, notes=NOTES)
    assert "says nothing for developers" in refusal(releasing, top)
    changelog(top, notes=f"{NOTES}\n### For developers\n")
    assert "says nothing for developers" in refusal(releasing, top)
    changelog(top, heading="Unreleased")
    assert "first heading is 'Unreleased'" in refusal(releasing, top)
    changelog(top, heading="9.9")
    assert "9.9 — DATE" in refusal(releasing, top)
    changelog(top)
    (top / "tests/releases/9.9.tar.xz").unlink()
    assert "no database of 9.9" in refusal(releasing, top)


def test_the_folder_holds_what_is_given_out_and_is_checked_with_the_signers_key(
    releasing: ModuleType, tmp_path: Path
) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not on this machine")
    folder, signers = tmp_path / "files", tmp_path / "signers"
    signers.write_text(new_key(tmp_path / "key"))
    fill_wheels(folder / "wheels")
    with pytest.raises(releasing.Refused, match="no source package of"):
        releasing.write(folder, tmp_path / "key", "nrm 9.9\n")
    (folder / "nrm-9.9.tar.gz").write_bytes(b"source")
    made = releasing.write(folder, tmp_path / "key", "nrm 9.9\n")
    names = {"nrm-9.9-py3-none-any.whl", "nrm-9.9.tar.gz", "sbom.cdx.json", "NOTES.md", "SHA256SUMS", "SHA256SUMS.sig"}
    assert {path.name for path in made} == names == {path.name for path in folder.iterdir()}
    told = json.loads((folder / "sbom.cdx.json").read_text("utf-8"))
    assert {part["name"] for part in told["components"]} == {"helper", "inner"}

    def checked() -> list[int]:
        sums = subprocess.run(
            ["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=folder, check=False, capture_output=True
        )
        words = ["-Y", "verify", "-n", "nrm-bundle", "-I", "operator@example", "-f", signers, "-s", "SHA256SUMS.sig"]
        with (folder / "SHA256SUMS").open("rb") as file:
            signed = subprocess.run(["ssh-keygen", *words], cwd=folder, check=False, stdin=file, capture_output=True)
        return [sums.returncode, signed.returncode]

    assert checked() == [0, 0]
    (folder / "NOTES.md").write_text("other")
    assert checked()[0] != 0
    with (folder / "SHA256SUMS").open("a") as file:
        file.write("\n")
    assert checked()[1] != 0
