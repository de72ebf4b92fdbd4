"""What everybody in the mechanism may know of organisations: names, telephones, whom to ask, whether there is room."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from functools import cache

from sqlalchemy import Select, exists, select

from nrm import clock
from nrm.countries.country import NoAgreement
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, OrganisationKind
from nrm.domain.agreement.routing import Capacity
from nrm.domain.languages import text_for
from nrm.domain.referrals.critical_path import numbers_of
from nrm.domain.shelter.identifications import POLICE_SIDE, REVIEWING
from nrm.looks import looked_up
from nrm.models.accounts.accounts import Keyring, Organisation
from nrm.store.countries import country
from nrm.store.rows.accounts.members import number_of_holders
from nrm.store.rows.agreement.agreements import SHELTER_KINDS
from nrm.store.rows.shelter import places as place_rows


def organisation_by_code(code: str) -> Organisation:
    """One organisation; raises NotVisible. Organisations themselves are public within the mechanism."""
    found = db.session.scalar(select(Organisation).where(Organisation.code == code))
    if found is None:
        raise NotVisible
    return found


def organisation(organisation_id: uuid.UUID) -> Organisation:
    """One organisation by id; raises NotVisible."""
    found = db.session.get(Organisation, organisation_id)
    if found is None:
        raise NotVisible
    return found


def talks_by_telephone(by: Actor) -> bool:
    """Whether the actor is of a help line that talks by telephone alone and hands nothing over (ADR 0282)."""
    if by.kind is not OrganisationKind.HELPLINE or by.organisation_id is None:
        return False
    listed = country().organisations.get(organisations_by_id()[by.organisation_id].code)
    return listed is None or not listed.face_to_face


def organisations_by_id() -> dict[uuid.UUID, Organisation]:
    """All organisations; their names and telephones are the directory every member sees."""
    return looked_up(("organisations",), lambda: {row.id: row for row in db.session.scalars(select(Organisation))})


def names_by_code(language: str) -> dict[str, str]:
    """The names of all organisations in one language of the country, for what is sealed in each of them."""
    order = country().languages
    return {row.code: text_for(row.names, language, order) for row in organisations_by_id().values()}


def party_of(organisation_id: uuid.UUID | None) -> str:
    """The party an organisation acts as; empty for none."""
    return db.session.scalar(select(Organisation.party).where(Organisation.id == organisation_id)) or ""


@cache
def _rooms() -> Select[str, int, int, bool]:
    """(party, places that are free and not asked for, how many hold the key, whether it ever entered one) of each
    shelter."""
    free = place_rows.free_places() - place_rows.asked_for()
    return select(Organisation.party, free, number_of_holders(Organisation.id), place_rows.has_entered_any()).where(
        *SHELTER_KINDS, Organisation.party != ""
    )


def capacity() -> dict[str, Capacity]:
    """What senders see of the shelters, by party: free, none free, or that it is not ready: nobody holds its key, or no
    building was entered yet. Numbers stay in the shelter.

    One key holder is enough to be asked: they can promise a place by telephone.
    """
    found = db.session.execute(_rooms(), place_rows.days_of(clock.today(country().timezone)))
    return {
        party: Capacity.NO_KEY
        if not holders
        else Capacity.NO_PLACES
        if not entered
        else Capacity.FREE
        if free > 0
        else Capacity.NONE_FREE
        for party, free, holders, entered in found
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


def number_while_closed(code: str) -> str:
    """The number to be called now of an organisation whose desk is closed at this hour; empty while it is open, or
    where the agreement names no other number."""
    known, agreement = organisation_by_code(code), country().in_force(clock.now())
    party = agreement.parties.get(known.party or code)
    if party is None or party.desk.is_open(agreement.local(clock.now())):
        return ""
    return number_now(party.code)


def number_of(organisation: Organisation) -> str:
    """The number by which an organisation is called back: that of the agreement, which is signed. Of who is no party it
    is that of the row, and nothing vouches for it."""
    return number_now(organisation.party) or organisation.telephone


def organisations_to_ask() -> list[Organisation]:
    """The organisations that can review, by code: police first, then social services."""
    statement = select(Organisation).where(
        Organisation.kind.in_([str(each) for each in REVIEWING]), Organisation.enabled.is_(True)
    )
    found = db.session.scalars(statement.order_by(Organisation.code)).all()
    return sorted(found, key=lambda each: (OrganisationKind(each.kind) not in POLICE_SIDE, each.code))


def posts(on: date | None = None) -> list[Organisation]:
    """The crossing points that can be named; with a day, only those that are open then."""
    statement = select(Organisation).where(Organisation.kind == OrganisationKind.BORDER_POLICE, Organisation.enabled)
    found = db.session.scalars(statement.order_by(Organisation.code))
    return [each for each in found if on is None or country().is_open("crossing_point", each.crossing_point, on)]


def shelters_that_signed(at: datetime) -> list[Organisation]:
    """The shelters bound by the agreement at that instant that can open what they are sent, by code."""
    day = clock.day_of(at, country().timezone)
    statement = (
        select(Organisation)
        .where(
            Organisation.kind.in_(SHELTERS),
            Organisation.enabled.is_(True),
            exists().where(Keyring.organisation_id == Organisation.id),
        )
        .order_by(Organisation.code)
    )
    return [each for each in db.session.scalars(statement) if country().binds(each.party, day)]
