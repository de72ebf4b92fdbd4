"""`deploy/vulnerabilities.py`: what a file of advisories says, and that no data is never taken for no hole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.ports import free_port

TOP = Path(__file__).parents[2]
LOCK = "alpha==1.5 \\\n    --hash=sha256:00\nBeta_two==2.0 ; python_version < '3.12' \\\n    --hash=sha256:11\n"


def advisory(name: str, *events: dict[str, str], ecosystem: str = "PyPI", **more: object) -> dict[str, object]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    return {
        "id": f"X-{name}",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges}],
        **more,
    }


def run(place: Path, *words: str | Path, **more: str) -> tuple[int, str, str]:
    (place / "a.lock").write_text(LOCK)
    done = subprocess.run(
        [sys.executable, TOP / "deploy/vulnerabilities.py", *words, place / "a.lock"],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **more},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (advisory("alpha", {"introduced": "0"}, {"fixed": "1.5"}), []),
        (advisory("alpha", {"introduced": "0"}, {"fixed": "1.5.1"}), ["alpha 1.5: X-alpha"]),
        (advisory("alpha", {"introduced": "1.0"}, {"last_affected": "1.5"}), ["alpha 1.5: X-alpha"]),
        (advisory("alpha", {"introduced": "1.6"}), []),
        (advisory("beta.two", {"introduced": "0"}), ["beta-two 2.0: X-beta.two"]),
        (advisory("alpha", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z"), []),
        (advisory("alphabet", {"introduced": "0"}), []),
    ],
)
def test_a_file_of_advisories_says_what_is_known(tmp_path: Path, told: dict[str, object], found: list[str]) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps([told]))
    code, out, error = run(tmp_path, "--data", data)
    assert (code, error) == (int(bool(found)), "")
    assert out.splitlines() == [*found, f"2 packages, {len(found)} known holes"]


def test_a_zip_of_them_is_read_too_and_what_is_none_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "all.zip"
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("X-1.json", json.dumps(advisory("alpha", {"introduced": "0"})))
    assert run(tmp_path, "--data", data)[:2] == (1, "alpha 1.5: X-alpha\n2 packages, 1 known holes\n")
    data.write_text("no JSON")
    assert run(tmp_path, "--data", data)[0] == 2
    assert run(tmp_path, "--data", tmp_path / "absent")[0] == 2


@pytest.mark.slow  # pip-audit takes seconds to begin
def test_no_data_is_said_and_is_no_clean_bill(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps([advisory("alpha", {"introduced": "0"}, ecosystem="npm")]))
    nobody = f"http://127.0.0.1:{free_port()}"  # a proxy that is not there: nothing leaves this machine
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), nobody)
    for words in (["--data", data], []):
        code, out, error = run(tmp_path, *words, **proxies, NO_PROXY="", no_proxy="", ALL_PROXY=nobody)
        assert (code, out) == (3, ""), error
        assert error.startswith("vulnerabilities: NO DATA: ")
        assert error.endswith("Nothing was checked.\n")
