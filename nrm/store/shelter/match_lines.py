"""What pages read of people who were here before."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from nrm import clock
from nrm.domain.shelter import matching as rules
from nrm.domain.shelter.matching import (
    BreakWhy,
    MatchRefusal,
    Opinion,
    PairStand,
    Said,
    Where,
    Word,
)
from nrm.store import days

SAME = (PairStand.MAY_BE, PairStand.CONFIRM, PairStand.LINKED, PairStand.PROPOSED)


@dataclass(frozen=True, slots=True)
class Whom:
    """An organisation, as its names and its telephone."""

    names: dict[str, str]
    telephone: str


class Due(StrEnum):
    """What a house has to do about people who were here before."""

    ASK = "ask"
    ANSWER = "answer"
    ALARM = "alarm"  # somebody asks for a person who is there
    CONFIRM = "confirm"
    READ_THEIRS = "read_theirs"  # what the other side did, on the page of either side
    READ_OURS = "read_ours"
    SAY = "say"  # the check is over: say what is known
    ENCODE = "encode"  # a yes holds, and nobody compares the person


@dataclass(frozen=True, slots=True)
class DueLine:
    """One thing to do. `day`: by when; None for a resident who came before anybody was asked: at the next talk."""

    what: Due
    case_id: uuid.UUID
    pseudonym: str
    day: date | None
    pair_id: uuid.UUID | None = None

    @property
    def late(self) -> bool:
        """Whether it should have been done."""
        return self.what is Due.ALARM or (self.day is not None and self.day < days.today())

    @property
    def of_others(self) -> bool:
        """Whether another organisation waits, or did something: that is not folded away."""
        return self.what not in (Due.ASK, Due.SAY)


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """How a link was broken. `by`: None of older ones."""

    by: Whom | None
    at: datetime
    why: BreakWhy | None


@dataclass(frozen=True, slots=True)
class Common:
    """What both sides see of a pair. `number`: what they can say on the telephone; `mark`: what a form sends back;
    `own`: both cases are of one house, which is then told of the other one, too; `theirs`, `ours`: what was said;
    `also`: other pairs of which the same was said of the person who was found, as far as the actor's organisation knows
    them; `unread`: the other side did something; `open`: it can be answered; `may_answer`: by this member, who is not
    the one of the other side."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    number: str
    mark: str
    own: bool
    other_case_id: uuid.UUID | None
    other_pseudonym: str
    band: str
    stand: PairStand
    theirs: Opinion | None
    ours: Opinion | None
    broken: BrokenLine | None
    also: tuple[str, ...]
    unread: bool
    open: bool
    may_answer: bool


@dataclass(frozen=True, slots=True)
class TheirLine(Common):
    """Somebody may be a person whose case the actor's organisation holds: by whom they are asked for, and how likely.
    `asked_by`: None until both sides said *same*: before, only the duty desk knows it; `alarm`: the person is there, so
    both desks are told; `desk`: whether the duty desk has an alarm, or had one."""

    asked_by: Whom | None
    found_on: date
    found_at: datetime | None
    due_on: date
    where: Where
    alarm: bool
    desk: rules.Desk

    @property
    def kept(self) -> bool:
        """Whether whoever asks is told nothing, whatever is answered here now."""
        return self.where.guarded and self.stand not in (PairStand.MAY_BE, PairStand.CONFIRM, PairStand.PROPOSED)

    @property
    def late(self) -> bool:
        """Whether the duty desk is told that nobody has answered."""
        return self.stand is PairStand.WAITS and self.due_on < days.today()

    @property
    def changed_until(self) -> datetime | None:
        """Until when what was said here can be changed; None if nothing was, or it is too late."""
        until = self.theirs.changed_until if self.theirs is not None and self.open else None
        return until if until is not None and clock.now() < until else None

    @property
    def settled(self) -> bool:
        """Whether nothing is to be done: it was answered, or stays as it is."""
        waits = self.stand in (PairStand.WAITS, PairStand.MAY_BE, PairStand.PROPOSED)
        waits = waits or (self.stand is PairStand.UNTOLD and self.open) or rules.was_not_reached(self.theirs)
        return not (self.alarm or waits or self.unread or self.changed_until)


