"""Whether people were here before, as far as the asker may know it.

Whoever asked sees nothing of what was found until the other side has said *same*, and nothing at all of a person who is
there now. What a page of theirs says is the same whatever was found (ADR 0130).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, func, literal, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter import matching as rules
from nrm.domain.shelter.matching import MatchRefusal, Opinion, Pair, PairStand, Said, Where, Word
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import MatchQuestion
from nrm.models.shelter.stays import Stay
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.rows.shelter import matching as rows
from nrm.store.rows.shelter.matching import Asked
from nrm.vault import matching as vault


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
    SAY = "say"  # the check is over: say what is known


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


@dataclass(frozen=True, slots=True)
class TheirLine:
    """Somebody may be a person whose case the actor's organisation holds: by whom they are asked for, and how likely.
    `asked_by`: None where only the duty desk knows it; `alarm`: the person is there, so both desks are told; `open`: it
    can be answered; `may_answer`: by this member, who is not the one who asked."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    asked_by: Whom | None
    band: str
    found_on: date
    due_on: date
    where: Where
    stand: PairStand
    theirs: Opinion | None
    broken_on: date | None
    alarm: bool
    open: bool
    may_answer: bool

    @property
    def late(self) -> bool:
        """Whether the duty desk is told that nobody has answered."""
        return self.stand is PairStand.WAITS and self.due_on < days.today()

    @property
    def settled(self) -> bool:
        """Whether nothing is to be done: it was answered before today, or stays as it is."""
        today = self.theirs is not None and self.theirs.on == days.today()
        waits = self.stand in (PairStand.WAITS, PairStand.BROKEN) or (self.stand is PairStand.UNTOLD and self.open)
        return not (self.alarm or waits or today)


