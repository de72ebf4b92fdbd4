"""A contributor declares that its part of a quarter is complete, or that it does not report."""

from __future__ import annotations

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports.contributions import Answer, AnsweredAlready, NothingToAnswer
from nrm.models.reports.reports import QuarterPart
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
