"""The files of a country as texts, so that a version of it can be kept, compared and read again (ADR 0136)."""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from nrm import countries, parsing
from nrm.countries.country import Country
from nrm.countries.questionnaires import accepted_before

MOST_FILES = 200
Texts = Mapping[str, str]
"""File name -> what it says."""


def of_folder(folder: Path) -> dict[str, str]:
    """The texts of a folder, each read once; raises CountryError. What is no `*.toml` is no data of a country."""
    files = sorted(folder.glob("*.toml"))
    if len(files) > MOST_FILES:
        raise countries.CountryError(f"{folder}: file: has more than {MOST_FILES} files")
    return {file.name: _text(file) for file in files}


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(parsing.LARGEST_DOCUMENT + 1)
        if len(content) > parsing.LARGEST_DOCUMENT:
            raise countries.CountryError(f"{file.name}: file: {parsing.BeyondLimits(parsing.FileLimit.SIZE)}")
        return content.decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise countries.CountryError(f"{file.name}: file: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError as error:
        raise countries.CountryError(f"{file.name}: file: is not TOML ({error})") from None


def digest(texts: Texts) -> str:
    """SHA-256 over the names and texts of all files, in hexadecimal."""
    return sha256(json.dumps(dict(texts), ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@contextmanager
def written(texts: Texts) -> Iterator[Path]:
    """The texts as a folder, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="nrm-country-") as name:
        for file, text in texts.items():
            (Path(name) / file).write_text(text, "utf-8")
        yield Path(name)


def load(code: str, texts: Texts) -> Country:
    """The country of texts that were checked when they were kept: read in this process. Raises CountryError."""
    with written(texts) as folder, accepted_before():
        return countries.load(code, folder)


def parsed(texts: Texts) -> dict[str, dict[str, Any]]:
    """The content of each file, of texts that were checked before; raises CountryError for one that was not."""
    found = {}
    for name, text in texts.items():
        try:
            found[name] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise countries.CountryError(f"{name}: file: is not TOML ({error})") from None
    return found
