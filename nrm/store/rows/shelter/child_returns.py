"""Child returns as rows: which exist, who holds them, which are long over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import exists, func, or_, select

from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.shelter.child_returns import KEPT_MONTHS, MONTHS, State, month_after
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.child_returns import ChildReturn, ChildReturnOutcome, ChildReturnStep


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


def outcomes(return_id: uuid.UUID) -> list[tuple[int, str]]:
    """(months, outcome) of everything entered on a return that was seen already, in the order of recording."""
    statement = select(ChildReturnOutcome.months, ChildReturnOutcome.outcome).where(
        ChildReturnOutcome.return_id == return_id
    )
    return [
        (months, outcome) for months, outcome in db.session.execute(statement.order_by(ChildReturnOutcome.position))
    ]


def long_over(day: date, days: int, limit: int) -> Sequence[ChildReturn]:
    """Returns whose last step was `days` or more before `day` and whose days are still kept; for `tend`.

    A child that was received is known until somebody says what became of it after 12 months, or 15 months are over.
    """
    last = (
        select(func.max(ChildReturnStep.happened_on))
        .where(ChildReturnStep.return_id == ChildReturn.id)
        .correlate(ChildReturn)
        .scalar_subquery()
    )
    over = [str(state) for state in State if state.is_over]
    known = exists().where(ChildReturnOutcome.return_id == ChildReturn.id, ChildReturnOutcome.months == MONTHS[-1])
    statement = select(ChildReturn).where(
        ChildReturn.state.in_(over),
        ChildReturn.received_on.is_not(None),
        last <= day - timedelta(days=days),
        or_(
            ChildReturn.returned_month.is_(None),
            ChildReturn.returned_month <= month_after(day.replace(day=1), -KEPT_MONTHS),
            known,
        ),
    )
    return db.session.scalars(statement.limit(limit)).all()
