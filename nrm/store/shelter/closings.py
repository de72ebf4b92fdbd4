"""Closing and opening again, for the holder of a case: what is still open, what is kept, the history, the list. And
what is said of a child's case that may have been opened by mistake: for the house, child protection and the duty desk
(ADR 0229)."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, Date, bindparam, exists, func, literal, or_, select
from sqlalchemy import case as case_when
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter import claims as claim_rules
from nrm.domain.shelter.absences import Feared, Outcome
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.closings import SETTLED, Owed, Reminder, ReopenRefusal, ReopenRefused
from nrm.domain.shelter.corrections import MISTAKE_CLOSES_AFTER, AgainstMistake, MistakeWhy, MistakeWord
from nrm.domain.shelter.data_requests import RequestStatus
from nrm.domain.shelter.findings import END_SHOWN_FOR
from nrm.domain.shelter.identifications import State
from nrm.domain.shelter.permits import UNDECIDED, PermitStatus
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.consents import Consent
from nrm.models.shelter.data_requests import PersonRequest
from nrm.models.shelter.identifications import Identification
from nrm.models.shelter.stays import Stay
from nrm.store import days, names, signed_names
from nrm.store.paging import PAGE, Page, day_place_after, page
from nrm.store.referrals import obligations
from nrm.store.rows import entries
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import case_mistakes as mistake_rows
from nrm.store.rows.shelter import closings as rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.shelter import ages, cases, claims
from nrm.store.shelter.cases import CaseRelation

_MISTAKES_AT_HOME = 20_000
_OF_DESK = 20
_ENDS_AT_MOST = 50_000
"""Of so many entries of the chain it is looked who ended a stay; of an earlier one nobody is named."""
_UNDECIDED = tuple(str(each) for each in (State.ASKED, State.FIRST_LOOK, State.DIFFERING, State.APPEALED))


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept under seal of a case, each with the first day on which it is erased once the case is closed (None:
    not by time alone), and what was destroyed."""

    periods: tuple[tuple[Compartment, date | None], ...]
    erased: tuple[Compartment, ...]


@dataclass(frozen=True, slots=True)
class ClosingLine:
    """One closing and, if the case was opened again, that: who by their sign-in names."""

    way: str
    closed_on: date
    closed_by: str
    follow_up: str
    documents: str
    debts: str
    reopened_on: date | None
    reopened_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClosedLine:
    """A closed case in the list of who held it last."""

    id: uuid.UUID
    pseudonym: str
    age_class: str
    gender: str
    closed_month: date
    follow_up: str
    documents: str


def held(case_id: uuid.UUID, *, by: Actor) -> Case:
    """The case, open or closed, of the organisation that holds it or held it last; raises NotVisible for others."""
    found = cases.row(case_id, by=by)
    if found.holder_id != by.organisation_id or found.status == "referred":
        raise NotVisible
    return found


def reminders(case_id: uuid.UUID, *, by: Actor) -> dict[Reminder, list[str]]:
    """What is still open in a case: reminder -> the kinds of what is owed, or nothing more. Raises NotVisible."""
    held(case_id, by=by)
    return dict(_reminders(case_id, by))


def _reminders(case_id: uuid.UUID, by: Actor) -> Iterator[tuple[Reminder, list[str]]]:
    owed = [line.kind for line in obligations.of_case(case_id, by=by) if line.own and line.done_at is None]
    if owed:
        yield Reminder.OWED, owed
    today, permit = days.today(), permit_rows.facts(case_id)
    if permit.status in UNDECIDED:
        yield Reminder.PERMIT_UNDECIDED, []
    if permit.status is PermitStatus.ISSUED and permit.issued_until is not None and permit.issued_until >= today:
        yield Reminder.PERMIT_RUNS, []
    running = exists().where(Identification.case_id == case_id, Identification.state.in_(_UNDECIDED))
    asked = exists().where(PersonRequest.case_id == case_id, PersonRequest.status == str(RequestStatus.OPEN))
    due = exists().where(Consent.case_id == case_id, Consent.ended_on.is_(None), Consent.due_on <= today)
    for reminder, there in (
        (Reminder.IDENTIFICATION, running),
        (Reminder.REQUEST, asked),
        (Reminder.CONSENT, due),
    ):
        if db.session.scalar(select(there)):
            yield reminder, []
    if any(each.standing.outcome == claim_rules.Outcome.PENDING for each in claims.of_case(case_id, by=by)):
        yield Reminder.CLAIM, []
    if by.organisation_id is not None and not member_rows.may_accept(by.organisation_id):
        yield Reminder.KEY_HOLDERS, []


