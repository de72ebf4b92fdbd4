"""As what a person counts and since when, for the holder, the duty desk and the service that assesses a child."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, bindparam, func, literal, or_, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter.ages import ADULT, CHILD, SMALL, Kind, Word, assessable
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case
from nrm.store import days
from nrm.store.rows.shelter import ages as age_rows
from nrm.store.shelter import age_words, cases, findings
from nrm.store.shelter.age_words import WordLine
from nrm.store.shelter.cases import CaseRelation

_MOST = 50


@dataclass(frozen=True, slots=True)
class AgeLine:
    """One entry. `organisation`: empty where the calendar made it."""

    kind: Kind
    adult_month: date | None
    from_on: date | None
    age_class: str
    organisation: dict[str, str]


@dataclass(frozen=True, slots=True)
class Age:
    """What the page of an age shows, and what the asker may record. `word`: what was said last of a child who is to
    count as an adult; `word_waits`: for another organisation; then the asker may answer it, or take it back."""

    pseudonym: str
    age_class: str
    adult_month: date | None
    lines: tuple[AgeLine, ...]
    holds: bool
    may_assess: tuple[str, ...]  # as which classes
    word: WordLine | None
    word_waits: bool
    may_answer: bool
    may_take_back: bool
    may_say_slip: bool
    """The holder can say that it recorded an adult as a child by mistake."""


@dataclass(frozen=True, slots=True)
class TurningLine:
    """A minor of the shelter who turns 18 this month, or did; None where nobody entered the month yet."""

    case_id: uuid.UUID
    pseudonym: str
    adult_month: date | None


def relation(case_id: uuid.UUID, *, by: Actor) -> CaseRelation:
    """What the asker is to an open case whose age may be read: the holder, the duty desk, or child protection that
    assesses the child or reads a part (`shared`), and nobody else who reads a part. Raises NotVisible."""
    found: CaseRelation | None = None
    try:
        findings.to_assess(case_id, by=by)
        found = CaseRelation.SHARED
    except NotVisible:
        found = cases.visible(case_id, by=by)
    case = db.session.get_one(Case, case_id)
    if case.status != "open" or found not in (CaseRelation.HOLDER, CaseRelation.DUTY_OFFICER, CaseRelation.SHARED):
        raise NotVisible
    assesses = by.kind is OrganisationKind.CHILD_PROTECTION and case.age_class != ADULT
    if found is CaseRelation.SHARED and not assesses:
        raise NotVisible
    return found


def is_shown(case_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the asker may read the age of this case: not while it waits at a post."""
    try:
        relation(case_id, by=by)
    except NotVisible:
        return False
    return True


def row(case_id: uuid.UUID, *, by: Actor) -> tuple[Case, CaseRelation]:
    """The case, locked, and what the asker is to it. Raises NotVisible."""
    found = relation(case_id, by=by)
    return db.session.get_one(Case, case_id, populate_existing=True, with_for_update=True), found


def of_case(case_id: uuid.UUID, *, by: Actor) -> Age:
    """The age of one person; raises NotVisible."""
    mine = relation(case_id, by=by)
    case = db.session.get_one(Case, case_id)
    statement = (
        select(CaseAge, Organisation)
        .outerjoin(Organisation, Organisation.id == CaseAge.organisation_id)
        .where(CaseAge.case_id == case_id)
        .order_by(CaseAge.position.desc())
    )
    found = db.session.execute(statement).all()
    lines = [
        AgeLine(Kind(each.kind), each.adult_month, each.from_on, each.age_class, who.names if who else {})
        for each, who in found
    ]
    slip = bool(found) and age_rows.may_be_slip(found[0][0], by.organisation_id)
    holds = mine is CaseRelation.HOLDER and by.may(Permission.STAY_MANAGE)
    may_assess = assessable(case.age_class, holds=mine is CaseRelation.HOLDER)
    word, waits = age_words.of_case(case), age_words.waiting(case) is not None
    answers = word is not None and waits and mine is not CaseRelation.HOLDER
    its_own = word is not None and waits and word.organisation_id == by.organisation_id
    if waits and word is not None and not word.of_month:
        may_assess = tuple(each for each in may_assess if each != ADULT)
    return Age(
        case.pseudonym,
        case.age_class,
        case.adult_month,
        tuple(lines),
        holds,
        may_assess,
        word,
        waits,
        may_answer=answers and word is not None and age_words.may_answer(word, by=by),
        may_take_back=its_own and (answers or holds),
        may_say_slip=holds and not waits and slip,
    )


def words_at_home(*, by: Actor) -> list[tuple[str, WordLine]]:
    """The codes of children of whom another organisation says that they are adults, or took that back lately, and what
    it says; for the duty desk and the service that assesses, which also reads of whom two others said it, although the
    case is no child's any more."""
    found = []
    for case, word in age_words.of_others(by=by):
        with contextlib.suppress(NotVisible):
            if word.state is Word.AGREED or relation(case.id, by=by) is not CaseRelation.HOLDER:
                found.append((case.pseudonym, word))
    return found


_WITHOUT_MONTH = and_(Case.age_class == CHILD, Case.age_band != SMALL, Case.adult_month.is_(None))


def turning(*, by: Actor) -> list[TurningLine]:
    """The minors of the actor's shelter who turn 18 this month: the task opens on its first day. Then those who may be
    near it and of whom no month is entered: without one nothing ever reminds of it."""
    if not by.may(Permission.STAY_MANAGE):
        return []
    statement = (
        select(Case.id, Case.pseudonym, Case.adult_month)
        .where(*_turning(by), or_(Case.adult_month <= days.today(), _WITHOUT_MONTH))
        .order_by(Case.adult_month.is_(None), Case.adult_month, Case.id)
        .limit(_MOST)
    )
    found = [TurningLine(*row) for row in db.session.execute(statement)]
    waits = age_words.unanswered(by=by) if any(each.adult_month is None for each in found) else ()
    return [each for each in found if each.adult_month is not None or each.case_id not in waits]


def number_turning(by: Actor) -> ColumnElement[int]:
    """How many they are, as a column of a statement with the parameter `today`; 0 for who has no shelter."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    wanted = or_(Case.adult_month <= bindparam("today"), _WITHOUT_MONTH)
    return select(func.count()).select_from(Case).where(*_turning(by), wanted).scalar_subquery()


def _turning(by: Actor) -> tuple[ColumnElement[bool], ...]:
    return (Case.age_class != ADULT, Case.holder_id == by.organisation_id, Case.status == "open")
