"""The manual page and docs/commands.md are those of the commands: `python deploy/manual.py` makes them."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def manual() -> ModuleType:
    spec = importlib.util.spec_from_file_location("manual", ROOT / "deploy" / "manual.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manual_page_and_the_table_of_commands_are_up_to_date(manual: ModuleType) -> None:
    assert manual.PAGE.read_text("utf-8") == manual.page(), "python deploy/manual.py"
    assert manual.TABLE.read_text("utf-8") == manual.table(), "python deploy/manual.py"


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_man_reads_the_page_without_a_complaint(manual: ModuleType) -> None:
    groff = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", str(manual.PAGE)]
    done = subprocess.run(groff, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    shown = " ".join(done.stdout.split())
    assert "--since-audit" in shown
    assert "(default: NRM_BACKUPS)" in shown