def kept(case_id: uuid.UUID, *, by: Actor) -> Kept:
    """What is kept of a case and until when: of an open one as if it were closed today. Raises NotVisible."""
    case = held(case_id, by=by)
    month = case.closed_month or days.today().replace(day=1)
    there = set(db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)))
    erased = set(rows.erased(case_id)) - there
    return Kept(
        tuple((each, rows.ends_on(case, each, closed_month=month)) for each in Compartment if each in there),
        tuple(each for each in Compartment if each in erased),
    )


def why_not(case_id: uuid.UUID, *, by: Actor) -> ReopenRefusal | None:
    """Why the case cannot be opened again, or None if it can. Raises NotVisible."""
    try:
        rows.check_reopening(held(case_id, by=by))
    except ReopenRefused as error:
        return error.reason
    return None


def history(case_id: uuid.UUID, *, by: Actor) -> list[ClosingLine]:
    """Every closing of the case, the last first; empty for a reader who does not hold it."""
    case = cases.row(case_id, by=by)
    if case.holder_id != by.organisation_id:
        return []
    closer, reopener = aliased(Member), aliased(Member)
    statement = (
        select(Closing, closer.name, reopener.name)
        .outerjoin(closer, closer.id == Closing.closed_by_id)
        .outerjoin(reopener, reopener.id == Closing.reopened_by_id)
        .where(Closing.case_id == case_id)
        .order_by(Closing.reopened_on.is_not(None), Closing.closed_on.desc(), Closing.reopened_on.desc())
        .execution_options(populate_existing=True)
    )
    return [
        ClosingLine(
            way=each.way,
            closed_on=each.closed_on,
            closed_by=closed_by or "",
            follow_up=each.follow_up,
            documents=each.documents,
            debts=each.debts,
            reopened_on=each.reopened_on,
            reopened_by=reopened_by or "",
            reason=each.reason,
        )
        for each, closed_by, reopened_by in db.session.execute(statement)
    ]


def closed(*, by: Actor, after: str = "", size: int = PAGE) -> Page[ClosedLine]:
    """The closed cases that the actor's organisation held last, the last month first. Raises NotPermitted."""
    by.must(Permission.CASE_READ)
    statement = (
        select(Case, Closing.follow_up, Closing.documents)
        .join(Closing, (Closing.case_id == Case.id) & Closing.reopened_on.is_(None))
        .where(Case.holder_id == by.organisation_id, Case.status == "closed")
    )
    place = day_place_after(after)
    if place is not None:
        month, id_ = place
        statement = statement.where((Case.closed_month < month) | ((Case.closed_month == month) & (Case.id > id_)))
    statement = statement.order_by(Case.closed_month.desc(), Case.id).limit(size + 1)
    lines = [
        ClosedLine(case.id, case.pseudonym, case.age_class, case.gender, case.closed_month, follow_up, documents)
        for case, follow_up, documents in db.session.execute(statement)
        if case.closed_month is not None
    ]
    return page(lines, lambda line: (line.closed_month, line.id), size)


LATELY = timedelta(days=14)


def number_lately(by: Actor) -> ColumnElement[int]:
    """How many lines of `lately` are of cases that others than the actor closed, as a column of another statement with
    the values of `moment`; for the duty desk those of people who may be missing; 0 for all others."""
    if by.may(Permission.REFERRAL_DIRECT):
        lately = _of_missing(bindparam("closed_since", type_=Date()))
        return select(func.count()).select_from(Closing).where(*lately).scalar_subquery()
    if not by.may(Permission.STAY_MANAGE):
        return literal(0)
    by_hand = _by_hand(by.organisation_id, bindparam("closed_since", type_=Date()))
    by_others = (*by_hand, Closing.closed_by_id != by.member_id)
    return select(func.count()).select_from(Closing).where(*by_others).scalar_subquery()


def moment(by: Actor) -> dict[str, date]:
    """The value that `number_lately` needs."""
    counts = by.may(Permission.STAY_MANAGE) or by.may(Permission.REFERRAL_DIRECT)
    return {"closed_since": days.today() - LATELY} if counts else {}


