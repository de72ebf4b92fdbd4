"""Complaints about people who work in the mechanism: written by anybody, read by the Responsible Authority alone.

Decided in ADR 0158.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from heapq import nsmallest
from zlib import crc32

COMPLAINT = "complaint"
"""The compartment, under the complaint's own id, in which it is sealed to the Responsible Authority."""
LONGEST, LONGEST_REACH = 4000, 300
FIRST_WORDS, LAST_WORDS = 90, 70
"""So many letters of the beginning and of the end of each stand in the list for who opened all."""
MOST_OPENED = 100
"""So many complaints are opened with one reason."""
LONGEST_DONE = 600
MOST_WAITING = 1000
"""So many from the page that is of no house can wait at a time: then that page names telephones instead, so that nobody
can bury one under thousands. The page of a house never closes so: those who have its address live there."""
KEPT_FOR = timedelta(days=365)
"""So long after it was dealt with a complaint is kept."""


_SAID = re.compile(r"[^\W\d_]+|\d(?:[\s./-]?\d){5,}")
"""Letters, and what may be a telephone number: a counter of fewer figures makes no other text, a telephone does."""
_PIECE, _MARK, _MARKS = 4, 10, 12
_OTHER_WORD, _OTHER, _OTHER_PART = 7, 24, 0.2
"""Two texts are nearly the same as long as neither has a part of its own that is longer than a word of four letters (so
many pieces in a row), nor more than so many pieces of its own, nor this part of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Compared:
    """What a text is compared by: every four letters in a row of the whole of it, whatever stands between them. Signs,
    capitals and few figures make no difference. `repr` hides it."""

    letters: str
    pieces: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Compared:
        """Of a text as it was typed."""
        letters = "".join(_SAID.findall(text.casefold()))
        return cls(letters, frozenset(_in_rows(letters)))

    @property
    def marks(self) -> list[int]:
        """Two texts that are nearly the same share one of these all but always, others hardly ever."""
        written = self.letters.encode()
        rows = {crc32(written[at : at + _MARK]) for at in range(max(1, len(written) - _MARK + 1))}
        return nsmallest(_MARKS, rows)


def _in_rows(letters: str) -> Iterator[str]:
    return (letters[at : at + _PIECE] for at in range(max(1, len(letters) - _PIECE + 1)))


def is_alike(one: Compared, other: Compared) -> bool:
    """Whether two texts are the same over their whole length but for some short words."""
    most = min(_OTHER, _OTHER_PART * len(one.pieces), _OTHER_PART * len(other.pieces))
    if abs(len(one.letters) - len(other.letters)) > most:
        return False
    return all(
        len(mine.pieces - others.pieces) <= most and _longest_own(mine, others) <= _OTHER_WORD
        for mine, others in ((one, other), (other, one))
    )


def _longest_own(one: Compared, other: Compared) -> int:
    """How many pieces in a row, at most, the other text lacks."""
    longest = now = 0
    for piece in _in_rows(one.letters):
        now = 0 if piece in other.pieces else now + 1
        longest = max(longest, now)
    return longest


def folded(said: Sequence[tuple[Hashable, str]]) -> list[int]:
    """For each (what has to be the same, such as the house; text) the place of the first one that it is alike."""
    firsts: dict[tuple[Hashable, int], list[int]] = {}
    cut = [Compared.of(text) for _, text in said]
    found = []
    for place, (same, _) in enumerate(said):
        marks = [(same, each) for each in cut[place].marks]
        near = sorted({at for mark in marks for at in firsts.get(mark, ())})
        first = next((at for at in near if is_alike(cut[place], cut[at])), place)
        if first == place:
            for mark in marks:
                firsts.setdefault(mark, []).append(place)
        found.append(first)
    return found


def differing(text: str, other: str) -> str:
    """What the other text has that this one has not, word by word; empty where it has nothing of its own."""
    mine, others = text.split(), other.split()
    steps = SequenceMatcher(None, mine, others, autojunk=False).get_opcodes()
    return " … ".join(
        " ".join(others[start:end]) for step, _, _, start, end in steps if step != "equal" and end > start
    )


def both_ends(text: str) -> str:
    """How a text begins and ends, on one line."""
    line = " ".join(text.split())
    if len(line) <= FIRST_WORDS + LAST_WORDS:
        return line
    return f"{line[:FIRST_WORDS].rstrip()} … {line[-LAST_WORDS:].lstrip()}"


class Came(StrEnum):
    """On which way a complaint came that the desk typed."""

    PAPER = "paper"
    TELEPHONE = "telephone"


class Ending(StrEnum):
    """How a complaint ended. What is called unfounded, or typed in twice, ends by two (ADR 0188, ADR 0204)."""

    ACTED = "acted"
    UNFOUNDED = "unfounded"
    TWICE = "twice"  # of one that the desk typed: the other one goes on


BY_TWO = frozenset({Ending.UNFOUNDED, Ending.TWICE})
HOUSE_WITHIN = timedelta(days=1)
"""Who typed a complaint in corrects the house on the day itself and on the one after."""


class Step(StrEnum):
    """What became of what was said of a complaint before."""

    AGREED = "agreed"  # the first of two said so
    TAKEN_BACK = "taken_back"  # who said it first took it back
    STAYS = "stays"  # a second one says that it is not so
    ENDED = "ended"
    REOPENED = "reopened"
    HOUSE = "house"  # who typed it in corrected the house; `how` is the one that stood there


@dataclass(frozen=True, slots=True, repr=False)
class Said:
    """One thing that was said of a complaint before: by whom (a sign-in name), how it was to end, and why. `repr` hides
    it."""

    step: str
    by: str
    how: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class SoFar:
    """What was said of how it ends: the sign-in name of the first of two and how they said that it ends, empty where
    nobody said so yet; and what was said `before`, the oldest first. `repr` hides it."""

    first: str = ""
    first_how: str = ""
    before: tuple[Said, ...] = ()

    @property
    def called_unfounded(self) -> frozenset[str]:
        """Who called it unfounded, or typed in twice, since it was last reopened, also who took that back: they end it
        alone in no way."""
        steps = [each.step for each in self.before]
        since = len(steps) - steps[::-1].index(Step.REOPENED) if Step.REOPENED in steps else 0
        agreed = [each for each in self.before[since:] if each.step == Step.AGREED]
        return frozenset(each.by for each in agreed if each.how in BY_TWO)


def to_type_again(before: Sequence[Said], login: str) -> Said | None:
    """What this one took back last, with nothing said since."""
    if len(before) < 2 or before[-1].step != Step.TAKEN_BACK or before[-1].by != login:
        return None
    return before[-2]


class CannotTake(Exception):
    """No complaint can be taken now: too many wait, the Responsible Authority has no key, or everybody there who could
    read it is named in it."""


class AlreadySo(Exception):
    """It was marked so already."""