@dataclass(frozen=True, slots=True)
class OurLine:
    """A pair that whoever asked may see: the other side said *same*. `open`: it can be answered; `may_confirm`: by this
    member, who is not the one who answered for the other side."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    other: Whom
    stand: PairStand
    ours: Opinion | None
    open: bool
    may_confirm: bool


@dataclass(frozen=True, slots=True)
class OfCase:
    """How it stands with the question to the person of one case, for its holder. `closed`: the case is, so nobody is
    asked any more, but a yes can be taken back; `refusal`: why this member may not ask; `over_on`: until when a check
    is said to be under way."""

    said: Said | None
    asked_on: date | None
    with_guardian: bool
    over_on: date | None
    word: Word | None
    refusal: MatchRefusal | None
    seen_by_me: bool
    child: bool
    closed: bool
    pairs: tuple[OurLine, ...]

    @property
    def under_way(self) -> bool:
        """Whether the check is said to be under way: until its day."""
        return self.over_on is not None and days.today() < self.over_on

    @property
    def to_say(self) -> bool:
        """Whether whoever asked is to say that the person is new, or that nobody can tell."""
        return self.said is Said.YES and not self.under_way and self.word is None and not self.said_same

    @property
    def linked(self) -> bool:
        """Whether two sides said that it is the same person."""
        return any(each.stand is PairStand.LINKED for each in self.pairs)

    @property
    def said_same(self) -> bool:
        """Whether the other side of a pair said *same*, and nobody here has said anything else."""
        return any(each.stand in (PairStand.CONFIRM, PairStand.LINKED) for each in self.pairs)


@dataclass(frozen=True, slots=True)
class DeskLine:
    """For the duty desk: who asks, who answers, and why the desk is told. No person, and nothing of how likely.
    `dealt`: the desk said today that it has dealt with it, and may take that back."""

    id: uuid.UUID
    asked_by: Whom
    holder: Whom
    found_on: date
    alarm: bool
    where: Where
    dealt: bool


def own_shelter_id(by: Actor) -> uuid.UUID:
    """The organisation of who may ask and answer; raises NotPermitted, NotVisible for anybody who takes nobody in."""
    by.must(Permission.MATCH_CHECK)
    if by.organisation_id is None or by.kind is None or not by.kind.takes_people_in:
        raise NotVisible
    return by.organisation_id


def _may(by: Actor) -> bool:
    takes_in = by.kind is not None and by.kind.takes_people_in
    return by.organisation_id is not None and takes_in and by.may(Permission.MATCH_CHECK)


def number_unasked(by: Actor) -> ColumnElement[int]:
    """How many residents have not been asked, as a part of another statement; 0 for who asks nobody."""
    if not _may(by):
        return literal(0)
    return select(func.count()).select_from(Stay).where(_not_asked(by)).scalar_subquery()


def number_under_way(by: Actor) -> ColumnElement[int]:
    """How many people said yes, anywhere, as a part of another statement: without any there is nothing to read."""
    if not _may(by) and not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    return select(func.count()).select_from(MatchQuestion).where(MatchQuestion.said == "yes").scalar_subquery()


def _not_asked(by: Actor) -> ColumnElement[bool]:
    return and_(
        Stay.organisation_id == by.organisation_id,
        Stay.ended_on.is_(None),
        ~exists().where(MatchQuestion.case_id == Stay.case_id).correlate(Stay),
        # Whose case somebody else holds already is asked there.
        exists().where(Case.id == Stay.case_id, Case.holder_id == by.organisation_id).correlate(Stay),
    )


def due(*, by: Actor) -> list[DueLine]:
    """What the actor's organisation has to do, the first day first and what has none last; raises NotPermitted,
    NotVisible."""
    own, policy, today = own_shelter_id(by), country().matching, days.today()
    there = rows.at_house(own)
    of_case = {each.id: each.case for each in there if each.asked is not None}
    lines = []
    for each in there:
        if each.asked is None:
            came, since = each.admitted_on, each.asking_since
            day = came + timedelta(days=policy.ask_days) if came and since and came >= since else None
            lines.append(DueLine(Due.ASK, each.id, each.case.pseudonym, day))
            continue
        shown = False
        for pair in each.asked.pairs:
            other = of_case.get(pair.case_id)
            if other is None or other.holder_id is None:
                continue
            if other.holder_id == own and rules.alarms(pair, other.where):
                lines.append(DueLine(Due.ALARM, pair.case_id, other.pseudonym, pair.found_on, pair.id))
            elif other.holder_id == own and pair.stand is PairStand.WAITS:
                by_then = pair.found_on + timedelta(days=policy.answer_days)
                lines.append(DueLine(Due.ANSWER, pair.case_id, other.pseudonym, by_then, pair.id))
            if each.case.holder_id == own and pair.stand in (PairStand.CONFIRM, PairStand.LINKED):
                shown = True
                if pair.stand is PairStand.CONFIRM:
                    lines.append(DueLine(Due.CONFIRM, each.id, each.case.pseudonym, today, pair.id))
        row = each.asked.row
        over_on = rules.over_on(row.asked_on, policy)
        waits = row.said == Said.YES and not (shown or row.word)
        if each.case.holder_id == own and waits and over_on <= today:
            lines.append(DueLine(Due.SAY, each.id, each.case.pseudonym, over_on))
    return sorted(lines, key=lambda line: (line.day is None, line.day or today, line.pseudonym))


@dataclass(frozen=True, slots=True)
class Board:
    """Who is asked for and may be somebody whose case the actor's organisation holds, what alarms first, also links
    that stand or were broken; the pairs in which the other side said *same* and nobody here has yet; and the links of
    those for whom it asked."""

    to_answer: list[TheirLine]
    to_confirm: list[OurLine]
    linked: list[OurLine]


def board(*, by: Actor) -> Board:
    """What waits for the actor's organisation; raises NotPermitted, NotVisible."""
    own = own_shelter_id(by)
    asked, known = [each for each in rows.with_pairs() if each.pairs], rows.all_known()
    lines = [line for line, _, _ in _theirs(by, asked, known)]
    told: list[OurLine] = []
    for each in asked:
        pairs = [pair for pair in each.pairs if pair.stand in (PairStand.CONFIRM, PairStand.LINKED)]
        if each.holder_id == own and pairs:
            told += _shown(each.row.case_id, known[each.row.case_id].pseudonym, pairs, known, by)
    lines.sort(key=lambda line: (not line.alarm, line.stand is not PairStand.WAITS, line.found_on, line.id))
    confirm, linked = ([line for line in told if line.stand is it] for it in (PairStand.CONFIRM, PairStand.LINKED))
    return Board(lines, confirm, linked)