def _of_missing(since: date | ColumnElement[date]) -> tuple[ColumnElement[bool], ...]:
    """Closed lately by somebody, and not opened again, of a person of whom an alarm once ended without her."""
    return (
        Closing.reopened_on.is_(None),
        Closing.closed_by_id.is_not(None),
        Closing.closed_on > since,
        exists().where(Missing.case_id == Closing.case_id, Missing.outcome == str(Outcome.NOT_FOUND)),
    )


@dataclass(frozen=True, slots=True)
class ClosedMissingLine:
    """A case that a house closed of somebody who is missing and was not found: who closed it, and whom to call."""

    pseudonym: str
    closed_on: date
    closed_by: str
    house: dict[str, str]
    telephone: str


def of_missing(*, by: Actor) -> list[ClosedMissingLine]:
    """Who was closed in the last 14 days without being found, the last first; for the duty desk alone (ADR 0249).
    Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    statement = (
        select(Closing, Case.pseudonym, Member.name, Organisation)
        .join(Case, Case.id == Closing.case_id)
        .join(Member, Member.id == Closing.closed_by_id)
        .join(Organisation, Organisation.id == Closing.organisation_id)
        .where(*_of_missing(days.today() - LATELY))
        .order_by(Closing.closed_on.desc(), Case.pseudonym)
        .limit(_OF_DESK)
    )
    return [
        ClosedMissingLine(code, closing.closed_on, name, house.names, names.number_of(house))
        for closing, code, name, house in db.session.execute(statement)
        if not rows.came_back(closing.case_id) and absence_rows.was_not_found(closing.case_id)
    ]


def _by_hand(house: uuid.UUID | None, since: date | ColumnElement[date]) -> tuple[ColumnElement[bool], ...]:
    """Closed lately by a member of that house, and not opened again."""
    return (
        Closing.organisation_id == house,
        Closing.reopened_on.is_(None),
        Closing.closed_by_id.is_not(None),
        Closing.closed_on > since,
    )


@dataclass(frozen=True, slots=True)
class ClosedLatelyLine:
    """A case that was closed lately: who closed it, and how the last stay in the house ended and by whose word (all
    empty without a stay). `alone`: one member said both. `missing_until`: on which day, lately, an alarm of this person
    had ended, and `feared`, whether danger was feared then."""

    case_id: uuid.UUID
    pseudonym: str
    closed_on: date
    closed_by: str
    ended_on: date | None
    exit_reason: str
    destination: str
    ended_by: str
    alone: bool
    missing_until: date | None = None
    feared: bool = False


def lately(*, by: Actor) -> list[ClosedLatelyLine]:
    """What one member of the house can have said alone, the last first: for everybody of the house, for 14 days
    (ADR 0246). Raises NotPermitted."""
    by.must(Permission.STAY_MANAGE)
    return _lately(by.organisation_id)


def of_who_suspended(member_id: uuid.UUID, organisation_id: uuid.UUID, *, by: Actor) -> list[ClosedLatelyLine]:
    """What of `lately` a member of that house closed, who suspended a colleague that cannot look now: for the house and
    the duty desk; empty for all others."""
    own = by.organisation_id == organisation_id and by.may(Permission.STAY_MANAGE)
    if not own and not by.may(Permission.REFERRAL_DIRECT):
        return []
    return _lately(organisation_id, Closing.closed_by_id == member_id)


def _lately(house: uuid.UUID | None, *more: ColumnElement[bool]) -> list[ClosedLatelyLine]:
    found = db.session.execute(
        select(Closing, Case.pseudonym)
        .join(Case, Case.id == Closing.case_id)
        .where(*_by_hand(house, days.today() - LATELY), *more)
        .order_by(Closing.closed_on.desc(), Case.pseudonym)
        .limit(PAGE)
    ).all()
    ids = [closing.case_id for closing, _ in found]
    own = (Stay.case_id.in_(ids), Stay.organisation_id == house, Stay.taken_back_on.is_(None))
    stays = db.session.scalars(select(Stay).where(*own).order_by(Stay.ended_on)) if ids else ()
    last = {stay.case_id: stay for stay in stays}
    said = {str(stay.id): stay.case_id for stay in last.values()}
    since = clock.now() - LATELY - LATELY  # a stay may end some days before its case is closed
    ends = entries.since(since, Event.STAY_ENDED, newest=_ENDS_AT_MOST) if said else ()
    hands = {said[each.said["stay_id"]]: each.member_id for each in ends if each.said.get("stay_id") in said}
    people = {closing.closed_by_id for closing, _ in found} | set(hands.values())
    members = {each.id: each for each in db.session.scalars(select(Member).where(Member.id.in_(people - {None})))}
    codes = signed_names.codes(members)
    alarms = _alarms_of(ids)

    def who(id_: uuid.UUID | None) -> str:
        return signed_names.who(codes, id_, members[id_].name, members[id_].login) if id_ in members else ""

    lines = []
    for closing, code in found:
        stay, hand = last.get(closing.case_id), hands.get(closing.case_id)
        ended = (stay.ended_on, stay.exit_reason, stay.destination) if stay is not None else (None, "", "")
        alone = hand is not None and hand == closing.closed_by_id
        closed_by = who(closing.closed_by_id)
        before = [each for each in alarms.get(closing.case_id, ()) if each[0] >= closing.closed_on - LATELY]
        until, feared = max((on for on, _ in before), default=None), any(each for _, each in before)
        told = (*ended, who(hand), alone, until, feared)
        lines.append(ClosedLatelyLine(closing.case_id, code, closing.closed_on, closed_by, *told))
    return lines


def _alarms_of(case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[tuple[date, bool]]]:
    """Case -> the day on which each alarm ended, also one that was struck, and whether danger was feared."""
    found: dict[uuid.UUID, list[tuple[date, bool]]] = {}
    over = select(Missing.case_id, Missing.over_on, Missing.feared).where(Missing.case_id.in_(case_ids))
    for case_id, over_on, feared in db.session.execute(over) if case_ids else ():
        if over_on is not None:
            found.setdefault(case_id, []).append((over_on, feared == str(Feared.YES)))
    return found


@dataclass(frozen=True, slots=True)
class OwedLine:
    """A closed case of which something is open still between the organisation and the person."""

    case_id: uuid.UUID
    pseudonym: str
    owed: Owed


def owed(*, by: Actor) -> list[OwedLine]:
    """The closed cases of the actor's organisation whose documents nobody gave back yet, or with money or things that
    nobody settled, the first closed first."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return []
    is_open = {Owed.DOCUMENTS: Closing.documents, Owed.DEBTS: Closing.debts}
    statement = (
        select(Case.id, Case.pseudonym, Closing.documents, Closing.debts)
        .join(Closing, (Closing.case_id == Case.id) & Closing.reopened_on.is_(None))
        .where(Case.holder_id == by.organisation_id, Case.status == "closed")
        .where(or_(*(column == SETTLED[each][0] for each, column in is_open.items())))
        .order_by(Closing.closed_on, Case.pseudonym)
        .limit(PAGE)
    )
    return [
        OwedLine(case_id, code, each)
        for case_id, code, *stands in db.session.execute(statement)
        for each, value in zip(is_open, stands, strict=True)
        if value == SETTLED[each][0]
    ]


