"""Making an instance: its organisations and beds from the country's data, and the mark whether it is synthetic."""

from __future__ import annotations

import uuid

from sqlalchemy.exc import DatabaseError, NoResultFound

from nrm import audit, clock
from nrm.countries import Country
from nrm.db import db, transaction
from nrm.domain.accounts import Actor
from nrm.models.accounts import Instance, Organisation
from nrm.models.stays import Bed
from nrm.store import accounts as store


def found(country: Country, *, synthetic: bool) -> None:
    """Fill an empty database. Whether its people are synthetic is said here once and never changed."""
    with transaction() as session:
        session.add(Instance(country=country.code, synthetic=synthetic, created_at=clock.now()))
        for data in country.organisations.values():
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
            session.add_all(Bed(organisation_id=organisation.id, label=label) for label in data.beds)
        audit.append(session, audit.Event.INSTANCE_MADE, by=Actor.system("init"), country=country.code)


def is_synthetic() -> bool:
    """Whether this is a demo country; False before the database exists."""
    try:
        return store.instance().synthetic
    except (DatabaseError, NoResultFound):
        return False
    finally:
        db.session.rollback()
