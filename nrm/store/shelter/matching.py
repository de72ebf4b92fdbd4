"""Whether people were here before, as far as the asker may know it.

Whoever asked sees nothing of what was found until the other side has said *same*, and nothing at all of a person who is
there now. What a page of theirs says is the same whatever was found (ADR 0130).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter import matching as rules
from nrm.domain.shelter.matching import (
    Answer,
    House,
    MatchRefusal,
    Pair,
    PairStand,
    Said,
    Side,
    Where,
    Word,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import MatchQuestion
from nrm.models.shelter.stays import Stay
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.store.rows.shelter import matching as rows
from nrm.store.rows.shelter.matching import Asked
from nrm.store.shelter.match_lines import (
    SAME,
    Board,
    BrokenLine,
    DeskLine,
    Due,
    DueLine,
    GoneLine,
    OfCase,
    OurLine,
    TheirLine,
    UnderWay,
    Whom,
)
from nrm.vault import matching as vault


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
            if not each.parked:
                lines.append(DueLine(Due.ASK, each.id, each.case.pseudonym, day))
            continue
        if each.left_out and each.case.holder_id == own and not each.parked:
            lines.append(DueLine(Due.ENCODE, each.id, each.case.pseudonym, today))
        shown = False
        for pair in each.asked.pairs:
            other = of_case.get(pair.case_id)
            if other is None or other.holder_id is None:
                continue
            asker, holder = each.case.house, other.house
            if holder.id == own and not rules.hidden_from_holder(pair, asker, holder):
                lines += _due_to_holder(pair, other, pair.case_id, is_own=asker.id == own)
            if asker.id == own and not rules.hidden_from_asker(pair, asker, holder):
                shown = shown or pair.stand in SAME
                lines += _due_to_asker(pair, each.case, each.id)
        row = each.asked.row
        over_on = rules.over_on(row.asked_on, policy)
        waits = row.said == Said.YES and not (shown or row.word) and not each.parked
        if each.case.holder_id == own and waits and over_on <= today:
            lines.append(DueLine(Due.SAY, each.id, each.case.pseudonym, over_on))
    return sorted(lines, key=lambda line: (line.day is None, line.day or today, line.pseudonym))


def _due_to_holder(pair: Pair, case: rows.Known, case_id: uuid.UUID, *, is_own: bool) -> Iterator[DueLine]:
    """What waits for the side that knows the person who was found."""
    seen, where = _seen(pair, case.where, is_own)

    def line(what: Due, day: date) -> DueLine:
        return DueLine(what, case_id, case.pseudonym, day, pair.id)

    if rules.alarms(seen, where):
        yield line(Due.ALARM, pair.found_on)
    elif pair.stand is PairStand.WAITS:
        yield line(Due.ANSWER, _answer_by(pair.found_on))
    elif pair.stand is PairStand.PROPOSED and pair.ours is not None:
        yield line(Due.ANSWER, _answer_by(_day(pair.ours.at)))
    elif rules.was_not_reached(pair.theirs) and pair.theirs is not None:
        yield line(Due.ANSWER, _day(pair.theirs.at) + timedelta(days=1))
    if Side.HOLDER in pair.unread:
        yield line(Due.READ_THEIRS, days.today())


def _due_to_asker(pair: Pair, case: rows.Known, case_id: uuid.UUID) -> Iterator[DueLine]:
    """What waits for whoever asked."""

    def line(what: Due, day: date) -> DueLine:
        return DueLine(what, case_id, case.pseudonym, day, pair.id)

    if pair.stand in (PairStand.MAY_BE, PairStand.CONFIRM) and pair.theirs is not None:
        yield line(Due.CONFIRM, _answer_by(_day(pair.theirs.at)))  # they are to call the other side first
    elif pair.told and rules.was_not_reached(pair.ours) and pair.ours is not None:
        yield line(Due.CONFIRM, _day(pair.ours.at) + timedelta(days=1))
    if Side.ASKER in pair.unread:
        yield line(Due.READ_OURS, days.today())


def _day(at: datetime) -> date:
    return clock.day_of(at, country().timezone)


def _answer_by(since: date) -> date:
    return since + timedelta(days=country().matching.answer_days)


def _seen(pair: Pair, where: Where, is_own: bool) -> tuple[Pair, Where]:
    """A pair and how it is with the person, as the rules see them. Of two cases of one house nothing is kept from it:
    it holds both."""
    return (replace(pair, there=False), Where()) if is_own else (pair, where)


def board(*, by: Actor) -> Board:
    """What waits for the actor's organisation; raises NotPermitted, NotVisible."""
    own, everything, today = own_shelter_id(by), _Everything(), days.today()
    lines = [line for line, _, _ in everything.theirs(by)]
    lines.sort(key=lambda line: (not line.alarm, line.stand is not PairStand.WAITS, line.found_on, line.id))
    told: list[OurLine] = []
    under_way, gone = [], []
    for each in everything.asked:
        gone += [
            GoneLine(pair.id, rules.number_of(pair.number, pair.id), pair.on) for pair in each.gone if own in pair.told
        ]
        if each.holder_id != own:
            continue
        mine = everything.ours(each, by)
        told += mine
        over_on = rules.over_on(each.row.asked_on, country().matching)
        if today < over_on and not each.row.word and not any(line.stand in SAME for line in mine):
            pseudonym = everything.known[each.row.case_id].pseudonym
            under_way.append(UnderWay(each.row.case_id, pseudonym, over_on, rules.number_of(each.number)))
    return Board(lines, told, sorted(under_way, key=lambda line: (line.over_on, line.pseudonym)), gone)


