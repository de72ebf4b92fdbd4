"""Whether a person was in the mechanism before: the question to her, what each side says, and what is counted.

Nothing links by itself. The program says to the organisation that knows somebody alike that another one asks; people of
both say *same*, and then two cases are of one person. Whoever asks learns nothing before, and nothing at all while the
person who was found lives in a shelter or is followed up (ADR 0130); her house is not told who asks, either (ADR 0141).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

MOST_PAIRS = 10


@dataclass(frozen=True, slots=True)
class MatchingRules:
    """What a country says. `ask_days`: from the first night until the question should have been asked; `answer_days`:
    after these the duty desk is told who has not answered; `check_days`: how long a check is said to be under way;
    `questions_a_day`: how many checks one member may begin in a day."""

    ask_days: int = 14
    answer_days: int = 7
    check_days: int = 14
    questions_a_day: int = 8


class Said(StrEnum):
    """What the person answers."""

    YES = "yes"
    REFUSED = "refused"


class Word(StrEnum):
    """What whoever asked says once the check is over and nobody is confirmed."""

    NEW = "new"
    UNKNOWN = "unknown"


class Answer(StrEnum):
    """What a member says of two cases."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot_tell"


class Why(StrEnum):
    """The reason, coded: no text is written about two people."""

    KNOWN_TO_US = "known_to_us"
    SHE_SAYS = "she_says"
    PAPERS = "papers"
    OTHER_STORY = "other_story"
    OTHER_PAPERS = "other_papers"
    BOTH_THERE = "both_there"
    NOBODY_KNEW = "nobody_knew"
    TOO_LITTLE = "too_little"
    NOT_REACHED = "not_reached"


REASONS: Mapping[Answer, tuple[Why, ...]] = {
    Answer.SAME: (Why.KNOWN_TO_US, Why.SHE_SAYS, Why.PAPERS),
    Answer.DIFFERENT: (Why.OTHER_STORY, Why.OTHER_PAPERS, Why.BOTH_THERE),
    Answer.CANNOT_TELL: (Why.NOBODY_KNEW, Why.TOO_LITTLE, Why.NOT_REACHED),
}


class Course(StrEnum):
    """What the second case is, said by a person: moved or came back, or trafficked once more."""

    SAME_CASE = "same_case"
    AGAIN = "again"


class Repeat(StrEnum):
    """What is counted of a case in report ix."""

    NEW = "new"
    SAME_CASE = "repeat_same"
    AGAIN = "repeat_again"
    PENDING = "pending"
    NOT_CHECKABLE = "not_checkable"
    NOT_CHECKED = "not_checked"


class PairStand(StrEnum):
    """How it stands with a pair of cases."""

    WAITS = "waits"  # for the side that knows the person who was found
    CONFIRM = "confirm"  # that side said *same*; whoever asked is to say so, too
    UNTOLD = "untold"  # that side said *same* while the person was there: whoever asked is not told
    LINKED = "linked"
    REJECTED = "rejected"
    UNSURE = "unsure"
    BROKEN = "broken"  # was linked; both may say *same* again


class MatchRefusal(StrEnum):
    """Why no check begins, or no answer is taken."""

    NO_NIGHT = "no_night"  # came by a referral, and no night is recorded yet
    NOT_SEEN = "not_seen"  # a case of the house's own that no second member has seen
    SAME_MEMBER = "same_member"  # the second hand has to be another one
    NO_NAME = "no_name"
    TOO_MANY = "too_many"
    DECIDED = "decided"
    NOT_OVER = "not_over"
    GUARDIAN = "guardian"
    GOES = "goes"  # the person wants everything withdrawn or erased, and nobody has answered yet


