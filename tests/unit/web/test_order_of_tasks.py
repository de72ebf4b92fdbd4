"""The order of what is to be done: who is not safe, then who was handed over urgently, then by day."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime

from nrm.store.referrals.obligations import ObligationLine
from nrm.web.referrals.to_do import Task

AT = datetime(2026, 10, 9, 8, tzinfo=UTC)


def owed(pseudonym: str, *, urgent: bool, day: date | None) -> Task:
    case = uuid.uuid4()
    line = ObligationLine(
        id=uuid.uuid4(),
        case_id=case,
        pseudonym=pseudonym,
        kind="needs_identification",
        party="RECEIVER",
        clause="",
        due_at=AT if day else None,
        done_at=None,
        opener={},
        opener_telephone="",
        age_class="adult",
        arrived=False,
        late=False,
        urgent=urgent,
        missing=False,
        own=True,
        may_acknowledge=False,
    )
    return Task(pseudonym, case, day, at=AT if day else None, owed=line)


def test_urgent_rows_come_before_nights_to_sign_and_requests_of_an_earlier_day() -> None:
    first, second = date(2026, 10, 8), date(2026, 10, 9)
    in_order = [
        Task("not safe", None, second, "", urgent=True),
        owed("urgent", urgent=True, day=second),
        owed("urgent without an hour", urgent=True, day=None),
        Task("request", None, first, ""),
        owed("not urgent", urgent=False, day=second),
        Task("nights", None, second, ""),
        Task("some day", None, None, ""),
    ]
    mixed = random.Random(1).sample(in_order, len(in_order))
    assert sorted(mixed, key=lambda task: task.in_order) == in_order
