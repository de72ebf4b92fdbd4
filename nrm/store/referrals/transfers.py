"""Moves between shelters as the two shelters see them: where each stands, and what comes next."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.referrals import TAKEN, ReferralStatus, Relation
from nrm.domain.referrals.transfers import MEETING, Stand, both_write_until, stand
from nrm.domain.shelter.absences import Kind
from nrm.domain.shelter.cases import HOUSE_LABEL
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import LeftAlone, Missing
from nrm.models.shelter.cases import Case, Grant
from nrm.models.shelter.places import Occupancy, Place
from nrm.models.shelter.stays import Stay
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals.referrals import ReferralLine
from nrm.store.rows.referrals import mistakes as mistake_rows
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.rows.referrals import transfers as rows
from nrm.store.rows.shelter import absences as absence_rows

_Sender, _Receiver = aliased(Organisation), aliased(Organisation)
_MOST = 20
_Lines = Select[Referral, str, Organisation, Organisation, bool, date | None, date | None]


@dataclass(frozen=True, slots=True)
class MoveLine:
    """One move, for one of its two shelters. `other`: the name of the other one; `sends`: the asker is the sender;
    `both_until`: the hour until which both read and write, if both do; `missing_since`, `died_on`: what one of the two
    has recorded, because of which the move waits."""

    referral_id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    stand: Stand
    sends: bool
    other: dict[str, str]
    telephone: str
    both_until: datetime | None
    missing_since: date | None = None
    died_on: date | None = None
    struck: bool = False
    """The arrival was struck: the sender says that the person never left (ADR 0267)."""


@dataclass(frozen=True, slots=True)
class Sleeps:
    """The person's place at the sender's, which is all that it sees of a person who is to be safe from it."""

    bed: str
    admitted_on: date
    stay_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class AtTheDoor:
    """What speaks against an arrival (ADR 0261): the shelter from which somebody moves has `not_left` said, or took
    that back (`taken_back`), and an alarm runs that the person is missing."""

    not_left: bool = False
    taken_back: bool = False
    missing_since: date | None = None


def moves(*, by: Actor) -> list[MoveLine]:
    """The moves that the actor's shelter asked for or accepted, until the person has come, or somebody said where the
    person is who did not; the oldest first."""
    if by.organisation_id is None or not (by.may(Permission.REFERRAL_SEND) and by.may(Permission.REFERRAL_DECIDE)):
        raise NotVisible
    wanted = or_(_own(by), _not_come(by))
    statement = _moves().where(wanted).order_by(Referral.sent_at, Referral.id).limit(_MOST)
    found = (_line(each, by) for each in db.session.execute(statement))
    return [each for each in found if each is not None]


def was_of(case_id: uuid.UUID, *, by: Actor) -> Organisation | None:
    """The other shelter of the newest move of the case that the actor's own had a part in; None if it never had."""
    mine = or_(
        Referral.sender_id == by.organisation_id,
        (Referral.receiver_id == by.organisation_id) & (Referral.status == ReferralStatus.CALLED_OFF),
    )
    accepted = Referral.status.in_(TAKEN)
    statement = (
        _moves()
        .where(Referral.case_id == case_id, mine, accepted, rows.from_a_shelter())
        .order_by(Referral.position.desc())
        .limit(1)
    )
    found = db.session.execute(statement).first()
    if found is None or by.organisation_id is None:
        return None
    _, _, sender, receiver, *_ = found
    return receiver if sender.id == by.organisation_id else sender


def number_open(by: Actor) -> ColumnElement[int]:
    """How many `moves` the actor has, as a column of another statement; 0 for who is no shelter."""
    if by.organisation_id is None or not (by.may(Permission.REFERRAL_SEND) and by.may(Permission.REFERRAL_DECIDE)):
        return literal(0)
    counted = select(func.count()).select_from(Referral).join(Case, Case.id == Referral.case_id)
    return counted.where(or_(_own(by), _not_come(by))).scalar_subquery()


def of_case(case_id: uuid.UUID, *, by: Actor) -> MoveLine | None:
    """The move of a case that is not over: for the shelter that asked, and once it is accepted for the other one too.
    None for everybody else."""
    found = db.session.execute(_moves().where(Referral.case_id == case_id, _own(by))).first()
    return _line(found, by) if found is not None else None


def _own(by: Actor) -> ColumnElement[bool]:
    """The condition for moves that the actor's shelter asked for, or accepted, and that are not over."""
    sends = (Referral.sender_id == by.organisation_id) & Referral.status.in_(("sent", "accepted"))
    takes = (Referral.receiver_id == by.organisation_id) & (Referral.status == ReferralStatus.ACCEPTED)
    return and_(or_(sends, takes), rows.from_a_shelter())


def _not_come(by: Actor) -> ColumnElement[bool]:
    """The condition for moves from the actor's shelter whose person did not arrive, until somebody says where they are
    (ADR 0267)."""
    lost = (Referral.sender_id == by.organisation_id, Referral.status == ReferralStatus.NOT_ARRIVED)
    return and_(*lost, rows.from_a_shelter(), referral_rows.not_come())


