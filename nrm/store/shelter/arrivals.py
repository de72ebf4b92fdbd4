"""Who has arrived at the actor's shelter and was not admitted yet, and who was said not to have come."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, bindparam, exists, func, literal, or_, select

from nrm.audit import Event, details_of
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.post_tasks import Said, TaskKind
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.accounts.accounts import Member
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.prepared import Prepared, Row
from nrm.store import names
from nrm.store.referrals.referrals import ReferralLine, SentLine
from nrm.store.rows.referrals import post_tasks as post_task_rows
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.shelter import cases

_MOST, _NEWEST = 50, 50_000
"""So many of the newest entries of the chain are looked through for who arrived without having left."""


@dataclass(frozen=True, slots=True)
class ArrivedLine:
    """One person who is there and has no place, or, unless `came`, who did not come and is not found anywhere yet."""

    referral_id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    came: bool
    mistaken: bool = False  # accepted by mistake


def waiting(*, by: Actor) -> list[ArrivedLine]:
    """People who arrived and have no place yet, and those who did not come, until it is said where they are.

    Empty for an actor who takes nobody in.
    """
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return []
    statement = (
        select(
            Referral.id,
            Case.id,
            Case.pseudonym,
            Referral.status == ReferralStatus.ARRIVED,
            Referral.status == ReferralStatus.MISTAKEN,
        )
        .join(Case, Case.id == Referral.case_id)
        .where(_waits(by))
        .order_by(Referral.status.desc(), Case.pseudonym)
        .limit(_MOST)
    )
    return [ArrivedLine(*row) for row in db.session.execute(statement)]


def _waits(by: Actor) -> ColumnElement[bool]:
    """The condition by which a referral and its case say that the person is here and has no place, or did not come."""
    without_stay = ~exists().where(Stay.referral_id == Referral.id, Stay.taken_back_on.is_(None))
    return and_(
        Case.holder_id == by.organisation_id,
        Case.status == "open",
        Referral.receiver_id == by.organisation_id,
        Referral.status.in_((ReferralStatus.ARRIVED, ReferralStatus.NOT_ARRIVED, ReferralStatus.MISTAKEN)),
        or_(and_(Referral.status == ReferralStatus.ARRIVED, without_stay), referral_rows.not_come()),
    )


def number_waiting(by: Actor) -> ColumnElement[int]:
    """How many lines `waiting` has; a part of another statement."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    counted = select(func.count()).select_from(Referral).join(Case, Case.id == Referral.case_id).where(_waits(by))
    return counted.scalar_subquery()


@dataclass(frozen=True, slots=True)
class UnsaidLine:
    """Somebody whose arrival a shelter recorded, while the post that sent them never said that they left."""

    case_id: uuid.UUID
    referral_id: uuid.UUID
    pseudonym: str
    age_class: str
    shelter: dict[str, str]
    shelter_telephone: str
    post: dict[str, str]
    post_telephone: str
    closed: bool
    """The case was closed or erased since."""
    opens: bool
    """The asker can open the referral."""
    called_at: datetime | None = None
    """When the post or the shelter said that it called, and that it is the same person (ADR 0241)."""
    called_by_post: bool = False
    here_at: datetime | None = None
    """When the post said that the person is still there, whatever it said after that (ADR 0247)."""
    denied_by: str = ""
    denied_at: datetime | None = None
    """Who of the shelter from which the person moved struck the arrival, and when: she never left (ADR 0267)."""