@dataclass(frozen=True, slots=True)
class OurLine(Common):
    """A pair that whoever asked may see: the other side said *same*, or did once."""

    other: Whom

    @property
    def changed_until(self) -> datetime | None:
        """Until when what was said here can be changed; None if nothing was, or it is too late."""
        until = self.ours.changed_until if self.ours is not None and self.open else None
        return until if until is not None and clock.now() < until else None

    @property
    def course_until(self) -> datetime | None:
        """Until when it can be said otherwise what the linked case is; None if it is too late."""
        linked = self.stand is PairStand.LINKED and self.ours is not None
        until = self.ours.changed_until if linked and self.ours is not None else None
        return until if until is not None and clock.now() < until else None

    @property
    def settled(self) -> bool:
        """Whether nothing is to be done."""
        return not (
            self.stand in (PairStand.MAY_BE, PairStand.CONFIRM)
            or self.unread
            or self.changed_until
            or rules.was_not_reached(self.ours)
        )


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A person of the house who is looked for: until when, and the number of the check."""

    case_id: uuid.UUID
    pseudonym: str
    over_on: date
    number: str


@dataclass(frozen=True, slots=True)
class GoneLine:
    """What is asked no more, for whoever was part of it."""

    id: uuid.UUID
    number: str
    on: date


@dataclass(frozen=True, slots=True)
class OfCase:
    """How it stands with the question to the person of one case, for its holder. `closed`: the case is, so nobody is
    asked any more, but a yes can be taken back; `parked`: it is closed to everybody, and nobody is compared; `refusal`:
    why this member may not ask; `over_on`: until when a check is said to be under way; `number`: of the check; `at`:
    when the yes that holds was written down; `void`: it does not hold any more, and the person is asked; `apart`:
    the person struck out a house, which is told nothing; `theirs`: who asks for this person; `was_yes`: there was a
    yes, and it was taken back; `back_until`: until when this member may say that this was a mistake; `left_out`: the
    yes holds, and the person is not compared."""

    said: Said | None
    asked_on: date | None
    with_guardian: bool
    over_on: date | None
    word: Word | None
    refusal: MatchRefusal | None
    seen_by_me: bool
    child: bool
    closed: bool
    parked: bool
    number: str
    at: datetime | None
    void: bool
    apart: bool
    pairs: tuple[OurLine, ...]
    theirs: tuple[TheirLine, ...]
    was_yes: bool
    back_until: datetime | None
    left_out: bool

    @property
    def under_way(self) -> bool:
        """Whether the check is said to be under way: until its day."""
        return self.over_on is not None and days.today() < self.over_on

    @property
    def may_say(self) -> bool:
        """Whether whoever asked may say that the person is new, or that nobody can tell: also something else later."""
        return self.said is Said.YES and not self.under_way and not self.said_same and not self.parked

    @property
    def to_say(self) -> bool:
        """Whether they have not said it yet."""
        return self.may_say and self.word is None

    @property
    def linked(self) -> bool:
        """Whether two sides said that it is the same person."""
        return any(each.stand is PairStand.LINKED for each in (*self.pairs, *self.theirs))

    @property
    def said_same(self) -> bool:
        """Whether the other side of a pair said *same*, and nobody here has said anything else."""
        return any(each.stand in SAME for each in self.pairs)


@dataclass(frozen=True, slots=True)
class DeskLine:
    """For the duty desk: who asks, who answers, and why the desk is told. No person, and nothing of how likely.
    `dealt`: the desk said today that it has dealt with it, and may take that back; `number`: what it can say on the
    telephone; `stand`: what the house has answered; None where the question was taken back, which the alarm outlives;
    `thin`: the found case could have been made up, and its house is told nothing; `asked`: now it is asked."""

    id: uuid.UUID
    asked_by: Whom
    holder: Whom
    found_on: date
    found_at: datetime | None
    alarm: bool
    where: Where
    dealt: bool
    number: str
    stand: PairStand | None
    thin: bool = False
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """Who is asked for and may be somebody whose case the actor's organisation holds, what alarms first, also links
    that stand or were broken; the pairs of which whoever asked was told; whom the house looks for; and what is asked no
    more."""

    to_answer: list[TheirLine]
    ours: list[OurLine]
    under_way: list[UnderWay]
    gone: list[GoneLine]

    @property
    def to_confirm(self) -> list[OurLine]:
        """Of those that whoever asked was told of, what waits for them."""
        return [line for line in self.ours if not line.settled]

    @property
    def linked(self) -> list[OurLine]:
        """The others."""
        return [line for line in self.ours if line.settled]
