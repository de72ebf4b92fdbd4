"""For whom a shelter that is suspended leaves nobody who may receive them, by the agreement that is in force today."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from nrm import clock
from nrm.countries import NoAgreement
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.fact_diagrams import Cube
from nrm.domain.agreement.routing_diagrams import left_without
from nrm.models.accounts.accounts import Organisation
from nrm.store.countries import country
from nrm.store.rows.accounts import members as member_rows
from nrm.vault.keylog import log


@dataclass(frozen=True, slots=True)
class LeftWithout:
    """The people, by the agreement that says who receives whom."""

    agreement: Agreement
    people: tuple[Cube, ...]


def by_suspending(organisation_id: uuid.UUID, *, by: Actor) -> LeftWithout | None:
    """Who is left without anybody; None where nobody is. Others count while enough people there hold the key, and the
    party is not left out for some hours. Told to members alone: raises NotVisible, TooManyClasses."""
    if by.member_id is None:
        raise NotVisible
    accepting = member_rows.accepting_shelters()
    others = accepting - {organisation_id} - {*log.parties_out(db.session)}
    codes = dict(
        db.session.execute(
            select(Organisation.id, Organisation.party).where(Organisation.id.in_([organisation_id, *others]))
        ).all()
    )
    now = clock.now()
    try:
        agreement = country().in_force(now)
    except NoAgreement:
        return None
    party = codes.get(organisation_id) or ""
    people = left_without(agreement, agreement.day(now), party, [codes[each] or "" for each in others])
    return LeftWithout(agreement, people) if people else None