def to_answer(*, by: Actor) -> list[TheirLine]:
    """That part of `board`."""
    return board(by=by).to_answer


class _Everything:
    """All that was asked, with whose cases they are: read with the same statements whatever was found."""

    def __init__(self) -> None:
        self.asked = list(rows.with_pairs())
        self.known = rows.all_known()
        self._organisations = names.organisations_by_id()
        self._same: dict[uuid.UUID, list[tuple[Asked, Pair]]] = {}
        for each in self.asked:
            for pair in each.pairs:
                if pair.theirs is not None and pair.theirs.answer is Answer.SAME:
                    self._same.setdefault(pair.case_id, []).append((each, pair))

    def sides(self, asked: Asked, pair: Pair) -> tuple[House, House] | None:
        """(who asked, who knows the person who was found); None if one of the cases is with no house any more."""
        other = self.known.get(pair.case_id)
        if other is None or other.holder_id is None or asked.holder_id is None:
            return None
        return asked.house, other.house

    def theirs(self, by: Actor, case_id: uuid.UUID | None = None) -> list[tuple[TheirLine, Asked, Pair]]:
        """What the actor's organisation is asked, or what is asked of one case."""
        found = []
        for each in self.asked:
            for pair in each.pairs:
                sides = self.sides(each, pair)
                if sides is None or sides[1].id != by.organisation_id or case_id not in (None, pair.case_id):
                    continue
                if not rules.hidden_from_holder(pair, *sides):
                    found.append((self._their_line(each, pair, by, is_own=sides[0].id == sides[1].id), each, pair))
        return found

    def _their_line(self, asked: Asked, pair: Pair, by: Actor, *, is_own: bool) -> TheirLine:
        case = self.known[pair.case_id]
        seen, where = _seen(pair, case.where, is_own)
        names_asker = is_own or rules.names_asker(seen)
        assert asked.holder_id is not None
        not_mine = pair.ours is None or pair.ours.member_id != by.member_id
        return TheirLine(
            **self._common(asked, pair, by, Side.HOLDER, pair.case_id, is_own=is_own),
            open=rules.open_to_holder(pair, where, clock.now()),
            may_answer=asked.row.asked_by_id != by.member_id and not_mine,
            asked_by=self.whom(asked.holder_id) if names_asker else None,
            found_on=pair.found_on,
            found_at=pair.found_at,
            due_on=_answer_by(pair.found_on),
            where=case.where,
            alarm=rules.alarms(seen, where),
            desk=rules.desk_of(seen, where),
        )

    def ours(self, asked: Asked, by: Actor, pair_id: uuid.UUID | None = None) -> list[OurLine]:
        """The pairs of a question of the actor's organisation of which it was told."""
        found = []
        for pair in asked.pairs:
            sides = self.sides(asked, pair)
            if sides is None or not pair.ever_told or pair_id not in (None, pair.id):
                continue
            if rules.hidden_from_asker(pair, *sides):
                continue
            is_own = sides[0].id == sides[1].id
            found.append(
                OurLine(
                    **self._common(asked, pair, by, Side.ASKER, asked.row.case_id, is_own=is_own),
                    open=rules.open_to_asker(pair, clock.now()),
                    may_answer=pair.theirs is None or pair.theirs.member_id != by.member_id,
                    other=self.whom(sides[1].id),
                )
            )
        return found

    def _common(
        self, asked: Asked, pair: Pair, by: Actor, side: Side, case_id: uuid.UUID, *, is_own: bool
    ) -> dict[str, Any]:
        broken, other_id = pair.broken, asked.row.case_id if side is Side.HOLDER else pair.case_id
        return {
            "id": pair.id,
            "case_id": case_id,
            "pseudonym": self.known[case_id].pseudonym,
            "number": rules.number_of(asked.number, pair.id),
            "mark": pair.mark,
            "own": is_own,
            "other_case_id": other_id if is_own else None,
            "other_pseudonym": self.known[other_id].pseudonym if is_own else "",
            "band": pair.band,
            "stand": pair.stand,
            "theirs": pair.theirs,
            "ours": pair.ours,
            "broken": BrokenLine(self.whom(broken.by_id) if broken.by_id else None, broken.at, broken.why)
            if broken
            else None,
            "also": tuple(self.also(pair, by, side)),
            "unread": side in pair.unread,
        }

    def also(self, pair: Pair, by: Actor, side: Side) -> Iterator[str]:
        """The other pairs of which the same was said of the person who was found. Whoever asked reads of its own alone:
        that somebody else asks, too, is not theirs to know."""
        for asked, other in self._same.get(pair.case_id, ()):
            sides = self.sides(asked, other)
            if other.id == pair.id or sides is None:
                continue
            if side is Side.HOLDER and not rules.hidden_from_holder(other, *sides):
                yield rules.number_of(asked.number, other.id)
            mine = side is Side.ASKER and asked.holder_id == by.organisation_id and other.told
            if mine and not rules.hidden_from_asker(other, *sides):
                yield f"{rules.number_of(asked.number, other.id)} ({self.known[asked.row.case_id].pseudonym})"

    def whom(self, organisation_id: uuid.UUID) -> Whom:
        """An organisation, as its names and its telephone."""
        return _whom(self._organisations[organisation_id])


