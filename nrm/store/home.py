"""What stands on top of every home page, in one question."""

from __future__ import annotations

from dataclasses import dataclass

from nrm.domain.accounts import Actor
from nrm.domain.members import Keys
from nrm.store import alarms, members, reports


@dataclass(frozen=True, slots=True)
class Top:
    """Where the keys of the organisation stand; how many alarms wait; whether a closed report waits for its second
    signature. Nothing of the last two for who has no part in them.
    """

    keys: Keys
    alarms: int
    to_countersign: bool


def top(*, by: Actor) -> Top:
    """The top of the actor's home page."""
    keys, (waiting, closed) = members.keys_and(alarms.number_waiting(by), reports.waits_to_countersign(by), by=by)
    return Top(keys, waiting, bool(closed))
