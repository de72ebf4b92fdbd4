"""What the agreement asks of each party in each case, as far as the asker may see it.

A desk sees what its own organisation owes, without anything sealed: the code, the post, the hour. The duty desk sees
everything that is owed.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    String,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.referrals.children_along import CHILDREN_ALONG
from nrm.domain.referrals.critical_path import NOTIFY
from nrm.domain.referrals.duty import OLD_AFTER, PRESSED_WRONG_WITHIN, TELEPHONED_FOR
from nrm.domain.referrals.notification_calls import LONGEST_AGO
from nrm.domain.referrals.referrals import Relation, coarsened
from nrm.domain.shelter.cases import UNFINISHED
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Call, Obligation, Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case
from nrm.store import signed_names
from nrm.store.countries import country
from nrm.store.names import number_now
from nrm.store.paging import MOST, PAGE, PLACE, Page, page, place_after, values_of
from nrm.store.referrals.referrals import ReferralLine
from nrm.store.rows import entries
from nrm.store.rows.referrals import obligations as rows
from nrm.store.rows.referrals.referrals import handed_over_urgently
from nrm.store.shelter import cases
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.store.statements import built_once
from nrm.vault.unattended import call_names

_Opener = aliased(Organisation)
_WITHOUT_HOUR = datetime(9999, 12, 31, tzinfo=UTC)
ARRIVAL = "arrival"
TELLING = ("notify", "tell_duty_officer")
"""Obligations that a party fulfils by knowing: the duty officer can tell it by telephone. Others are steps to do."""
READ_SUPPLEMENT = "read_supplement"
COMPLETE_INTERVIEW = "complete_interview"
ASK_CONSENT = "ask_consent"
PERMIT_DECISION = "trp_decision"
RECORDED_ELSEWHERE = (
    ARRIVAL,
    "inform_of_trp_options",
    PERMIT_DECISION,
    READ_SUPPLEMENT,
    ASK_CONSENT,
    "assess_risk",
    "assess_security",
    "assess_family",
)
"""Done by recording the thing itself (the arrival, the permit, what was found), never by saying that it was done."""
DENIABLE = ("interpret",)
"""What whoever waits for it can say is not done, after somebody said that it is (ADR 0258)."""
TAKEN_BACK = (NOTIFY, CHILDREN_ALONG)
"""What is said by one press, and taken back for some minutes by who said it."""
AFTER_ARRIVAL = (COMPLETE_INTERVIEW, CHILDREN_ALONG)
"""Of these nobody can say that they are done before the person is there."""
_DUE = func.coalesce(Obligation.due_at, _WITHOUT_HOUR, type_=Obligation.due_at.type)


@dataclass(frozen=True, slots=True)
class SaidDone:
    """Who said that something owed is done, and of which organisation."""

    name: str
    organisation: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObligationLine:
    """One thing owed. `arrived`: the person reached a shelter (which one is not said)."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    kind: str
    party: str
    clause: str
    due_at: datetime | None
    done_at: datetime | None
    opener: dict[str, str]
    opener_telephone: str
    age_class: str
    arrived: bool
    late: bool
    urgent: bool  # handed over the urgent way, and not there yet
    missing: bool  # did not come back; for whoever holds the case
    own: bool
    may_acknowledge: bool  # what is not `own` is told by telephone
    handed_on: bool = False
    """For child protection: who opened the case has it no more. Who has it is not said: the duty desk answers now."""
    denied: bool = False  # whoever waits says that it is not done, as somebody had said
    said_by: SaidDone | None = None  # who says or said that it is done; of what can be denied, and of children
    came: str = ""  # what was said to have become of children who were announced
    number: str = ""  # of what is denied: by which the party answers now
    mark: str = ""  # of what the asker can deny: tells what was said from what is said later


def row(obligation_id: uuid.UUID, *, by: Actor) -> Obligation:
    """One obligation the asker may acknowledge; raises NotVisible."""
    statement = _acknowledged_here(by).where(Obligation.id == obligation_id).execution_options(populate_existing=True)
    found = db.session.scalar(statement)
    if found is None:
        raise NotVisible
    return found


def _acknowledged_here(by: Actor) -> Select[Obligation]:
    """What the actor's desk acknowledges, done or not."""
    # Asked before, and not within: there the database would look it up for a row that exists alone, and take longer.
    party = db.session.scalar(select(_party(by)))
    return (
        select(Obligation)
        .join(Case, Case.id == Obligation.case_id)
        .where(_own_obligations(by, party), Obligation.kind.not_in(RECORDED_ELSEWHERE))
    )


