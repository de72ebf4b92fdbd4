"""Asking a person whether she may be looked for among whoever was here before, and what both sides say (ADR 0130).

What is said after a case was closed, or twice: ADR 0144.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit, clock, extras
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.accounts.alarms import AlarmKind
from nrm.domain.shelter import matching as rules
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused
from nrm.domain.shelter.matching import (
    Answer,
    BreakWhy,
    Broken,
    Course,
    MatchRefusal,
    MatchRefused,
    Opinion,
    Pair,
    PairStand,
    Said,
    Side,
    Why,
    Word,
)
from nrm.models.accounts.accounts import Instance
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import MatchAsked, MatchQuestion, SeenByMember
from nrm.steps.accounts import many_acts
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import matching as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.shelter import matching as rows
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import matching as store
from nrm.store.shelter.match_lines import OurLine, TheirLine
from nrm.vault import matching as vault

CannotOpen = vault.CannotOpen
_AT_ONCE = 100
"""How many are compared in one `tend`, or encoded again in one transaction."""
KEY_DAYS = 90
"""How long a version of the matching key holds at least: until everybody is encoded again, fewer are found."""


class TooSoon(Exception):
    """The matching key was made a short while ago."""


def seen(*, case_id: uuid.UUID, by: Actor, taken_back: bool = False) -> None:
    """A second member says that she has seen the person of a case that the house opened itself; `taken_back`: that this
    was a mistake, until a yes was recorded with it. A second time changes nothing. Raises NotPermitted, NotVisible,
    CaseRefused, MatchRefused."""
    store.own_shelter_id(by)
    with transaction() as session:
        case_steps.held_open_case(case_id, by)
        row = session.get(SeenByMember, (case_id, by.member_id))
        if (row is None) is taken_back:
            return
        if row is None:
            session.add(SeenByMember(case_id=case_id, member_id=by.member_id, seen_on=days.today()))
        else:
            asked = rows.question(case_id)
            if asked is not None and asked.said == Said.YES:
                raise MatchRefused(MatchRefusal.DECIDED)
            session.delete(row)
        audit.append(session, audit.Event.MATCH_SEEN, by=by, case_id=case_id, taken_back=taken_back)


def ask(*, case_id: uuid.UUID, said: Said, with_guardian: bool, by: Actor, read: str | None = None) -> None:
    """Write down what the person answered; after a yes she is encoded, and compared by the next `tend`. `read`: the
    answer that the page showed: if there is another one meanwhile, nothing is written (MatchRefused, `changed`).

    While her yes holds, a yes compares her once more: it stays as it was said, with its day, its end and who heard it.

    What happens here, and how long it takes, does not depend on who else is known. Raises NotPermitted, NotVisible,
    CaseRefused, CannotOpen, MatchRefused.
    """
    own = store.own_shelter_id(by)
    assert by.member_id is not None
    with transaction() as session:
        case = case_steps.held_open_case(case_id, by)
        row = rows.question(case_id)
        if said is Said.YES and case.age_class != "adult" and not with_guardian:
            raise MatchRefused(MatchRefusal.GUARDIAN)  # a no needs nobody's agreement (ADR 0213)
        if said is Said.REFUSED:
            if row is not None and row.said == Said.YES:  # that takes the yes back, and has a page of its own
                raise MatchRefused(MatchRefusal.CHANGED)
            _write(session, case, Said.REFUSED, with_guardian, by)
            steps.count(session, case.id)
            audit.append(session, audit.Event.MATCH_REFUSED, by=by, case_id=case.id)
            return
        extras.needed()
        why = rows.may_not_ask(case_id, own, by.member_id, days.today())
        if why is not None:
            raise MatchRefused(MatchRefusal(why))
        last, holds = rows.last_asked(case_id), row is not None and rows.yes_holds(case_id)
        twice = last is not None and last.member_id == by.member_id and last.at > clock.now() - rules.ONE_PRESS
        if row is not None and holds and twice and not row.searched:
            steps.encode(session, case, by)  # the name may have been written another way meanwhile
            return
        if read is not None and read != (row.said if row is not None else ""):
            raise MatchRefused(MatchRefusal.CHANGED)
        midnight = datetime.combine(days.today(), time(), country().timezone)
        if rows.number_asked(by.member_id, midnight) >= country().matching.questions_a_day:
            raise MatchRefused(MatchRefusal.TOO_MANY)
        if last is not None and rows.number_again(by.member_id, midnight) >= country().matching.again_a_day:
            raise MatchRefused(MatchRefusal.TOO_MANY_AGAIN)
        steps.encode(session, case, by)
        if row is not None and holds:
            _compare_again(session, row)
        else:
            _write(session, case, said, with_guardian, by)
        session.add(
            MatchAsked(id=uuid.uuid4(), member_id=by.member_id, organisation_id=own, case_id=case_id, at=clock.now())
        )
        many_acts.look(session, AlarmKind.QUESTIONS, by)
        steps.count(session, case_id)
        audit.append(session, audit.Event.MATCH_ASKED, by=by, case_id=case_id)


def take_back(*, case_id: uuid.UUID, by: Actor) -> None:
    """The person takes the yes back, a child alone, too: the encoding and all pairs of this question are destroyed,
    links, too. Also once the case is closed, and while it is closed to everybody: it destroys, and opens nothing. That
    the person was asked, and when, stays. A second time changes nothing. Raises NotPermitted, NotVisible, CaseRefused,
    MatchRefused."""
    with transaction() as session:
        _held(case_id, by)
        row = rows.question(case_id)
        if row is None or row.said != Said.YES:
            return
        steps.forget(session, case_id, links=True)  # before the answer: who was part of a pair is told that it is gone
        row = session.get_one(MatchQuestion, case_id, populate_existing=True)
        row.said, row.searched, row.revision, row.sealed_pairs = str(Said.REFUSED), False, row.revision + 1, None
        session.flush()
        steps.count(session, case_id)
        audit.append(session, audit.Event.MATCH_REFUSED, by=by, case_id=case_id, taken_back=True)


def give_yes_back(*, case_id: uuid.UUID, by: Actor) -> None:
    """Who pressed that the yes is taken back pressed the wrong button, and says so within 15 minutes: the yes holds as
    it was said, and the person is compared anew. What was linked is answered anew. A second time changes nothing.
    Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, MatchRefused (`decided`, `no_name`)."""
    with transaction() as session:
        case, row = _held(case_id, by), rows.question(case_id)
        if row is not None and row.said == Said.YES:
            return
        if row is None or rows.yes_back_until(case_id, by.member_id) is None:
            raise MatchRefused(MatchRefusal.DECIDED)
        row.said, row.searched, row.revision = str(Said.YES), False, row.revision + 1
        row.sealed_pairs = vault.sealed_pairs(case_id, row.revision, vault.numbered(vault.Found()))
        session.flush()
        steps.encode(session, case, by)
        steps.count(session, case_id)
        audit.append(session, audit.Event.MATCH_YES_BACK, by=by, case_id=case_id)


def _held(case_id: uuid.UUID, by: Actor) -> Case:
    own, case = store.own_shelter_id(by), case_store.row(case_id, by=by, lock=True)
    if case.holder_id != own or case.status == "referred":
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    return case


def _compare_again(session: Session, row: MatchQuestion) -> None:
    """The person is compared with the yes of before, which nobody says anew."""
    found = rows.sealed(row)
    row.searched, row.word, row.revision = False, "", row.revision + 1
    row.sealed_pairs = vault.sealed_pairs(row.case_id, row.revision, vault.numbered(found))
    session.flush()


def _write(session: Session, case: Case, said: Said, with_guardian: bool, by: Actor) -> None:
    row = rows.question(case.id)
    found = rows.sealed(row) if row is not None and said is Said.YES else vault.Found()
    revision = 1 if row is None else row.revision + 1
    if row is None:
        row = MatchQuestion(case_id=case.id)
        session.add(row)
    assert by.member_id is not None
    row.said, row.asked_on, row.asked_by_id = str(said), days.today(), by.member_id
    row.with_guardian, row.searched, row.word, row.revision = with_guardian, False, "", revision
    row.sealed_pairs = vault.sealed_pairs(case.id, revision, vault.numbered(found)) if said is Said.YES else None
    session.flush()


def answer(
    *, pair_id: uuid.UUID, answer: Answer, why: Why, by: Actor, read: str | None = None, twice: bool = False
) -> None:
    """The side that knows the person who was found says what it thinks. `read`: the mark of the pair that the page
    showed: if it is another one meanwhile, nothing is recorded (`changed`); `twice`: it knows that it said *same* of
    another person, too (else `twice`). Raises NotPermitted, NotVisible, MatchRefused."""
    with transaction() as session:
        line, asked, pair, where = store.theirs_row(pair_id, by=by)
        assert by.member_id is not None
        if asked.row.asked_by_id == by.member_id:
            raise MatchRefused(MatchRefusal.SAME_MEMBER)
        opinion = Opinion(answer, why, by.member_id, clock.now())
        if opinion.says_as(pair.theirs) and not (pair.untold and not where.guarded):
            return  # pressed twice; of somebody who is there no longer the same is said anew
        _check_read(line, answer, read, twice=twice)
        steps.put_pair(session, asked.row, _of_side(rules.answered(pair, opinion, where), line))
        audit.append(session, audit.Event.MATCH_ANSWERED, by=by, pair_id=pair_id)


def confirm(
    *,
    pair_id: uuid.UUID,
    answer: Answer,
    why: Why,
    course: Course | None,
    by: Actor,
    read: str | None = None,
    twice: bool = False,
) -> None:
    """Whoever asked says what they think, once the other side said *same*; two *same* link the cases. Of a link that
    was broken, they may say it first. `course`: with *same*; `read`, `twice`: as `answer`. Raises NotPermitted,
    NotVisible, MatchRefused."""
    with transaction() as session:
        line, asked, pair = store.ours_row(pair_id, by=by)
        assert by.member_id is not None
        opinion = Opinion(answer, why, by.member_id, clock.now(), course if answer is Answer.SAME else None)
        if opinion.says_as(pair.ours):
            return  # pressed twice
        _check_read(line, answer, read, twice=twice)
        steps.put_pair(session, asked.row, _of_side(rules.confirmed(pair, opinion), line))
        audit.append(session, audit.Event.MATCH_CONFIRMED, by=by, pair_id=pair_id)


def change_course(*, pair_id: uuid.UUID, course: Course, by: Actor, read: str | None = None) -> None:
    """The house that asked says that the linked case is something else than it had said, within the same hours as for
    other answers; nobody breaks the link for it. `read`: as `answer`. Raises NotPermitted, NotVisible, MatchRefused."""
    with transaction() as session:
        line, asked, pair = store.ours_row(pair_id, by=by)
        assert by.member_id is not None
        if pair.ours is not None and pair.ours.course is course:
            return  # pressed twice
        if read is not None and read != line.mark:
            raise MatchRefused(MatchRefusal.CHANGED)
        steps.put_pair(session, asked.row, rules.of_course(pair, course, by.member_id, clock.now()))
        audit.append(session, audit.Event.MATCH_CONFIRMED, by=by, pair_id=pair_id)


def _check_read(line: TheirLine | OurLine, answer: Answer, read: str | None, *, twice: bool) -> None:
    if read is not None and read != line.mark:
        raise MatchRefused(MatchRefusal.CHANGED)
    if answer is Answer.SAME and line.also and not twice:
        raise MatchRefused(MatchRefusal.TWICE)


def _of_side(pair: Pair, line: TheirLine | OurLine) -> Pair:
    """Of two cases of one house there is no other house to tell."""
    return replace(pair, unread=frozenset()) if line.own else pair


def break_link(*, pair_id: uuid.UUID, why: BreakWhy, by: Actor) -> None:
    """A member of either side says that the link is a mistake, and why; the other side is told. Both may say *same*
    again. Raises NotPermitted, NotVisible, MatchRefused."""
    with transaction() as session:
        line: TheirLine | OurLine
        try:
            line, asked, pair, _ = store.theirs_row(pair_id, by=by)
            side = Side.HOLDER
        except NotVisible:
            line, asked, pair = store.ours_row(pair_id, by=by)
            side = Side.ASKER
        if pair.stand is PairStand.BROKEN and pair.broken is not None and pair.broken.by_id == by.organisation_id:
            return  # pressed twice
        how = Broken(by.organisation_id, clock.now(), why)
        steps.put_pair(session, asked.row, _of_side(rules.broken(pair, how, side), line))
        audit.append(session, audit.Event.MATCH_BROKEN, by=by, pair_id=pair_id)


def read(*, pair_id: uuid.UUID, by: Actor) -> None:
    """A member has read what the other side did. A second time changes nothing. Raises NotPermitted, NotVisible,
    MatchRefused."""
    with transaction() as session:
        try:
            _, asked, pair, _ = store.theirs_row(pair_id, by=by)
            side = Side.HOLDER
        except NotVisible:
            _, asked, pair = store.ours_row(pair_id, by=by)
            side = Side.ASKER
        if side in pair.unread:
            steps.put_pair(session, asked.row, replace(pair, unread=pair.unread - {side}))


def say(*, case_id: uuid.UUID, word: Word, by: Actor) -> None:
    """Once the check is over and nobody is confirmed, say whether this is a new person, also of a case that was closed
    meanwhile. Raises NotPermitted, NotVisible, CaseRefused, MatchRefused."""
    store.own_shelter_id(by)
    with transaction() as session:
        case_steps.held_case(case_id, by)
        row = rows.question(case_id)
        if row is None or row.said != Said.YES or days.today() < rules.over_on(row.asked_on, country().matching):
            raise MatchRefused(MatchRefusal.NOT_OVER)
        row.word = str(word)
        session.flush()
        steps.count(session, case_id)
        audit.append(session, audit.Event.MATCH_WORD, by=by, case_id=case_id)


def search_due() -> int:
    """Compare whoever was encoded since; returns how many. Done by `tend`, so that no request tells by its time whether
    anybody was found. Without what compares they wait."""
    if not extras.installed():
        return 0
    with transaction() as session:
        try:
            newest = vault.newest(session)
        except CannotOpen:
            return 0
        due = rows.due_for_search(newest.version, _AT_ONCE) if newest is not None else []
        return steps.search(session, newest.version, due) if newest is not None and due else 0


@dataclass(frozen=True, slots=True)
class Encoded:
    """How many people were encoded, and how many could not be, because no name of them opens."""

    encoded: int
    left: int


def new_key(*, by: Actor) -> int:
    """A new version of the matching key; returns it. From now on only those are compared who are encoded under it:
    every organisation encodes its own again. Raises NotPermitted, NotVisible, TooSoon, CannotOpen."""
    store.own_shelter_id(by)
    by.must(Permission.TEAM_MANAGE)
    with transaction() as session:
        session.execute(select(Instance.id).with_for_update())
        before = vault.newest(session)
        if before is not None and (days.today() - before.made_on).days < KEY_DAYS:
            raise TooSoon
        version = vault.make(session, by=by)
        audit.append(session, audit.Event.MATCHING_KEY_MADE, by=by, version=version)
        return version


def encode_due(*, by: Actor, progress: Callable[[int], None] | None = None, most: int | None = None) -> Encoded:
    """Encode the organisation's own people who are not under the newest version, batch by batch: what was stored stays
    when it is interrupted, and the next call goes on. `most`: at most so many, for a page. Raises NotPermitted,
    NotVisible."""
    own = store.own_shelter_id(by)
    extras.needed()
    done, cannot, after = 0, 0, uuid.UUID(int=0)
    while most is None or done < most:
        with transaction() as session:
            link = vault.link(session, by=by)
            if link is None:
                return Encoded(done, store.number_to_encode(by=by))
            vault.hand_on(session, by=by)
            wanted = select(Case).where(rows.not_encoded(own, link.version), Case.id > after)
            batch = session.scalars(wanted.order_by(Case.id).limit(_AT_ONCE)).all()
            for case in batch:
                after = case.id
                try:
                    vault.encode_case(session, case, link, by=by)
                except (vault.NoName, CannotOpen):
                    cannot += 1
                    continue
                question = rows.question(case.id)
                if question is not None:
                    question.searched = False
                done += 1
            if batch:
                audit.append(session, audit.Event.MATCH_ENCODED, by=by, version=link.version, people=len(batch))
        if progress is not None:
            progress(len(batch))
        if len(batch) < _AT_ONCE:
            break
    return Encoded(done, cannot)
