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
    gaps = absence_rows.gaps()
    stays: dict[uuid.UUID, list[rules.Days]] = {}
    for row in db.session.execute(
        select(Stay.id, Stay.organisation_id, Stay.admitted_on, Stay.ended_on).where(Stay.admitted_on <= quarter.end)
    ):
        days = stays.setdefault(row.organisation_id, [])
        if row.id not in gaps:  # nearly all, and all that ever were are read
            days.append((row.admitted_on, row.ended_on))
            continue
        there = present(Period(row.admitted_on, row.ended_on), gaps[row.id])
        days.extend((each.admitted_on, each.exited_on) for each in there)
    made = []
    for shelter in db.session.scalars(select(Organisation.id).where(Organisation.kind.in_(SHELTERS))):
        days = stays.get(shelter, [])
        first, paid = frozen.get(shelter, (None, 0))
        since = Quarter.parse(first) if first else None
        made.append(
            PaymentLine(
                organisation_id=shelter,
                quarter=str(quarter),
                nights=rules.of_quarter(days, quarter),
                earlier=rules.earlier(days, quarter, since=since, paid=paid),
                frozen_at=clock.now(),
            )
        )
    return made
