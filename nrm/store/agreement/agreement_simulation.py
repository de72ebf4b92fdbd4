"""The cases of a period for a simulation, and the places of the shelters: closed codes, dates and organisations alone.

For the program itself; no person, whatever the role, reads people this way.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, Select, exists, func, or_, select

from nrm.countries import Country
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotPermitted
from nrm.domain.agreement.agreement_simulation import PastCase, PastStay, PastStep
from nrm.domain.shelter.cases import UNKNOWN
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Obligation, Referral, RouteCandidate
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import OutOfService, Place
from nrm.models.shelter.stays import Stay

SIMULATION = Actor.system("simulation")


def places(last: date, *, by: Actor) -> dict[str, int]:
    """Party -> places in use of its shelters on the `last` day of a period. Raises NotPermitted for a person.

    A place entered after the period was not there in it, and one closed after it was.
    """
    _for_the_program(by)
    there = or_(Place.from_on.is_(None), Place.from_on <= last), or_(Place.until_on.is_(None), Place.until_on > last)
    out = exists().where(
        OutOfService.place_id == Place.id,
        OutOfService.from_on <= last,
        or_(OutOfService.until_on.is_(None), OutOfService.until_on > last),
    )
    rows = db.session.execute(
        select(Organisation.party, func.count().label("places"))
        .join(Place, Place.organisation_id == Organisation.id)
        .where(Organisation.kind.in_([str(kind) for kind in SHELTERS]), Organisation.party != "", *there, ~out)
        .group_by(Organisation.party)
    )
    return {row.party: row.places for row in rows}


def past(first: date, last: date, country: Country, *, by: Actor) -> list[PastCase]:
    """Every case that has a night in the period, or was registered in it without a stay. People who do not wish to be
    counted are left out. Raises NotPermitted for a person."""
    _for_the_program(by)
    chosen = _in_question(first, last)
    stays = _by_case(_stays(chosen))
    referrals = _by_case(
        select(
            Referral.case_id, Organisation.party, Referral.status, Referral.agreement, Referral.clause, Referral.sent_at
        )
        .join(Organisation, Organisation.id == Referral.receiver_id)
        .where(Referral.case_id.in_(chosen))
        .order_by(Referral.case_id, Referral.position)
    )
    candidates = _by_case(
        select(RouteCandidate.case_id, Organisation.party, RouteCandidate.clause)
        .join(Organisation, Organisation.id == RouteCandidate.organisation_id)
        .where(RouteCandidate.case_id.in_(chosen))
        .order_by(RouteCandidate.case_id, RouteCandidate.position)
    )
    steps = _by_case(
        select(
            Obligation.case_id,
            Obligation.kind,
            Obligation.party,
            Obligation.clause,
            Obligation.due_at,
            Obligation.done_at,
        ).where(Obligation.case_id.in_(chosen))
    )
    cases: Executable = (
        select(
            Case.id,
            Case.registered_month,
            Case.source,
            Case.age_class,
            Case.gender,
            Case.citizenship_class,
            Case.exploited_in,
            Case.consent,
            Organisation.code,
        )
        .join(Organisation, Organisation.id == Case.opened_by_id)
        .where(Case.id.in_(chosen))
    )
    return [
        _past_case(row, country, stays[row.id], referrals[row.id], candidates[row.id], steps[row.id])
        for row in db.session.execute(cases)
    ]


def _for_the_program(by: Actor) -> None:
    if by != SIMULATION:
        raise NotPermitted("people are counted by the program alone")


def _in_question(first: date, last: date) -> Select[uuid.UUID]:
    night: ColumnElement[bool] = exists().where(
        Stay.case_id == Case.id, Stay.admitted_on <= last, or_(Stay.ended_on.is_(None), Stay.ended_on > first)
    )
    without = ~exists().where(Stay.case_id == Case.id) & Case.registered_month.between(first, last)
    counted = func.coalesce(Case.facts["statistics"].as_string(), "") != "no"
    return select(Case.id).where(or_(night, without), counted)


def _stays(chosen: Select[uuid.UUID]) -> Executable:
    return (
        select(Stay.case_id, Organisation.party, Stay.admitted_on, Stay.ended_on)
        .join(Organisation, Organisation.id == Stay.organisation_id)
        .where(Stay.case_id.in_(chosen))
        .order_by(Stay.case_id, Stay.admitted_on)
    )


def _by_case(statement: Executable) -> dict[uuid.UUID, list[Row[Any]]]:
    found: dict[uuid.UUID, list[Row[Any]]] = defaultdict(list)
    for row in db.session.execute(statement):
        found[row.case_id].append(row)
    return found


def _past_case(
    row: Row[Any],
    country: Country,
    stays: Iterable[Row[Any]],
    referrals: list[Row[Any]],
    candidates: list[Row[Any]],
    steps: list[Row[Any]],
) -> PastCase:
    known = {
        "age_class": row.age_class,
        "gender": row.gender,
        "citizenship_class": row.citizenship_class,
        "exploited_in": _exploited_in(row.exploited_in, country.iso),
        "consent": row.consent,
        **_place(row.code, country),
    }
    clauses = {each.clause for each in (*candidates, *steps, *referrals)}
    return PastCase(
        person=row.id.hex,
        registered_on=row.registered_month,
        known=known,
        agreement=referrals[0].agreement if referrals else "",
        clauses=frozenset(clauses),
        candidates=tuple(each.party for each in candidates),
        sent_at=referrals[0].sent_at if referrals else None,
        stays=tuple(PastStay(each.party, each.admitted_on, each.ended_on) for each in stays),
        steps=tuple(PastStep(each.kind, each.party, each.clause, each.due_at, each.done_at) for each in steps),
        expired=frozenset(each.party for each in referrals if each.status == "expired"),
    )


def _exploited_in(code: str, home: str) -> str:
    if code == home:
        return "home"
    return "abroad" if len(code) == 2 and code.isalpha() else UNKNOWN


def _place(code: str, country: Country) -> dict[str, str]:
    """Where somebody entered, if the case was opened at a crossing point."""
    organisation = country.organisations.get(code)
    point = organisation.crossing_point if organisation is not None else None
    if point is None:
        return {}
    return {"entry_point": point, "region_of_entry": country.crossing_points[point].region or UNKNOWN}
