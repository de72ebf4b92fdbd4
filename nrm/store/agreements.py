"""The desks behind the parties of the agreement: who can be asked now, and whether there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Select, exists, func, select

from nrm.db import db
from nrm.domain.accounts import SHELTERS
from nrm.domain.members import KEY_HOLDERS_NEEDED
from nrm.domain.routing import Capacity
from nrm.models.accounts import Keyring, Organisation
from nrm.models.referrals import Referral
from nrm.models.stays import Bed, Stay
from nrm.store.members import number_of_holders
from nrm.store.referrals import holds_bed


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


@cache
def _rooms() -> Select[str, int, int, int]:
    """(party, free beds, beds promised, how many hold the key) of each shelter."""
    kinds = [str(kind) for kind in SHELTERS]
    taken = exists().where(Stay.bed_id == Bed.id, Stay.ended_on.is_(None))
    beds = (
        select(Bed.organisation_id, func.count().label("number"))
        .where(~Bed.out_of_use, ~taken)
        .group_by(Bed.organisation_id)
        .subquery()
    )
    kept = (
        select(Referral.receiver_id, func.count().label("number"))
        .where(holds_bed())
        .group_by(Referral.receiver_id)
        .subquery()
    )
    return (
        select(
            Organisation.party,
            func.coalesce(beds.c.number, 0),
            func.coalesce(kept.c.number, 0),
            number_of_holders(Organisation.id),
        )
        .outerjoin(beds, beds.c.organisation_id == Organisation.id)
        .outerjoin(kept, kept.c.receiver_id == Organisation.id)
        .where(Organisation.kind.in_(kinds), Organisation.party != "")
    )


def capacity() -> dict[str, Capacity]:
    """What senders see of the shelters, by party: free or none free. Numbers stay in the shelter.

    A shelter that may not accept anybody yet, because too few hold its key, has no room.
    """
    rows = db.session.execute(_rooms())
    return {
        party: Capacity.FREE if free > promised and holders >= KEY_HOLDERS_NEEDED else Capacity.NONE_FREE
        for party, free, promised, holders in rows
    }
