"""Which complaints are about the office that reads them, and who ends these (ADR 0175)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_WORD = re.compile(r"[^\W_]+")
_SHORTEST, _BENDS, _ENDING = 3, 5, 4
"""Letters: of a part of a name that counts, of one that may have another ending, and of that ending."""


class EndRefusal(StrEnum):
    """Why the actor does not end a complaint."""

    SAME = "same"  # the actor was the first of the two
    NEWCOMER = "newcomer"  # of who is named, or of the first of the two; or the other way round
    NOT_FIRST = "not_first"  # somebody else was the first of the two, and takes it back


class CannotEnd(Exception):
    """The complaint does not end by the actor; `reason` says why."""

    def __init__(self, reason: EndRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody of the office: what they are called, also before, and their sign-in name."""

    names: tuple[str, ...]
    login: str


def names_somebody(text: str, called: Called) -> bool:
    """Whether a part of the name stands in the text, also with another ending (Genti, Gentit), or the sign-in name."""
    if re.search(rf"(?<![\w.-]){re.escape(called.login)}(?!\.?[\w-])", text.casefold()):
        return True
    parts = {part for name in called.names for part in _words(name) if len(part) >= _SHORTEST}
    said = set(_words(text))
    return any(_is_form_of(word, part) for word in said for part in parts)


def names_office(text: str, offices: Iterable[str]) -> bool:
    """Whether one of these stands in the text, word after word, also with other endings."""
    said = _words(text)
    for office in offices:
        parts = _words(office)
        rows = range(len(said) - len(parts) + 1) if parts else range(0)
        if any(all(map(_is_form_of, said[at : at + len(parts)], parts)) for at in rows):
            return True
    return False


def _words(text: str) -> list[str]:
    """Its words in small letters without accents."""
    plain = unicodedata.normalize("NFD", text.casefold())
    return _WORD.findall("".join(each for each in plain if not unicodedata.combining(each)))


def _is_form_of(word: str, part: str) -> bool:
    if len(part) < _BENDS:
        return word == part
    stem = part[:-1]
    return word.startswith(stem) and len(word) <= len(part) + _ENDING
