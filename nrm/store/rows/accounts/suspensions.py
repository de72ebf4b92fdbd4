"""Who is suspended now, and who was lately: rows, for steps, actions and other statements."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.suspensions import AGAIN, SuspensionEnd, counts_lately
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.suspensions import Suspension
from nrm.vault import rows

_DAY = timedelta(hours=24)


def is_suspended(member_id: Any, now: Any) -> ColumnElement[bool]:
    """Whether the member of a query is suspended at `now`; a row that was written by hand counts here."""
    return (
        exists()
        .where(Suspension.member_id == member_id, Suspension.ended_at.is_(None), Suspension.until > now)
        .correlate_except(Suspension)
    )


def standing(member_id: uuid.UUID) -> Suspension | None:
    """The suspension because of which the member opens nothing now; None if there is none that this program wrote."""
    statement = select(Suspension).where(
        Suspension.member_id == member_id, Suspension.ended_at.is_(None), Suspension.until > clock.now()
    )
    found = db.session.scalars(statement.order_by(Suspension.until.desc()).execution_options(populate_existing=True))
    return next((row for row in found if rows.is_suspension(row)), None)


def lately(member_id: uuid.UUID, by_id: uuid.UUID | None = None) -> bool:
    """Whether somebody suspended the member within the time in which nobody does it alone again.

    `by_id`: who would do it now; only what binds this person counts (`counts_lately`), else all.
    """
    found = db.session.scalars(
        select(Suspension).where(Suspension.member_id == member_id, Suspension.at > clock.now() - AGAIN)
    )
    return any(by_id is None or _binds(row, by_id) for row in found)


def who_suspended(member_id: uuid.UUID) -> set[uuid.UUID]:
    """Who suspended the member, or made it longer, within 14 days or until now, without who took it back."""
    now = clock.now()
    found = db.session.scalars(
        select(Suspension)
        .where(Suspension.member_id == member_id, or_(Suspension.at > now - AGAIN, Suspension.until > now - AGAIN))
        .execution_options(populate_existing=True)
    )
    stood = [row for row in found if rows.is_suspension(row) and row.how_ended != SuspensionEnd.TAKEN_BACK]
    return {each for row in stood for each in (row.by_id, row.longer_by_id) if each is not None}


def who_suspended_others(organisation_id: uuid.UUID, but: uuid.UUID) -> set[uuid.UUID]:
    """Who suspended somebody of the organisation, besides this member, or made it longer: as `who_suspended`. Whose
    account was ended does not count: a second hand agreed to that, unless they were new."""
    found = db.session.scalars(
        select(Suspension.member_id)
        .distinct()
        .join(Member, Member.id == Suspension.member_id)
        .where(Suspension.organisation_id == organisation_id, Suspension.member_id != but, Member.status != "disabled")
    ).all()
    return {by_id for each in found for by_id in who_suspended(each)}


def _binds(row: Suspension, by_id: uuid.UUID) -> bool:
    ended = row.ended_at is not None and row.ended_at < row.until
    by_themselves = ended and row.how_ended == SuspensionEnd.TAKEN_BACK
    return counts_lately(
        taken_back=row.ended_at - row.at if by_themselves and row.ended_at is not None else None,
        ended=ended,
        same_hand=row.by_id == by_id,
    )


def taken(by_id: uuid.UUID | None) -> int:
    """How many people the member suspended within a day, also by objecting to something."""
    return _number(Suspension.by_id == by_id, Suspension.by_administrator.is_(False))


def by_administrators(organisation_id: uuid.UUID) -> tuple[int, int]:
    """How many people administrators suspended within a day: of the organisation, and at all."""
    mine = Suspension.by_administrator.is_(True)
    return _number(mine, Suspension.organisation_id == organisation_id), _number(mine)


def _number(*which: ColumnElement[bool]) -> int:
    since: datetime = clock.now() - _DAY
    return db.session.scalar(select(func.count()).select_from(Suspension).where(Suspension.at > since, *which)) or 0
