"""The month in which a minor turns 18, the birthday, and an assessed age."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.interviews.answers import earliest, latest
from nrm.domain.interviews.interview_findings import turns_adult
from nrm.domain.shelter import ages as rules
from nrm.domain.shelter.ages import ADULT, AgeRefusal, AgeRefused, Born, Kind, Word
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.consents import Answer, Asking, Naming, Said, Topic
from nrm.models.shelter.cases import Case
from nrm.steps.shelter import ages as steps
from nrm.steps.shelter import consent_records
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.shelter import ages as rows
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.shelter import age_words
from nrm.store.shelter import ages as store
from nrm.store.shelter.age_words import WordLine
from nrm.store.shelter.cases import CaseRelation
from nrm.vault import compartments as vault
from nrm.vault import grants, shredding

_BATCH = 50


def set_month(*, case_id: uuid.UUID, month: date, by: Actor) -> None:
    """The holder enters the month in which a minor turns 18. The session must have opened the identity: the month must
    agree with the day of birth there. Where it says none, the age is assessed by others (`assess`). One that comes soon
    waits for another organisation (`agree`), whoever typed the day of birth.

    Raises NotPermitted, NotVisible, AgeRefused.
    """
    by.must(Permission.STAY_MANAGE)
    try:
        with transaction() as session:
            case = _held(case_id, by)
            born = _born(session, case, by)
            today, before = days.today(), rows.month_before(case_id, member_id=by.member_id)
            rules.check_month(month, age_class=case.age_class, born=born, today=today)
            rules.check_brought_forward(month, before, today=today)
            if rules.month_needs_another(month, before, today=today):
                word = age_words.waiting(case)
                if word is not None and not word.of_month:
                    raise AgeRefused(AgeRefusal.WAITS)
                _check_not_declined(case, by)
                changes = len(rows.changes(case_id))
                from_on, of = month.isoformat(), str(Kind.MONTH)
                _said(session, case_id, Word.SAID, by, from_on=from_on, changes=changes, of=of)
                return
            _record_month(session, case, month, by)
    except IntegrityError:
        raise AgeRefused(AgeRefusal.STATE) from None


def _record_month(session: Session, case: Case, month: date, by: Actor) -> None:
    steps.add(session, case, Kind.MONTH, by, month=month)
    case.adult_month = month
    audit.append(session, audit.Event.AGE_RECORDED, by=by, case_id=case.id, kind="month", age_class="")


def turned(*, case_id: uuid.UUID, agrees: bool, by: Actor) -> None:
    """The holder, who opened the identity, records that the person is 18. `agrees`: that the child authority goes on
    reading what it could read; else that ends.

    Raises NotPermitted, NotVisible, CannotOpen, AgeRefused.
    """
    by.must(Permission.STAY_MANAGE)
    try:
        with transaction() as session:
            case = _held(case_id, by)
            born = _born(session, case, by)
            today = days.today()
            rules.check_turned(case.adult_month, age_class=case.age_class, born=born, today=today)
            if agrees:
                _goes_on_reading(session, case, by)
            steps.turn(session, case, ADULT, today, Kind.BIRTHDAY, by, agrees=agrees)
    except IntegrityError:
        raise AgeRefused(AgeRefusal.STATE) from None
    shredding.work_off()


def assess(*, case_id: uuid.UUID, age_class: str, on: date, by: Actor, sure: bool = True) -> None:
    """Somebody is assessed as an adult, by child protection or the duty desk, or as a child, by the holder too. That a
    child is an adult waits for another organisation (`agree`) where `rules.needs_two` says so. `sure`: whoever makes a
    child of an adult, or the other way round at once, was asked whether it is so.

    Raises NotPermitted, NotVisible, CannotOpen, AgeRefused.
    """
    by.must(Permission.CASE_READ)
    try:
        with transaction() as session:
            case, mine = store.row(case_id, by=by)
            if age_class not in rules.assessable(case.age_class, holds=mine is CaseRelation.HOLDER):
                raise AgeRefused(AgeRefusal.SAME)
            first = finding_rows.begun_on(case)
            rules.check_assessed(case.age_class, age_class, on=on, first=first, today=days.today())
            word = age_words.waiting(case)
            if age_class == ADULT and word is not None and not word.of_month:
                raise AgeRefused(AgeRefusal.WAITS)
            told = rows.told(case, first=first, member_id=by.member_id)
            if age_class == ADULT and rules.needs_two(told, today=days.today()):
                _check_not_declined(case, by)
                changes = len(rows.changes(case_id))
                _said(session, case_id, Word.SAID, by, from_on=on.isoformat(), changes=changes)
                return
            if not sure and ADULT in (case.age_class, age_class):
                raise AgeRefused(AgeRefusal.SURE_ADULT if age_class == ADULT else AgeRefusal.SURE_CHILD)
            if told.undoes and age_class == ADULT:  # child protection reads who says that it was a mistake
                changes = len(rows.changes(case_id))
                _said(session, case_id, Word.SAID, by, from_on=on.isoformat(), changes=changes, of=rules.SLIP)
                _said(session, case_id, Word.AGREED, by)
            steps.turn(session, case, age_class, on, Kind.ASSESSED, by)
    except IntegrityError:
        raise AgeRefused(AgeRefusal.STATE) from None
    shredding.work_off()


def by_mistake(*, case_id: uuid.UUID, by: Actor) -> None:
    """The holder recorded an adult as a child by mistake, within seven days: child protection and the duty desk read
    who says so, and the person counts as an adult again once one of them agrees (`agree`).

    Raises NotPermitted, NotVisible, AgeRefused (`no_slip`, `waits`, `said_no`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case = _held(case_id, by)
        if age_words.waiting(case) is not None:
            raise AgeRefused(AgeRefusal.WAITS)
        slip = rows.slip(case, by.organisation_id)
        if slip is None or slip.from_on is None:
            raise AgeRefused(AgeRefusal.NO_SLIP)
        _check_not_declined(case, by)
        changes = len(rows.changes(case_id))
        _said(session, case_id, Word.SAID, by, from_on=slip.from_on.isoformat(), changes=changes, of=rules.SLIP)


def _check_not_declined(case: Case, by: Actor) -> None:
    """Raise AgeRefused where another organisation did not agree lately to what the actor's said: another desk, which
    does not see that no, is not asked after it."""
    last = age_words.of_case(case)
    if last is not None and last.state is Word.NO and last.organisation_id == by.organisation_id:
        raise AgeRefused(AgeRefusal.SAID_NO)


def agree(*, case_id: uuid.UUID, by: Actor) -> None:
    """A member of another organisation says, too, that the child is an adult: from now on the person counts as one. A
    month of 18 is recorded.

    Raises NotPermitted, NotVisible, CannotOpen, AgeRefused (`no_word`, `other`).
    """
    try:
        with transaction() as session:
            case, word = _answers(case_id, by)
            if word.of_month:
                _said(session, case_id, Word.AGREED, by)
                _record_month(session, case, word.from_on, by)
                return
            rules.check_assessed(
                case.age_class, ADULT, on=word.from_on, first=finding_rows.begun_on(case), today=days.today()
            )
            _said(session, case_id, Word.AGREED, by)
            steps.turn(session, case, ADULT, word.from_on, Kind.ASSESSED, by)
    except IntegrityError:
        raise AgeRefused(AgeRefusal.STATE) from None
    shredding.work_off()


def decline(*, case_id: uuid.UUID, by: Actor) -> None:
    """A member of another organisation says that the child is none to count as an adult: the word waits no more.

    Raises NotPermitted, NotVisible, AgeRefused (`no_word`, `other`).
    """
    with transaction() as session:
        _answers(case_id, by)
        _said(session, case_id, Word.NO, by)


def take_back(*, case_id: uuid.UUID, by: Actor) -> None:
    """Who said that the child is an adult, or turns 18 in a month, or a colleague, takes it back.

    Raises NotPermitted, NotVisible, AgeRefused (`no_word`, `other`).
    """
    with transaction() as session:
        _, word = _word(case_id, by, house=True)
        if word.organisation_id != by.organisation_id:
            raise AgeRefused(AgeRefusal.OTHER)
        _said(session, case_id, Word.BACK, by)


def _answers(case_id: uuid.UUID, by: Actor) -> tuple[Case, WordLine]:
    case, word = _word(case_id, by)
    if not age_words.may_answer(word, by=by):
        raise AgeRefused(AgeRefusal.OTHER)
    return case, word


def _word(case_id: uuid.UUID, by: Actor, *, house: bool = False) -> tuple[Case, WordLine]:
    """The case, locked, and the word that waits; for the house, which makes nobody an adult, its own alone and where
    `house` says so. Raises NotVisible, AgeRefused."""
    by.must(Permission.CASE_READ)
    case, mine = store.row(case_id, by=by)
    word = age_words.waiting(case)
    if mine is CaseRelation.HOLDER and not (house and word is not None and word.organisation_id == by.organisation_id):
        raise NotVisible
    if word is None:
        raise AgeRefused(AgeRefusal.NO_WORD)
    return case, word


def _said(session: Session, case_id: uuid.UUID, kind: Word, by: Actor, **details: str | int) -> None:
    audit.append(session, audit.Event.AGE_SAID, by=by, case_id=case_id, kind=str(kind), **details)


def grow_up(*, by: Actor) -> int:
    """Whose month of 18 is over is an adult from the first day after it; returns how many became one."""
    today = days.today()
    number = 0
    for case_id in rows.grown_up(today.replace(day=1), _BATCH):
        with transaction() as session:
            case = session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
            if case.adult_month is None or case.age_class == ADULT:
                continue
            steps.turn(session, case, ADULT, rules.after(case.adult_month), Kind.BIRTHDAY, by)
            number += 1
    return number


def birthday(*, case_id: uuid.UUID, by: Actor) -> Born | None:
    """The first and last possible day on which the person turns 18, for a session that opened the identity; else None.

    Raises NotVisible.
    """
    store.relation(case_id, by=by)
    case = db.session.get_one(Case, case_id)
    try:
        born = _born(db.session(), case, by)
    except AgeRefused:
        return None
    return (turns_adult(born[0]), turns_adult(born[1])) if born else None


def turned_from(*, case_id: uuid.UUID, by: Actor) -> date | None:
    """From which day on `turned` records it; None where no month is recorded, or this session must open the identity
    first. Raises NotVisible."""
    store.relation(case_id, by=by)
    case = db.session.get_one(Case, case_id)
    if case.adult_month is None:
        return None
    try:
        return rules.sure_from(case.adult_month, _born(db.session(), case, by))
    except AgeRefused:
        return None


def _held(case_id: uuid.UUID, by: Actor) -> Case:
    case, mine = store.row(case_id, by=by)
    if mine is not CaseRelation.HOLDER:
        raise NotVisible
    return case


def _born(session: Session, case: Case, by: Actor) -> Born | None:
    """When the person was born, by the identity under seal; None where it does not say. Raises AgeRefused
    (`open_first`) where it is not open."""
    if Compartment.IDENTITY not in vault.compartments_of(session, case.id):
        return None
    if not vault.is_allowed(session, case.id, Compartment.IDENTITY, by=by):
        raise AgeRefused(AgeRefusal.OPEN_FIRST)
    told = vault.read(session, case.id, Compartment.IDENTITY, by=by).value
    questionnaire = country().questionnaires.get(case.questionnaire)
    birth = str(told.get(questionnaire.derive["birth"] if questionnaire is not None else "birth") or "")
    try:
        return earliest(birth), latest(birth)
    except ValueError:
        return None


def _goes_on_reading(session: Session, case: Case, by: Actor) -> None:
    """She agrees that those of child protection who read something go on."""
    held = {
        each for part in vault.compartments_of(session, case.id) for each in grants.holders_of(session, case.id, part)
    }
    authorities = [
        each for each in account_rows.of_kind(OrganisationKind.CHILD_PROTECTION) if each.id in held - {case.holder_id}
    ]
    parties = [each.party or each.code for each in authorities]
    if parties:
        consent_records.name(session, case.id, parties, by)
        consent_records.name(session, case.id, parties, by, Naming.TOLD)
        yes = [Answer(Topic.SHARING, Said.GIVEN, party) for party in parties]
        consent_records.record(session, case.id, yes, Asking("", "", ""), by)