def number_unsaid(by: Actor) -> ColumnElement[int]:
    """How many such arrivals were recorded lately, for the duty desk; a part of another statement, which gives
    `unsaid_since`."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    counted = (
        select(func.count()).select_from(AuditEntry).where(AuditEntry.id > last - _NEWEST, post_task_rows.is_unsaid())
    )
    return counted.where(AuditEntry.at >= bindparam("unsaid_since", type_=String())).scalar_subquery()


def moment(by: Actor) -> dict[str, str]:
    """From when on `number_unsaid` counts, as the chain writes it."""
    return {"unsaid_since": post_task_rows.unsaid_since()} if by.may(Permission.REFERRAL_DIRECT) else {}


def unsaid(*, by: Actor) -> list[UnsaidLine]:
    """Whom the duty desk asks about: first who is still at the post, as it says, then children, and last those of whom
    the post says that it is the same person. They arrived lately without having left, and the arrival stands, whatever
    became of the case: a house that closes or erases it takes nothing off this page (ADR 0238). Empty for everybody
    else."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return []
    told = _unsaid()
    if not told:
        return []
    houses, words = names.organisations_by_id(), post_task_rows.words()
    statement = select(Referral, Case).join(Case, Case.id == Referral.case_id)
    found = []
    denied = _denied(told)
    shown = or_(_stands(), Referral.id.in_(denied))
    for referral, case in db.session.execute(statement.where(Referral.id.in_(set(map(_referral, told))), shown)).all():
        struck = denied.get(referral.id) if referral.status != ReferralStatus.ARRIVED else None
        shelter, post = houses[referral.receiver_id], houses[referral.sender_id]
        word = words.get((referral.id, TaskKind.UNSAID))
        called = word.last if word is not None else None
        found.append(
            UnsaidLine(
                case.id,
                referral.id,
                case.pseudonym,
                case.age_class,
                shelter.names,
                names.number_of(shelter),
                post.names,
                names.number_of(post),
                closed=case.status == "closed",
                opens=_opens(case.id, by),
                called_at=called.at if called is not None and called.how is not Said.HERE else None,
                here_at=word.here_at if word is not None else None,
                denied_by=struck[0] if struck is not None else "",
                denied_at=struck[1] if struck is not None else None,
                called_by_post=called is not None and called.organisation_id == referral.sender_id,
            )
        )

    def order(line: UnsaidLine) -> tuple[bool, bool, bool, str]:
        not_here = line.here_at is None and line.denied_at is None
        return not_here, not_here and line.called_by_post, line.age_class == "adult", line.pseudonym

    return sorted(found, key=order)


def _opens(case_id: uuid.UUID, by: Actor) -> bool:
    try:
        cases.visible(case_id, by=by)
    except NotVisible:
        return False
    return True


def _stands() -> ColumnElement[bool]:
    """Whether the arrival was not taken back."""
    return Referral.status == ReferralStatus.ARRIVED


_UNSAID = Prepared(
    select(AuditEntry.event, AuditEntry.at, AuditEntry.member_id, AuditEntry.details)
    .where(
        AuditEntry.id > select(func.max(AuditEntry.id)).scalar_subquery() - _NEWEST,
        post_task_rows.is_unsaid(),
        AuditEntry.at >= bindparam("unsaid_since", type_=String()),
    )
    .order_by(AuditEntry.id)
)


def _denied(told: Sequence[Row]) -> dict[uuid.UUID, tuple[str, datetime]]:
    """Referral -> who said lately that the person never left, and when."""
    found = {_referral(each): each for each in told if each.event == Event.ARRIVAL_TAKEN_BACK}
    if not found:
        return {}
    hands = {uuid.UUID(each.member_id) for each in found.values()}
    people = {row[0]: row[1] for row in db.session.execute(select(Member.id, Member.name).where(Member.id.in_(hands)))}
    return {
        id_: (people.get(uuid.UUID(each.member_id), ""), datetime.fromisoformat(each.at)) for id_, each in found.items()
    }


def _referral(entry: Row) -> uuid.UUID:
    return uuid.UUID(details_of(entry.details)["referral_id"])


def _unsaid() -> list[Row]:
    """The entries of lately, the oldest first."""
    return _UNSAID.all(db.session, {"unsaid_since": post_task_rows.unsaid_since()})


def unsaid_of(lines: Sequence[ReferralLine | SentLine]) -> set[uuid.UUID]:
    """Of referrals that the asker saw, those whose person lately arrived without having left. Asks nothing where each
    was said to have left, or has not arrived."""
    asked = {each.id for each in lines if each.status is ReferralStatus.ARRIVED and each.departed_at is None}
    return asked & set(map(_referral, _unsaid())) if asked else set()
