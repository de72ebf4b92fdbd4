"""The desks behind the parties of the agreement: who can be asked now, and whether there is room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.store.countries import country
from nrm.store.rows.agreement.agreements import SHELTER_KINDS


@dataclass(frozen=True, slots=True)
class Leaving:
    """A shelter that leaves the agreement: its last day under it, whether that is over, how many people are with it."""

    names: dict[str, str]
    last_day: date
    over: bool
    people: int


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
    statement = select(Organisation, people.scalar_subquery()).where(*SHELTER_KINDS, Organisation.party.in_(days))
    if not by.may(Permission.REFERRAL_DIRECT):
        statement = statement.where(Organisation.id == by.organisation_id)
    found = [
        Leaving(each.names, days[each.party], days[each.party] < today, number)
        for each, number in db.session.execute(statement.order_by(Organisation.code))
    ]
    return [each for each in found if each.people or not each.over]
