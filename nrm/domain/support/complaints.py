"""Complaints about people who work in the mechanism: written by anybody, read by the Responsible Authority alone.

Decided in ADR 0158.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from datetime import timedelta
from enum import StrEnum
from zlib import crc32

COMPLAINT = "complaint"
"""The compartment, under the complaint's own id, in which it is sealed to the Responsible Authority."""
LONGEST, LONGEST_REACH = 4000, 300
FIRST_WORDS = 90
"""So many letters of each stand in the list for who opened all."""
MOST_OPENED = 100
"""So many lines are opened with one reason."""
LONGEST_DONE = 600
MOST_WAITING = 1000
"""So many from the page that is of no house can wait at a time: then that page names telephones instead, so that nobody
can bury one under thousands. The page of a house never closes so: those who have its address live there."""
KEPT_FOR = timedelta(days=365)
"""So long after it was dealt with a complaint is kept."""


_LETTERS, _PIECE, _ALIKE = re.compile(r"[^\W\d_]+"), 4, 0.7
_COMPARED, _MARKS = 600, 12
"""So many letters of the beginning are compared."""


def pieces(text: str) -> frozenset[str]:
    """What two texts are compared by: every four letters in a row of the beginning, whatever stands between them.
    Figures, signs and capitals make no difference: a counter at the end makes no other text."""
    letters = "".join(_LETTERS.findall(text.casefold()))[:_COMPARED]
    return frozenset(letters[at : at + _PIECE] for at in range(max(1, len(letters) - _PIECE + 1)))


def is_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two texts, each by its `pieces`, are the same but for some words."""
    return len(one & other) >= _ALIKE * len(one | other)


def folded(said: Sequence[tuple[Hashable, str]]) -> list[int]:
    """For each (what has to be the same, such as the house; text) the place of the first one that it is alike."""
    firsts: dict[tuple[Hashable, int], list[int]] = {}
    cut = [pieces(text) for _, text in said]
    found = []
    for place, (same, _) in enumerate(said):
        # Two texts that are alike share one of these all but always; so few are held beside each other.
        marks = [(same, each) for each in sorted(crc32(piece.encode()) for piece in cut[place])[:_MARKS]]
        near = sorted({at for mark in marks for at in firsts.get(mark, ())})
        first = next((at for at in near if is_alike(cut[place], cut[at])), place)
        if first == place:
            for mark in marks:
                firsts.setdefault(mark, []).append(place)
        found.append(first)
    return found


class Came(StrEnum):
    """On which way a complaint came that the desk typed."""

    PAPER = "paper"
    TELEPHONE = "telephone"


class CannotTake(Exception):
    """No complaint can be taken now: too many wait, or the Responsible Authority has no key."""


class AlreadySo(Exception):
    """It was marked so already."""
