"""The entries of a claim that was seen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, select

from nrm.db import db
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.claims import ClaimEvent, Entry, Forum, Outcome, Standing
from nrm.models.shelter.claims import ClaimEntry


def entries(claim_id: uuid.UUID) -> list[ClaimEntry]:
    """The history of a claim that was seen already, in order."""
    statement = select(ClaimEntry).where(ClaimEntry.claim_id == claim_id).order_by(ClaimEntry.position)
    return list(db.session.scalars(statement))


def as_history(rows: Iterable[ClaimEntry | Row[*tuple[Any, ...]]]) -> list[Entry]:
    """Rows with the columns of ClaimEntry as the rules see them."""
    return [
        Entry(
            ClaimEvent(row.event),
            Standing(Forum(row.forum), row.asked, Outcome(row.outcome), row.granted, row.paid),
            Quarter.of(row.happened_on),
            Quarter.of(row.counts_on),
        )
        for row in rows
    ]