def to_answer(*, by: Actor) -> list[TheirLine]:
    """That part of `board`."""
    return board(by=by).to_answer


def _theirs(
    by: Actor, asked: list[Asked], known: Mapping[uuid.UUID, rows.Known]
) -> list[tuple[TheirLine, Asked, Pair]]:
    organisations = names.organisations_by_id()
    wait = timedelta(days=country().matching.answer_days)
    found = []
    for each in asked:
        for pair in each.pairs:
            case = known.get(pair.case_id)
            if case is None or case.holder_id != by.organisation_id or each.holder_id is None:
                continue
            line = TheirLine(
                pair.id,
                pair.case_id,
                case.pseudonym,
                _whom(organisations[each.holder_id]) if rules.names_asker(pair, case.where) else None,
                pair.band,
                pair.found_on,
                pair.found_on + wait,
                case.where,
                pair.stand,
                pair.theirs,
                pair.broken_on,
                rules.alarms(pair, case.where),
                rules.open_to_holder(pair, case.where, days.today()),
                each.row.asked_by_id != by.member_id,
            )
            found.append((line, each, pair))
    return found


def theirs(pair_id: uuid.UUID, *, by: Actor) -> TheirLine:
    """One of `to_answer`; raises NotPermitted, NotVisible."""
    own_shelter_id(by)
    return _one_of_theirs(pair_id, by)[0]


def _one_of_theirs(pair_id: uuid.UUID, by: Actor) -> tuple[TheirLine, Asked, Pair]:
    for each in _theirs(by, [asked for asked in rows.with_pairs() if asked.pairs], rows.all_known()):
        if each[2].id == pair_id:
            return each
    raise NotVisible


def theirs_row(pair_id: uuid.UUID, *, by: Actor) -> tuple[Asked, Pair, Where]:
    """The question, the pair and how it is with the person found, for actions of the side that knows her; raises
    NotPermitted, NotVisible."""
    own_shelter_id(by)
    line, asked, pair = _one_of_theirs(pair_id, by)
    return asked, pair, line.where


def ours_row(pair_id: uuid.UUID, *, by: Actor, also_broken: bool = False) -> tuple[Asked, Pair]:
    """The question and the pair, for actions of the side that asked, and only where it sees the pair; `also_broken`: or
    saw it until its link was broken. Raises NotPermitted, NotVisible."""
    own_shelter_id(by)
    found = rows.asking(pair_id)
    if found is None:
        raise NotVisible
    asked, pair = found
    if asked.holder_id != by.organisation_id:  # before anything more is read: its time would tell
        raise NotVisible
    if not rules.shown_to_asker(pair, days.today()) and not (also_broken and pair.stand is PairStand.BROKEN):
        raise NotVisible
    return asked, pair


