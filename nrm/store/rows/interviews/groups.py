"""Groups as rows: one of a post, and those whose shift is over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from nrm.db import db
from nrm.models.interviews.groups import ReturnGroup
from nrm.models.interviews.interviews import Interview


def is_known(group_id: uuid.UUID) -> bool:
    """Whether the id is taken, by any post."""
    return db.session.scalar(select(ReturnGroup.id).where(ReturnGroup.id == group_id)) is not None


def locked(group_id: uuid.UUID) -> ReturnGroup | None:
    """The group, held until the transaction ends; the caller has decided that this may be."""
    statement = select(ReturnGroup).where(ReturnGroup.id == group_id).with_for_update()
    return db.session.scalar(statement, execution_options={"populate_existing": True})


def newest_draft(group_id: uuid.UUID, member_id: uuid.UUID | None) -> Interview | None:
    """The draft of the group that the member began last, if it is a draft still."""
    return db.session.scalar(
        select(Interview)
        .where(Interview.group_id == group_id, Interview.member_id == member_id)
        .order_by(Interview.group_number.desc())
        .limit(1),
        execution_options={"populate_existing": True},
    )


def over(at: datetime, limit: int) -> Sequence[uuid.UUID]:
    """Groups of all posts whose shift is over, for `tend`."""
    return db.session.scalars(select(ReturnGroup.id).where(ReturnGroup.expires_at <= at).limit(limit)).all()
