"""Referrals, routes and obligations, as far as the asker may see them.

Its sender, the party that it asked, and the duty desk see a referral. After the answer the sender sees only the answer;
the case is no longer theirs (`store/shelter/cases.py`). A post is not told who gave it (ADR 0106).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.crossing_points import is_told_receiver
from nrm.domain.referrals.duty import PRESSED_WRONG_WITHIN
from nrm.domain.referrals.referrals import ReferralStatus, Relation, coarsened
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral, RouteCandidate
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case, PendingGrant
from nrm.models.shelter.places import Place, Promise
from nrm.prepared import Prepared
from nrm.prepared import Row as PreparedRow
from nrm.store import names
from nrm.store.countries import country
from nrm.store.paging import MOST, PAGE, PLACE, Page, page, place_after, values_of
from nrm.store.referrals import promises
from nrm.store.referrals.promises import WrittenPromise
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.entries import Entry
from nrm.store.rows.referrals import duty as duty_rows
from nrm.store.rows.referrals import next_receiver as next_receiver_rows
from nrm.store.rows.referrals import obligations as obligation_rows
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.statements import built_once
from nrm.vault import tags

_Sender = aliased(Organisation)
_Receiver = aliased(Organisation)
_Arrived = aliased(Referral)
_Lines = Select[Referral, Case, Organisation, Organisation, str, bool, date | None, uuid.UUID | None]
_TaggedLines = Select[
    Referral,
    Case,
    Organisation,
    Organisation,
    str,
    bool,
    date | None,
    uuid.UUID | None,
    bool,
    bytes | None,
    int | None,
    bytes | None,
]
_WITHOUT_HOUR = datetime(9999, 12, 31, tzinfo=UTC)
_DUE = case((Referral.promised_at.is_(None), Referral.due_at), else_=Referral.expires_at)
_EXPECTED = func.coalesce(Referral.expected_at, _WITHOUT_HOUR, type_=Referral.expected_at.type)


@dataclass(frozen=True, slots=True)
class ReferralLine:
    """One referral as a desk sees it. Names are by language; `relation` is what the asker is to it.

    `told`: whether the asker may be told who is asked (ADR 0106). Where not, everything that the receiver said or that
    tells one receiver from another is empty: its names, code, telephone and place, the clause, why it was chosen, who
    promised and why it declined.
    """

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    status: ReferralStatus
    relation: Relation
    told: bool
    interviewer: bool  # the asker held the interview from which the referral came
    sender: dict[str, str]
    sender_telephone: str
    receiver: dict[str, str]
    receiver_code: str
    receiver_telephone: str
    agreement: str
    clause: str
    must: bool
    assigned: bool
    override_reason: str
    sent_at: datetime
    due_at: datetime
    expires_at: datetime
    promised_at: datetime | None
    promised_by: str
    promise_denied: bool  # who is asked says that it promised nothing
    decided_at: datetime | None
    decline_reason: str
    departed_at: datetime | None
    escort: str
    expected_at: datetime | None
    arrived_at: datetime | None
    place: str
    age_class: str
    gender: str
    citizenship_class: str
    consent: str
    questionnaire: str
    late: bool
    urgent: bool  # handed over the urgent way
    doctor: bool  # a doctor is needed, for the party that is asked; False also where nobody said
    danger: bool  # for who is asked, or awaits the person: in danger, as the duty desk reads it
    missing_since: date | None  # for who is asked, or awaits the person: an alarm stands since then
    quarter: str
    """`2026Q1` once the person has arrived: from then on only the quarter of the times is kept. Before that: empty."""
    promise: WrittenPromise | None = None
    """Who wrote down what was promised, for one referral and for who is asked."""
    alarm_at: datetime | None = None
    """From when an accepted person is late, which is no `expected_at`: every page counts from this hour."""
    children: bool = False
    """Children were announced with the person, for who receives them; in lists alone."""
    post_waits: bool = False
    """In the list of who awaits the person: the post lets nobody set off before the shelter says where they meet."""


def row(referral_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Referral:
    """The referral itself, for actions; raises NotVisible. `lock` holds it until the transaction ends (PostgreSQL)."""
    statement = (
        select(Referral)
        .where(Referral.id == referral_id, _visible_referral(by))
        .execution_options(populate_existing=True)
    )
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotVisible
    return found


def relation_to(referral: Referral, *, by: Actor) -> Relation:
    """The relation of the actor to the referral."""
    return _relation(referral.sender_id, referral.receiver_id, by)


def _relation(sender_id: uuid.UUID, receiver_id: uuid.UUID, by: Actor) -> Relation:
    if by.duty == "tend":
        return Relation.SYSTEM
    if by.organisation_id is None:
        return Relation.OUTSIDER
    if by.organisation_id == receiver_id and by.may(Permission.REFERRAL_DECIDE):
        return Relation.RECEIVER
    if by.organisation_id == sender_id and by.may(Permission.REFERRAL_SEND):
        return Relation.SENDER
    if by.may(Permission.REFERRAL_DIRECT):
        return Relation.DUTY_OFFICER
    return Relation.OUTSIDER


def _visible_referral(by: Actor) -> ColumnElement[bool]:
    """The condition for referrals to which the actor has a relation, by the rules of `_relation`."""
    if by.duty == "tend" or (by.organisation_id is not None and by.may(Permission.REFERRAL_DIRECT)):
        return true()
    mine: list[ColumnElement[bool]] = [false()]
    if by.may(Permission.REFERRAL_DECIDE):
        mine.append(Referral.receiver_id == by.organisation_id)
    if by.may(Permission.REFERRAL_SEND):
        mine.append(Referral.sender_id == by.organisation_id)
    return or_(*mine)


def referral(referral_id: uuid.UUID, *, by: Actor) -> ReferralLine:
    """One referral; raises NotVisible."""
    found = db.session.execute(_referral_rows().where(Referral.id == referral_id, _visible_referral(by))).first()
    if found is None:
        raise NotVisible
    return _with_promises([_referral_line(found, by)], by)[0]


def _with_promises(lines: Sequence[ReferralLine], by: Actor) -> list[ReferralLine]:
    """The lines with who wrote down what was promised; asks nothing where nothing was, or all is answered."""
    promised = {each.id: each.sent_at for each in lines if _reads_promise(each)}
    written = promises.written(promised, by=by)
    return [replace(each, promise=written.get(each.id)) for each in lines] if written else list(lines)


def _reads_promise(line: ReferralLine) -> bool:
    """Whether it is read who wrote a promise down: while a party is asked, and some days after that was withdrawn."""
    if line.status is ReferralStatus.WITHDRAWN:
        lately = line.decided_at is not None and line.decided_at > clock.now() - promises.READ_FOR
        return lately and line.promised_by != ""
    return line.status is ReferralStatus.SENT and line.promised_at is not None


def may_take_back_promise(referral_: ReferralLine | Referral, *, by: Actor) -> bool:
    """Whether the actor recorded some minutes ago what was promised by telephone, of a referral that they saw, and
    nobody has answered."""
    since, at = clock.now() - PRESSED_WRONG_WITHIN, referral_.promised_at
    lately = referral_.status == ReferralStatus.SENT and at is not None and at > since
    return lately and referral_rows.promised_by(referral_.id, by.member_id, since)


def was_promised_before(referral_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the actor is the sender and took back a referral of this person to the same party of which a promise was
    written down: the duty desk alone writes another one down (ADR 0254). Raises NotVisible."""
    found = row(referral_id, by=by)
    if relation_to(found, by=by) is not Relation.SENDER:
        return False
    return next_receiver_rows.was_promised(found.case_id, found.sender_id, found.receiver_id)