def to_acknowledge(obligation_id: uuid.UUID, *, by: Actor) -> tuple[Obligation, str]:
    """(the obligation, the code of its person), for the page before it is acknowledged; raises NotVisible once it is
    done."""
    found = row(obligation_id, by=by)
    if found.done_at is not None:
        raise NotVisible
    return found, db.session.scalars(select(Case.pseudonym).where(Case.id == found.case_id)).one()


def just_known(obligation_id: uuid.UUID, *, by: Actor) -> tuple[Obligation, str]:
    """(what the desk has to know or to say, the code of its person), where the actor said some minutes ago, by one
    press, that it knows, or where the children are; or another office wrote down lately that it told the desk
    (`telephoned`); raises NotVisible for everything else. The hour stands in the audit chain: the row keeps a quarter
    alone once the person has arrived."""
    found = row(obligation_id, by=by)
    for line in telephoned(by=by):
        if line.id == obligation_id:
            return found, line.pseudonym
    own = found.kind in TAKEN_BACK and found.done_at is not None and found.done_by_id == by.member_id
    if not own or obligation_id not in _pressed(_said_lately(by)):
        raise NotVisible
    return found, db.session.scalars(select(Case.pseudonym).where(Case.id == found.case_id)).one()


@dataclass(frozen=True, slots=True)
class TelephonedLine:
    """What another office wrote down as told to the actor's desk. `answered`: whom they spoke with, under `number`."""

    id: uuid.UUID
    pseudonym: str
    answered: str
    told_by: dict[str, str]
    at: datetime
    number: str


def telephoned(*, by: Actor) -> list[TelephonedLine]:
    """What other offices wrote down, within a day, as told to the actor's desk by telephone, the newest first: the desk
    may say that it does not know. The duty desk is told of everybody, so that the audit chain says which calls to look
    for."""
    if not by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        return []
    called: list[uuid.UUID] | None = None
    if by.may(Permission.REFERRAL_DIRECT):
        lately = entries.since(clock.now() - TELEPHONED_FOR, Event.CALLED)
        called = [uuid.UUID(each.said["subject_id"]) for each in lately if each.organisation_id != by.organisation_id]
        if not called:
            return []
    statement = (
        _acknowledged_here(by)
        .with_only_columns(Obligation.id, Case.pseudonym, Call.name, Organisation.names, Call.called_at, Call.number)
        .join(Call, and_(Call.subject_id == Obligation.id, Call.called_by_id == Obligation.done_by_id))
        .join(Member, Member.id == Call.called_by_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Obligation.kind == NOTIFY, Obligation.done_at.is_not(None), Call.answered.is_(True))
        .where(Call.called_at > clock.now() - TELEPHONED_FOR, Organisation.id != by.organisation_id)
        .order_by(Call.called_at.desc(), Obligation.id)
        .limit(PAGE)
    )
    if called is not None:
        statement = statement.where(Obligation.id.in_(called))
    return [
        TelephonedLine(id_, code, call_names.opened(id_, name), told_by, at, number)
        for id_, code, name, told_by, at, number in db.session.execute(statement)
    ]


def number_telephoned(by: Actor) -> ColumnElement[int]:
    """How many calls, its own too, the duty desk looks through for `telephoned`; a part of another statement, which
    gives `telephoned_moment`. Other desks ask for them without it."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    called = (AuditEntry.id > last - entries.NEWEST, AuditEntry.event == str(Event.CALLED))
    lately = AuditEntry.at >= bindparam("telephoned_since", type_=String())
    return select(func.count()).select_from(AuditEntry).where(*called, lately).scalar_subquery()


def telephoned_moment(by: Actor) -> dict[str, str]:
    """From when on `number_telephoned` counts, as the chain writes it."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return {}
    return {"telephoned_since": (clock.now() - TELEPHONED_FOR).isoformat(timespec="microseconds")}


@dataclass(frozen=True, slots=True)
class CalledLine:
    """What the actor wrote down lately as told by telephone to `party`. `answered`: whom they spoke with, under
    `number`."""

    id: uuid.UUID
    pseudonym: str
    party: str
    answered: str
    at: datetime
    number: str


