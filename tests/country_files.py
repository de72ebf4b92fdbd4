"""Countries of a test: files that are read in its own process, and an instance made of a folder."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from flask import Flask

from nrm import countries, parsing
from nrm.cli.instance import make_instance
from nrm.countries import checking
from nrm.db import disconnect
from tests import factories


def read_here(text: str) -> dict[str, Any]:
    """`parsing.toml` without a process of its own, which a file outside the program gets; `test_hostile_files.py` reads
    them apart."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise parsing.Damaged(str(error)) from None


def populated(place: Path, code: str, folder: Path) -> Flask:
    """A populated instance of a folder that has no findings, as `nrm init` makes it."""
    assert checking.check(folder).findings == ()
    language = countries.load(code, folder).language
    made = make_instance(place / "made", code, folder=folder, language=language, synthetic=True, synchronous="OFF")
    with made.app_context():
        disconnect()
    app = factories.open_instance(place / "made")
    with app.app_context():
        factories.populate()
    return app
