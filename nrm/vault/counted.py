"""What a member destroyed alone in the last hour, kept in the second database.

A person who can write to the main database alone cannot reset this count by deleting rows. It is written before the
main transaction commits, so a transaction that fails after that counts too, once for each case or colleague.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from nrm.db import db, hold_the_pair
from nrm.models.shelter.cases import CountedAct


def note(member_id: uuid.UUID, kind: str, subject: uuid.UUID, at: datetime) -> None:
    """Record that the member does this alone; called in the caller's transaction."""
    hold_the_pair()
    place = (CountedAct.member_id == member_id, CountedAct.subject_id == subject, CountedAct.kind == kind)
    with db.engines["shred"].begin() as connection:
        connection.execute(delete(CountedAct).where(*place))
        connection.execute(insert(CountedAct).values(member_id=member_id, subject_id=subject, kind=kind, at=at))


def since(member_id: uuid.UUID | None, kinds: Collection[str], at: datetime) -> dict[uuid.UUID, datetime]:
    """When the member did acts of these kinds after `at`: the newest time for each case or colleague."""
    statement = (
        select(CountedAct.subject_id, CountedAct.at)
        .where(
            CountedAct.member_id == member_id, CountedAct.kind.in_([str(each) for each in kinds]), CountedAct.at > at
        )
        .order_by(CountedAct.at)
    )
    with db.engines["shred"].connect() as connection:
        return {row.subject_id: row.at for row in connection.execute(statement)}


def forget(until: datetime) -> None:
    """Delete what no longer counts: entries until that time."""
    with db.engines["shred"].connect() as connection:
        over = connection.scalar(select(func.count()).select_from(CountedAct).where(CountedAct.at <= until))
    if over:
        with db.engines["shred"].begin() as connection:
            connection.execute(delete(CountedAct).where(CountedAct.at <= until))
