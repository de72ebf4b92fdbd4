"""Entries about hearings of people who were seen already; what they say is sealed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import exists, select

from nrm.db import db
from nrm.models.support.hearings import HearingEntry, HearingStrike

STANDS = ~exists().where(HearingStrike.entry_id == HearingEntry.id)
"""The condition that an entry was not struck."""


def with_strikes(person_id: uuid.UUID) -> list[tuple[HearingEntry, HearingStrike | None]]:
    """Every entry about the person of a case, or about a witness without one, with who struck it."""
    statement = (
        select(HearingEntry, HearingStrike)
        .outerjoin(HearingStrike, HearingStrike.entry_id == HearingEntry.id)
        .where((HearingEntry.case_id == person_id) | (HearingEntry.witness_id == person_id))
        .order_by(HearingEntry.entered_on, HearingEntry.id)
        .execution_options(populate_existing=True)
    )
    return [(entry, strike) for entry, strike in db.session.execute(statement)]


def entry(entry_id: uuid.UUID) -> HearingEntry | None:
    """One entry."""
    return db.session.get(HearingEntry, entry_id, populate_existing=True)


def standing(hearing_id: uuid.UUID) -> Sequence[str]:
    """The kinds of the entries of a hearing that stand, its announcement among them."""
    mine = (HearingEntry.id == hearing_id) | (HearingEntry.hearing_id == hearing_id)
    return db.session.scalars(select(HearingEntry.kind).where(mine, STANDS)).all()
