"""What the duty desk shows first: who waits at a post, what is due soon, and by what a person comes before others.

A tag is a word next to a thing. It is shown only if something that is not sealed says it already: the age class, the
urgent way, a clause that is only for people at high risk, a shelter's answer that it cannot keep somebody safe. Nothing
is opened for it.

Decided in ADR 0050.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from nrm.domain.agreement.agreements import Agreement
from nrm.domain.conditions import Condition
from nrm.domain.referrals.referrals import DeclineReason

OLD_AFTER = timedelta(days=7)
"""What was due longer ago is one line on the home page, and a page of its own."""
AHEAD = timedelta(hours=12)
"""How far the home page looks ahead: to the end of the night, or of the day."""
OWED, CHILD, FAMILY, MOVE, NOT_COME, NO_MEETING = "owed", "child", "family", "move", "not_come", "no_meeting"
"""Kinds of things that wait, beside the steps of the critical path: what a party owes, a child at a post, children with
their own parent of whom the child authority has not said for a day that it has seen the notice, a move between
shelters of which nobody said for seven days what happened, a person who did not come to the shelter that waited, and
an accepted person who waits at a post until the shelter says where it meets them."""
CHILD_ANSWER = "child_answer"
"""The step of a child once the post wants to end its interview."""

PRESSED_WRONG_WITHIN = timedelta(minutes=10)
"""How long whoever recorded a call, or that the desk knows, can take it back as pressed by mistake."""


TELEPHONED_FOR = timedelta(hours=24)
"""How long a desk reads what another office wrote down as told to it by telephone, and can deny it."""


class Tag(StrEnum):
    """Why a thing comes before others, the gravest first; `LATE` moves nothing."""

    DENIED = "denied"  # somebody wrote down an answer about a child that the child authority did not give
    NOT_PROMISED = "not_promised"  # who is asked says that it promised nothing by telephone
    NOT_TOLD = "not_told"  # who was called, as somebody wrote down, says that nobody told them
    NOT_DONE = "not_done"  # who waits says that there is no interpreter, though somebody said so (ADR 0258)
    NO_PLACE = "no_place"  # has left, and no meeting place is agreed (ADR 0247)
    DANGER = "danger"
    CHILD = "child"
    UNSURE = "unsure"  # may be a child, and is treated as one
    URGENT = "urgent"
    LATE = "late"


CHILDREN = {"child": Tag.CHILD, "unsure": Tag.UNSURE}
"""Age class -> tag."""


class Part(StrEnum):
    """The part of the desk. `POST`: somebody waits at a post now and nobody has taken them."""

    POST = "post"
    DUE = "due"
    LATER = "later"
    OLD = "old"


def part_of(due: datetime, at: datetime, *, at_post: bool, at_once: bool = False) -> Part:
    """The part in which something stands at `at` that was due at `due`; `at_once`: it does not wait for its hour."""
    if due <= at - OLD_AFTER:
        return Part.OLD
    if at_post:
        return Part.POST
    return Part.DUE if at_once or due <= at + AHEAD else Part.LATER


UNSAFE = DeclineReason.CANNOT_KEEP_SAFE
"""The answer of a shelter that says by itself that somebody is in danger."""


def says_danger(condition: Condition) -> bool:
    """Whether the condition holds for nobody but people at high risk, or who need special security."""
    match condition.operator:
        case "and":
            return any(says_danger(part) for part in condition.parts)
        case "or":
            return all(says_danger(part) for part in condition.parts)
        case "eq":
            return (condition.name, condition.operand) == ("security_risk", "high")
        case "in":
            return (condition.name, condition.operand) == ("security_risk", frozenset({"high"}))
        case "has":
            return (condition.name, condition.operand) == ("needs", "security")
    return False


def clauses_of_danger(agreements: Iterable[Agreement]) -> list[tuple[str, str]]:
    """(version, clause) of each clause that is for people in danger alone."""
    return [
        (agreement.version, clause.number)
        for agreement in agreements
        for clause in agreement.clauses
        if says_danger(clause.when)
    ]