def is_asked_again(referral_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the answer is due by the hour at which the party was asked first, and that was withdrawn (ADR 0254).
    Raises NotVisible."""
    found = row(referral_id, by=by)
    return found.status == ReferralStatus.SENT and next_receiver_rows.has_hour_of_before(found)


def recorded_arrival(referral: ReferralLine, *, by: Actor) -> bool:
    """Whether the actor recorded the arrival some minutes ago, and it stands."""
    since = clock.now() - PRESSED_WRONG_WITHIN
    arrived = referral.status is ReferralStatus.ARRIVED
    return arrived and referral_rows.arrived_by(referral.id, by.member_id, since)


def took_arrival_back(referral: ReferralLine, *, by: Actor) -> bool:
    """Whether the actor took back the arrival some minutes ago, and the person is awaited since."""
    since = clock.now() - PRESSED_WRONG_WITHIN
    awaited = referral.status is ReferralStatus.ACCEPTED
    return awaited and referral_rows.arrival_taken_back_by(referral.id, by.member_id, since)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """That an arrival, or a referral, was taken back; `mark` tells one time from another."""

    mark: str
    name: str
    at: datetime


def arrival_taken_back(received: ReferralLine, *, by: Actor) -> TakenBack | None:
    """The last time that the arrival was taken back, for who receives the person; raises NotVisible."""
    if received.relation is not Relation.RECEIVER or not by.may(Permission.REFERRAL_DECIDE):
        raise NotVisible
    return _told_by(referral_rows.last_arrival_taken_back(received.id))


def said_not_to_come(received: ReferralLine, *, by: Actor) -> TakenBack | None:
    """The last time that it was said that the person did not come, or was accepted by mistake, for who receives the
    person; raises NotVisible."""
    if received.relation is not Relation.RECEIVER or not by.may(Permission.REFERRAL_DECIDE):
        raise NotVisible
    return _told_by(referral_rows.last_said_not_to_come(received.id))


def withdrawal(sent: ReferralLine, *, by: Actor) -> TakenBack | None:
    """Who withdrew a referral, and when, for who sent it and the duty desk; None where it stands, and for others."""
    own = sent.relation is not Relation.RECEIVER and by.may(Permission.REFERRAL_SEND)
    if sent.status is not ReferralStatus.WITHDRAWN or not (own or by.may(Permission.REFERRAL_DIRECT)):
        return None
    return _told_by(referral_rows.last_withdrawal(sent.id))


@dataclass(frozen=True, slots=True)
class EscortSaid:
    """Who was said to go with the person, by whom and when."""

    escort: str
    name: str
    at: datetime


def escorts_said(line: ReferralLine, *, by: Actor) -> list[EscortSaid]:
    """Of a person on the way, each escort that was said, the oldest first, for the duty desk; empty where it was never
    changed, and for everybody else (ADR 0247)."""
    if not by.may(Permission.REFERRAL_DIRECT) or line.status is not ReferralStatus.ACCEPTED or not line.departed_at:
        return []
    said = referral_rows.departures(line.id)
    if len({each.said["escort"] for each in said}) < 2:
        return []
    names = {
        each: member.name for each in {each.member_id for each in said} if (member := db.session.get(Member, each))
    }
    return [EscortSaid(each.said["escort"], names.get(each.member_id, ""), each.at) for each in said]


def _told_by(entry: Entry | None) -> TakenBack | None:
    if entry is None:
        return None
    member = db.session.get(Member, entry.member_id) if entry.member_id is not None else None
    return TakenBack(entry.at.isoformat(), member.name if member is not None else "", entry.at)


def has_not_come(line: ReferralLine) -> bool:
    """Whether the person was said not to have come, or to have been accepted by mistake, and nobody said since where
    the person is."""
    return line.status in (ReferralStatus.NOT_ARRIVED, ReferralStatus.MISTAKEN) and referral_rows.has_not_come(line.id)


def waits_for_word(case_id: uuid.UUID, *, by: Actor) -> uuid.UUID | None:
    """The referral by which the person of a case did not come, if nobody said since where the person is and the actor
    may see it."""
    found = referral_rows.waits_for_word(case_id)
    seen = select(Referral.id).where(Referral.id == found, _visible_referral(by))
    return None if found is None else db.session.scalar(seen)


def newest_of(case_id: uuid.UUID, *, by: Actor) -> ReferralLine | None:
    """The newest referral of a case, if the asker may see it."""
    statement = _referral_rows().where(Referral.case_id == case_id).order_by(Referral.position.desc()).limit(1)
    found = db.session.execute(statement).first()
    line = _referral_line(found, by) if found is not None else None
    return None if line is None or line.relation is Relation.OUTSIDER else line


def is_another_asked(line: ReferralLine) -> bool:
    """Whether another party was asked after this one; which one is not for the asked party to know."""
    this, later = aliased(Referral), aliased(Referral)
    after = exists().where(this.id == line.id, later.case_id == this.case_id, later.position > this.position)
    return bool(db.session.scalar(select(after)))


def received(*, by: Actor, after: str = "", size: int = PAGE) -> Page[ReferralLine]:
    """What waits for the actor's desk to be answered, by the hour by which it has to be."""
    return _received_by(ReferralStatus.SENT, by, after, size)


def coming(*, by: Actor, after: str = "", size: int = PAGE) -> Page[ReferralLine]:
    """Whom the actor's organisation accepted and who has not arrived yet, by the hour of arrival; without one last."""
    return _received_by(ReferralStatus.ACCEPTED, by, after, size)


def number_coming(by: Actor) -> ColumnElement[int]:
    """How many lines `coming` has; a part of another statement."""
    if by.organisation_id is None or not by.may(Permission.REFERRAL_DECIDE):
        return literal(0)
    counted = select(func.count()).select_from(Referral)
    return counted.where(
        Referral.receiver_id == by.organisation_id, Referral.status == ReferralStatus.ACCEPTED
    ).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sent referrals are asked for: only those of interviews that are the actor's; sent from and before an
    instant; with one status."""

    mine: bool = False
    since: datetime | None = None
    until: datetime | None = None
    status: ReferralStatus | None = None


ALL = Wanted()


def sent(*, by: Actor, after: str = "", size: int = PAGE, wanted: Wanted = ALL) -> Page[ReferralLine]:
    """What the actor's desk sent, newest first, with the answer."""
    by.must(Permission.REFERRAL_SEND)
    place = place_after(after)
    shape = (bool(place), wanted.mine, wanted.since is not None, wanted.until is not None, wanted.status is not None)
    values = {"since": wanted.since, "until": wanted.until, "status": wanted.status}
    given = {name: value for name, value in values.items() if value is not None}
    rows = _sent(by, *shape)(most=size + 1, **values_of(place), **given)
    lines = _with_promises([_referral_line(each, by) for each in rows], by)
    return page(lines, lambda line: (line.sent_at, line.id), size)


@built_once
def _sent(by: Actor, further: bool, mine: bool, since: bool, until: bool, status: bool) -> _Lines:
    statement = _referral_rows().where(Referral.sender_id == by.organisation_id)
    if mine:
        statement = statement.where(Interview.member_id == by.member_id)
    if since:
        statement = statement.where(Referral.sent_at >= bindparam("since", type_=UtcDateTime()))
    if until:
        statement = statement.where(Referral.sent_at < bindparam("until", type_=UtcDateTime()))
    if status:
        statement = statement.where(Referral.status == bindparam("status"))
    if further:
        statement = statement.where(tuple_(Referral.sent_at, Referral.id) < PLACE)
    return statement.order_by(Referral.sent_at.desc(), Referral.id.desc()).limit(MOST)


@dataclass(frozen=True, slots=True)
class SentLine:
    """One referral as the home page of who sent it lists it. `receiver`: empty where they are not told (ADR 0106)."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    status: ReferralStatus
    receiver: dict[str, str]
    sent_at: datetime
    due_at: datetime
    departed_at: datetime | None
    late: bool
    quarter: str
    somewhere: bool
    """The person has arrived, by this referral or another."""
    keyless: bool
    """Whoever is asked can open nothing: who sent it sends the keys now."""
    promise_denied: bool
    """Whoever is asked says that it promised nothing by telephone."""
    promised_at: datetime | None
    promise: WrittenPromise | None = None
    """Who wrote down what was promised, while nobody has answered."""


def sent_by_me(*, by: Actor, size: int) -> Page[SentLine]:
    """The newest that the actor sent, as `sent` gives them; asked at every home page, so it loads no more than that."""
    by.must(Permission.REFERRAL_SEND)
    whose = {"organisation_id": by.organisation_id, "member_id": by.member_id, "most": size + 1}
    now = clock.now()
    lines = [_sent_line(row, now, by) for row in _SENT_BY.all(db.session, whose)]
    promised = {each.id: each.sent_at for each in lines if each.promised_at and each.status is ReferralStatus.SENT}
    if promised:
        written = promises.written(promised, by=by)
        lines = [replace(each, promise=written.get(each.id)) for each in lines]
    return page(lines, lambda each: (each.sent_at, each.id), size)


_SENT_BY = Prepared(
    select(
        Referral.id,
        Referral.case_id,
        Case.pseudonym,
        Referral.status,
        Organisation.names,
        Referral.sent_at,
        Referral.due_at,
        Referral.expires_at,
        Referral.must,
        Referral.assigned,
        Referral.promised_at,
        Referral.promised_by,
        Referral.expected_at,
        Referral.missed_at,
        Referral.departed_at,
        exists(
            select(_Arrived.id).where(_Arrived.case_id == Referral.case_id, _Arrived.status == ReferralStatus.ARRIVED)
        ).label("somewhere"),
        exists(
            select(PendingGrant.case_id).where(
                PendingGrant.case_id == Referral.case_id, PendingGrant.organisation_id == Referral.receiver_id
            )
        ).label("keys"),
    )
    .join(Case, Case.id == Referral.case_id)
    .join(Organisation, Organisation.id == Referral.receiver_id)
    .join(Interview, Interview.id == Referral.case_id)
    .where(Referral.sender_id == bindparam("organisation_id"), Interview.member_id == bindparam("member_id"))
    .order_by(Referral.sent_at.desc(), Referral.id.desc())
    .limit(MOST)
)


def _sent_line(row: PreparedRow, now: datetime, by: Actor) -> SentLine:
    status = ReferralStatus(row.status)
    return SentLine(
        id=row.id,
        case_id=row.case_id,
        pseudonym=row.pseudonym,
        status=status,
        receiver=row.names if is_told_receiver(by.kind, status, interviewer=True) else {},
        sent_at=row.sent_at,
        due_at=row.due_at,
        departed_at=row.departed_at,
        late=_is_late_for_sender(row, status, now),
        quarter=_quarter(row),
        somewhere=bool(row.somewhere),
        keyless=status is ReferralStatus.SENT and not row.keys,
        promise_denied=status is ReferralStatus.SENT and referral_rows.is_promise_denied(row),
        promised_at=row.promised_at,
    )


def _is_late_for_sender(of: Referral | PreparedRow, status: ReferralStatus, at: datetime) -> bool:
    """Whether something is late for who keeps the person: the answer by its first hour, whatever was promised since by
    telephone (ADR 0254)."""
    if status is ReferralStatus.SENT:
        return bool(at >= of.due_at)
    return referral_rows.terms(of).is_late(status, at)


def directory(*, by: Actor) -> list[Organisation]:
    """Every desk with its telephone, and who runs the machine where a number is known, by code; for everybody who has
    an account."""
    if by.organisation_id is None:
        raise NotVisible
    desks = [each for each in OrganisationKind if each.holds_keys]
    operator = (Organisation.kind == OrganisationKind.OPERATOR) & (Organisation.telephone != "")
    return list(
        db.session.scalars(
            select(Organisation).where(Organisation.kind.in_(desks) | operator).order_by(Organisation.code)
        )
    )


def _quarter(referral_: Referral) -> str:
    # Only a quarter's first instant has no time to answer; what was due in the next quarter has two of them.
    if referral_.due_at != referral_.sent_at and coarsened(referral_.sent_at, country().timezone) != referral_.sent_at:
        return ""
    return str(Quarter.of(clock.day_of(referral_.sent_at, country().timezone)))


def _referral_rows() -> _Lines:
    missing = select(Missing.since_on).where(Missing.case_id == Referral.case_id, Missing.outcome == "")
    since = missing.correlate(Referral).scalar_subquery()
    return (
        select(
            Referral,
            Case,
            _Sender,
            _Receiver,
            Place.label,
            referral_rows.handed_over_urgently(),
            since,
            Interview.member_id,
        )
        .join(Case, Case.id == Referral.case_id)
        .join(_Sender, _Sender.id == Referral.sender_id)
        .join(_Receiver, _Receiver.id == Referral.receiver_id)
        .outerjoin(Interview, Interview.id == Referral.case_id)
        .outerjoin(Promise, and_(Promise.referral_id == Referral.id, Promise.over_on.is_(None)))
        .outerjoin(Place, Place.id == Promise.place_id)
    )


def _received_by(status: ReferralStatus, by: Actor, after: str, size: int) -> Page[ReferralLine]:
    by.must(Permission.REFERRAL_DECIDE)
    place = place_after(after)
    rows = _first_due_first(by, status, bool(place), duty_rows.said_of_danger())(most=size + 1, **values_of(place))
    found = _with_promises([_received_line(each, by) for each in rows], by)
    return page(found, lambda line: (_hour(line), line.id), size)


def _received_line(found: Row[*tuple[Any, ...]], by: Actor) -> ReferralLine:
    """A line with the tag that was sealed to the asker's organisation; this is no opening (ADR 0064)."""
    *rest, danger, post_waits, children, sealed, version, wrapped = found
    doctor = (
        sealed is not None
        and version is not None
        and tags.needs_doctor(db.session(), rest[1].id, sealed, version, wrapped, by=by)
    )
    line = _referral_line(cast(Any, rest), by, doctor=doctor, danger=bool(danger))
    return replace(line, post_waits=bool(post_waits), children=bool(children)) if post_waits or children else line


def _hour(line: ReferralLine) -> datetime:
    """The hour by which a list is ordered: until when the answer is awaited, or the person."""
    if line.status == ReferralStatus.ACCEPTED:
        return line.expected_at or _WITHOUT_HOUR
    return line.due_at if line.promised_at is None else line.expires_at


@built_once
def _first_due_first(by: Actor, status: ReferralStatus, further: bool, danger: tuple[str, ...]) -> _TaggedLines:
    hour = _EXPECTED if status is ReferralStatus.ACCEPTED else _DUE
    asked = (RouteCandidate.case_id == Case.id, RouteCandidate.organisation_id == Referral.receiver_id)
    of_move = Referral.sealed_tags.is_not(None)  # what the shelter says now, before what the post said
    sealed = case((of_move, Referral.sealed_tags), else_=RouteCandidate.sealed_tags)
    made_for = case((of_move, Referral.tags_version), else_=RouteCandidate.tags_version)
    version = (Keyring.organisation_id == Referral.receiver_id, Keyring.version == made_for)
    waits = transfer_rows.post_waits() if status is ReferralStatus.ACCEPTED else literal(False)
    statement = (
        _referral_rows()
        .add_columns(
            duty_rows.in_danger(danger),
            waits,
            obligation_rows.children_announced(),
            sealed,
            made_for,
            KeyringWrap.sealed_private,
        )
        .outerjoin(RouteCandidate, and_(*asked))
        .outerjoin(Keyring, and_(*version))
        .outerjoin(KeyringWrap, and_(KeyringWrap.keyring_id == Keyring.id, KeyringWrap.member_id == by.member_id))
        .where(Referral.receiver_id == by.organisation_id, Referral.status == status)
    )
    if further:
        statement = statement.where(tuple_(hour, Referral.id) > PLACE)
    return statement.order_by(hour, Referral.id).limit(MOST)


def _referral_line(
    found: Row[Referral, Case, Organisation, Organisation, str, bool, date | None, uuid.UUID | None],
    by: Actor,
    *,
    doctor: bool = False,
    danger: bool = False,
) -> ReferralLine:
    referral_, case_, sender, receiver, place, urgently, missing_since, interviewer = found
    status = ReferralStatus(referral_.status)
    held_it = interviewer is not None and interviewer == by.member_id
    told = is_told_receiver(by.kind, status, interviewer=held_it)
    relation, now = relation_to(referral_, by=by), clock.now()
    sends = relation is Relation.SENDER
    of_person = status.is_open and relation in (Relation.RECEIVER, Relation.DUTY_OFFICER)
    return ReferralLine(
        id=referral_.id,
        case_id=case_.id,
        pseudonym=case_.pseudonym,
        status=status,
        relation=relation,
        told=told,
        interviewer=held_it,
        sender=sender.names,
        sender_telephone=sender.telephone,
        receiver=receiver.names if told else {},
        receiver_code=receiver.code if told else "",
        receiver_telephone=names.number_of(receiver) if told else "",
        agreement=referral_.agreement,
        clause=referral_.clause if told else "",
        must=referral_.must and told,
        assigned=referral_.assigned and told,
        override_reason=referral_.override_reason if told else "",
        sent_at=referral_.sent_at,
        due_at=referral_.due_at,
        expires_at=referral_.expires_at,
        promised_at=referral_.promised_at,
        promised_by=referral_.promised_by if told else "",
        promise_denied=status is ReferralStatus.SENT and referral_rows.is_promise_denied(referral_),
        decided_at=referral_.decided_at,
        decline_reason=referral_.decline_reason if told else "",
        departed_at=referral_.departed_at,
        escort=referral_.escort,
        expected_at=referral_.expected_at,
        arrived_at=referral_.arrived_at,
        place=(place or "") if told else "",
        age_class=case_.age_class,
        gender=case_.gender,
        citizenship_class=case_.citizenship_class,
        consent=case_.consent,
        questionnaire=case_.questionnaire,
        late=_is_late_for_sender(referral_, status, now)
        if sends
        else referral_rows.terms(referral_).is_late(status, now),
        urgent=bool(urgently),
        doctor=doctor,
        danger=danger,
        missing_since=missing_since if of_person else None,
        quarter=_quarter(referral_),
        alarm_at=referral_rows.terms(referral_).alarm_at,
    )


def can_be_opened(line: ReferralLine) -> bool:
    """Whether the asked party could open the case by accepting; if not, its holder must send the keys now."""
    return next_receiver_rows.has_key_waiting(line.case_id, _receiver_of(line))


def waits_for_keys(line: ReferralLine) -> bool:
    """Whether who is asked can open nothing before the sender sends the keys."""
    return line.status is ReferralStatus.SENT and not can_be_opened(line)


def receiver_may_accept(line: ReferralLine) -> bool:
    """Whether enough people hold the key of the asked organisation."""
    return member_rows.may_accept(_receiver_of(line))


def _receiver_of(line: ReferralLine) -> uuid.UUID:
    return db.session.scalars(select(Referral.receiver_id).where(Referral.id == line.id)).one()
