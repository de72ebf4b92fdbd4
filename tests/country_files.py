"""Countries of a test: files that are read in its own process, and an instance made of a folder."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from flask import Flask

from nrm import countries, parsing
from nrm.cli.instance import make_instance
from nrm.countries import FOLDER, checking, making
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


def third(folder: Path) -> Path:
    """A country of which the program knows nothing: begun by `nrm country new`, with other codes for everything."""
    making.make("third", "MK", FOLDER / "albania", folder)
    _write_all(folder)
    return folder


def _write_all(folder: Path) -> None:
    """Write what is marked, and call every organisation, place and region otherwise."""
    shipped = countries.load("albania")
    other = {code: f"{code[::-1]}_X" for code in (*shipped.organisations, "BORDER_POLICE") if code.isupper()}
    places = {code: f"p_{code[::-1]}" for code in {*shipped.crossing_points, *shipped.regions} - {"other"}}
    other |= {code.upper(): name.upper() for code, name in places.items()} | places
    word = re.compile(rf"\b({'|'.join(sorted(other, key=len, reverse=True))})\b")
    for file in folder.glob("*.toml"):
        text = file.read_text("utf-8").replace('"? ', '"').replace("Europe/Tirane", "Europe/Skopje")
        # Codes stand in quotation marks without blanks, as keys, and in the heads of tables.
        coded = re.compile(r'"\w+"|^\[[^\n]*\]$|^\w+ =', re.M)
        text = coded.sub(lambda found: word.sub(lambda code: other[code[0]], found[0]), text)
        file.write_text(text, "utf-8")
    file = folder / "country.toml"
    file.write_text(file.read_text("utf-8").replace('languages = ["sq", "en"]', 'languages = ["en", "sq"]'), "utf-8")
