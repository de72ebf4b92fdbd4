"""Ending an interview without a case: what speaks against it, the reason asked then, and who decides about a child.

Decided in ADR 0044, ADR 0057.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nrm.domain.interviews.indicators import Profile
from nrm.domain.interviews.questionnaire_flow import CHILD_AGES

CHILD_ROUTE = CHILD_AGES
HIGH = "high"
# How soon the child authority says what happens with a child at a post of whom the post saw no indicator.
TAKE_BACK_WITHIN = timedelta(minutes=15)
"""For so long the child authority may take back that it knows of a child."""
CALL_TAKE_BACK_WITHIN = timedelta(hours=3)
"""For so long after the hour of a call the duty desk may take back that somebody answered (ADR 0183); a call can be two
hours old when it is written down, so there is an hour at least."""
ANSWER_WITHIN = timedelta(hours=1)
# After so long without an answer the post is told to call the duty desk, which sees the question from the first minute.
DUTY_DESK_AFTER = timedelta(hours=24)


class EndReason(StrEnum):
    """Why an interview ends, or a draft goes, although something speaks against it."""

    EXPLAINED = "explained"
    MISTAKEN = "mistaken"
    HELPED = "helped"
    HELD_TWICE = "held_twice"
    OTHER = "other"


TOOK_BACK = "took_back"
"""A code beside the reasons: the person takes a yes back that was recorded (ADR 0278)."""
LEAVE_REASONS = (TOOK_BACK, EndReason.HELPED, EndReason.MISTAKEN, EndReason.HELD_TWICE, EndReason.OTHER)
"""Why a person leaves without a shelter although something speaks against it."""
HOLD_REASONS = (*EndReason, TOOK_BACK)
DRAFT_OVER = "draft_over"
"""A code in place of a reason: nobody at the post gave one, and the time of the draft is over."""
AGE_CHANGED = "age_changed"
"""A code in place of a reason: the post reported a child, and now says that the person is 18 or over."""
OPINIONS = (*EndReason, DRAFT_OVER, AGE_CHANGED)


class ChildAnswer(StrEnum):
    """The answer of the child authority about a child at a post, if the post saw no indicator."""

    PARENTS = "parents"
    COMING = "coming"
    BRING = "bring"
    NOTHING = "nothing"
    ADULT = "adult"


FINAL = (ChildAnswer.PARENTS, ChildAnswer.NOTHING)
"""Only after one of these can the post end the child's interview."""
LAST_WORDS = (*FINAL, ChildAnswer.ADULT)
"""What the child authority says once, and cannot take back."""


BY_TELEPHONE = "telephone"
"""How an answer came that somebody else wrote down: it can be contradicted until the interview is destroyed."""


CONFIRMED_WITHIN = timedelta(days=45)
"""How far back it is looked whether the child authority said that it gave such an answer (ADR 0243): longer than an
interview is kept that was not sent."""


DENIED_FOR = timedelta(hours=24)
"""How long the post and the duty desk read that the child authority denied such an answer."""


def answers_to(age_class: str) -> tuple[ChildAnswer, ...]:
    """What the child authority may say: that the person is an adult only where the post says so now."""
    return tuple(each for each in ChildAnswer if each is not ChildAnswer.ADULT or age_class == "adult")


LONGEST_SENTENCE = 500


class Holding(StrEnum):
    """How an interview ended that is sealed for some time before it is destroyed."""

    NONE = "none"  # "no indicator", and something speaks against it
    DISCARDED = "discarded"  # thrown away, and something speaks against it
    NOT_ASKED = "not_asked"  # nobody could ask the six questions, and something speaks against leaving it so
    REFUSED = "refused"  # an adult said no
    UNDECIDED = "undecided"  # the person left without a shelter
    LEFT = "left"  # the person left without a shelter, and something speaks against it
    RETRACTED = "retracted"  # an adult said no after a yes that was recorded


OF_THE_PERSON = (Holding.REFUSED, Holding.UNDECIDED)
"""What the person decided, not the post: nobody opens it, and it goes soon."""


class ReasonNeeded(ValueError):
    """Something speaks against ending the interview, and no reason of the list or no sentence was given."""


class NotAskedProperly(ValueError):
    """The officer does not say that a no was asked for alone, with both texts, in a language that was understood."""


class ChildWaits(Exception):
    """The interview of a child, or a person who may be one, ends only after an answer of the child authority."""


@dataclass(frozen=True, slots=True)
class Against:
    """What speaks against ending an adult's interview: what was named or noticed, danger, a shelter chosen.

    `unheard`: little was said. That speaks against "no indicator", but not against destroying a draft, which claims
    nothing about the person. `leaves`: the person leaves without a shelter, which claims nothing either, so that signs
    count with fear (`afraid`) alone. `agreed`: a yes to help or to telling was recorded (ADR 0278).
    """

    profile: Profile
    high_risk: bool
    shelter: bool = False
    was_child: bool = False
    unheard: bool = False
    leaves: bool = False
    afraid: bool = False
    agreed: bool = False

    def __bool__(self) -> bool:
        if self.agreed and (self.unheard or self.leaves):
            return True
        if self.leaves:
            return self.high_risk or self.was_child or (self.afraid and self.profile.outcome != "none")
        said = self.profile.spoken if self.unheard else self.profile.outcome != "none"
        return said or self.high_risk or self.shelter or self.was_child


def is_child(age: object) -> bool:
    """Whether the rules for children apply: under 18, or not sure."""
    return age in CHILD_ROUTE


def check_reason(against: Against, reason: str, sentence: str, offered: Collection[str] = tuple(EndReason)) -> None:
    """Raise ReasonNeeded where something speaks against it, unless a reason of the list and a sentence are given."""
    if against and (reason not in offered or not sentence.strip()):
        raise ReasonNeeded(reason)


def as_answered(answer: str, answered_at: datetime | None) -> str:
    """What a page says of the answer about a child, for a form that is sent from it; empty before there is one."""
    return f"{answer} {answered_at.timestamp():.6f}" if answer and answered_at is not None else ""
