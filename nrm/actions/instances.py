"""Making an instance: its organisations and beds from the country's data, and the mark whether it is synthetic.

Decided in ADR 0004.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.exc import DatabaseError, NoResultFound
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.countries import Country, ListedOrganisation
from nrm.db import db, transaction
from nrm.domain.accounts import Actor
from nrm.models.accounts import Instance, Organisation
from nrm.models.stays import Bed
from nrm.store import accounts as store


def found(country: Country, *, synthetic: bool, second_factor: bool = True) -> None:
    """Fill an empty database.

    `synthetic` (whether its people are invented) and `second_factor` (whether one is asked for) never change later.
    Only a synthetic instance can do without a second factor.
    """
    with transaction() as session:
        session.add(
            Instance(
                country=country.code,
                synthetic=synthetic,
                second_factor=second_factor or not synthetic,
                created_at=clock.now(),
            )
        )
        for data in country.organisations.values():
            add_organisation(session, data)
        audit.append(session, audit.Event.INSTANCE_MADE, by=Actor.system("init"), country=country.code)


def add_organisation(session: Session, data: ListedOrganisation, *, opened_on: date | None = None) -> uuid.UUID:
    """An organisation of the country's data with its beds; in the caller's transaction. `opened_on`: of the beds."""
    organisation = Organisation(
        id=uuid.uuid4(),
        code=data.code,
        kind=data.kind,
        party=data.party or "",
        crossing_point=data.crossing_point or "",
        name_sq=data.names["sq"],
        name_en=data.names["en"],
        telephone=data.on_call,
    )
    session.add(organisation)
    session.flush()
    session.add_all(
        Bed(organisation_id=organisation.id, label=label, file_label=label, opened_on=opened_on) for label in data.beds
    )
    return organisation.id


def nature() -> tuple[bool, bool]:
    """(whether this is a demo country, whether everybody is asked for a second factor).

    Before the database exists: an instance of real people.
    """
    try:
        instance = store.instance()
        return instance.synthetic, instance.second_factor or not instance.synthetic
    except (DatabaseError, NoResultFound):
        return False, True
    finally:
        db.session.rollback()
