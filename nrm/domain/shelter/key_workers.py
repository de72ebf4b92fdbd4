"""Who answers for a person in a shelter: a key worker and a deputy, set by the manager or by the worker herself.

Decided in ADR 0072.
"""

from __future__ import annotations

from enum import StrEnum

from nrm.domain.accounts.accounts import PERMISSIONS as _PERMISSIONS
from nrm.domain.accounts.accounts import Permission, Role


class Place(StrEnum):
    """For whom a member answers: there is one of each for a case."""

    KEY = "key"
    DEPUTY = "deputy"


class PlaceEnd(StrEnum):
    """Why somebody is no longer key worker or deputy."""

    REPLACED = "replaced"
    TAKEN_OFF = "taken_off"
    ACCOUNT = "account"  # the account ended
    CASE = "case"  # the case was closed, or went to another holder


class KeyWorkerRefusal(StrEnum):
    """Why somebody does not become, or stay, key worker or deputy."""

    TAKEN = "taken"  # a colleague has the place: the manager decides
    BOTH = "both"  # is the other one already
    NOT_A_WORKER = "not_a_worker"
    NOBODY = "nobody"  # there is nobody to take off
    OTHERS = "others"  # a worker appoints only herself


class KeyWorkerRefused(ValueError):
    """Nothing is changed; `reason` says why."""

    def __init__(self, reason: KeyWorkerRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


WORKING_ROLES = frozenset(
    role for role, may in _PERMISSIONS.items() if {Permission.CASE_OPEN, Permission.STAY_MANAGE} <= may
)
"""The roles whose members answer for people."""
LEADING_ROLES = frozenset(role for role, may in _PERMISSIONS.items() if Permission.TEAM_MANAGE in may)
"""The roles that decide about the places of others."""

ALARM_HOURS = 24
OWN_HAND = 5
"""So many people somebody takes on by their own hand before colleagues are asked to look."""


def check_appointing(*, leads: bool, own: bool, taken: bool, has_other_place: bool, role: Role) -> None:
    """Raise KeyWorkerRefused unless the place may be given.

    `leads`: who decides is a manager, or there is none; `own`: it is for the one who decides; `taken`: a colleague has
    the place.
    """
    if role not in WORKING_ROLES:
        raise KeyWorkerRefused(KeyWorkerRefusal.NOT_A_WORKER)
    if not leads and not own:
        raise KeyWorkerRefused(KeyWorkerRefusal.OTHERS)
    if not leads and taken:
        raise KeyWorkerRefused(KeyWorkerRefusal.TAKEN)
    if has_other_place:
        raise KeyWorkerRefused(KeyWorkerRefusal.BOTH)


def is_unusual(*, lately: int, now: int, people: int) -> bool:
    """Whether colleagues should ask why somebody made themselves key worker so often.

    `lately`: within the last day; `now`: for how many of the `people` of the shelter they hold a place by own hand.
    The second is for who takes one person a day.
    """
    return lately >= OWN_HAND or (now >= OWN_HAND and 2 * now > people)