def theirs(pair_id: uuid.UUID, *, by: Actor) -> TheirLine:
    """One of `to_answer`; raises NotPermitted, NotVisible."""
    own_shelter_id(by)
    return _one_of_theirs(pair_id, by)[0]


def _one_of_theirs(pair_id: uuid.UUID, by: Actor) -> tuple[TheirLine, Asked, Pair]:
    for each in _Everything().theirs(by):
        if each[2].id == pair_id:
            return each
    raise NotVisible


def theirs_row(pair_id: uuid.UUID, *, by: Actor) -> tuple[TheirLine, Asked, Pair, Where]:
    """What the side that knows the person sees, the question, the pair and how it is with the person found, for its
    actions; raises NotPermitted, NotVisible."""
    own_shelter_id(by)
    line, asked, pair = _one_of_theirs(pair_id, by)
    return line, asked, pair, _seen(pair, line.where, line.own)[1]


def ours_row(pair_id: uuid.UUID, *, by: Actor) -> tuple[OurLine, Asked, Pair]:
    """What the side that asked sees, the question and the pair, for its actions; raises NotPermitted, NotVisible."""
    own, everything = own_shelter_id(by), _Everything()
    for asked in everything.asked:
        for pair in asked.pairs:
            if pair.id == pair_id and asked.holder_id == own:
                for line in everything.ours(asked, by, pair_id):
                    return line, asked, pair
    raise NotVisible


def gone(pair_id: uuid.UUID, *, by: Actor) -> GoneLine:
    """A pair that is asked about no more, for an organisation that was part of it; raises NotPermitted, NotVisible for
    everybody else, after as much reading."""
    own = own_shelter_id(by)
    for each in rows.with_pairs():
        for pair in each.gone:
            if pair.id == pair_id and own in pair.told:
                return GoneLine(pair.id, rules.number_of(pair.number, pair.id), pair.on)
    raise NotVisible