def number_owed(by: Actor) -> ColumnElement[int]:
    """How many lines `owed` has; a part of another statement."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    documents, debts = (
        case_when((column == SETTLED[each][0], 1), else_=0)
        for each, column in ((Owed.DOCUMENTS, Closing.documents), (Owed.DEBTS, Closing.debts))
    )
    counted = select(func.coalesce(func.sum(documents + debts), 0)).select_from(Closing)
    counted = counted.join(Case, Case.id == Closing.case_id)
    holds = (Case.holder_id == by.organisation_id, Case.status == "closed")
    return counted.where(Closing.reopened_on.is_(None), *holds).scalar_subquery()


def by_month(lines: list[ClosedLine]) -> list[tuple[date, list[ClosedLine]]]:
    """The lines of a list under their months."""
    return [(month, list(each)) for month, each in groupby(lines, key=lambda line: line.closed_month)]


@dataclass(frozen=True, slots=True)
class Hand:
    """Who said something, of which organisation, by which number that is called, and when."""

    name: str
    organisation: dict[str, str]
    telephone: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MistakeLine:
    """One word: of which case, why, and which case is the right one; who said it, and what became of it."""

    case_id: uuid.UUID
    pseudonym: str
    why: MistakeWhy
    other_id: uuid.UUID | None
    other: str
    state: MistakeWord
    said: Hand
    answered: Hand | None
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Mistake:
    """What the page of a case shows, and what the asker may do. `struck`: (first day, struck on) of its stays."""

    pseudonym: str
    line: MistakeLine | None
    stands: tuple[AgainstMistake, ...]
    struck: tuple[tuple[date, date | None], ...]
    holds: bool
    may_say: bool
    may_answer: bool
    may_take_back: bool
    may_close: bool


def child_case(case_id: uuid.UUID, *, by: Actor) -> tuple[Case, CaseRelation]:
    """The case of a child, locked, and what the asker is to it. Raises NotVisible."""
    case, mine = ages.row(case_id, by=by)
    if case.age_class == "adult":
        raise NotVisible
    return case, mine


def mistake_of(case_id: uuid.UUID, *, by: Actor) -> Mistake:
    """Raises NotVisible, also for the case of an adult."""
    mine = ages.relation(case_id, by=by)
    case = db.session.get_one(Case, case_id)
    if case.age_class == "adult":
        raise NotVisible
    said = mistake_rows.last(case_id)
    holds = mine is CaseRelation.HOLDER and by.may(Permission.STAY_MANAGE)
    stands = tuple(mistake_rows.what_stands(case))
    live = said is not None and said.state in (MistakeWord.SAID, MistakeWord.AGREED)
    struck = select(Stay.admitted_on, Stay.taken_back_on).where(Stay.case_id == case_id).order_by(Stay.admitted_on)
    return Mistake(
        case.pseudonym,
        _mistake_line(case, said) if said is not None else None,
        stands,
        tuple((first, on) for first, on in db.session.execute(struck)),
        holds,
        may_say=holds and not stands and mistake_rows.may_be_said(said),
        may_answer=said is not None and said.state is MistakeWord.SAID and answers_mistake(mine, by),
        may_take_back=live and (holds or answers_mistake(mine, by) or mine is CaseRelation.DUTY_OFFICER),
        may_close=holds and mistake_rows.may_be_closed(case),
    )


def answers_mistake(mine: CaseRelation, by: Actor) -> bool:
    """Whether the asker is of the child protection that reads the case."""
    return mine is CaseRelation.SHARED and by.kind is OrganisationKind.CHILD_PROTECTION


def mistakes_at_home(*, by: Actor) -> list[MistakeLine]:
    """What waits for child protection, and what the duty desk reads, the oldest first. What another organisation took
    back stands there, too, for some days (ADR 0238)."""
    desk = by.may(Permission.REFERRAL_DIRECT)
    if by.kind is not OrganisationKind.CHILD_PROTECTION and not desk:
        return []
    found = []
    for said in mistake_rows.read(_MISTAKES_AT_HOME).values():
        waits = said.state is MistakeWord.SAID or (desk and said.state is MistakeWord.AGREED)
        if waits or _was_taken_back(said, by):
            with contextlib.suppress(NotVisible):
                if ages.relation(said.case_id, by=by) is not CaseRelation.HOLDER:
                    found.append(_mistake_line(db.session.get_one(Case, said.case_id), said))
    return found


def _was_taken_back(said: mistake_rows.Said, by: Actor) -> bool:
    """Whether another organisation than the asker's took it back lately."""
    if said.state is not MistakeWord.BACK or said.answered_at is None:
        return False
    return said.answered_from_id != by.organisation_id and clock.now() - said.answered_at < END_SHOWN_FOR


def _mistake_line(case: Case, said: mistake_rows.Said) -> MistakeLine:
    other = db.session.get(Case, said.other_id) if said.other_id is not None else None
    answered = None
    if said.answered_at is not None:
        answered = _hand(said.answered_by_id, said.answered_from_id, said.answered_at)
    closes_at = (
        said.answered_at + MISTAKE_CLOSES_AFTER
        if said.state is MistakeWord.AGREED and said.answered_at is not None
        else None
    )
    return MistakeLine(
        case.id,
        case.pseudonym,
        said.why,
        said.other_id,
        other.pseudonym if other is not None else "",
        said.state,
        _hand(said.member_id, said.organisation_id, said.at),
        answered,
        closes_at,
    )


def _hand(member_id: uuid.UUID | None, organisation_id: uuid.UUID | None, at: datetime) -> Hand:
    member = db.session.get(Member, member_id) if member_id is not None else None
    house = names.organisations_by_id().get(organisation_id) if organisation_id is not None else None
    number = names.number_of(house) if house is not None else ""
    return Hand(member.name if member is not None else "", house.names if house is not None else {}, number, at)
