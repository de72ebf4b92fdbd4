"""Child returns as rows: which exist, who holds them, which are long over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import func, select

from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.shelter.child_returns import State
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.child_returns import ChildReturn, ChildReturnStep


def is_known(return_id: uuid.UUID) -> bool:
    """Whether the id is taken."""
    return db.session.scalar(select(ChildReturn.id).where(ChildReturn.id == return_id)) is not None


def holders() -> set[uuid.UUID]:
    """The organisations that read the sealed part: the Responsible Authority and child protection."""
    kinds = (OrganisationKind.RESPONSIBLE_AUTHORITY, OrganisationKind.CHILD_PROTECTION)
    statement = select(Organisation.id).where(Organisation.kind.in_(map(str, kinds)), Organisation.enabled)
    return set(db.session.scalars(statement))


def last_step(return_id: uuid.UUID) -> tuple[int, date | None]:
    """(how many steps there are, the day of the last one)."""
    statement = select(func.count(), func.max(ChildReturnStep.happened_on)).where(
        ChildReturnStep.return_id == return_id
    )
    number, day = db.session.execute(statement).one()
    return number, day


def long_over(day: date, days: int, limit: int) -> Sequence[ChildReturn]:
    """Returns whose last step was `days` or more before `day` and whose days are still kept; for `tend`."""
    last = (
        select(func.max(ChildReturnStep.happened_on))
        .where(ChildReturnStep.return_id == ChildReturn.id)
        .correlate(ChildReturn)
        .scalar_subquery()
    )
    over = [str(state) for state in State if state.is_over]
    statement = select(ChildReturn).where(
        ChildReturn.state.in_(over), ChildReturn.received_on.is_not(None), last <= day - timedelta(days=days)
    )
    return db.session.scalars(statement.limit(limit)).all()
