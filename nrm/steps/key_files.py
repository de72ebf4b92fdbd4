"""Whether the key files are those of the instance: asked when one is restored, upgraded, or looked at.

Decided in ADR 0179.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from sqlalchemy import create_engine, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from config import KEY_FILES, Secrets
from nrm.models.shelter.matching import MatchEncoding, MatchQuestion
from nrm.vault.backup_files import key_checks

note = key_checks.note
note_what_is_right = key_checks.note_what_is_right
was_noted = key_checks.was_noted


class OtherKeys(Exception):
    """Key files that do not belong to the instance that was backed up; `names` says which."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)


def compare(keys: Secrets, checks: Mapping[str, str], pair: str) -> frozenset[str]:
    """The key files that are those of a backup, by the values in its header; none for a backup that has no values.

    Raises OtherKeys.
    """
    return _right(key_checks.compared(checks, pair, keys))


def compare_rows(sure: Collection[str]) -> frozenset[str]:
    """Of the key files that are not `sure`, those under which rows of the databases lie. Raises OtherKeys."""
    return _right({name: right for name, right in key_checks.proven().items() if name not in sure})


def left_unchecked(sure: Collection[str]) -> list[str]:
    """Of the key files that are not `sure`, those under which no row lies yet: nothing shows whose they are."""
    there = key_checks.proven()
    return [name for name in KEY_FILES if name not in sure and name not in there]


def _right(found: Mapping[str, bool]) -> frozenset[str]:
    if wrong := [name for name in KEY_FILES if not found.get(name, True)]:
        raise OtherKeys(wrong)
    return frozenset(found)


def wrong() -> list[str]:
    """The key files that are known to be those of another instance."""
    found = key_checks.known()
    return [name for name in KEY_FILES if not found.get(name, True)]


def wrong_by_notes(directory: Path, keys: Secrets) -> list[str]:
    """The same by what the instance's folder has alone: no database is asked."""
    found = key_checks.noted(directory, keys)
    return [name for name in KEY_FILES if not found.get(name, True)]


def lies_under_match(address: str) -> bool:
    """Whether anything in the main database, of whatever version, is sealed with the key file `match`.

    Raises SQLAlchemyError where it cannot be read.
    """
    encodings, questions = MatchEncoding.__table__, MatchQuestion.__table__
    engine = create_engine(address, hide_parameters=True)
    try:
        with engine.connect() as connection:
            there = set(inspect(connection).get_table_names())
            asked = (
                (encodings, select(func.count()).select_from(encodings)),
                (questions, select(func.count()).where(questions.c.sealed_pairs.is_not(None))),
            )
            return any(connection.execute(count).scalar_one() for table, count in asked if str(table) in there)
    finally:
        engine.dispose()


__all__ = [
    "OtherKeys",
    "SQLAlchemyError",
    "compare",
    "compare_rows",
    "lies_under_match",
    "note",
    "note_what_is_right",
    "was_noted",
    "wrong",
    "wrong_by_notes",
]
