"""What is said of somebody who is not safe after the shelter, in the row of the contact (ADR 0182)."""

from __future__ import annotations

from nrm import clock
from nrm.domain.accounts.accounts import Actor
from nrm.models.support.follow_ups import FollowUpDate
from nrm.store import days


def forget_act(row: FollowUpDate) -> None:
    """Nothing is said any more of what the house does."""
    row.acted_what, row.acted_at, row.acted_by_id = "", None, None


def is_said(row: FollowUpDate, by: Actor) -> None:
    """The person said today that she is not safe, or needs help now: what was done before is done about something
    else."""
    forget_act(row)
    row.alarm_on, row.alarm_by_id = days.today(), by.member_id


def was_another(row: FollowUpDate) -> None:
    """It was another person who said so: of this one there is no alarm, and nobody says that she is safe."""
    row.alarm_on = row.alarm_by_id = None
    forget_act(row)


def is_safe(row: FollowUpDate, by: Actor) -> None:
    """The person is safe: the alarm is over, and it stands who said so and when."""
    row.alarm_on = row.alarm_by_id = None
    forget_act(row)
    row.safe_at, row.safe_by_id = clock.now(), by.member_id


def is_not_safe(row: FollowUpDate, by: Actor) -> None:
    """That the person is safe was a mistake: the alarm waits again, from today on."""
    row.safe_at = row.safe_by_id = None
    row.alarm_on, row.alarm_by_id = days.today(), by.member_id