class MatchRefused(Exception):
    """Nothing was done; `reason` says why."""

    def __init__(self, reason: MatchRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one member said of a pair, and when. `course`: with *same*, by whoever asked."""

    answer: Answer
    why: Why
    member_id: uuid.UUID
    on: date
    course: Course | None = None

    def to_list(self) -> list[str]:
        """As it is sealed."""
        return [self.answer, self.why, self.member_id.hex, self.on.isoformat(), self.course or ""]

    @classmethod
    def of(cls, said: list[str] | None) -> Opinion | None:
        """What was sealed."""
        if not said:
            return None
        answer, why, member, on, course = said
        return cls(
            Answer(answer), Why(why), uuid.UUID(member), date.fromisoformat(on), Course(course) if course else None
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """A case that may be of the person who is asked for. `theirs`: what the side says that knows the case `case_id`;
    `ours`: what the side says that asked; `looked_on`: when the duty desk dealt with its alarm; `there`: the person who
    was found was there when that happened; `untold`: or when *same* was said of her."""

    id: uuid.UUID
    case_id: uuid.UUID
    band: str
    found_on: date
    theirs: Opinion | None = None
    ours: Opinion | None = None
    broken_on: date | None = None
    looked_on: date | None = None
    there: bool = False
    untold: bool = False

    @property
    def told(self) -> bool:
        """Whether the side that knows the person said *same* to whoever asked."""
        return self.theirs is not None and self.theirs.answer is Answer.SAME and not self.untold

    @property
    def stand(self) -> PairStand:
        """How it stands."""
        said = [each.answer for each in (self.theirs, self.ours) if each is not None]
        if Answer.DIFFERENT in said:
            return PairStand.REJECTED
        if Answer.CANNOT_TELL in said:
            return PairStand.UNSURE
        if len(said) == 2:
            return PairStand.LINKED
        if said:
            return PairStand.UNTOLD if self.untold else PairStand.CONFIRM
        return PairStand.BROKEN if self.broken_on else PairStand.WAITS

    def to_list(self) -> list[Any]:
        """As it is sealed."""
        return [
            self.id.hex,
            self.case_id.hex,
            self.band,
            self.found_on.isoformat(),
            self.theirs.to_list() if self.theirs else [],
            self.ours.to_list() if self.ours else [],
            self.broken_on.isoformat() if self.broken_on else "",
            self.looked_on.isoformat() if self.looked_on else "",
            ("t" if self.there else "") + ("u" if self.untold else ""),
        ]

    @classmethod
    def of(cls, said: list[Any]) -> Pair:
        """What was sealed."""
        id_, case, band, found, theirs, ours, broken, looked, *more = said  # older ones end here
        marks = more[0] if more else ""
        return cls(
            uuid.UUID(id_),
            uuid.UUID(case),
            band,
            date.fromisoformat(found),
            Opinion.of(theirs),
            Opinion.of(ours),
            date.fromisoformat(broken) if broken else None,
            date.fromisoformat(looked) if looked else None,
            "t" in marks,
            "u" in marks,
        )


def open_to_holder(pair: Pair, where: Where, today: date) -> bool:
    """Whether the side that knows the person may answer: until whoever asked has; what was said is final after its
    day, but for *cannot tell*, and for *same* of somebody who is no longer there."""
    if pair.ours is not None:
        return False
    if pair.stand in (PairStand.WAITS, PairStand.BROKEN, PairStand.UNSURE):
        return True
    return (pair.theirs is not None and pair.theirs.on == today) or (pair.untold and not where.guarded)


def answered(pair: Pair, opinion: Opinion, where: Where) -> Pair:
    """The pair once the side that knows the person who was found has answered. `where`: how it is with her now. Raises
    MatchRefused."""
    if not open_to_holder(pair, where, opinion.on):
        raise MatchRefused(MatchRefusal.DECIDED)
    return replace(pair, theirs=opinion, untold=opinion.answer is Answer.SAME and where.guarded)


def open_to_asker(pair: Pair, today: date) -> bool:
    """Whether whoever asked may answer: *different* is final after its day, and a link is broken, not answered."""
    if pair.ours is None or pair.ours.answer is Answer.CANNOT_TELL:
        return pair.told
    return pair.told and pair.ours.answer is Answer.DIFFERENT and pair.ours.on == today


def confirmed(pair: Pair, opinion: Opinion) -> Pair:
    """The pair once whoever asked has answered, after the other side said *same*. Raises MatchRefused."""
    if not open_to_asker(pair, opinion.on) or pair.theirs is None:
        raise MatchRefused(MatchRefusal.DECIDED)
    if pair.theirs.member_id == opinion.member_id:
        raise MatchRefused(MatchRefusal.SAME_MEMBER)
    return replace(pair, ours=opinion)


def broken(pair: Pair, on: date) -> Pair:
    """The pair once a side says that it was a mistake; both may say *same* again. Raises MatchRefused."""
    if pair.stand is not PairStand.LINKED:
        raise MatchRefused(MatchRefusal.DECIDED)
    return replace(pair, theirs=None, ours=None, broken_on=on)


@dataclass(frozen=True, slots=True)
class Where:
    """How it is with the person of a case now: in a shelter, or the case is open without that."""

    lives_here: bool = False
    followed: bool = False

    @property
    def guarded(self) -> bool:
        """Whether nobody who asks for the person may learn that anybody was found."""
        return self.lives_here or self.followed


def shown_to_asker(pair: Pair, today: date) -> bool:
    """Whether whoever asked sees the organisation: only after *same*, and never if that was said of somebody who was
    there. Where the person is now changes nothing: what appears or goes would tell it."""
    return pair.told and (pair.ours is None or pair.ours.answer is not Answer.DIFFERENT or pair.ours.on == today)


def names_asker(pair: Pair, where: Where) -> bool:
    """Whether the side that knows the person sees who asks. Not if she was there when she was found, or is: a case that
    was made up would tell its house where the person of that name has come to. The duty desk knows it."""
    return pair.stand is PairStand.LINKED or not (pair.there or where.guarded)


def alarms_desk(pair: Pair, where: Where) -> bool:
    """Whether the duty desk is told that somebody asks for a person who is there, or was when she was found: until it
    has dealt with it, whatever her house does or says meanwhile. Not of what is hardly alike."""
    settled = pair.stand is PairStand.LINKED or pair.looked_on is not None
    return (where.guarded or pair.there) and not settled and pair.band != "weak"


def alarms(pair: Pair, where: Where) -> bool:
    """Whether the house of the person is told, too: until it has said that it is somebody else."""
    return alarms_desk(pair, where) and pair.stand not in (PairStand.REJECTED, PairStand.UNSURE)


def over_on(asked_on: date, rules: MatchingRules) -> date:
    """The day from which a check is no longer said to be under way: the same whatever was found."""
    return asked_on + timedelta(days=rules.check_days)


def repeat_of(said: Said | None, pairs: Iterable[Pair], word: Word | None) -> Repeat:
    """What is counted of the case for which somebody asked. `word`: what whoever asked said at the end."""
    if said is None:
        return Repeat.NOT_CHECKED
    if said is Said.REFUSED:
        return Repeat.NOT_CHECKABLE
    there = list(pairs)
    linked = {each.ours.course for each in there if each.stand is PairStand.LINKED and each.ours is not None}
    if linked:
        return Repeat.AGAIN if Course.AGAIN in linked else Repeat.SAME_CASE
    if word is None or any(each.stand in (PairStand.WAITS, PairStand.CONFIRM, PairStand.UNTOLD) for each in there):
        return Repeat.PENDING
    return Repeat.NEW if word is Word.NEW else Repeat.NOT_CHECKABLE


def number(text: str) -> str:
    """A document's number, of "kind and number": the word with most digits; empty without any."""
    words = [word for word in text.split() if any(sign.isdigit() for sign in word)]
    return max(words, key=lambda word: sum(sign.isdigit() for sign in word), default="")
