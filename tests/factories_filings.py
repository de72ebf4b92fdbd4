"""Filed tables for tests: an instance whose register has begun, and figures that hold."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime

from sqlalchemy import select

from nrm.actions.reports import filings
from nrm.db import transaction
from nrm.domain.quarters import Quarter
from nrm.domain.reports.filings import Figures, zeros
from nrm.domain.reports.register import Answer
from nrm.models.accounts.accounts import Instance, Member
from nrm.store.countries import country
from nrm.vault.rows import instance_mark
from tests import accommodated, factories

PLANTED = (317, 421, 783, 859)
"""Numbers of people that no other figure is: what would be found if raw counts leaked."""


def leaks(text: str) -> bool:
    """Whether a page shows one of them, or their sum, other than inside of an id or a key."""
    numbers = "|".join(map(str, (*PLANTED, sum(PLANTED))))
    return re.search(rf"(?<![0-9a-f-])(?:{numbers})(?![0-9a-f-])", re.sub(r"[0-9a-f]{16,}", "", text)) is not None


def begin(today: date, since: date = date(2026, 4, 1)) -> None:
    """Let it be `today` in an instance that was made on the day `since`, with all its members."""
    accommodated.at(today)
    with transaction() as session:
        instance = session.scalars(select(Instance)).one()
        before = instance.created_at
        instance.created_at = datetime(since.year, since.month, since.day, 12, tzinfo=UTC)
        for member in session.scalars(select(Member)):
            member.created_at -= before - instance.created_at
        instance.mark = instance_mark(instance)


def figures(code: str, number: int = 1) -> Figures:
    """One number for every cell of a table, also of a protected one."""
    return tuple((number,) * len(line) for line in zeros(country().register.tables[code]))


def planted() -> Figures:
    """The table of victims with numbers that are easy to look for."""
    return (PLANTED, *zeros(country().register.tables["victims"])[1:])


def file(
    code: str,
    quarter: Quarter,
    answer: Answer = Answer.FIGURES,
    *,
    of: Figures | None = None,
    seen: uuid.UUID | None = None,
    reason: str = "several",
) -> uuid.UUID:
    """The agency's focal point files the table."""
    filing_id = uuid.uuid4()
    agency = country().register.tables[code].filed_by.lower()
    filings.file(
        filing_id=filing_id,
        code=code,
        quarter=quarter,
        answer=answer,
        figures=(of or figures(code)) if answer is Answer.FIGURES else None,
        seen=seen,
        reason=reason,
        by=factories.actor(f"{agency}.focal_point"),
    )
    return filing_id
