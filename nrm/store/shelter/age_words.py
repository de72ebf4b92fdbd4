"""That one organisation says that a child is an adult, while another one has not agreed: the audit chain tells it
(ADR 0216)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import ColumnElement, String, bindparam, func, literal, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.domain.shelter.ages import ADULT, SLIP, WORD_WAITS, Kind, Word
from nrm.domain.shelter.findings import END_SHOWN_FOR
from nrm.models.accounts.accounts import Member
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.rows import entries
from nrm.store.rows.shelter import ages as rows

_OF_CASE, _AT_HOME = 100_000, 20_000
"""So many of the newest entries of the chain are looked through: fewer for a home page, which is read more often."""


@dataclass(frozen=True, slots=True)
class WordLine:
    """Who said of which day on that a child is 18 or over, and when; `answer`: what became of it last, by whom.
    `of_month`: the house said that the child turns 18 in the month that begins on that day; `of_slip`: that the person
    was recorded as a child by mistake."""

    case_id: uuid.UUID
    from_on: date
    changes: int
    member_id: uuid.UUID | None
    organisation_id: uuid.UUID | None
    name: str
    organisation: dict[str, str]
    on: date
    of_month: bool = False
    state: Word = Word.SAID
    answered_by: str = ""
    answered_from: dict[str, str] | None = None
    answered_on: date | None = None
    answered_from_id: uuid.UUID | None = None
    of_slip: bool = False


def of_case(case: Case) -> WordLine | None:
    """What was said last of a case that was seen, within 30 days, and what became of it."""
    return _read(_OF_CASE, AuditEntry.details.contains(str(case.id))).get(case.id)


def waiting(case: Case) -> WordLine | None:
    """The word that waits for somebody of another organisation."""
    found = of_case(case)
    return found if found is not None and _waits(found, case) else None


def unanswered(*, by: Actor) -> set[uuid.UUID]:
    """The cases of which the actor's organisation said something lately that nobody answered; for its own lists."""
    said = _read(_AT_HOME).values()
    return {each.case_id for each in said if each.state is Word.SAID and each.organisation_id == by.organisation_id}


def number_said(by: Actor) -> ColumnElement[int]:
    """How often somebody said so lately, or answered, as a column of a statement, for who may answer; takes
    `age_said_since` (`rows.said_since`)."""
    if by.kind is not OrganisationKind.CHILD_PROTECTION and not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    counted = select(func.count()).select_from(AuditEntry).where(AuditEntry.id > last - _AT_HOME)
    lately = AuditEntry.at >= bindparam("age_said_since", type_=String())
    return counted.where(
        AuditEntry.event.in_((str(Event.AGE_SAID), str(Event.CASE_MISTAKE_SAID))), lately
    ).scalar_subquery()


def of_others(*, by: Actor) -> list[tuple[Case, WordLine]]:
    """The words of other organisations that wait, the oldest first, those that they took back lately (ADR 0238), and
    for child protection those that the duty desk agreed to lately (ADR 0255); whoever asks looks at the case before it
    shows one that waits."""
    told = _read(_AT_HOME).values()
    said = [each for each in told if each.state is not Word.NO and may_answer(each, by=by)]
    found = [(db.session.get(Case, each.case_id), each) for each in said]
    return [
        (case, each)
        for case, each in found
        if case is not None and (_was_taken_back(each) or _was_agreed(each, by) or _waits(each, case))
    ]


def _was_agreed(word: WordLine, by: Actor) -> bool:
    """Whether others than the asker's organisation, which is child protection, agreed lately."""
    others = by.kind is OrganisationKind.CHILD_PROTECTION and word.answered_from_id != by.organisation_id
    return word.state is Word.AGREED and others and _lately(word)


def may_answer(word: WordLine, *, by: Actor) -> bool:
    """Whether the asker is of another organisation than who said it."""
    return by.organisation_id not in (None, word.organisation_id) and by.member_id not in (None, word.member_id)


def _was_taken_back(word: WordLine) -> bool:
    return word.state is Word.BACK and _lately(word)


def _lately(word: WordLine) -> bool:
    return word.answered_on is not None and days.today() - word.answered_on < END_SHOWN_FOR


def _waits(word: WordLine, case: Case) -> bool:
    same = word.changes == len(rows.changes(case.id))
    return word.state is Word.SAID and same and case.age_class != ADULT and case.status == "open"


def _read(newest: int, *where: ColumnElement[bool]) -> dict[uuid.UUID, WordLine]:
    found: dict[uuid.UUID, WordLine] = {}
    told = list(entries.since(clock.now() - WORD_WAITS, Event.AGE_SAID, *where, newest=newest))
    houses = names.organisations_by_id() if told else {}
    for each in told:
        case_id, state = uuid.UUID(each.said["case_id"]), Word(each.said["kind"])
        member = db.session.get(Member, each.member_id) if each.member_id is not None else None
        house = houses[each.organisation_id].names if each.organisation_id in houses else {}
        who = member.name if member is not None else ""
        on = clock.day_of(each.at, country().timezone)
        if state is Word.SAID:
            from_on, changes = date.fromisoformat(each.said["from_on"]), each.said["changes"]
            of_month = each.said.get("of") == Kind.MONTH
            word = WordLine(case_id, from_on, changes, each.member_id, each.organisation_id, who, house, on, of_month)
            found.pop(case_id, None)
            found[case_id] = replace(word, of_slip=each.said.get("of") == SLIP)
        elif case_id in found:
            said = found[case_id]
            answer = replace(said, state=state, answered_by=who, answered_from=house, answered_on=on)
            found[case_id] = replace(answer, answered_from_id=each.organisation_id)
    return found
