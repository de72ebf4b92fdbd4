"""A contributor declares that its part of a quarter is complete, or that it does not report; of one that is silent the
Responsible Authority confirms that the quarter is closed without it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports.contributions import Answer, AnsweredAlready, NothingToAnswer, is_unconfirmed
from nrm.models.accounts.accounts import Organisation
from nrm.models.reports.reports import QuarterPart, SilentPart
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import contributions as store


def answer(quarter: Quarter, answer: Answer, *, by: Actor) -> None:
    """Record the declaration, once. Raises NotPermitted, NotVisible, NothingToAnswer, AnsweredAlready."""
    by.must(Permission.QUARTER_ANSWER)
    assert by.member_id
    assert by.organisation_id
    today = clock.today(country().timezone)
    with transaction() as session:
        part = store.own_part(quarter, by=by)
        if part.answer is not None:
            raise AnsweredAlready
        if today <= quarter.end or days.is_closed(quarter):
            raise NothingToAnswer
        session.add(
            QuarterPart(
                organisation_id=by.organisation_id,
                quarter=str(quarter),
                answer=str(answer),
                member_id=by.member_id,
                answered_at=clock.now(),
            )
        )
        audit.append(session, audit.Event.QUARTER_ANSWERED, by=by, quarter=str(quarter), answer=str(answer))


def confirm_silence(quarter: Quarter, *, by: Actor, codes: Collection[str] | None = None) -> tuple[str, ...]:
    """Confirm that a quarter is closed without those who have not answered; returns their codes.

    `codes`: of the organisations that were shown, and of no others; None: of all. The statistician asks for it by
    closing. Raises NotPermitted, NotVisible when nothing waits.
    """
    by.must(Permission.REPORT_COUNTERSIGN)
    with transaction() as session:
        waiting = {
            part.code
            for part in store.parts(quarter, by=by)
            if part.without is not None and is_unconfirmed(part) and (codes is None or part.code in codes)
        }
        organisations = select(Organisation.id).where(Organisation.code.in_(waiting))
        rows = session.scalars(
            select(SilentPart.organisation_id).where(
                SilentPart.quarter == str(quarter),
                SilentPart.confirmed_at.is_(None),
                SilentPart.organisation_id.in_(organisations),
            )
        ).all()
        if not rows or days.is_closed(quarter):
            raise NotVisible
        session.execute(
            update(SilentPart)
            .where(SilentPart.quarter == str(quarter), SilentPart.organisation_id.in_(rows))
            .values(confirmed_by_id=by.member_id, confirmed_at=clock.now())
        )
        for organisation_id in sorted(rows):
            audit.append(
                session,
                audit.Event.SILENCE_CONFIRMED,
                by=by,
                quarter=str(quarter),
                organisation_id=organisation_id,
            )
    return tuple(sorted(waiting))
