"""Making an instance: its organisations and beds from the country's data, and the mark whether it is synthetic."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.exc import DatabaseError, NoResultFound
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.countries import Country
from nrm.countries import Organisation as Data
from nrm.db import db, transaction
from nrm.domain.accounts import Actor
from nrm.models.accounts import Instance, Organisation
from nrm.models.stays import Bed
from nrm.store import accounts as store


def found(country: Country, *, synthetic: bool, second_factor: bool = True) -> None:
    """Fill an empty database. Whether its people are synthetic is said here once and never changed.

    Nor whether a second factor is asked, which only a synthetic instance can do without.
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
            _add(session, data)
        audit.append(session, audit.Event.INSTANCE_MADE, by=Actor.system("init"), country=country.code)


def complete(country: Country) -> list[str]:
    """Add the organisations that the country's data has and an older instance does not; their codes."""
    with transaction() as session:
        known = set(session.scalars(select(Organisation.code)))
        missing = [data for code, data in country.organisations.items() if code not in known]
        for data in missing:
            id_ = _add(session, data)
            audit.append(session, audit.Event.ORGANISATION_ADDED, by=Actor.system("upgrade"), organisation=id_)
    return [data.code for data in missing]


def _add(session: Session, data: Data) -> uuid.UUID:
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
    session.add_all(Bed(organisation_id=organisation.id, label=label, file_label=label) for label in data.beds)
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
