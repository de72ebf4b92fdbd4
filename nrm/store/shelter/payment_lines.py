"""Nights per shelter and quarter. Frozen at closing; read by each shelter, and as far as needed by the payment desk."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotPermitted, OrganisationKind, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter import payment_lines as rules
from nrm.domain.shelter.stays import Period, Source, present
from nrm.domain.support.subsidies import NightTerms, covered
from nrm.models.accounts.accounts import Organisation
from nrm.models.reports.reports import PaymentLine
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Place
from nrm.models.shelter.stays import Stay
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.support import subsidies as contract_rows
from nrm.vault import rows as marked


@dataclass(frozen=True, slots=True)
class Base:
    """What one shelter is paid by for one quarter (`basis`), and for how many nights (`paid`): in `bases` as it was
    frozen; `on` says it of the days of a contract.

    `nights` of stays, and those of earlier quarters known since (`earlier`), are for the shelter itself: none for the
    payment desk. `paid` is none where the desk must not see it. `to_sign`: the shelter's manager signs it. `sound`:
    nobody but this program wrote it as it is now (ADR 0196).
    """

    quarter: Quarter
    code: str
    names: Mapping[str, str]
    basis: rules.Basis
    nights: int | None
    earlier: int | None
    paid: int | None
    to_sign: bool = True
    sound: bool = True
    by_day: rules.ByDay | None = None
    frozen_at: datetime | None = None

    def on(self, covered: rules.Covered) -> int | None:
        """For how many nights it is paid where a contract pays for these days. What was frozen before it was kept by
        the day is paid as it was frozen."""
        return self.paid if self.paid is None or self.by_day is None else self.by_day.on(covered)


def bases(*, by: Actor) -> list[Base]:
    """The newest quarter first: of every shelter for the payment desk, of their own for anybody else who may."""
    by.must(Permission.PAYMENT_READ)
    desk = by.kind is OrganisationKind.MINISTRY
    statement = (
        select(PaymentLine, Organisation.code, Organisation.names)
        .join(Organisation, Organisation.id == PaymentLine.organisation_id)
        .order_by(PaymentLine.quarter.desc(), Organisation.code)
    )
    if not desk:
        statement = statement.where(PaymentLine.organisation_id == by.organisation_id)
    return [_base(line, code, names, desk) for line, code, names in db.session.execute(statement)]


def _base(line: PaymentLine, code: str, names: Mapping[str, str], desk: bool) -> Base:
    basis, sound, quarter = rules.Basis(line.basis), marked.is_payment_line(line), Quarter.parse(line.quarter)
    return Base(
        quarter,
        code,
        names,
        basis,
        None if desk else line.nights,
        None if desk else line.earlier,
        None if desk and basis is rules.Basis.WITHHELD else line.payable,
        line.to_sign,
        sound,
        rules.ByDay.of(quarter, line.by_day) if line.by_day is not None and sound else None,
        line.frozen_at,
    )


def lines(quarter: Quarter, *, by: Actor) -> list[PaymentLine]:
    """The rows to freeze with a quarter, one a shelter; none when it is frozen. For closing a quarter only."""
    if by != Actor.system("release"):
        raise NotPermitted("nights are summed by the program alone")
    if db.session.scalar(select(func.count()).where(PaymentLine.quarter >= str(quarter))):
        return []
    frozen: dict[uuid.UUID, list[PaymentLine]] = {}
    for each in db.session.scalars(select(PaymentLine)):
        frozen.setdefault(each.organisation_id, []).append(each)
    shelters = db.session.scalars(select(Organisation.id).where(Organisation.kind.in_(SHELTERS))).all()
    gaps = absence_rows.gaps()
    stays = _nights(quarter, shelters, gaps)
    residents = _residents(quarter, shelters, gaps)
    places: dict[uuid.UUID, list[tuple[date | None, date | None]]] = {}
    # An extra place is made for somebody: that it was there says that they were. Of one that was entered as there
    # before, nobody but who entered it says that it was.
    first = func.coalesce(Place.entered_on, Place.from_on)
    of_building = select(Place.organisation_id, first, Place.until_on).where(Place.extra_why == "")
    for organisation_id, from_on, until_on in db.session.execute(of_building):
        places.setdefault(organisation_id, []).append((from_on, until_on))
    terms = contract_rows.night_terms(shelters)
    return [
        _line(
            shelter,
            quarter,
            rules.basis(len(residents.get(shelter, ()))),
            stays.get(shelter) or rules.Nights({}, {}),
            places.get(shelter, []),
            frozen.get(shelter, []),
            terms.get(shelter, ()),
        )
        for shelter in shelters
    ]


def _nights(
    quarter: Quarter, shelters: Sequence[uuid.UUID], gaps: Mapping[uuid.UUID, Sequence[Period]]
) -> dict[uuid.UUID, rules.Nights]:
    """The nights of each shelter, until the end of a quarter: stays are counted by day, and only those with `gaps`, or
    with nights that nobody confirmed, are read one by one."""
    begun: dict[uuid.UUID, Counter[date]] = defaultdict(Counter)
    ended: dict[uuid.UUID, Counter[date]] = defaultdict(Counter)
    # In the order of an index, so that the rows themselves are not read.
    by_first, by_end = (Stay.admitted_on, Stay.organisation_id), (Stay.organisation_id, Stay.ended_on)
    for day, order, into in ((Stay.admitted_on, by_first, begun), (Stay.ended_on, by_end, ended)):
        counted = select(Stay.organisation_id, day, func.count()).where(day <= quarter.end).group_by(*order)
        for organisation_id, on, number in db.session.execute(counted):
            if on is not None:
                into[organisation_id][on] = number
    otherwise = select(Stay.id, Stay.organisation_id, Stay.admitted_on, Stay.ended_on, Stay.counts_from)
    unconfirmed = select(Stay.id).where(Stay.organisation_id.in_(shelters), Stay.counts_from.is_not(None))
    other = or_(Stay.id.in_(absence_rows.interrupted()), Stay.id.in_(unconfirmed))
    for id_, organisation_id, admitted_on, ended_on, counts_from in db.session.execute(
        otherwise.where(other, Stay.admitted_on <= quarter.end)
    ):
        whole = Period(admitted_on, ended_on)
        those = present(_counted(whole, counts_from), gaps.get(id_, ()))
        for sign, periods in ((-1, [whole]), (1, those)):
            for each in periods:
                begun[organisation_id][each.admitted_on] += sign
                if each.exited_on is not None:
                    ended[organisation_id][each.exited_on] += sign
    return {shelter: rules.Nights(begun[shelter], ended[shelter]) for shelter in begun}


def _counted(stay: Period, counts_from: date | None) -> Period:
    """The stay without the nights that wait for a second member (ADR 0182)."""
    if counts_from is None:
        return stay
    return Period(min(counts_from, stay.exited_on or counts_from), stay.exited_on)


def _residents(
    quarter: Quarter, shelters: Sequence[uuid.UUID], gaps: Mapping[uuid.UUID, Sequence[Period]]
) -> dict[uuid.UUID, set[uuid.UUID]]:
    """The cases of each shelter with a night in a quarter, without children who came with a victim."""
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    # Each by the index: what ended before the quarter is not looked at.
    for there in (Stay.ended_on.is_(None), Stay.ended_on > quarter.start):
        for row in db.session.execute(
            select(Stay.id, Stay.organisation_id, Stay.case_id, Stay.admitted_on, Stay.ended_on, Stay.counts_from)
            .join(Case, Case.id == Stay.case_id)
            .where(
                Stay.organisation_id.in_(shelters),
                there,
                Stay.admitted_on <= quarter.end,
                Case.source != Source.WITH_A_VICTIM,
            )
        ):
            stay = _counted(Period(row.admitted_on, row.ended_on), row.counts_from)
            periods = present(stay, gaps.get(row.id, ()))
            if any(
                rules.nights(each.admitted_on, each.exited_on, first=quarter.start, last=quarter.end)
                for each in periods
            ):
                found[row.organisation_id].add(row.case_id)
    return found


def _line(
    shelter: uuid.UUID,
    quarter: Quarter,
    basis: rules.Basis,
    stays: rules.Nights,
    places: Sequence[tuple[date | None, date | None]],
    frozen: Sequence[PaymentLine],
    terms: Sequence[NightTerms],
) -> PaymentLine:
    # From rows that another hand changed nothing follows: what became known of earlier quarters waits until they are
    # put right, and is paid with the quarter after that.
    frozen = frozen if all(marked.is_payment_line(each) for each in frozen) else ()
    since = min((Quarter.parse(each.quarter) for each in frozen), default=None)
    by_nights = [_as_paid(each, terms) for each in frozen if each.basis != rules.Basis.PLACES]
    if basis is rules.Basis.PLACES:
        numbers = [rules.kept(places, (day,)) for day in rules.each_day(quarter)]
        by_day = rules.ByDay(quarter.start, 0, tuple(numbers))
    else:
        numbers = [stays.between(*day) for day in rules.each_day(quarter)]
        by_day = rules.ByDay(quarter.start, rules.payable(stays, (), before=by_nights), tuple(numbers))
    line = PaymentLine(
        organisation_id=shelter,
        quarter=str(quarter),
        nights=rules.of_quarter(stays, quarter),
        earlier=rules.earlier(stays, quarter, since=since, paid=sum(each.nights + each.earlier for each in frozen)),
        payable=by_day.on(covered(terms, quarter)),
        by_day=str(by_day),
        basis=str(basis),
        frozen_at=clock.now(),
        to_sign=True,
    )
    line.mark = marked.payment_line_mark(line)
    return line


def _as_paid(line: PaymentLine, terms: Sequence[NightTerms]) -> tuple[rules.Covered, int]:
    """On which days a quarter that was frozen is paid for, and for how many nights."""
    quarter = Quarter.parse(line.quarter)
    if line.by_day is None:
        return covered(contract_rows.terms_then(line.organisation_id, line.frozen_at)[-1], quarter), line.payable
    days = covered(terms, quarter)
    return days, rules.ByDay.of(quarter, line.by_day).on(days)
