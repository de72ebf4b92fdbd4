"""What people say about the shelter that they live in: five closed questions, answered once for each slip of paper.

Nothing says who answered, when, or in which order: the answers of a house lie in one sealed box (ADR 0158).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nrm.domain.quarters import Quarter

FEEDBACK = "feedback"
"""The compartment, under the id of a house's box, in which the program keeps the box."""
FROM = 5
"""A house is told apart from the others with so many answers of a period, or more."""
SHEETS = (4, 10, 20, 40)
"""So many slips can be printed at once."""
MOST_SLIPS = 240
"""So many slips of a house can be valid at a time."""
MOST_NOTES = 6
"""So many notes on what was done are shown, and so many others are kept; the oldest goes when another one comes."""
LONGEST_NOTE = 600
KEPT_QUARTERS = 12
"""For so many quarters answers wait for a report, which counts them with those of others; then they are destroyed."""
DIGITS = 16
RANDOM_BYTES = 64
_GROUP = 4
_LETTERS = {
    **dict.fromkeys("oOоОοΟ", "0"),
    **dict.fromkeys("iIlLіІıΙι|", "1"),
}  # a slip has no letter that they could be
_ALIKE = str.maketrans(
    {**dict(zip("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹০১২৩৪৫৬৭৮৯०१२३४५६७८९", "0123456789" * 4, strict=True)), **_LETTERS}
)


class Question(StrEnum):
    """What is asked; the words are the country's, in every language that is read out."""

    SAFE = "safe"
    RESPECT = "respect"
    EXPLAINED = "explained"
    PRIVATE = "private"
    HELP = "help"


class Reply(StrEnum):
    """What is answered."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NO_ANSWER = "no_answer"


Replies = Mapping[Question, Reply]


class FeedbackRefusal(StrEnum):
    """Why nothing is done."""

    SLIPS = "slips"  # as many are valid as can be
    NONE = "none"  # no slip of the last PDF is valid
    NOTE = "note"  # nothing is written
    TELEPHONE = "telephone"  # what must not stand in a note, as the next four
    LINK = "link"
    MAIL = "mail"
    CODE = "code"
    STREET = "street"
    OWN = "own"  # who wrote a note does not show it
    DOWN = "down"  # the Responsible Authority took a note of the house down: it reads what the house writes


class FeedbackRefused(Exception):
    """Nothing is done; `reason` says why."""

    def __init__(self, reason: FeedbackRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


WRITTEN, HIDDEN, BACK, DOWN = "", "hidden", "back", "down"
"""The states of a note that is not shown: written; hidden by one of the house; asked for again; taken down by the
Responsible Authority."""


class DownReason(StrEnum):
    """Why the Responsible Authority takes a note down."""

    NAMES = "names"
    ELSEWHERE = "elsewhere"
    PRESSES = "presses"
    UNTRUE = "untrue"


def kept(notes: Sequence[Note]) -> list[Note]:
    """The newest of those that are shown and of the others, so many of each; what was taken down stays."""
    shown = [each for each in notes if each.is_shown][:MOST_NOTES]
    others = [each for each in notes if not each.is_shown and each.state != DOWN]
    # What somebody hid goes before what waits to be read.
    hidden_last = sorted(others, key=lambda each: each.state == HIDDEN)[:MOST_NOTES]
    return [each for each in notes if each.state == DOWN or each in shown or each in hidden_last]


class NotValid(Exception):
    """The number is on no slip, was used, or is too old: which of them is not said."""


class MistypedCode(ValueError):
    """This cannot be the number of a slip: its length, a character, or its last digit."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a house did, in its words, in one language. `waits`: the sign-in name of who did last what another one has
    to look at, empty while it is shown; `state`: what that was; `reason`: why it was taken down (ADR 0182, 0188)."""

    language: str
    text: str
    waits: str = ""
    state: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        # A browser sends the end of a line as two characters, whatever stood on the page: a note is known by its text.
        object.__setattr__(self, "text", self.text.replace("\r\n", "\n"))

    @property
    def is_shown(self) -> bool:
        """Whether those who live in the house read it."""
        return not self.waits and not self.state

    @property
    def is_to_read(self) -> bool:
        """Whether it waits for somebody else who reads it."""
        return bool(self.waits) and self.state in (WRITTEN, BACK)


def new_code(random_bytes: bytes) -> str:
    """A number such as `4821 0937 5560 1183`: fifteen random digits (49 bits) and one that shows a slip of the finger.

    Digits alone, because the slip is typed by people who read other letters.
    """
    if len(random_bytes) < RANDOM_BYTES:
        raise ValueError(f"a slip needs {RANDOM_BYTES} random bytes")
    digits = [each % 10 for each in random_bytes if each < 250][: DIGITS - 1]
    return _written("".join(map(str, (*digits, _check(digits)))))


def parse_code(text: str) -> str:
    """The number in its usual form; blanks and dashes may be typed freely, digits of other scripts, and letters that
    look like 0 and 1. Raises MistypedCode."""
    typed = "".join(each for each in text.translate(_ALIKE) if not each.isspace() and each not in "-‐‑‒–—_.,")
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        raise MistypedCode
    *digits, last = map(int, typed)
    if _check(digits) != last:
        raise MistypedCode
    return _written(typed)


def _check(digits: Sequence[int]) -> int:
    """The last digit by ISO/IEC 7812-1: one digit mistyped, or two neighbours exchanged, is seen."""
    doubled = [2 * each if place % 2 == 0 else each for place, each in enumerate(reversed(digits))]
    return -sum(each - 9 if each > 9 else each for each in doubled) % 10


def _written(typed: str) -> str:
    return " ".join(typed[at : at + _GROUP] for at in range(0, len(typed), _GROUP))


def valid_until(today: date) -> date:
    """Until when a slip that is printed today can be used: the end of the quarter that follows. All of a quarter end
    together, so that none is known by its day."""
    return Quarter.of(today).next.end


def combination(replies: Replies) -> str:
    """The answers to all questions, in their order, as they are counted."""
    return " ".join(str(replies.get(each, Reply.NO_ANSWER)) for each in Question)


def replies_of(combined: str) -> dict[Question, Reply]:
    """What `combination` was made of."""
    return dict(zip(Question, map(Reply, combined.split()), strict=True))


def is_empty(replies: Replies) -> bool:
    """Whether no question was answered: then the slip is not used."""
    return all(each is Reply.NO_ANSWER for each in replies.values())


def counted(
    by_house: Mapping[str, Mapping[str, int]], named: Collection[str], rest: str
) -> list[tuple[str, dict[Question, Reply]]]:
    """(house, answers) of each slip: `by_house` has how many were answered alike, by house. A house with fewer than
    FROM answers, or which is not among `named`, is not told apart: it is called `rest`."""
    found = []
    for house in sorted(by_house):
        alike = by_house[house]
        told = house if sum(alike.values()) >= FROM and house in named else rest
        for combined in sorted(alike):
            found += [(told, replies_of(combined))] * alike[combined]
    return found


def is_kept(quarter: Quarter, today: date) -> bool:
    """Whether answers of that quarter still wait for a report."""
    oldest = Quarter.of(today)
    for _ in range(KEPT_QUARTERS):
        oldest = oldest.previous
    return quarter >= oldest
