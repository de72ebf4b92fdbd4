"""Nights per shelter and quarter. Frozen at closing; read by the payment desk and by each shelter alone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotPermitted, OrganisationKind, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter import payment_lines as rules
from nrm.domain.shelter.stays import Period, present
from nrm.models.accounts.accounts import Organisation
from nrm.models.reports.reports import PaymentLine
from nrm.models.shelter.stays import Stay
from nrm.store.rows.shelter import absences as absence_rows


@dataclass(frozen=True, slots=True)
class Base:
    """What one shelter is paid by for one quarter: nights of it, and those of earlier ones known since."""

    quarter: Quarter
    code: str
    names: Mapping[str, str]
    nights: int
    earlier: int

    @property
    def paid(self) -> int:
        """All nights that the shelter is paid for: `nights` and `earlier`."""
        return self.nights + self.earlier


def bases(*, by: Actor) -> list[Base]:
    """The newest quarter first: of every shelter for the payment desk, of their own for anybody else who may."""
    by.must(Permission.PAYMENT_READ)
    statement = (
        select(
            PaymentLine.quarter,
            Organisation.code,
            Organisation.name_sq,
            Organisation.name_en,
            PaymentLine.nights,
            PaymentLine.earlier,
        )
        .join(Organisation, Organisation.id == PaymentLine.organisation_id)
        .order_by(PaymentLine.quarter.desc(), Organisation.code)
    )
    if by.kind is not OrganisationKind.MINISTRY:
        statement = statement.where(PaymentLine.organisation_id == by.organisation_id)
    return [
        Base(Quarter.parse(row.quarter), row.code, {"sq": row.name_sq, "en": row.name_en}, row.nights, row.earlier)
        for row in db.session.execute(statement)
    ]


def lines(quarter: Quarter, *, by: Actor) -> list[PaymentLine]:
    """The rows to freeze with a quarter, one a shelter; none when it is frozen. For closing a quarter only."""
    if by != Actor.system("release"):
        raise NotPermitted("nights are summed by the program alone")
    frozen: dict[uuid.UUID, tuple[str, int]] = {
        row[0]: (row[1], row[2])
        for row in db.session.execute(
            select(
                PaymentLine.organisation_id,
                func.min(PaymentLine.quarter),
                func.sum(PaymentLine.nights + PaymentLine.earlier),
            ).group_by(PaymentLine.organisation_id)
        )
    }
    if db.session.scalar(select(func.count()).where(PaymentLine.quarter >= str(quarter))):
        return []
    first = {shelter: Quarter.parse(frozen[shelter][0]) if shelter in frozen else None for shelter in _shelters()}
    nights, earlier = dict.fromkeys(first, 0), dict.fromkeys(first, 0)
    gaps = absence_rows.gaps()
    # Every stay that ever was is read, and none is kept.
    statement = select(Stay.id, Stay.organisation_id, Stay.admitted_on, Stay.ended_on)
    every = statement.where(Stay.admitted_on <= quarter.end).execution_options(yield_per=1_000)
    for stay_id, shelter, admitted_on, ended_on in db.session.execute(every):
        if shelter not in first:
            continue
        there: list[rules.Days] = [(admitted_on, ended_on)]
        if stay_id in gaps:
            parts = present(Period(admitted_on, ended_on), gaps[stay_id])
            there = [(each.admitted_on, each.exited_on) for each in parts]
        nights[shelter] += rules.of_quarter(there, quarter)
        earlier[shelter] += rules.earlier(there, quarter, since=first[shelter], paid=0)
    return [
        PaymentLine(
            organisation_id=shelter,
            quarter=str(quarter),
            nights=nights[shelter],
            earlier=earlier[shelter] - (frozen[shelter][1] if shelter in frozen else 0),
            frozen_at=clock.now(),
        )
        for shelter in first
    ]


def _shelters() -> list[uuid.UUID]:
    return list(db.session.scalars(select(Organisation.id).where(Organisation.kind.in_(SHELTERS))))
