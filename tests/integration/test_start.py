"""What a start of the application does not do: each command and each worker would wait for it (ADR 0219)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# What no page and no command needs before it is asked for it.
LATE = {"alembic", "mako", "numpy", "highspy", "ortools", "pandas", "weasyprint"}
PROGRAM = """
import os, sys
import brotli
from werkzeug.routing import Rule
Rule._compile_builder = brotli.compress = None  # to call one of them is an error
from wsgi import app
print(*sys.modules)
"""


@pytest.mark.slow
def test_a_start_compiles_no_address_compresses_no_file_and_loads_no_migration(template: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "NRM_DIR": str(template)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert not LATE & set(answer.stdout.split())
