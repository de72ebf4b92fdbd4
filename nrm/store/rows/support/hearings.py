"""Entries about hearings of people who were seen already; what they say is sealed."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import exists, select

from nrm.db import db
from nrm.models.support.hearings import HearingEntry, HearingStrike

STANDS = ~exists().where(HearingStrike.entry_id == HearingEntry.id)
"""The condition that an entry was not struck."""


Entries = list[tuple[HearingEntry, HearingStrike | None]]


def with_strikes(person_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Entries]:
    """Every entry about these people of cases, and witnesses without one, with who struck it."""
    found: dict[uuid.UUID, Entries] = {person_id: [] for person_id in person_ids}
    if not found:
        return found
    statement = (
        select(HearingEntry, HearingStrike)
        .outerjoin(HearingStrike, HearingStrike.entry_id == HearingEntry.id)
        .where(HearingEntry.case_id.in_(found) | HearingEntry.witness_id.in_(found))
        .order_by(HearingEntry.entered_on, HearingEntry.id)
        .execution_options(populate_existing=True)
    )
    for entry, strike in db.session.execute(statement):
        whose = entry.case_id or entry.witness_id
        assert whose is not None
        found[whose].append((entry, strike))
    return found


def entry(entry_id: uuid.UUID) -> HearingEntry | None:
    """One entry."""
    return db.session.get(HearingEntry, entry_id, populate_existing=True)


def standing(hearing_id: uuid.UUID) -> Sequence[str]:
    """The kinds of the entries of a hearing that stand, its announcement among them."""
    mine = (HearingEntry.id == hearing_id) | (HearingEntry.hearing_id == hearing_id)
    return db.session.scalars(select(HearingEntry.kind).where(mine, STANDS)).all()
