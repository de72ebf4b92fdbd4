"""What a member destroyed alone in the last hour, in the second database.

Whoever writes to the main database alone cannot begin the count anew by taking rows away. It is written before the main
transaction commits: one that failed then counts too, once for each case or colleague.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from nrm.db import db, hold_the_pair
from nrm.models.cases import CountedAct


def note(member_id: uuid.UUID, kind: str, subject: uuid.UUID, at: datetime) -> None:
    """The member does this alone, in the caller's transaction."""
    hold_the_pair()
    place = (CountedAct.member_id == member_id, CountedAct.subject_id == subject, CountedAct.kind == kind)
    with db.engines["shred"].begin() as connection:
        connection.execute(delete(CountedAct).where(*place))
        connection.execute(insert(CountedAct).values(member_id=member_id, subject_id=subject, kind=kind, at=at))


def since(member_id: uuid.UUID | None, kinds: Collection[str], at: datetime) -> dict[uuid.UUID, datetime]:
    """What the member did of these kinds after that: when, the newest of each case or colleague."""
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
    """What counts no more."""
    with db.engines["shred"].connect() as connection:
        over = connection.scalar(select(func.count()).select_from(CountedAct).where(CountedAct.at <= until))
    if over:
        with db.engines["shred"].begin() as connection:
            connection.execute(delete(CountedAct).where(CountedAct.at <= until))
