"""Which version of the country's files is in force: that of the folder, or one that was recorded from a day on.

A version that this program did not write as it is, or that no longer fits the program, is left out and reported; then
the version before it stays in force. Decided in ADR 0136.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import cast

from flask import current_app
from sqlalchemy.exc import DatabaseError

from config import Config
from nrm import clock, countries
from nrm.countries import Country, CountryError, texts
from nrm.store.rows import countries as rows
from nrm.store.rows.countries import Line
from nrm.vault.rows import is_country_version

FILES = "nrm.country.files"
"""The country of the folder with which the process started, among the application's extensions."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A country, the version that says so (None: the folder's files), and what is left out: (line, why)."""

    country: Country
    line: Line | None
    left_out: tuple[tuple[Line, str], ...] = ()


def of_folder() -> Country:
    """The country as its folder says it."""
    return cast(Country, current_app.extensions[FILES])


def folder() -> Path:
    """The folder that the process reads the country from."""
    config = cast(Config, current_app.extensions["nrm.config"])
    return config.country_folder or countries.FOLDER / config.country


def in_force(on: date | None = None) -> InForce:
    """The country on that day (default: today). Before there are tables: as the folder says."""
    files = of_folder()
    left_out: list[tuple[Line, str]] = []
    day = on or clock.today(files.timezone)
    right, wrong = _lines()
    for line in wrong:
        if line.starts_on <= day:
            left_out.append((line, "was changed by another hand"))
            current_app.logger.error(
                "the country that was recorded from %s on was changed by another hand", line.starts_on
            )
    for line in reversed(right):
        if line.starts_on > day:
            continue
        try:
            return InForce(country_of(line), line, tuple(left_out))
        except CountryError as error:
            left_out.append((line, str(error)))
            current_app.logger.error("the country that was recorded from %s on is left out: %s", line.starts_on, error)
    return InForce(files, None, tuple(left_out))


def genuine() -> list[Line]:
    """Every version that this program wrote and no later one for the same day replaced, the earliest day first."""
    return _lines()[0]


def _lines() -> tuple[list[Line], list[Line]]:
    """`genuine`, and the rows that this program did not write as they are. Raises DatabaseError while there is a table
    that cannot be read: that nothing was recorded is another thing."""
    try:
        lines = rows.lines()
    except DatabaseError:
        if rows.is_there():
            raise
        return [], []
    wrong = [line for line in lines if not is_country_version(line)]
    newest = {line.starts_on: line for line in lines if line not in wrong}
    return sorted(newest.values(), key=lambda line: line.starts_on), wrong


def country_of(line: Line) -> Country:
    """The country of a version; raises CountryError where its files are not those that were recorded, or do not fit."""
    return _read(of_folder().code, line.digest, line.id)


@lru_cache(maxsize=4)
def _read(code: str, digest: str, id_: uuid.UUID) -> Country:
    return texts.load(code, _genuine_files(digest, id_))


def files_of(line: Line | None) -> dict[str, str]:
    """The files of a version, or of the folder. Raises CountryError."""
    return texts.of_folder(folder()) if line is None else _genuine_files(line.digest, line.id)


def _genuine_files(digest: str, id_: uuid.UUID) -> dict[str, str]:
    found = rows.files(id_)
    if texts.digest(found) != digest:
        raise CountryError("country.toml: file: was changed by another hand")
    return found
