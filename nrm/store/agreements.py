"""The desks behind the parties of the agreement: who can be asked now, and whether there is room."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import Select, exists, func, select

from nrm import clock
from nrm.countries.country import NoAgreement
from nrm.db import db
from nrm.domain.accounts import SHELTERS, Actor, Permission
from nrm.domain.members import KEY_HOLDERS_NEEDED
from nrm.domain.paths import numbers_of
from nrm.domain.routing import Capacity
from nrm.models.accounts import Keyring, Organisation
from nrm.models.cases import Case
from nrm.models.stays import Bed, Stay
from nrm.store.countries import country
from nrm.store.members import number_of_holders
from nrm.store.referrals import beds_held

_SHELTERS = (Organisation.kind.in_([str(kind) for kind in SHELTERS]),)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A shelter that leaves the agreement: its last day under it, whether that is over, how many people are with it."""

    names: dict[str, str]
    last_day: date
    over: bool
    people: int


def desks(party: str | None = None) -> Mapping[str, Organisation]:
    """Party -> the organisation that is asked in its name: enabled, and somebody holds its keyring.

    Crossing points share one party; the first by code stands for it.
    """
    has_keyring = exists().where(Keyring.organisation_id == Organisation.id)
    statement = select(Organisation).where(Organisation.party != "", Organisation.enabled, has_keyring)
    if party is not None:
        statement = statement.where(Organisation.party == party)
    found: dict[str, Organisation] = {}
    for organisation in db.session.scalars(statement.order_by(Organisation.code)):
        found.setdefault(organisation.party, organisation)
    return found


def every_desk(party: str) -> Sequence[Organisation]:
    """Every enabled organisation that acts as the party and can open what it is granted."""
    has_keyring = exists().where(Keyring.organisation_id == Organisation.id)
    return db.session.scalars(
        select(Organisation).where(Organisation.party == party, Organisation.enabled, has_keyring)
    ).all()


def has_left(organisation_id: uuid.UUID | None) -> bool:
    """Whether a shelter of the agreement is bound by it no more; then it takes over nobody and is shown nobody."""
    today = clock.today(country().timezone)
    left = {party for party, day in country().leaving(today).items() if day < today}
    return (
        bool(left) and db.session.scalar(select(Organisation.party).where(Organisation.id == organisation_id)) in left
    )


def that_left() -> list[uuid.UUID]:
    """The shelters that left the agreement; without a question to the database where none did."""
    today = clock.today(country().timezone)
    left = [party for party, day in country().leaving(today).items() if day < today]
    if not left:
        return []
    return list(db.session.scalars(select(Organisation.id).where(*_SHELTERS, Organisation.party.in_(left))))


def leaving(*, by: Actor) -> list[Leaving]:
    """The shelters that leave the agreement soon, or left it while people are with them: for the duty desk every one,
    for a shelter itself. Without a question to the database where none does. Raises NotPermitted."""
    if not by.may(Permission.REFERRAL_DIRECT):
        by.must(Permission.REFERRAL_DECIDE)
    today = clock.today(country().timezone)
    days = country().leaving(today)
    if not days:
        return []
    people = (
        select(func.count()).where(Case.holder_id == Organisation.id, Case.status == "open").correlate(Organisation)
    )
    statement = select(Organisation, people.scalar_subquery()).where(*_SHELTERS, Organisation.party.in_(days))
    if not by.may(Permission.REFERRAL_DIRECT):
        statement = statement.where(Organisation.id == by.organisation_id)
    found = [
        Leaving({"sq": each.name_sq, "en": each.name_en}, days[each.party], days[each.party] < today, number)
        for each, number in db.session.execute(statement.order_by(Organisation.code))
    ]
    return [each for each in found if each.people or not each.over]


@cache
def _rooms() -> Select[str, int, int, int, bool]:
    """(party, free beds, beds promised, how many hold the key, whether it ever entered a bed) of each shelter."""
    taken = exists().where(Stay.bed_id == Bed.id, Stay.ended_on.is_(None))
    beds = (
        select(Bed.organisation_id, func.count().label("number"))
        .where(~Bed.out_of_use, ~taken)
        .group_by(Bed.organisation_id)
        .subquery()
    )
    return (
        select(
            Organisation.party,
            func.coalesce(beds.c.number, 0),
            beds_held(Organisation.id),
            number_of_holders(Organisation.id),
            exists().where(Bed.organisation_id == Organisation.id).correlate(Organisation),
        )
        .outerjoin(beds, beds.c.organisation_id == Organisation.id)
        .where(*_SHELTERS, Organisation.party != "")
    )


def capacity() -> dict[str, Capacity]:
    """What senders see of the shelters, by party: free, none free, or that no bed was entered yet. Numbers stay in the
    shelter.

    A shelter that may not accept anybody yet, because too few hold its key, has no room.
    """
    rows = db.session.execute(_rooms())
    return {
        party: Capacity.NO_BEDS
        if not entered
        else Capacity.FREE
        if free > promised and holders >= KEY_HOLDERS_NEEDED
        else Capacity.NONE_FREE
        for party, free, promised, holders, entered in rows
    }


def number_now(party: str) -> str:
    """The number that answers for a party now, by the agreement; empty where it names none."""
    now = clock.now()
    try:
        agreement = country().in_force(now)
    except NoAgreement:
        return ""
    known = agreement.parties.get(party)
    return next(iter(numbers_of(known, agreement.local(now))), "") if known is not None else ""
