"""Who has arrived at the actor's shelter and was not admitted yet, and who was said not to have come."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.store.rows.referrals import referrals as referral_rows

_MOST = 50


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
