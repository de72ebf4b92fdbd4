"""The desks that act for the parties of the agreement, and who has left it, for routing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import exists, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS
from nrm.models.accounts.accounts import Keyring, Organisation
from nrm.store.countries import country

SHELTER_KINDS = (Organisation.kind.in_([str(kind) for kind in SHELTERS]),)


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
    return list(db.session.scalars(select(Organisation.id).where(*SHELTER_KINDS, Organisation.party.in_(left))))
