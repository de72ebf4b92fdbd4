"""Whether a person was in the mechanism before: the question to her, what each side says, and what is counted.

Nothing links by itself. The program says to the organisation that knows somebody alike that another one asks; people of
both say *same*, and then two cases are of one person. Whoever asks learns nothing before, and nothing at all while the
person who was found lives in a shelter or is followed up (ADR 0130); her house is not told who asks, either (ADR 0141).
A house that the person struck out is neither asked nor told (ADR 0153).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

MOST_PAIRS = 10
ONE_PRESS = timedelta(minutes=1)
"""What the same member presses again within this is one press."""
YES_BACK_WITHIN = timedelta(minutes=15)
"""For so long a yes that was taken back by mistake comes back, for whoever pressed that."""
CHANGED_WITHIN = timedelta(hours=12)
"""For so long whoever said something can change it, as elsewhere in the program."""


@dataclass(frozen=True, slots=True)
class MatchingRules:
    """What a country says. `ask_days`: from the first night until the question should have been asked; `answer_days`:
    after these the duty desk is told who has not answered; `check_days`: how long a check is said to be under way;
    `questions_a_day`: how many checks one member may begin in a day."""

    ask_days: int = 14
    answer_days: int = 7
    check_days: int = 14
    questions_a_day: int = 8

    @property
    def again_a_day(self) -> int:
        """How many of these may compare somebody once more: whoever is new can be asked on the same day, too."""
        return max(1, self.questions_a_day // 2)


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
    MAY_BE = "may_be"  # of a case that is over, before anybody was compared: whoever asks may call
    OTHER_STORY = "other_story"
    OTHER_PAPERS = "other_papers"
    BOTH_THERE = "both_there"
    NOBODY_KNEW = "nobody_knew"
    TOO_LITTLE = "too_little"
    NOT_REACHED = "not_reached"


REASONS: Mapping[Answer, tuple[Why, ...]] = {
    Answer.SAME: (Why.KNOWN_TO_US, Why.SHE_SAYS, Why.PAPERS, Why.MAY_BE),
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


class BreakWhy(StrEnum):
    """Why a link is broken, coded."""

    WRONG_BUTTON = "wrong_button"
    SHE_SAYS = "she_says"
    OTHER_STORY = "other_story"
    OTHER_PAPERS = "other_papers"
    BOTH_THERE = "both_there"


class Side(StrEnum):
    """One of the two sides of a pair."""

    HOLDER = "h"  # knows the person who was found
    ASKER = "a"


class PairStand(StrEnum):
    """How it stands with a pair of cases."""

    WAITS = "waits"  # for the side that knows the person who was found
    CONFIRM = "confirm"  # that side said *same*; whoever asked is to say so, too
    MAY_BE = "may_be"  # that side said *it may be*: whoever asked may call; nothing is linked before both know it
    UNTOLD = "untold"  # that side said *same* while the person was there: whoever asked is not told
    LINKED = "linked"
    REJECTED = "rejected"
    UNSURE = "unsure"
    BROKEN = "broken"  # was linked; both may say *same* again
    PROPOSED = "proposed"  # whoever asked said *same*, after a break or *it may be*; the other side is to say so, too


class MatchRefusal(StrEnum):
    """Why no check begins, or no answer is taken."""

    NO_NIGHT = "no_night"  # came by a referral, and no night is recorded yet
    NOT_SEEN = "not_seen"  # a case of the house's own that no second member has seen
    NO_HAND = "no_hand"  # who has seen the person came lately, or one of the two let the other one in
    SAME_MEMBER = "same_member"  # the second hand has to be another one
    NO_NAME = "no_name"
    TOO_MANY = "too_many"
    TOO_MANY_AGAIN = "too_many_again"
    DECIDED = "decided"
    NOT_OVER = "not_over"
    GUARDIAN = "guardian"
    GOES = "goes"  # the person wants everything withdrawn or erased, and nobody has answered yet
    CHANGED = "changed"  # the page that was sent showed something else than what holds now
    TWICE = "twice"  # the same was said of another person already


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
    at: datetime
    course: Course | None = None

    @property
    def changed_until(self) -> datetime:
        """Until when it can be changed."""
        return self.at + CHANGED_WITHIN

    def says_as(self, other: Opinion | None) -> bool:
        """Whether the same member said the same: a button that was pressed twice."""
        return other is not None and replace(other, at=self.at) == self

    def to_list(self) -> list[Any]:
        """As it is sealed."""
        return [self.answer, self.why, self.member_id.hex, _second(self.at), self.course or ""]

    @classmethod
    def of(cls, said: list[Any] | None) -> Opinion | None:
        """What was sealed; older ones have the day alone."""
        if not said:
            return None
        answer, why, member, at, course = said
        return cls(Answer(answer), Why(why), uuid.UUID(member), _instant(at), Course(course) if course else None)


def _second(at: datetime) -> int:
    """An instant as it is sealed, in few characters."""
    return int(at.timestamp())


def _instant(said: int | str) -> datetime:
    """What `_second` sealed; of a day, which older ones have, the first instant."""
    return datetime.fromtimestamp(said, UTC) if isinstance(said, int) else datetime.fromisoformat(said + "T00:00+00:00")


@dataclass(frozen=True, slots=True)
class Broken:
    """That a link was broken: by which organisation, when and why."""

    by_id: uuid.UUID | None
    at: datetime
    why: BreakWhy | None

    def to_list(self) -> list[Any]:
        """As it is sealed."""
        return [_second(self.at), self.by_id.hex if self.by_id else "", self.why or ""]

    @classmethod
    def of(cls, said: str | list[Any]) -> Broken | None:
        """What was sealed; older ones are the day alone."""
        if not said:
            return None
        at, by, why = (said, "", "") if isinstance(said, str) else said
        return cls(uuid.UUID(by) if by else None, _instant(at), BreakWhy(why) if why else None)


def was_not_reached(opinion: Opinion | None) -> bool:
    """Whether it was said only that nobody was reached: tomorrow somebody tries again."""
    return opinion is not None and opinion.why is Why.NOT_REACHED


@dataclass(frozen=True, slots=True)
class Pair:
    """A case that may be of the person who is asked for. `theirs`: what the side says that knows the case `case_id`;
    `ours`: what the side says that asked; `looked_on`: when the duty desk dealt with its alarm; `there`: the person who
    was found was there when that happened; `untold`: or when *same* was said of her; `was_told`: whoever asked has seen
    it; `unread`: the sides that have not read what the other one did; `found_at`: the hour, of newer ones; `thin`: no
    other organisation than its house ever saw the person of the case that was found, so it could have been made up to
    hear of somebody (ADR 0180); `released`: the duty desk lets its house be asked."""

    id: uuid.UUID
    case_id: uuid.UUID
    band: str
    found_on: date
    theirs: Opinion | None = None
    ours: Opinion | None = None
    broken: Broken | None = None
    looked_on: date | None = None
    there: bool = False
    untold: bool = False
    was_told: bool = False
    unread: frozenset[Side] = frozenset()
    found_at: datetime | None = None
    thin: bool = False
    released: bool = False

    @property
    def held(self) -> bool:
        """Whether the house of the found case is told nothing: the duty desk looks at it first."""
        return self.thin and not self.released and self.theirs is None and self.broken is None

    @property
    def told(self) -> bool:
        """Whether the side that knows the person says *same* to whoever asked."""
        return self.theirs is not None and self.theirs.answer is Answer.SAME and not self.untold

    @property
    def ever_told(self) -> bool:
        """Whether whoever asked has learned of the pair: what it then sees of it does not go again."""
        return self.told or self.was_told or self.broken is not None

    @property
    def stand(self) -> PairStand:
        """How it stands."""
        said = [each.answer for each in (self.theirs, self.ours) if each is not None]
        if Answer.DIFFERENT in said:
            return PairStand.REJECTED
        if Answer.CANNOT_TELL in said:
            return PairStand.UNSURE
        may_be = self.theirs is not None and self.theirs.why is Why.MAY_BE
        if len(said) == 2:  # who knows the person says it last, after the call (ADR 0213)
            return PairStand.PROPOSED if may_be else PairStand.LINKED
        if self.theirs is not None:
            return PairStand.UNTOLD if self.untold else PairStand.MAY_BE if may_be else PairStand.CONFIRM
        if self.ours is not None:
            return PairStand.PROPOSED
        return PairStand.BROKEN if self.broken else PairStand.WAITS

    @property
    def mark(self) -> str:
        """What a page shows of it, as a code that is sent back with the form: an answer is taken to what was read."""
        said = [each.to_list() if each else [] for each in (self.theirs, self.ours, self.broken)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    def to_list(self) -> list[Any]:
        """As it is sealed."""
        marks = ("t" if self.there else "") + ("u" if self.untold else "") + ("w" if self.was_told else "")
        marks += ("s" if self.thin else "") + ("r" if self.released else "")
        return [
            self.id.hex,
            self.case_id.hex,
            self.band,
            self.found_on.isoformat(),
            self.theirs.to_list() if self.theirs else [],
            self.ours.to_list() if self.ours else [],
            self.broken.to_list() if self.broken else "",
            self.looked_on.isoformat() if self.looked_on else "",
            marks + "".join(sorted(self.unread)),
            _second(self.found_at) if self.found_at else "",
        ]

    @classmethod
    def of(cls, said: list[Any]) -> Pair:
        """What was sealed."""
        id_, case, band, found, theirs, ours, broken, looked, *more = said  # older ones end here, or with the marks
        marks, found_at = (*more, "", "")[:2]
        return cls(
            uuid.UUID(id_),
            uuid.UUID(case),
            band,
            date.fromisoformat(found),
            Opinion.of(theirs),
            Opinion.of(ours),
            Broken.of(broken),
            date.fromisoformat(looked) if looked else None,
            "t" in marks,
            "u" in marks,
            "w" in marks,
            frozenset(each for each in Side if each in marks),
            _instant(found_at) if found_at else None,
            "s" in marks,
            "r" in marks,
        )


ALARM_STAYS = timedelta(days=7)
"""How long the duty desk reads of an alarm whose question was taken back."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A pair that is asked about no more, for whoever was part of it: a yes was taken back, or a case erased.

    `alarmed`: the organisation that asked and the one where the person is, if the duty desk had an alarm of it and had
    not dealt with it: taking the question back does not take the alarm back.
    """

    id: uuid.UUID
    told: tuple[uuid.UUID, ...]
    on: date
    number: int
    alarmed: tuple[uuid.UUID, uuid.UUID] | None = None

    def is_of_desk(self, today: date) -> bool:
        """Whether the duty desk still reads that somebody had asked for a person who is there."""
        return self.alarmed is not None and today < self.on + ALARM_STAYS

    def to_list(self) -> list[Any]:
        """As it is sealed."""
        said = [self.id.hex, [each.hex for each in self.told], self.on.isoformat(), self.number]
        return said if self.alarmed is None else [*said, [each.hex for each in self.alarmed]]

    @classmethod
    def of(cls, said: list[Any]) -> Gone:
        """What was sealed."""
        id_, told, on, number, *alarmed = said
        asker = tuple(map(uuid.UUID, alarmed[0])) if alarmed else None
        both = (asker[0], asker[1]) if asker else None
        return cls(uuid.UUID(id_), tuple(map(uuid.UUID, told)), date.fromisoformat(on), number, both)


def number_of(number: int, pair_id: uuid.UUID | None = None) -> str:
    """What can be said on the telephone of a check, and of one of its pairs: digits alone, no name and no code."""
    if not number:
        return ""
    said = f"{number // 1000:03d}\u00a0{number % 1000:03d}"
    return f"{said}-{pair_id.int % 90 + 10}" if pair_id is not None else said


def open_to_holder(pair: Pair, where: Where, now: datetime) -> bool:
    """Whether the side that knows the person may answer: until whoever asked has, and once more if it had said *it may
    be* only; what was said is final after twelve hours, but for *cannot tell*, *it may be*, and for *same* of somebody
    who is no longer there. After a link was broken it may until both say *same* again, whatever the other side says
    meanwhile (ADR 0162)."""
    if pair.broken is not None:
        return pair.stand is not PairStand.LINKED
    if pair.ours is not None and not _answered_last(pair):
        return pair.stand is PairStand.PROPOSED
    if pair.stand is PairStand.LINKED:
        return False
    if pair.stand in (PairStand.WAITS, PairStand.MAY_BE, PairStand.UNSURE):
        return True
    return (pair.theirs is not None and now < pair.theirs.changed_until) or (pair.untold and not where.guarded)


def _answered_last(pair: Pair) -> bool:
    """Whether the side that knows the person answered what whoever asked had proposed."""
    return pair.theirs is not None and pair.ours is not None and pair.theirs.at > pair.ours.at


def answered(pair: Pair, opinion: Opinion, where: Where) -> Pair:
    """The pair once the side that knows the person who was found has answered. `where`: how it is with her now. Raises
    MatchRefused."""
    if not open_to_holder(pair, where, opinion.at) or (opinion.why is Why.MAY_BE and pair.ours is not None):
        raise MatchRefused(MatchRefusal.DECIDED)
    if pair.ours is not None and pair.ours.member_id == opinion.member_id:
        raise MatchRefused(MatchRefusal.SAME_MEMBER)
    untold = opinion.answer is Answer.SAME and where.guarded and not pair.ever_told
    after = replace(pair, theirs=opinion, untold=untold, was_told=pair.ever_told)
    if untold:  # the duty desk, which hears this alone, hears it also after it dealt with the alarm
        after = replace(after, looked_on=None)
    # Whoever asked and was told once is told what is said instead; a *same* that it is to confirm is a task of its own.
    tasks = (PairStand.CONFIRM, PairStand.MAY_BE)
    news = {Side.ASKER} if pair.ever_told and after.stand not in tasks else set()
    return replace(after, unread=frozenset(news))


def open_to_asker(pair: Pair, now: datetime) -> bool:
    """Whether whoever asked may answer: *different* is final after twelve hours, and a link is broken, not answered.
    After a link was broken, or the other side said *it may be*, it may until both say *same*."""
    if pair.broken is not None:
        return pair.stand is not PairStand.LINKED
    if pair.ours is None or pair.ours.answer is Answer.CANNOT_TELL or pair.stand is PairStand.PROPOSED:
        return pair.told
    return pair.told and pair.ours.answer is Answer.DIFFERENT and now < pair.ours.changed_until


def confirmed(pair: Pair, opinion: Opinion) -> Pair:
    """The pair once whoever asked has answered, after the other side said *same*, or that it may be. Raises
    MatchRefused."""
    if not open_to_asker(pair, opinion.at):
        raise MatchRefused(MatchRefusal.DECIDED)
    if pair.theirs is not None and pair.theirs.member_id == opinion.member_id:
        raise MatchRefused(MatchRefusal.SAME_MEMBER)
    after = replace(pair, ours=opinion, was_told=True)
    news = frozenset() if after.stand is PairStand.PROPOSED else frozenset({Side.HOLDER})
    return replace(after, unread=news)


def of_course(pair: Pair, course: Course, member_id: uuid.UUID, now: datetime) -> Pair:
    """The linked pair with another word on what the second case is, for as long as the answer of whoever asked could
    be changed: the link and the hour stay. Raises MatchRefused."""
    if pair.stand is not PairStand.LINKED or pair.ours is None or now >= pair.ours.changed_until:
        raise MatchRefused(MatchRefusal.DECIDED)
    if pair.theirs is not None and pair.theirs.member_id == member_id:
        raise MatchRefused(MatchRefusal.SAME_MEMBER)
    return replace(pair, ours=replace(pair.ours, course=course))


def broken(pair: Pair, how: Broken, side: Side) -> Pair:
    """The pair once a side says that it was a mistake: the other one is told; both may say *same* again. Raises
    MatchRefused."""
    if pair.stand is not PairStand.LINKED:
        raise MatchRefused(MatchRefusal.DECIDED)
    other = Side.ASKER if side is Side.HOLDER else Side.HOLDER
    return replace(pair, theirs=None, ours=None, broken=how, was_told=True, unread=frozenset({other}))


@dataclass(frozen=True, slots=True)
class Where:
    """How it is with the person of a case now: in a shelter, or the case is open without that."""

    lives_here: bool = False
    followed: bool = False

    @property
    def guarded(self) -> bool:
        """Whether nobody who asks for the person may learn that anybody was found."""
        return self.lives_here or self.followed


def names_asker(pair: Pair) -> bool:
    """Whether the side that knows the person who was found sees who asks: once both sides have said *same*. A case that
    was made up would else tell its house where the person of that name has come to, open or closed. The duty desk knows
    it (ADR 0174)."""
    return pair.stand is PairStand.LINKED or pair.broken is not None


def alarms_desk(pair: Pair, where: Where) -> bool:
    """Whether the duty desk is told that somebody asks for a person who is there, or was when she was found: until it
    has dealt with it, whatever her house does or says meanwhile. Of what is hardly alike only once her house says that
    it is the same person. And whether it is told of a found case that could have been made up, open or closed."""
    settled = pair.stand is PairStand.LINKED or pair.broken is not None or pair.looked_on is not None
    heard = pair.band != "weak" or pair.stand is PairStand.UNTOLD
    return (pair.thin or where.guarded or pair.there) and not settled and heard


def waits_for_desk(pair: Pair) -> bool:
    """Whether the duty desk has to say if the house of the found case may be asked: also of what is hardly alike, of
    which there is no alarm. A made-up case that differs a little on purpose would else hear more than an exact one."""
    return pair.held and pair.looked_on is None


def alarms(pair: Pair, where: Where) -> bool:
    """Whether the house of the person is told, too: until it has said that it is somebody else."""
    there = where.guarded or pair.there
    return there and alarms_desk(pair, where) and pair.stand not in (PairStand.REJECTED, PairStand.UNSURE)


class Desk(StrEnum):
    """How it stands with the alarm at the duty desk, for the house that is asked."""

    OPEN = "open"
    DEALT = "dealt"
    NONE = "none"


def desk_of(pair: Pair, where: Where) -> Desk:
    """Whether the desk has an alarm of the pair, or had one."""
    if alarms_desk(pair, where):
        return Desk.OPEN
    return Desk.DEALT if pair.looked_on is not None else Desk.NONE


@dataclass(frozen=True, slots=True)
class House:
    """An organisation on one side of a pair: its party, and the parties that the person of its case struck out."""

    id: uuid.UUID
    party: str
    struck: frozenset[str] = frozenset()


def hidden_from_holder(pair: Pair, asker: House, holder: House) -> bool:
    """Whether the side that knows the person is told nothing: the person who is looked for struck it out. If the person
    who was found struck out whoever asks, neither is anything asked here, but what was agreed already stays to see. Nor
    is it told while the duty desk has not let it be asked."""
    return asker.id != holder.id and (pair.held or _struck_from_holder(pair, asker, holder))


def _struck_from_holder(pair: Pair, asker: House, holder: House) -> bool:
    if asker.id == holder.id:
        return False
    return holder.party in asker.struck or (asker.party in holder.struck and not _was_agreed(pair))


def hidden_from_asker(pair: Pair, asker: House, holder: House) -> bool:
    """The same for whoever asked."""
    if asker.id == holder.id:
        return False
    return asker.party in holder.struck or (holder.party in asker.struck and not _was_agreed(pair))


def hidden_from_all(pair: Pair, asker: House, holder: House) -> bool:
    """Whether nobody can say anything of the pair any more."""
    return hidden_from_asker(pair, asker, holder) and _struck_from_holder(pair, asker, holder)


def kept_apart(asker: House, holder: House) -> bool:
    """Whether the people of two cases are not compared, because one of them struck out the house of the other."""
    return asker.id != holder.id and (holder.party in asker.struck or asker.party in holder.struck)


def _was_agreed(pair: Pair) -> bool:
    return pair.stand is PairStand.LINKED


def over_on(asked_on: date, rules: MatchingRules) -> date:
    """The day from which a check is no longer said to be under way: the same whatever was found."""
    return asked_on + timedelta(days=rules.check_days)


_OPEN = (PairStand.WAITS, PairStand.MAY_BE, PairStand.CONFIRM, PairStand.UNTOLD, PairStand.PROPOSED)


def repeat_of(said: Said | None, pairs: Iterable[Pair], word: Word | None, *, with_all: bool = True) -> Repeat:
    """What is counted of the case for which somebody asked. `word`: what whoever asked said at the end; `with_all`: the
    person struck out no house: else nobody can say that she is new."""
    if said is None:
        return Repeat.NOT_CHECKED
    if said is Said.REFUSED:
        return Repeat.NOT_CHECKABLE
    there = list(pairs)
    linked = {each.ours.course for each in there if each.stand is PairStand.LINKED and each.ours is not None}
    if linked:
        return Repeat.AGAIN if Course.AGAIN in linked else Repeat.SAME_CASE
    if word is None or any(each.stand in _OPEN for each in there):
        return Repeat.PENDING
    return Repeat.NEW if word is Word.NEW and with_all else Repeat.NOT_CHECKABLE


def number(text: str) -> str:
    """A document's number, of "kind and number": the word with most digits; empty without any."""
    words = [word for word in text.split() if any(sign.isdigit() for sign in word)]
    return max(words, key=lambda word: sum(sign.isdigit() for sign in word), default="")
