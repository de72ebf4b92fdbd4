"""The notice that others are still there: what it says, coded, and what its one line must not say (ADR 0064)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from nrm.domain.shelter.cases import MistypedPseudonym, parse_pseudonym

OTHERS = "others"
"""The compartment of a notice; it is sealed under an id of its own, and not under that of a case."""
HOW_MANY = ("1", "2_5", "6_10", "over_10", "unknown")
KNOWN = ("yes", "no", "unknown")
LONGEST_PLACE, LONGEST_LINE = 200, 300
_CODE = re.compile(r"\b[0-9A-Z]{4}[-\s]?[0-9A-Z]{4}[-\s]?[0-9A-Z]\b", re.IGNORECASE)


class OthersRefusal(StrEnum):
    """Why nobody is told."""

    NOT_WANTED = "not_wanted"  # the person did not say yes, or the story says so no longer
    STANDS = "stands"  # it was told already
    NO_DESK = "no_desk"  # nobody there holds a key


class OthersRefused(Exception):
    """Nobody is told; `reason` says why."""

    def __init__(self, reason: OthersRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, repr=False)
class StillThere:
    """What a desk reads: where, how many, whether children are among them, whether they are in danger today."""

    place: str
    how_many: str
    children: str
    danger: str
    line: str = ""

    @property
    def value(self) -> dict[str, str]:
        """As it is sealed."""
        return asdict(self)


def of_value(value: Mapping[str, str]) -> StillThere:
    """What was sealed."""
    return StillThere(**{name: value[name] for name in ("place", "how_many", "children", "danger", "line")})


def says_who(text: str, names: Collection[str]) -> bool:
    """Whether a text says from which case or organisation it comes: the code of a case, or one of the names, with or
    without accents, whole, by its first three words, or by its initials."""
    if any(_is_code(found) for found in _CODE.findall(text)):
        return True
    said = f" {_plain(text)} "
    return any(f" {called} " in said for name in names for called in _called(_plain(name)))


def _called(name: str) -> set[str]:
    words = name.split()
    initials = {"".join(word[0] for word in words if len(word) > least) for least in (0, 3)}
    return {name, " ".join(words[:3]), *(each for each in initials if len(each) > 2)} - {""}


def _plain(text: str) -> str:
    """Without case, accents and punctuation."""
    bare = (each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    return " ".join("".join(each if each.isalnum() else " " for each in bare).split())


def _is_code(text: str) -> bool:
    try:
        parse_pseudonym(text)
    except MistypedPseudonym:
        return False
    return any(sign.isalpha() for sign in text)
