"""Random monitoring of interviews: the draw, the checklist, the score, and what is to be mended (ADR 0025).

Source: National Action Plan, II.1(b)(ii). The draw can be made again by anybody who has the list of records: each one
gets a ticket, SHA-256 over the seed, the quarter, the post and the record's id, and those with the smallest tickets are
taken. The seed is made and its hash kept before the draw; the seed is shown afterwards.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from math import comb

from nrm.domain.documents import MalformedDocument, Table, Words
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.procedures import Kept
from nrm.domain.quarters import Quarter

FEWEST, STEP, MOST = 5, 50, 20
"""Five of a post's interviews, five more for each further fifty, twenty at most; of fewer than five none."""
_COMMITMENT, _TICKET = b"nrm monitoring seed 1\0", b"nrm monitoring ticket 1\0"
FURTHEST = timedelta(days=366)
FEWEST_COMPARED, FEWEST_APART, LARGEST_CHANCE = 20, Fraction(1, 10), Fraction(1, 20)
_RANK = {"none": 0, "suspected": 1, "possible": 2}


class DrawRefusal(StrEnum):
    """Why the sample of a quarter cannot be drawn."""

    RUNNING = "running"  # the quarter is not over
    NO_SEED = "no_seed"
    DRAWN = "drawn"


class DrawRefused(Exception):
    """Nothing is drawn; `reason` says why."""

    def __init__(self, reason: DrawRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class MonitoringRefusal(StrEnum):
    """Why a score or a remedy is refused."""

    OWN = "own"  # scored by the same person
    SCORED = "scored"
    ANSWERS = "answers"
    DUE = "due"
    CHECKED = "checked"
    ITEM = "item"


class MonitoringRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: MonitoringRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def size_of(records: int) -> int:
    """How many of `records` are drawn: always a multiple of five, so that a sample does not reveal the exact number."""
    if records < FEWEST:
        return 0
    return min(MOST, FEWEST * -(-records // STEP))


def commitment(seed: bytes) -> str:
    """What is kept of a seed before the draw, in hexadecimal."""
    return hashlib.sha256(_COMMITMENT + seed).hexdigest()


def ticket(seed: bytes, quarter: Quarter, post: str, record_id: uuid.UUID) -> bytes:
    """The ticket of a record; the tickets give the order of the draw."""
    return hashlib.sha256(_TICKET + seed + f"{quarter} {post} {record_id}".encode()).digest()


def draw(seed: bytes, quarter: Quarter, post: str, frame: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """The sample of one post and quarter, in the order of the draw, whatever the order of `frame`."""
    ordered = sorted(set(frame), key=lambda record_id: ticket(seed, quarter, post, record_id))
    return ordered[: size_of(len(ordered))]


def scored_twice(size: int) -> int:
    """How many of a sample, from the first on, are scored by two people who do not see each other's score."""
    return -(-size // FEWEST)


# The checklist


class Mark(StrEnum):
    """What a monitor finds of one item."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Item:
    """One item: the question, where the duty comes from, the ways of the interview it applies to."""

    id: str
    text: Words
    basis: Words
    routes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Checklist:
    """A country's checklist and what its procedure records keep."""

    version: int
    items: Mapping[str, Item]
    kept: Kept
    keep_days: int

    def asked_of(self, route: str) -> tuple[Item, ...]:
        """The items that apply to an interview on that way."""
        return tuple(item for item in self.items.values() if route in item.routes)


def parse_checklist(document: Table, questionnaires: Mapping[str, Questionnaire]) -> Checklist:
    """Read `monitoring.toml`; raises MalformedDocument. Questions must be closed ones of every questionnaire."""
    record = document.table("record")
    language, questions = record.text("language"), record.texts("questions")
    hours = record.number("send_within_hours", least=1)
    record.close()
    for questionnaire in questionnaires.values():
        for name in (language, *questions):
            question = questionnaire.questions.get(name)
            if question is None or not question.closed:
                raise MalformedDocument(f"record: `{name}` is no closed question of {questionnaire.id}")
    routes = {route.id for questionnaire in questionnaires.values() for route in questionnaire.routes}
    items: dict[str, Item] = {}
    for table in document.tables("item"):
        item = Item(
            table.text("id"), table.words("text"), table.words("basis"), frozenset(table.texts("routes", codes=routes))
        )
        if item.id in items:
            table.wrong("id", f"`{item.id}` stands twice")
        items[item.id] = item
        table.close()
    version, keep_days = document.number("version", least=1), document.number("keep_days", least=1)
    document.close()
    return Checklist(version, items, Kept(language, questions, timedelta(hours=hours)), keep_days)


def check_marks(marks: Mapping[str, str], items: Iterable[Item]) -> None:
    """Raise MonitoringRefused (`answers`) unless every item that applies, and no other, has a mark."""
    if set(marks) != {item.id for item in items} or not set(marks.values()) <= set(Mark):
        raise MonitoringRefused(MonitoringRefusal.ANSWERS)


def share_met(marks: Iterable[str]) -> int | None:
    """The percentage of the applicable items that were met, to the nearest five; None when none applied."""
    counted = [mark for mark in marks if mark != Mark.NOT_APPLICABLE]
    if not counted:
        return None
    met = sum(mark == Mark.MET for mark in counted)
    return 5 * round(20 * met / len(counted))


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two people's marks of the same items (Cohen 1960); None without a pair.

    1.0 where both gave one and the same mark every time: then chance could not do better either.
    """
    if not pairs:
        return None
    number = len(pairs)
    agreed = sum(one == other for one, other in pairs) / number
    expected = sum(sum(one == mark for one, _ in pairs) * sum(other == mark for _, other in pairs) for mark in Mark) / (
        number * number
    )
    return 1.0 if expected == 1 else round((agreed - expected) / (1 - expected), 6)


def agreement_class(value: float | None) -> str:
    """Kappa as a class: `none` (nothing scored twice), `weak`, `fair`, `good`, `very_good`."""
    if value is None:
        return "none"
    ends = ((0.4, "weak"), (0.6, "fair"), (0.8, "good"))
    return next((name for end, name in ends if value < end), "very_good")


# Posts whose officers judge differently from the profiles


def differs(pairs: Mapping[tuple[str, str], int]) -> str:
    """From (profile, assessment) -> how often: `milder`, `stricter`, or empty.

    Not empty only from twenty interviews on, if at least a tenth more went one way than the other, and if chance alone
    would give this less often than one time in twenty (McNemar's test, exact).
    """
    known = {pair: number for pair, number in pairs.items() if set(pair) <= _RANK.keys()}
    total = sum(known.values())
    milder = sum(number for (profile, own), number in known.items() if _RANK[own] < _RANK[profile])
    stricter = sum(number for (profile, own), number in known.items() if _RANK[own] > _RANK[profile])
    if total < FEWEST_COMPARED or Fraction(abs(milder - stricter), total) < FEWEST_APART:
        return ""
    apart, less = milder + stricter, min(milder, stricter)
    chance = Fraction(2 * sum(comb(apart, each) for each in range(less + 1)), 2**apart)
    if chance >= LARGEST_CHANCE:
        return ""
    return "milder" if milder > stricter else "stricter"


# What is to be mended


class RemedyAction(StrEnum):
    """What is asked of a post."""

    INSTRUCT = "instruct"
    TRAIN = "train"
    INTERPRETER = "interpreter"
    ROOM = "room"
    EQUIPMENT = "equipment"
    INSPECT = "inspect"


class RemedyOwner(StrEnum):
    """Who has to do it: an office, never a person."""

    POST_CHIEF = "post_chief"
    REGIONAL_DIRECTORATE = "regional_directorate"
    GENERAL_DIRECTORATE = "general_directorate"
    TRAINING_CENTRE = "training_centre"


class RemedyOutcome(StrEnum):
    """What was found when it was checked."""

    DONE = "done"
    PARTLY = "partly"
    NOT_DONE = "not_done"


def check_due(due_on: date, today: date) -> None:
    """Raise MonitoringRefused (`due`) for a day that is past or more than a year ahead."""
    if not today <= due_on <= today + FURTHEST:
        raise MonitoringRefused(MonitoringRefusal.DUE)