def called_lately(obligation_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the actor wrote down some minutes ago that the party was told of this by telephone."""
    return any(line.id == obligation_id for line in said_lately(by=by)[1])


def just_called(obligation_id: uuid.UUID, *, by: Actor) -> Obligation:
    """What the actor wrote down some minutes ago as told by telephone; raises NotVisible for everything else."""
    if not called_lately(obligation_id, by=by):
        raise NotVisible
    return db.session.get_one(Obligation, obligation_id, populate_existing=True)


def taken_back_lately(obligation_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the actor said some minutes ago that the party knows nothing of this after all."""
    return by.may(Permission.OBLIGATION_ACKNOWLEDGE) and rows.is_open_again(
        obligation_id, by.member_id, clock.now() - PRESSED_WRONG_WITHIN
    )


def number_known(by: Actor) -> ColumnElement[int]:
    """How much the actor said to know, or to have told by telephone, that may be so short a time ago that
    `said_lately` has it; a column of another statement, with `known_moments`."""
    if not by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        return literal(0)
    lately = or_(
        Obligation.done_at > bindparam("known_since", type_=UtcDateTime()),
        Obligation.done_at == bindparam("known_quarter", type_=UtcDateTime()),  # all that is kept after an arrival
    )
    # A call may have been made some hours before it was written down.
    called = and_(
        Obligation.done_at > bindparam("called_since", type_=UtcDateTime()),
        exists().where(Call.subject_id == Obligation.id, Call.called_by_id == by.member_id, Call.answered),
    )
    mine = (Obligation.kind.in_((*TELLING, CHILDREN_ALONG)), Obligation.done_by_id == by.member_id, or_(lately, called))
    return select(func.count()).select_from(Obligation).where(*mine).scalar_subquery()


def known_moments(by: Actor) -> dict[str, datetime]:
    """The values of `number_known`; none for who says nothing of the kind."""
    if not by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        return {}
    now = clock.now()
    since = now - PRESSED_WRONG_WITHIN
    quarter = coarsened(now, country().timezone)
    return {"known_since": since, "known_quarter": quarter, "called_since": since - LONGEST_AGO}


def said_lately(*, by: Actor) -> tuple[list[tuple[uuid.UUID, str, str]], list[CalledLine]]:
    """What the actor can take back now: (id, kind, code of the person) of everything that `just_known` gives as said by
    one press, and what the actor wrote down as told by telephone."""
    said = _said_lately(by)
    return _known_lately(_pressed(said), by), _called_lately([id_ for id_, how in said if how == rows.TELEPHONE], by)


def _pressed(said: list[tuple[uuid.UUID, str]]) -> list[uuid.UUID]:
    return [id_ for id_, how in said if how != rows.TELEPHONE]


def _said_lately(by: Actor) -> list[tuple[uuid.UUID, str]]:
    """By the hour of the press, which stands in the audit chain: that of a call is earlier."""
    if not by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        return []
    return rows.known_since(by.member_id, clock.now() - PRESSED_WRONG_WITHIN)


def _known_lately(said: list[uuid.UUID], by: Actor) -> list[tuple[uuid.UUID, str, str]]:
    if not said:
        return []
    statement = (
        _acknowledged_here(by)
        .with_only_columns(Obligation.id, Obligation.kind, Case.pseudonym)
        .where(
            Obligation.id.in_(said),
            Obligation.kind.in_(TAKEN_BACK),
            Obligation.done_at.is_not(None),  # not taken back already
            Obligation.done_by_id == by.member_id,
        )
    )
    lines = {row.id: (row.id, row.kind, row.pseudonym) for row in db.session.execute(statement)}
    return [lines[each] for each in said if each in lines]


def _called_lately(said: list[uuid.UUID], by: Actor) -> list[CalledLine]:
    if not said:
        return []
    statement = (
        select(Obligation.id, Case.pseudonym, Obligation.party, Call.name, Call.called_at, Call.number)
        .join(Case, Case.id == Obligation.case_id)
        .join(Call, and_(Call.subject_id == Obligation.id, Call.called_by_id == Obligation.done_by_id))
        .where(
            Obligation.id.in_(said),
            Obligation.kind.in_(TELLING),
            Obligation.done_at.is_not(None),  # not taken back already
            Obligation.done_by_id == by.member_id,
            Call.answered.is_(True),
        )
        .order_by(Call.called_at, Call.id)
    )
    lines = {
        id_: CalledLine(id_, code, party, call_names.opened(id_, name), at, number)
        for id_, code, party, name, at, number in db.session.execute(statement)
    }
    return [lines[each] for each in said if each in lines]


def to_tell(obligation_id: uuid.UUID, *, by: Actor) -> tuple[Obligation, Case]:
    """(obligation, case) of something that another party has to know and was not told yet; raises NotVisible.

    For the duty officer, and for the post while the person is still handed over by it.
    """
    sending = Case.status == "referred"
    mine = by.may(Permission.REFERRAL_DIRECT)
    statement = (
        select(Obligation, Case)
        .join(Case, Case.id == Obligation.case_id)
        .where(Obligation.id == obligation_id, Obligation.kind.in_(TELLING), rows.is_waited_for())
        .execution_options(populate_existing=True)
    )
    if not mine:
        statement = statement.where(Case.opened_by_id == by.organisation_id, sending)
    found = db.session.execute(statement).first()
    if found is None or not (mine or by.may(Permission.REFERRAL_SEND)) or is_own(found[0], by=by):
        raise NotVisible
    return found[0], found[1]


def is_own(obligation: Obligation, *, by: Actor) -> bool:
    """Whether the actor's own organisation owes it."""
    return bool(
        db.session.scalar(
            select(exists().where(Obligation.id == obligation.id, _own_obligations(by), Case.id == Obligation.case_id))
        )
    )


def owed(*, by: Actor, after: str = "", size: int = PAGE, old: bool | None = None) -> Page[ObligationLine]:
    """The open obligations of the actor's desk, the first due first, those without an hour last.

    Without arrivals: those are on the list of people on their way. `old`: only what was due more than seven days ago,
    or (False) only the rest.
    """
    place = place_after(after)
    values = values_of(place) if old is None else {**values_of(place), "old": clock.now() - OLD_AFTER}
    lines = [_obligation_line(each, by) for each in _owed(by, bool(place), old)(most=size + 1, **values)]
    found = page(lines, lambda line: (line.due_at or _WITHOUT_HOUR, line.id), size)
    if any(line.denied for line in found.rows):
        found = replace(found, rows=_with_who_said(found.rows, by))
    return replace(found, rows=_by_person(found.rows)) if by.kind is OrganisationKind.CHILD_PROTECTION else found


def _by_person(lines: Sequence[ObligationLine]) -> list[ObligationLine]:
    """What is owed of several children: of each together, in the order in which the first thing of each is due."""
    first: dict[uuid.UUID, datetime] = {}
    for line in lines:
        due = line.due_at or _WITHOUT_HOUR
        first[line.case_id] = min(first.get(line.case_id, due), due)
    return sorted(
        lines, key=lambda line: (first[line.case_id], line.pseudonym, line.due_at or _WITHOUT_HOUR, line.kind)
    )


def first_due_of(case_id: InstrumentedAttribute[uuid.UUID], by: Actor) -> ColumnElement[datetime | None]:
    """The first hour by which the actor's organisation has to do something in a case; a part of another statement."""
    return (
        select(func.min(Obligation.due_at))
        .where(Obligation.case_id == case_id, *_timed(by))
        .correlate(Case)
        .scalar_subquery()
    )


def first_due(case_ids: Collection[uuid.UUID], *, by: Actor) -> dict[uuid.UUID, ObligationLine]:
    """Case -> what the actor's organisation, which holds it, has to do first of what has an hour."""
    statement = (
        _obligation_rows(by)
        .where(Obligation.case_id.in_(case_ids), Case.holder_id == by.organisation_id, *_timed(by))
        .order_by(Obligation.due_at.desc(), Obligation.id.desc())
    )
    return {line.case_id: line for line in (_obligation_line(each, by) for each in db.session.execute(statement))}


def _timed(by: Actor) -> tuple[ColumnElement[bool], ...]:
    """What the holder of a case has to do by an hour; raises NotVisible."""
    waits = (Obligation.done_at.is_(None), Obligation.due_at.is_not(None), Obligation.kind != ARRIVAL)
    return (_own_obligations(by), *waits)


def number_old(*, by: Actor) -> int:
    """How much `owed` has that was due more than seven days ago."""
    counted = (
        select(func.count())
        .select_from(Obligation)
        .join(Case, Case.id == Obligation.case_id)
        .where(*_waits(by), Obligation.due_at <= clock.now() - OLD_AFTER)
    )
    return db.session.scalar(counted) or 0


def _waits(by: Actor) -> tuple[ColumnElement[bool], ...]:
    # The parties are named once more, so that an index leads to what is open of theirs, not to every open case.
    own = (Obligation.party.in_([_party(by), RECEIVER]), _own_obligations(by))
    return (*own, Obligation.done_at.is_(None), Obligation.kind != ARRIVAL, rows.is_waited_for())


@built_once
def _owed(by: Actor, further: bool, old: bool | None) -> Select[Obligation, Case, Organisation, bool, bool, bool, bool]:
    statement = _obligation_rows(by).where(*_waits(by))
    if old is not None:
        border = bindparam("old", type_=UtcDateTime())
        statement = statement.where(border >= _DUE if old else border < _DUE)
    if further:
        statement = statement.where(tuple_(_DUE, Obligation.id) > PLACE)
    return statement.order_by(_DUE, Obligation.id).limit(MOST)


def of_case(case_id: uuid.UUID, *, by: Actor) -> list[ObligationLine]:
    """Everything owed in one case, told or not, for who has the case and the duty desk; raises NotVisible."""
    relation = cases.visible(case_id, by=by)
    if relation is CaseRelation.SHARED:
        raise NotVisible
    statement = (
        _obligation_rows(by).where(Obligation.case_id == case_id).order_by(_DUE, Obligation.kind, Obligation.party)
    )
    found = db.session.execute(statement).all()
    may = {each[0].id for each in found if relation in _DENIES and _is_deniable(each[0], each[1])}
    lines = []
    for each, line in zip(found, _with_who_said([_obligation_line(each, by) for each in found], by), strict=True):
        mark = _mark(each[0]) if line.id in may and not line.own else ""
        came = rows.said_last(each[0]) if line.kind == CHILDREN_ALONG and line.done_at else ""
        lines.append(replace(line, mark=mark, came=came))
    return lines


_DENIES = (CaseRelation.HOLDER, CaseRelation.CUSTODIAN, CaseRelation.DUTY_OFFICER)


def _is_deniable(obligation: Obligation, case: Case) -> bool:
    """Whether it was said to be done, and the hour is kept: until the person has arrived."""
    done_at = obligation.done_at
    if obligation.kind not in DENIABLE or done_at is None or case.status not in UNFINISHED:
        return False
    return done_at != coarsened(done_at, country().timezone)


def _mark(obligation: Obligation) -> str:
    return obligation.done_at.isoformat() if obligation.done_at is not None else ""


def to_deny(obligation_id: uuid.UUID, *, by: Actor) -> tuple[Obligation, str]:
    """(what somebody said is done and the actor, who waits for it, can deny; the mark of what was said); raises
    NotVisible."""
    found = db.session.get(Obligation, obligation_id, populate_existing=True)
    if found is None or not by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        raise NotVisible
    for line in of_case(found.case_id, by=by):
        if line.id == obligation_id and line.mark:
            return found, line.mark
    raise NotVisible


def said_done(obligation_ids: Collection[uuid.UUID], *, by: Actor) -> dict[uuid.UUID, SaidDone]:
    """Obligation -> who said last that it is done, also where it was denied; of obligations that the asker sees."""
    if not obligation_ids or not by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        return {}
    statement = (
        select(Obligation.id, Member, Organisation)
        .join(Member, Member.id == Obligation.done_by_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Obligation.id.in_(obligation_ids))
    )
    found = db.session.execute(statement).all()
    codes = signed_names.codes(member.id for _, member, _ in found)
    return {
        id_: SaidDone(
            signed_names.who(codes, member.id, member.name, member.login), signed_names.organisation_names(office)
        )
        for id_, member, office in found
    }


def _with_who_said(lines: Sequence[ObligationLine], by: Actor) -> list[ObligationLine]:
    """With who said that it is done, of what can be denied and of children who were announced, and whom to call where
    it was denied."""
    told = (*DENIABLE, CHILDREN_ALONG)
    said = said_done([line.id for line in lines if line.kind in told and (line.denied or line.done_at)], by=by)
    return [
        replace(line, said_by=said.get(line.id), number=number_now(line.party) if line.denied else "") for line in lines
    ]


def _own_obligations(by: Actor, party: str | None = None) -> ColumnElement[bool]:
    """What the actor's organisation owes; raises NotVisible for one that is no party of the agreement. `party`: of
    which the actor is, where the caller has looked it up."""
    if by.organisation_id is None or by.kind is None or not by.kind.holds_keys:
        raise NotVisible
    named = Obligation.party == (_party(by) if party is None else party)
    if by.kind is OrganisationKind.BORDER_POLICE:  # the posts are one party, each with its own cases
        named &= Case.opened_by_id == by.organisation_id
    if by.kind is OrganisationKind.TRP_UNIT:  # until she applies and agrees, it sees nothing of her; then on its desk
        named &= (Obligation.kind != PERMIT_DECISION) & cases.is_shared(by)
    receiving = (Obligation.party == RECEIVER) & (Case.holder_id == by.organisation_id) & (Case.status == "open")
    return or_(named, receiving)


def _party(by: Actor) -> ScalarSelect[str]:
    return select(Organisation.party).where(Organisation.id == by.organisation_id).scalar_subquery()


def _obligation_rows(by: Actor) -> Select[Obligation, Case, Organisation, bool, bool, bool, bool]:
    arrived = exists().where(Referral.case_id == Case.id, Referral.arrived_at.is_not(None))
    # While the person is handed over, who receives them is not known: nobody does it yet, the post neither.
    held_open = and_(Case.status == "open", func.coalesce(Case.holder_id == by.organisation_id, false()))
    receiving = and_(Obligation.party == RECEIVER, held_open)
    own = or_(Obligation.party == _party(by), receiving)
    held = func.coalesce(Case.holder_id == by.organisation_id, false())
    missing = and_(held, exists().where(Missing.case_id == Case.id, Missing.outcome == ""))
    return (
        select(Obligation, Case, _Opener, arrived, own, handed_over_urgently(), missing)
        .join(Case, Case.id == Obligation.case_id)
        .join(_Opener, _Opener.id == Case.opened_by_id)
    )


def _obligation_line(found: Row[Obligation, Case, Organisation, bool, bool, bool, bool], by: Actor) -> ObligationLine:
    obligation, case, opener, arrived, owns, urgently, missing = found
    return ObligationLine(
        id=obligation.id,
        case_id=case.id,
        pseudonym=case.pseudonym,
        kind=obligation.kind,
        party=obligation.party,
        clause=obligation.clause,
        due_at=obligation.due_at,
        done_at=obligation.done_at,
        opener=opener.names,
        opener_telephone=opener.telephone,
        age_class=case.age_class,
        arrived=bool(arrived),
        late=obligation.done_at is None and obligation.due_at is not None and obligation.due_at <= clock.now(),
        urgent=bool(urgently) and not arrived,
        missing=bool(missing),
        denied=rows.is_denied(obligation),
        own=bool(owns),
        may_acknowledge=obligation.done_at is None
        and obligation.kind not in RECORDED_ELSEWHERE
        and (obligation.kind not in AFTER_ARRIVAL or bool(arrived))
        and (owns or _may_tell(obligation, case, by)),
        handed_on=by.kind is OrganisationKind.CHILD_PROTECTION
        and case.status == "open"
        and case.holder_id not in (None, case.opened_by_id),
    )


def _may_tell(obligation: Obligation, case: Case, by: Actor) -> bool:
    """Whether the actor can tell another of it by telephone: the duty officer, and the post until somebody accepts."""
    if obligation.kind not in TELLING or case.status == "closed":
        return False
    sending = by.may(Permission.REFERRAL_SEND) and case.status == "referred" and case.opened_by_id == by.organisation_id
    return sending or by.may(Permission.REFERRAL_DIRECT)


def is_unread(obligation: Obligation, *, by: Actor) -> bool:
    """Whether the post added something to the case of an obligation that the asker saw, which nobody has read, and the
    asker may."""
    return by.may(Permission.CASE_OPEN) and rows.is_owed(obligation.case_id, READ_SUPPLEMENT)


def is_owed(case: SeenCase, kind: str) -> bool:
    """Whether this is owed still in a case."""
    return rows.is_owed(case.id, kind)


def children_announced(line: ReferralLine) -> bool:
    """Whether children were announced with the person of a referral that the asker saw as its receiver, and nobody has
    said yet what became of them."""
    return line.relation is Relation.RECEIVER and rows.is_owed(line.case_id, CHILDREN_ALONG)


def announced_with(case_id: uuid.UUID, *, by: Actor) -> uuid.UUID | None:
    """The duty by which the asker's shelter says what became of the children who were announced with a person that it
    holds; None where nothing is to be said."""
    statement = (
        select(Obligation.id)
        .join(Case, Case.id == Obligation.case_id)
        .where(Case.id == case_id, Obligation.kind == CHILDREN_ALONG, Obligation.done_at.is_(None))
    )
    return db.session.scalar(statement.where(_own_obligations(by)))