def of_referral(referral_id: uuid.UUID, *, by: Actor) -> MoveLine | None:
    """As `of_case`, of one referral; in one statement, so that another's takes as long as none."""
    found = db.session.execute(_moves().where(Referral.id == referral_id, _own(by))).first()
    return _line(found, by) if found is not None else None


def is_move(line: ReferralLine) -> bool:
    """Whether the sender of a referral that was seen is a shelter."""
    return bool(db.session.scalar(select(exists().where(Referral.id == line.id, rows.from_a_shelter()))))


def at_the_door(line: ReferralLine, *, by: Actor) -> AtTheDoor:
    """What speaks against an arrival that is not recorded yet, for who receives the person; raises NotPermitted and
    NotVisible."""
    by.must(Permission.REFERRAL_DECIDE)
    if line.relation is not Relation.RECEIVER:
        raise NotVisible
    if line.status is ReferralStatus.ARRIVED:
        return AtTheDoor()
    alarm = absence_rows.stands(line.case_id)
    not_left = line.departed_at is None and is_move(line) and rows.is_unsaid(line.id)
    back = not_left and mistake_rows.is_taken_back(line.id)
    return AtTheDoor(not_left, back, alarm.since_on if alarm is not None else None)


def sleeps_here(line: MoveLine, *, by: Actor) -> Sleeps | None:
    """Where the person of a move sleeps in the actor's own shelter."""
    found = db.session.execute(
        select(func.coalesce(Place.label, ""), Stay.admitted_on, Stay.id)
        .outerjoin(
            Occupancy,
            and_(Occupancy.stay_id == Stay.id, Occupancy.until_on.is_(None), Occupancy.struck_on.is_(None)),
        )
        .outerjoin(Place, Place.id == Occupancy.place_id)
        .where(Stay.case_id == line.case_id, Stay.organisation_id == by.organisation_id, Stay.ended_on.is_(None))
    ).first()
    return Sleeps(*found) if found is not None else None


def is_said(line: MoveLine) -> bool:
    """Whether the receiver of a move has said where the person is met."""
    return rows.is_written(line.referral_id, MEETING)


def is_written(line: ReferralLine) -> bool:
    """Whether the sender of a referral that was seen wrote a hand-over for it."""
    return rows.is_written(line.id)


def is_before_leaving(referral_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether it is a move that was accepted by a hand-over, and nobody recorded that the person left."""
    seen = referral_store.row(referral_id, by=by)
    before = seen.status == "accepted" and seen.departed_at is None and rows.is_move(seen)
    return before and (rows.is_written(seen.id) or mistake_rows.is_taken_back(seen.id))


def _moves() -> _Lines:
    holds = exists().where(
        Grant.case_id == Referral.case_id,
        Grant.organisation_id == Referral.sender_id,
        Grant.compartment != HOUSE_LABEL,
    )
    missing = select(Missing.since_on).where(Missing.case_id == Referral.case_id, Missing.outcome == "")
    died = select(func.max(LeftAlone.left_on)).where(
        LeftAlone.case_id == Referral.case_id,
        LeftAlone.kind == Kind.DIED,
        LeftAlone.withdrawn_on.is_(None),
        LeftAlone.struck_on.is_(None),
    )
    return (
        select(
            Referral,
            Case.pseudonym,
            _Sender,
            _Receiver,
            holds,
            missing.correlate(Referral).scalar_subquery(),
            died.correlate(Referral).scalar_subquery(),
        )
        .join(Case, Case.id == Referral.case_id)
        .join(_Sender, _Sender.id == Referral.sender_id)
        .join(_Receiver, _Receiver.id == Referral.receiver_id)
        .execution_options(populate_existing=True)
    )


def _line(
    found: Row[Referral, str, Organisation, Organisation, bool, date | None, date | None], by: Actor
) -> MoveLine | None:
    referral, pseudonym, sender, receiver, holds, missing_since, died_on = found
    stands = stand(
        referral.status,
        departed_at=referral.departed_at,
        accepted_at=referral.decided_at,
        sender_holds_keys=bool(holds),
        taken_back=referral.departed_at is None and not holds and mistake_rows.is_taken_back(referral.id),
        at=clock.now(),
    )
    if stands is None and referral.status == ReferralStatus.NOT_ARRIVED:
        stands = Stand.NOT_COME
    if stands is None:
        return None
    sends = referral.sender_id == by.organisation_id
    other = receiver if sends else sender
    both = stands in (Stand.BOTH, Stand.OVERDUE) and referral.decided_at is not None
    return MoveLine(
        referral_id=referral.id,
        case_id=referral.case_id,
        pseudonym=pseudonym,
        stand=stands,
        sends=sends,
        other=other.names,
        telephone=other.telephone,
        both_until=both_write_until(referral.decided_at) if both and referral.decided_at else None,
        missing_since=missing_since,
        died_on=died_on,
        struck=stands is Stand.TAKEN_BACK and mistake_rows.is_arrival_struck(referral.id),
    )
