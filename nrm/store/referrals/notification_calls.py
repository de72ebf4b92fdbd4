"""Whom to call so that a party knows what it has to know, as far as the asker may see why."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from nrm.domain.accounts.accounts import Actor, Permission
from nrm.models.interviews.family_notices import FamilyNotice
from nrm.models.referrals.referrals import ChildAlert
from nrm.store.interviews import child_alerts, family_notices
from nrm.store.interviews.child_alerts import AlertLine
from nrm.store.referrals import obligations
from nrm.store.rows.interviews import child_alerts as alert_rows
from nrm.store.rows.referrals import notification_calls as rows

NumberLine = rows.NumberLine


@dataclass(frozen=True, slots=True)
class DeniedCall:
    """A call that somebody answered, as was written down; the party says that nobody told it."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ToTell:
    """What a party has to know of the person with this code. `numbers`: whom to call, the first number first; `since`:
    from when on there was something to tell (None: long ago)."""

    code: str
    numbers: list[NumberLine]
    since: datetime | None
    is_done: bool
    denied: DeniedCall | None


def of_obligation(obligation_id: uuid.UUID, *, by: Actor) -> ToTell:
    """Raises NotVisible."""
    obligation, case = obligations.to_tell(obligation_id, by=by)
    numbers = rows.numbers(obligation.party, case.opened_by_id, obligation.id, by.organisation_id)
    is_done, call = obligation.done_at is not None, rows.denied(obligation)
    denied = DeniedCall(call.name, call.called_at) if call is not None else None
    return ToTell(case.pseudonym, numbers, rows.told_since(obligation), is_done, denied)


def of_child(alert: AlertLine, *, by: Actor) -> list[NumberLine]:
    """Whom the duty desk calls about a child at a post, the first number first. Raises NotVisible."""
    row = child_alerts.row(alert.id, by=by)
    return rows.numbers(row.party, row.organisation_id, row.id, by.organisation_id)


def of_family(family_id: uuid.UUID, *, by: Actor) -> tuple[FamilyNotice, list[NumberLine]]:
    """A family notice that nobody has seen for a day, and whom to call; raises NotPermitted, NotVisible."""
    notice = family_notices.to_tell(family_id, by=by)
    return notice, rows.numbers(notice.party, notice.organisation_id, notice.id, by.organisation_id)


def of_answer(interview_id: uuid.UUID, *, by: Actor) -> tuple[ChildAlert, list[NumberLine], DeniedCall | None, bool]:
    """As `of_child`, for writing down what was answered: the duty desk, or the post itself; with the call of which the
    child authority said lately that it gave no such answer, and whether the interview was sent. Raises NotVisible."""
    alert = child_alerts.row_to_answer(interview_id, by=by)
    numbers = rows.numbers(alert.party, alert.organisation_id, alert.id, by.organisation_id)
    call = rows.last_denied(alert.id) if alert.id in alert_rows.denied() else None
    denied = DeniedCall(call.name, call.called_at) if call is not None else None
    return alert, numbers, denied, alert_rows.is_sent(alert.id)


def of_alert(alert: AlertLine, *, by: Actor) -> list[NumberLine]:
    """Whom the post itself calls about its child, the first number first. Raises NotPermitted."""
    by.must(Permission.INTERVIEW_CONDUCT)
    assert by.organisation_id is not None
    return rows.numbers(alert.party, by.organisation_id, alert.id, by.organisation_id)