def of_case(case_id: uuid.UUID, *, by: Actor) -> OfCase:
    """How it stands with the question, for the organisation that holds the case; raises NotPermitted, NotVisible."""
    own = own_shelter_id(by)
    case = db.session.scalar(select(Case).where(Case.id == case_id, Case.holder_id == own, Case.status != "referred"))
    if case is None or by.member_id is None:
        raise NotVisible
    row, everything = rows.question(case_id), _Everything()
    refusal = rows.may_not_ask(case_id, own, by.member_id, days.today())
    said = Said(row.said) if row is not None else None
    asked = next((each for each in everything.asked if each.row.case_id == case_id), None)
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
        act_rows.parking(case_id) is not None,
        rules.number_of(asked.number) if asked is not None else "",
        rows.said_at(case_id, _begins(row.asked_on)) if row is not None and said is Said.YES else None,
        said is Said.YES and not rows.yes_holds(case_id),
        bool(rows.house_of(case_id).struck),
        tuple(everything.ours(asked, by)) if asked is not None else (),
        tuple(line for line, _, _ in everything.theirs(by, case_id)),
        said is Said.REFUSED and rows.last_asked(case_id) is not None,
        rows.yes_back_until(case_id, by.member_id) if said is Said.REFUSED else None,
        rows.is_left_out(case_id),
    )


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), country().timezone)


def is_looked_for(case_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the person's yes holds, for the organisation that holds the case and may ask."""
    if not _may(by):
        return False
    row = rows.question(case_id)
    held = db.session.scalar(select(exists().where(Case.id == case_id, Case.holder_id == by.organisation_id)))
    return held is True and row is not None and row.said == Said.YES


def ours(pair_id: uuid.UUID, *, by: Actor) -> OurLine:
    """One pair that whoever asked may see; raises NotPermitted, NotVisible."""
    return ours_row(pair_id, by=by)[0]


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
    everything, today = _Everything(), days.today()
    late = today - timedelta(days=country().matching.answer_days)
    lines = []
    for each in everything.asked:
        for pair in each.pairs:
            sides = everything.sides(each, pair)
            # Of two cases of one house nobody has to be told; and who was struck out is told nothing by the desk.
            if sides is None or rules.hidden_from_all(pair, *sides):
                continue
            asker, holder = sides
            where, is_own = everything.known[pair.case_id].where, asker.id == holder.id
            before = replace(pair, looked_on=None) if pair.looked_on == today else pair
            alarm = not is_own and rules.alarms_desk(before, where)
            doubted = not is_own and rules.waits_for_desk(replace(before, released=False))
            if alarm or doubted or (pair.stand is PairStand.WAITS and pair.found_on < late and not pair.held):
                lines.append(
                    DeskLine(
                        pair.id,
                        everything.whom(asker.id),
                        everything.whom(holder.id),
                        pair.found_on,
                        pair.found_at,
                        alarm,
                        where,
                        before is not pair and (alarm or doubted),
                        rules.number_of(each.number, pair.id),
                        pair.stand,
                        pair.held or (pair.thin and not (where.guarded or pair.there)),
                        pair.released,
                    )
                )
        for lost in each.gone:
            if lost.alarmed is not None and lost.is_of_desk(today):
                who, where_she_is = map(everything.whom, lost.alarmed)
                number, untold = rules.number_of(lost.number, lost.id), lost.alarmed[1] not in lost.told
                line = DeskLine(lost.id, who, where_she_is, lost.on, None, True, Where(), False, number, None, untold)
                lines.append(line)
    return sorted(lines, key=lambda line: (not line.alarm, line.dealt, line.found_on, line.id))


def _whom(organisation: Organisation) -> Whom:
    return Whom(organisation.names, names.number_now(organisation.party))


def name_of(member_id: uuid.UUID, *, by: Actor) -> str:
    """The name of a colleague; empty for a member of another organisation: of others nobody sees who works there."""
    found = db.session.get(Member, member_id)
    return found.name if found is not None and found.organisation_id == by.organisation_id else ""