def of_case(case_id: uuid.UUID, *, by: Actor) -> OfCase:
    """How it stands with the question, for the organisation that holds the case; raises NotPermitted, NotVisible."""
    own = own_shelter_id(by)
    case = db.session.scalar(select(Case).where(Case.id == case_id, Case.holder_id == own, Case.status != "referred"))
    if case is None or by.member_id is None:
        raise NotVisible
    row = rows.question(case_id)
    refusal = rows.may_not_ask(case_id, own, by.member_id, days.today())
    said = Said(row.said) if row is not None else None
    return OfCase(
        said,
        row.asked_on if row is not None else None,
        row.with_guardian if row is not None else False,
        rules.over_on(row.asked_on, country().matching) if row is not None and said is Said.YES else None,
        Word(row.word) if row is not None and row.word else None,
        MatchRefusal(refusal) if refusal is not None else None,
        rows.seen_by(case_id, by.member_id),
        case.age_class != "adult",
        case.status == "closed",
        tuple(_shown_of(case, rows.opened(row), by)) if row is not None else (),
    )


def _shown_of(case: Case, pairs: list[Pair], by: Actor) -> list[OurLine]:
    return _shown(case.id, case.pseudonym, pairs, rows.known({each.case_id for each in pairs}), by)


def _shown(
    case_id: uuid.UUID, pseudonym: str, pairs: list[Pair], known: Mapping[uuid.UUID, rows.Known], by: Actor
) -> list[OurLine]:
    organisations = names.organisations_by_id()
    lines, today = [], days.today()
    for pair in pairs:
        other = known.get(pair.case_id)
        if other is None or other.holder_id is None or not rules.shown_to_asker(pair, today):
            continue
        may = pair.theirs is not None and pair.theirs.member_id != by.member_id
        whom, is_open = _whom(organisations[other.holder_id]), rules.open_to_asker(pair, today)
        lines.append(OurLine(pair.id, case_id, pseudonym, whom, pair.stand, pair.ours, is_open, may))
    return lines


def ours(pair_id: uuid.UUID, *, by: Actor) -> OurLine:
    """One pair that whoever asked may see; raises NotPermitted, NotVisible."""
    asked, pair = ours_row(pair_id, by=by)
    lines = _shown_of(db.session.get_one(Case, asked.row.case_id), [pair], by)
    if not lines:  # the other case is with no house any more
        raise NotVisible
    return lines[0]


def number_to_encode(*, by: Actor) -> int:
    """How many people of the actor's organisation said yes and are not encoded under the newest version; raises
    NotPermitted, NotVisible."""
    own = own_shelter_id(by)
    newest = vault.newest(db.session())
    version = newest.version if newest is not None else 1
    counted = select(func.count()).select_from(Case).where(rows.not_encoded(own, version))
    return db.session.scalar(counted) or 0


def desk(*, by: Actor) -> list[DeskLine]:
    """For the duty desk: who asks for a person who is there, and who has not answered for longer than the country says.
    Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    asked = [each for each in rows.with_pairs() if each.pairs]
    known = rows.all_known()
    organisations = names.organisations_by_id()
    today = days.today()
    late = today - timedelta(days=country().matching.answer_days)
    lines = []
    for each in asked:
        for pair in each.pairs:
            case = known.get(pair.case_id)
            if case is None or case.holder_id is None or each.holder_id is None:
                continue
            dealt = pair.looked_on == today and rules.alarms_desk(replace(pair, looked_on=None), case.where)
            alarm = dealt or rules.alarms_desk(pair, case.where)
            if alarm or (pair.stand is PairStand.WAITS and pair.found_on < late):
                whose, holder = organisations[each.holder_id], organisations[case.holder_id]
                lines.append(DeskLine(pair.id, _whom(whose), _whom(holder), pair.found_on, alarm, case.where, dealt))
    return sorted(lines, key=lambda line: (not line.alarm, line.dealt, line.found_on, line.id))


def _whom(organisation: Organisation) -> Whom:
    return Whom(organisation.names, names.number_now(organisation.party))


def name_of(member_id: uuid.UUID, *, by: Actor) -> str:
    """The name of a colleague; empty for a member of another organisation: of others nobody sees who works there."""
    found = db.session.get(Member, member_id)
    return found.name if found is not None and found.organisation_id == by.organisation_id else ""
